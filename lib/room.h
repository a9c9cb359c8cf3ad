/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_ROOM_H
#define COLLECTOR_LIB_ROOM_H

#include "reserve.h"

#include <stddef.h>

struct collector__connection;
struct collector__database;

/** How large the file may get, and the room on the disk for the worst case.
 *  Part of the database. */
struct collector__room {
    /** Bytes of main file and log together; 0: as much as there is. */
    _Atomic uint64_t size_max;
    /** Pages that appends may make the main file have. */
    _Atomic uint32_t main_pages_max;
    /** Pages that the log holds at most, but for a request that is larger than
     *  a group, and while a reader holds it: the reserve is as large. */
    uint32_t log_pages_max;
    /** Pages from which the log is moved, as it was opened. */
    uint32_t log_pages;
    /** Bytes of one group of appends at most. */
    _Atomic size_t group_bytes_max;
    struct collector__reserve reserve;
};

/** What a transaction knows of the file's pages. */
struct collector__pages {
    /** Whether the rest has been read in this transaction. */
    bool known;
    uint32_t page_count;
    uint32_t free_count;
    /** How many were in use when the transaction began. */
    uint32_t used_before;
    /** Promised to appends since the last reading. */
    uint32_t promised;
    /** Events that this transaction has written or deleted: each may have
     *  touched a page of its own of the index on devices. */
    uint64_t event_count;
    /** What the last append found missing; 0: nothing. */
    uint32_t missing;
};

/**
 * Work out the limits from size_max and from what the disk has left: of the
 * room, and of the log.
 *
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__room_init(struct collector__database *database);

/** Work them out again, since the database's own limits have changed. The log
 *  gets no larger than it was at first: there is no more room set aside for it.
 *  Beside appends. */
void
collector__room_resize(struct collector__database *database);

/** Take into account whether there is an index on the devices: it may write a
 *  page for each event, and wants a larger share for the log. */
void
collector__room_note_index(struct collector__database *database, bool indexed);

/** Set room aside on the disk; appends are refused while there is none. */
void
collector__room_reserve(struct collector__database *database);

void
collector__room_close(struct collector__room *room);

/** Whether others may have to go. */
enum collector__room_policy {
    /** As the overflow policy has it. */
    COLLECTOR_ROOM_MADE,
    /** Nothing is dropped for these: they are older than what would be. */
    COLLECTOR_ROOM_FOUND
};

/**
 * Whether the backlog, the file and the disk have room for so many events more.
 * With COLLECTOR_OVERFLOW_DROP_OLDEST the backlog is shortened to make it so.
 * Inside a transaction.
 *
 * @param byte_count  Of all their texts.
 * @return COLLECTOR_OK, ERR_FULL, ERR_NOSPACE, ERR_TOO_BIG (there can't be
 *         room), or as collector__connection_error().
 */
int
collector__room_check(struct collector__connection *connection,
                      size_t event_count, size_t byte_count,
                      enum collector__room_policy policy);

/** Read how many pages there are, in use and free. Inside a transaction. As
 *  collector__connection_error(). */
int
collector__room_read_pages(struct collector__connection *connection);

/** Whether the main file has room for so many pages more. */
bool
collector__room_main_fits(const struct collector__database *database,
                          const struct collector__pages *pages, uint64_t need);

/** Whether the log has, through which all of them are written. */
bool
collector__room_log_fits(const struct collector__database *database,
                         const struct collector__pages *pages, uint64_t need);

/** Log that nothing is accepted since the disk is full. */
void
collector__room_log_full(const struct collector__database *database);

#endif
