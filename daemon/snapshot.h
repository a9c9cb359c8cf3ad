/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_SNAPSHOT_H
#define DAEMON_SNAPSHOT_H

#include <collector/store.h>
#include <stdint.h>

/** A copy of the store's file that has no name: it is gone when its descriptor
 *  is closed, in whatever way that happens. */
struct snapshot {
    int fd;
    uint64_t size;
};

/**
 * Take one, beside the database.
 *
 * @param db            The database.
 * @param ret_snapshot  Set on success only; close its descriptor.
 * @return As collector_store_snapshot().
 */
int
snapshot_take(struct collector_store *store, const char *db,
              struct snapshot *ret_snapshot);

/** Remove what snapshots that were cut off by the end of a process have left
 *  beside the database, which is ours. */
void
snapshot_remove_stale(const char *db);

#endif
