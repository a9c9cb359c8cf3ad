/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_ROOM_H
#define COLLECTOR_LIB_ROOM_H

#include "reserve.h"

#include <stddef.h>

struct collector__connection;
struct collector__database;

/** How often an operation that found no room is run again. */
#define COLLECTOR_ROOM_ROUNDS_MAX 3

/** Events that are pruned or dropped at a time for the room of others, and the
 *  part of the backlog that is dropped at a time if that is less. */
#define COLLECTOR_ROOM_STEP_EVENTS 64
#define COLLECTOR_ROOM_STEP_PART 16

/** Steps for one making of room: what one transaction deletes at most. */
#define COLLECTOR_ROOM_STEP_COUNT_MAX 64

/** How large the file may get, and the room on the disk for the worst case.
 *  Part of the database. */
struct collector__room {
    /** Bytes of main file and log together; 0: as much as there is. */
    uint64_t size_max;
    /** Pages that appends may make the main file have. */
    uint32_t main_pages_max;
    /** Bytes of one group of appends at most. */
    size_t group_bytes_max;
    struct collector__reserve reserve;
    /** Pages that an append has found missing; 0: none. */
    _Atomic uint32_t pages_wanted;
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
};

/**
 * Work out the limits from size_max and from what the disk has left: of the
 * room, and of the log.
 *
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__room_init(struct collector__database *database);

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

/**
 * After operations have failed for want of room, make some: move the log, prune
 * what is delivered, drop the oldest if that is the policy; on a full disk give
 * the reserve up and try to get it back. Nobody else may use the write path
 * meanwhile, and no transaction is open.
 *
 * @param disk_full  Somebody failed with ERR_NOSPACE.
 * @return Whether those that add events should be run again. Those that only
 *         settle, or delete, should be in any case.
 */
bool
collector__room_make(struct collector__connection *connection, bool disk_full);

/** Whether appends have been refused for want of pages, so that there is
 *  something to be made. */
bool
collector__room_is_wanted(const struct collector__room *room);

#endif
