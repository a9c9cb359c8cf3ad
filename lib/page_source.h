/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PAGE_SOURCE_H
#define COLLECTOR_LIB_PAGE_SOURCE_H

#include "raw_file.h"
#include "wal_frames.h"

/** Pages of a file that are looked through at most: 16 GiB. */
#define COLLECTOR_SCAN_PAGES_MAX (4 * 1024 * 1024)

struct collector__page_version;

/**
 * The pages of a main file and its log, the newest version of each that was
 * committed. Zeroed is closed. One thread.
 */
struct collector__page_source {
    struct collector__raw_file main;
    struct collector__wal_frames wal;
    uint32_t page_size;
    /** Pages that there may be; final when all frames are known. */
    uint32_t page_count;

    /* Its own. */
    bool wal_done;
    struct collector__page_version *versions;
    size_t version_count;
    size_t version_capacity;
    /** How many versions end with a commit: in the part of the log that SQLite
     *  reads, and behind it. */
    size_t committed_count;
    size_t committed_behind_count;
    bool broken;
    bool behind_commit;
    bool proven;
};

/**
 * Open a main file, which may be missing, and path-wal, which may too.
 *
 * @return COLLECTOR_OK, ERR_IO, ERR_NOMEM.
 */
int
collector__page_source_open(const char *vfs, const char *path,
                            struct collector__page_source *ret_source);

/**
 * Look through the log.
 *
 * @param deadline  By the system's monotonic clock, ms.
 * @param ret_done  Whether all of it is known. Then pages can be read.
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__page_source_look(struct collector__page_source *source,
                            int64_t deadline, bool *ret_done);

/** Read a page, page_size bytes. @return Whether it could be. */
bool
collector__page_source_read(struct collector__page_source *source,
                            uint32_t page, unsigned char *buffer);

void
collector__page_source_close(struct collector__page_source *source);

/** Have room for one more in an array. @return Whether there is. */
bool
collector__page_array_grow(void **array, size_t count, size_t *capacity,
                           size_t size);

#endif
