/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_REPLACE_H
#define COLLECTOR_LIB_REPLACE_H

#include "store.h"

/** Between two tries to replace a file, in ms: a try makes a file and syncs. */
#define COLLECTOR_REPLACE_MS 1000

/**
 * After a call has failed: if the store's file is damaged, and is to be
 * quarantined, put a new one in its place.
 *
 * The caller has left the store.
 *
 * @param generation  The file's, when the call was made.
 * @param rc          What the call returned.
 * @return Whether there is another file now, so that the call should be made
 *         again.
 */
bool
collector__replace(struct collector_store *store, uint64_t generation, int rc);

/**
 * Quarantine the file, and connect to a new one. Nobody else uses the store.
 *
 * @return As collector__schema_prepare(). Whatever it is, the store has
 *         connections that can be asked.
 */
int
collector__replace_file(struct collector_store *store);

#endif
