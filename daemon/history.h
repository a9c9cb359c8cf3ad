/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HISTORY_H
#define DAEMON_HISTORY_H

#include <collector/store.h>
#include <stdint.h>
#include <stdio.h>

/** Time between two samples, in ms. */
#define HISTORY_STEP_MS 5000

/** Samples that are kept: of an hour. */
#define HISTORY_SAMPLE_COUNT 720

/**
 * How the ledger has moved within the last hour, in memory. One thread adds to
 * it, any may write it out.
 */
struct history;

/** NULL when out of memory. */
struct history *
history_new(void);

/**
 * Take a sample when one is due: the first one at once.
 *
 * @return In how many milliseconds to call it again.
 */
int
history_step(struct history *history, struct collector_store *store);

/**
 * Keep a sample, in place of the oldest when there is no room.
 *
 * Time is what the monotonic clock says has passed. When the clock on the wall
 * is set, all samples move with it, so that it never seems that time had gone
 * back, or stood still.
 *
 * @param monotonic_ms  Since boot, also while the machine slept: else its sleep
 *                      is taken for a clock that was set.
 * @param wall_ms       Milliseconds since 1970.
 */
void
history_add(struct history *history, int64_t monotonic_ms, int64_t wall_ms,
            const struct collector_store_stats *stats);

/**
 * Write [[at,accepted,delivered,dead,dropped,pending],…], the oldest first. A
 * stream remembers that it has failed.
 *
 * @param after  Only those later than that, ms since 1970; all when it lies
 *               behind the last, since it is of another clock then.
 */
void
history_write(struct history *history, int64_t after, FILE *out);

/** NULL is fine. */
void
history_free(struct history *history);

#endif
