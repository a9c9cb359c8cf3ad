/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_GATHER_H
#define COLLECTOR_LIB_GATHER_H

#include <stdbool.h>
#include <stdint.h>

/** How long it may take until those have queued up that are about to, as on a
 *  machine that does nothing else: beyond it, others use the processor. */
#define COLLECTOR_GATHER_US_MAX 2000

/** Groups that are then led without a delay at first, and at most. */
#define COLLECTOR_GATHER_SKIP_MIN 64
#define COLLECTOR_GATHER_SKIP_MAX 4096

/** Whether a leader lets others go before him. All zero is the beginning; the
 *  leader's alone. */
struct collector__gather {
    /** Operations of the last group. */
    uint32_t count;
    /** Groups for which he doesn't, and how many it will be the next time. */
    uint32_t skip;
    uint32_t skip_next;
};

/** Whether that is worth it for the group that is about to be led; asked once
 *  for each. */
bool
collector__gather_is_worth(struct collector__gather *gather);

/** How long it took. */
void
collector__gather_note(struct collector__gather *gather, uint64_t took_us);

/** Let those who are about to queue up do so: both of these. */
void
collector__gather(struct collector__gather *gather);

#endif
