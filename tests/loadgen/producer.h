/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_PRODUCER_H
#define LOADGEN_PRODUCER_H

#include "http_answer.h"
#include "tally.h"
#include "telemetry.h"

#include <stdbool.h>

/** What all producers of a load have in common. */
struct producer_options {
    struct telemetry telemetry;
    /** For the Host header, such as 127.0.0.1:8080. */
    char host[32];
    /** A header line with a token, or nothing. */
    const char *authorization;
    /** Events in a request. */
    unsigned batch;
    /** Keep receipts, and accept no others than those that are promised;
     * without, a 200 is enough. */
    bool receipts;
};

/** One producer: what it sends, and what it makes of the answers. One thread.
 */
struct producer {
    const struct producer_options *options;
    unsigned number;
    /** Which request it is at, counted from 0. */
    uint32_t request;
    /** Where the request is in the buffer: its body has a fixed place, and the
     *  head ends there. */
    char *buffer;
    const char *text;
    size_t text_size;
};

/** Make a producer with its first request. Options are borrowed. 0, or -1
 *  without memory. */
int
producer_init(struct producer *producer, const struct producer_options *options,
              unsigned number);

/** Free what it has. All zero is fine. */
void
producer_release(struct producer *producer);

/** Go on to the next request: this one is done with, or lost. */
void
producer_advance(struct producer *producer);

/**
 * Count an answer, and go on to the next request unless this one has to be sent
 * again.
 *
 * @return Milliseconds to wait before the request is sent.
 */
uint64_t
producer_take(struct producer *producer, const struct http_answer *answer,
              uint64_t latency_ns, struct tally *tally);

#endif
