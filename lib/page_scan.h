/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PAGE_SCAN_H
#define COLLECTOR_LIB_PAGE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * The events in the pages of a damaged file and its log, in the order of their
 * ids, without regard to what the file says about where they are. One thread.
 */
struct collector__page_scan;

/** What was seen in a file. */
struct collector__page_scan_result {
    /** The first and the last event of which there is a trace; 0 for none. */
    int64_t first_id;
    int64_t last_id;
    /** Through which events were settled; -1 when the file doesn't say. */
    int64_t settled_through;
};

/** An event as it lies in the file: texts without a NUL, and not checked. */
struct collector__page_event {
    int64_t id;
    const char *device_id;
    size_t device_id_size;
    const char *kind;
    size_t kind_size;
    /** NULL for none. */
    const char *payload;
    size_t payload_size;
    int64_t ts;
};

/**
 * Open a file that no SQLite connection of this process has open.
 *
 * @param vfs   NULL: SQLite's own choice. Copied.
 * @param path  The main file, which may be missing; its log is path-wal.
 * @return COLLECTOR_OK, ERR_IO, ERR_NOMEM.
 */
int
collector__page_scan_open(const char *vfs, const char *path,
                          struct collector__page_scan **ret_scan);

/**
 * Look through the pages, until they are all known or the time is over.
 *
 * @param deadline  By the system's monotonic clock, ms.
 * @param ret_done  Whether all are known. Then events can be read.
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__page_scan_look(struct collector__page_scan *scan, int64_t deadline,
                          bool *ret_done);

/** Whether the system has refused to read any of it, which may be over soon. */
bool
collector__page_scan_is_refused(const struct collector__page_scan *scan);

/** What was seen, once all pages are known. */
struct collector__page_scan_result
collector__page_scan_result(const struct collector__page_scan *scan);

/** Go to the first event behind an id. */
void
collector__page_scan_seek(struct collector__page_scan *scan, int64_t after_id);

/**
 * Read the next event, whose id is higher than the last one's.
 *
 * @param ret_event  Its texts are valid until the next call.
 * @return Whether there was one.
 */
bool
collector__page_scan_next(struct collector__page_scan *scan,
                          struct collector__page_event *ret_event);

/** NULL is fine. */
void
collector__page_scan_free(struct collector__page_scan *scan);

#endif
