/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_COUNTER_H
#define LOADGEN_COUNTER_H

#include "address.h"

#include <stdint.h>

/** An upstream that takes every batch, and counts. Any thread may read it. */
struct counter;

/** What it got, of all collectors together. */
struct counter_figures {
    uint64_t request_count;
    /** Events that were new. */
    uint64_t event_count;
    /** Events that had been there before: sent at least once. */
    uint64_t duplicate_count;
    /** How often a batch began too late: after an id that never came. */
    uint64_t gap_count;
    /** Bytes of all bodies. */
    uint64_t body_size;
    unsigned collector_count;
};

/**
 * Listen and answer, on threads of its own.
 *
 * @param thread_count  Connections that are kept at a time.
 * @param ret_counter   Set on success only.
 * @return 0, or -1 after the reason was said.
 */
int
counter_start(const struct address *address, unsigned thread_count,
              struct counter **ret_counter);

/** The port that it listens on. */
uint16_t
counter_port(const struct counter *counter);

void
counter_read(struct counter *counter, struct counter_figures *ret_figures);

/** Stop, and free it: that takes up to two seconds. NULL is fine. */
void
counter_stop(struct counter *counter);

#endif
