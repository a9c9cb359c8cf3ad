/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_STORAGE_WORK_H
#define LOADGEN_STORAGE_WORK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * What this process has asked of the storage.
 *
 * written_size is write_bytes of /proc/self/io: the kernel adds a page of the
 * page cache when it becomes dirty. So it is whole pages, and one that is
 * written twice between two syncs counts once. On ext4 that is within 4 % of
 * what the disk counts where a file is overwritten page by page, as the log is
 * once it has started again. Where a file grows by a synced page at a time, the
 * disk counts twice as much: the file system's journal is not ours.
 *
 * Newer kernels have large pages in the cache too, for what was read ahead or
 * written in one piece, and then a single byte counts as all of such a page, up
 * to a megabyte or more. Files that this process has filled through SQLite,
 * page by page, have none.
 */
struct storage_work {
    /** Calls of fsync() and fdatasync(), also SQLite's. */
    uint64_t sync_count;
    uint64_t written_size;
    /** False where the kernel does not keep that account. */
    bool written_known;
};

/** All of it so far. */
void
storage_work_read(struct storage_work *ret_work);

/** Add what was asked since then. */
void
storage_work_add_since(struct storage_work *sum,
                       const struct storage_work *before);

/** Bytes written for each of so many events; null when that is not known. */
json_t *
storage_work_per_event(const struct storage_work *work, uint64_t event_count);

#endif
