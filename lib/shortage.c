/* SPDX-License-Identifier: MIT */
/*
 * What is done about a want of room: the log is moved, what is delivered goes,
 * dead letters go, the oldest are dropped if that is the policy. In this order,
 * no more than is needed for a while, and nothing in vain.
 */
#include "shortage.h"

#include "connection.h"
#include "retention.h"

#include <collector/error.h>

/* Making room goes on until this share of the file is free: what is made at
 * once lasts for many appends. */
#define SLACK_SHARE 32

/* And is for others that wait together up to this share. */
#define GROUP_SHARE 8

/* Rounds of making the file smaller, for a full disk or a lower limit: a second
 * or so. */
#define SHRINK_ROUNDS_MAX 64

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Free some pages in the open transaction. @return Whether anything was. */
static int
free_some(struct collector__connection *connection, bool *ret_any)
{
    const struct collector__limits *limits = &connection->database->limits;
    const struct collector__position *position = &connection->position;
    const int64_t pending = position->next_id - 1 - position->settled_through;
    int rc;

    rc = collector__retention_prune(connection, COLLECTOR_SHORTAGE_STEP_EVENTS,
                                    COLLECTOR_PRUNE_SETTLED, ret_any);
    if (rc != COLLECTOR_OK || *ret_any)
        return rc;
    rc = collector__retention_prune_letters(
        connection, COLLECTOR_SHORTAGE_STEP_EVENTS, 0, ret_any);
    if (rc != COLLECTOR_OK || *ret_any)
        return rc;
    if (limits->overflow == COLLECTOR_OVERFLOW_REJECT || pending == 0)
        return COLLECTOR_OK;
    *ret_any = true;
    return collector__retention_drop(
        connection,
        (int64_t)smaller(COLLECTOR_SHORTAGE_STEP_EVENTS,
                         (uint64_t)pending / COLLECTOR_SHORTAGE_STEP_PART + 1));
}

/**
 * Free pages until there are enough for a while. Nothing goes in vain: where
 * somebody holds the log and it has no room, free pages would not help, and to
 * make them would take more of it. Inside a transaction.
 *
 * @param ret_made  Whether an append may find room now.
 */
static int
free_enough(struct collector__connection *connection, uint64_t wanted,
            bool *ret_made)
{
    const struct collector__database *database = connection->database;
    const struct collector__pages *pages = &connection->pages;
    const bool pinned = atomic_load(&database->wal.pages) > 0;
    bool any = true;
    int steps;
    int rc;

    *ret_made = false;
    rc = collector__room_read_pages(connection);
    for (steps = 0;
         rc == COLLECTOR_OK && any && steps < COLLECTOR_SHORTAGE_STEP_COUNT_MAX;
         steps++) {
        if (pinned &&
            !collector__room_log_fits(database, pages,
                                      wanted + COLLECTOR_SHORTAGE_STEP_EVENTS))
            return COLLECTOR_OK;
        *ret_made = true;
        if (collector__room_main_fits(database, pages, wanted))
            return COLLECTOR_OK;
        rc = free_some(connection, &any);
        if (rc == COLLECTOR_OK)
            rc = collector__room_read_pages(connection);
    }
    *ret_made = steps > 1 || any;
    return rc;
}

/** What is worth being made at once: for the operation that wants most, for
 *  others up to a share of the file, and for some to come. */
static uint64_t
pages_worth(const struct collector__room *room,
            const struct collector__shortage *shortage)
{
    uint64_t pages =
        smaller(shortage->page_count, room->main_pages_max / GROUP_SHARE);

    if (pages < shortage->page_count_max)
        pages = shortage->page_count_max;
    return pages + room->main_pages_max / SLACK_SHARE;
}

/** Give some pages of a file that was larger than the limit back, in the open
 *  transaction. */
