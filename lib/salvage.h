/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SALVAGE_H
#define COLLECTOR_LIB_SALVAGE_H

#include "store.h"

/** Events of one step at most: they are appended in one transaction. */
#define COLLECTOR_SALVAGE_STEP_MAX 512

/** Bytes of text in one step, about: with one more event it still fits into an
 *  append. */
#define COLLECTOR_SALVAGE_BYTES_MAX (512 * 1024)

/** How long an open may take longer for it, and a call of maintain, in ms. */
#define COLLECTOR_SALVAGE_OPEN_MS 1000
#define COLLECTOR_SALVAGE_MAINTAIN_MS 20

/**
 * Append what can be read of the undelivered events in damaged files, oldest
 * file first, until all is done or the time is over; at least one step. Each
 * step is kept with the note of how far it went, or not at all. Nothing is
 * dropped to make room: it waits.
 *
 * The caller has not entered the store. When another thread is at it, or there
 * is nothing to do, it returns at once.
 *
 * @return COLLECTOR_OK, or as collector__store_submit().
 */
int
collector__salvage_run(struct collector_store *store, int64_t ms_max);

/** NULL is fine. */
void
collector__salvage_free(struct collector__salvage *salvage);

#endif
