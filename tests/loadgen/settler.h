/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_SETTLER_H
#define LOADGEN_SETTLER_H

#include <collector/store.h>
#include <stdint.h>

/** Events in a batch of the uploader, unless told otherwise. */
uint32_t
settler_batch_count(void);

/**
 * Fetch a batch, and mark it as delivered: an uploader's work on the store,
 * without a sink.
 *
 * @param ret_count  Events in it; 0 when nothing was pending.
 * @return COLLECTOR_OK, or as collector_store_fetch().
 */
int
settler_step(struct collector_store *store, uint32_t event_count_max,
             uint64_t *ret_count);

/** Mark all that is pending, in the largest batches. 0, or -1 after the reason
 *  was said. */
int
settler_settle_all(struct collector_store *store);

/** The same work in a loop, on a thread: an uploader whose upstream takes no
 *  time. */
struct settler;

/** Start one. NULL after the reason was said. */
struct settler *
settler_start(struct collector_store *store);

/**
 * Stop it, and free it. NULL is fine.
 *
 * @param event_count  What it marked is added to it.
 * @return 0, or -1 when it had failed, which was said.
 */
int
settler_stop(struct settler *settler, uint64_t *event_count);

#endif