static int
shrink_to_limit(struct collector__connection *connection, bool *ret_any)
{
    const struct collector__pages *pages = &connection->pages;
    int rc;

    rc = collector__room_read_pages(connection);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_any = pages->free_count > 0 &&
               pages->page_count > connection->database->room.main_pages_max;
    return *ret_any ? collector__retention_give_back(connection) : COLLECTOR_OK;
}

/** Do something in a transaction of its own.
 *  @return Whether there was something to be done, and is now. */
static bool
run_apart(struct collector__connection *connection,
          int (*step)(struct collector__connection *connection, bool *ret_any))
{
    bool any = false;
    int rc;

    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc != COLLECTOR_OK)
        return false;
    rc = step(connection, &any);
    if (rc == COLLECTOR_OK && any)
        rc = collector__connection_commit(connection);
    else
        collector__connection_rollback(connection);
    return rc == COLLECTOR_OK && any;
}

/** Make room within size_max. What can't be done now is tried again with the
 *  next append that finds none. @return Whether there may be some. */
static bool
make_pages(struct collector__connection *connection, uint64_t wanted)
{
    bool made = false;
    int rounds;
    int rc;

    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_MAKE_ROOM);
    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc != COLLECTOR_OK)
        return false;
    rc = free_enough(connection, wanted, &made);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_commit(connection);
    else
        collector__connection_rollback(connection);
    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_MAKE_ROOM);
    for (rounds = 0; rc == COLLECTOR_OK && rounds < SHRINK_ROUNDS_MAX &&
                     run_apart(connection, shrink_to_limit);
         rounds++)
        (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_MAKE_ROOM);
    return rc == COLLECTOR_OK && made;
}

/** Prune some of what is settled and give the file system some pages, in the
 *  open transaction. */
static int
shrink_some(struct collector__connection *connection, bool *ret_any)
{
    bool any;
    int rc;

    rc = collector__retention_prune(connection, COLLECTOR_SHORTAGE_STEP_EVENTS,
                                    COLLECTOR_PRUNE_SETTLED, &any);
    if (rc == COLLECTOR_OK)
        rc = collector__room_read_pages(connection);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_any = any || connection->pages.free_count > 0;
    return connection->pages.free_count > 0
               ? collector__retention_give_back(connection)
               : COLLECTOR_OK;
}

/** Have the log start again, in the room that its file has already. @return
 *  Whether there is more room for writing now. */
static bool
restart_log(struct collector__connection *connection)
{
    const struct collector__wal *wal = &connection->database->wal;
    const uint32_t pages = atomic_load(&wal->pages);

    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_MAKE_ROOM);
    return atomic_load(&wal->pages) < pages;
}

/**
 * Give the reserve up for what must go on, and get it back if there is room for
 * both. The log keeps the room that it has: what it gave back now, somebody
 * else might take.
 */
static bool
regain(struct collector__connection *connection)
{
    struct collector__database *database = connection->database;
    struct collector__reserve *reserve = &database->room.reserve;
    const bool had_room = collector__reserve_is_held(reserve);
    bool has_room;
    bool made = false;
    int rounds = 0;

    if (had_room && restart_log(connection))
        return true;
    collector__reserve_release(reserve);
    for (;;) {
        made = restart_log(connection) || made;
        has_room = collector__reserve_take(reserve, &database->log);
        if (has_room || rounds++ >= SHRINK_ROUNDS_MAX ||
            !run_apart(connection, shrink_some))
            break;
        made = true;
    }
    if (had_room && !has_room)
        collector__room_log_full(database);
    if (!had_room && has_room)
        collector__log(&database->log, COLLECTOR_LOG_INFO,
                       "%s: there is room on the disk again", database->path);
    return has_room && (made || !had_room);
}

bool
collector__shortage_relieve(struct collector__connection *connection,
                            const struct collector__shortage *shortage)
{
    const struct collector__room *room = &connection->database->room;
    bool made = false;

    if (shortage->page_count > 0)
        made = make_pages(connection, pages_worth(room, shortage));
    return shortage->disk ? regain(connection) : made;
}
