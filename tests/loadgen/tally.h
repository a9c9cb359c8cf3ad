/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_TALLY_H
#define LOADGEN_TALLY_H

#include "histogram.h"
#include "receipts.h"
#include "trouble.h"

#include <stdint.h>

/** What came of the requests of some producers. All zero is nothing. One
 *  thread. */
struct tally {
    /** Requests that were answered with a 200, and the events in them. */
    uint64_t requests;
    uint64_t accepted;
    /** 503s: the same request is sent again. */
    uint64_t backpressure;
    /** Everything that went wrong. */
    uint64_t failures;
    /** Requests of which nobody knows whether they were kept. */
    uint64_t unknown;
    /** When the last answer came. */
    uint64_t answered_at_ns;
    /** Of requests that were answered with a 200. */
    struct histogram latency;
    struct receipts receipts;
    struct trouble_list troubles;
};

/** Move all that is in one to another. */
void
tally_move(struct tally *from, struct tally *to);

/** Free what it has. */
void
tally_release(struct tally *tally);

#endif
