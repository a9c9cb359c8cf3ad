/* SPDX-License-Identifier: MIT */
/*
 * Whether there is room for more, and what makes some.
 *
 * The size of the file is bounded by admission: an append must fit before it
 * begins. Three quarters of size_max are the main file's; the rest is for the
 * log, which is moved when it has an eighth, and for what must go on at the
 * limit: settling and pruning are never refused. Sizes are taken from SQLite
 * itself, and what an append needs is estimated from above.
 */
#include "room.h"

#include "connection.h"
#include "ledger.h"
#include "retention.h"

#include <collector/error.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Bytes of a page in the log, and of the log's header: SQLite's file format,
 * section 4.1. */
#define FRAME_SIZE (COLLECTOR_PAGE_SIZE + 24)
#define LOG_HEADER_SIZE 32

/* Pages that any append may touch beside those that its texts fill: the ends of
 * tables and indexes, and what is split there. */
#define PAGES_FIXED 8

/* Pages that the tables take without any event. */
#define PAGES_EMPTY 40

/* Bytes of an event in the file beside its texts: id, ts, header. */
#define EVENT_SIZE_FIXED 24

/* The smallest log that is worth having, in pages. */
#define LOG_PAGES_MIN 32

/* The share of the disk's free room that the log, and the reserve for it, may
 * take: a small disk gets a small log. */
#define LOG_DISK_SHARE 16

/* Making room goes on until this share of the file is free: what is made at
 * once lasts for many appends. */
#define SLACK_SHARE 32

/* Rounds of making the file smaller on a full disk: a second or so. */
#define REGAIN_ROUNDS_MAX 64

/* In a file without a cap. */
#define GROUP_BYTES_MAX (2 * 1024 * 1024)

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** Bytes that the disk has left for us; many when it does not say. */
static uint64_t
free_disk_size(const struct collector__database *database)
{
    struct statvfs status;
    uint64_t size = UINT64_MAX;
    char *path = strdup(database->path);

    /* The file may not be there yet. */
    if (path != NULL && statvfs(dirname(path), &status) == 0)
        size = (uint64_t)status.f_bavail * status.f_frsize;
    free(path);
    return size;
}

int
collector__room_init(struct collector__database *database)
{
    struct collector__room *room = &database->room;
    const uint64_t size_max = database->limits.size_max;
    const uint64_t pages_max = size_max / COLLECTOR_PAGE_SIZE;
    uint64_t log_pages = COLLECTOR_WAL_PAGES_MAX;
    const bool on_disk = database->vfs == NULL;

    room->size_max = size_max;
    room->group_bytes_max = GROUP_BYTES_MAX;
    if (size_max > 0) {
        log_pages = smaller(log_pages, pages_max / 8);
        room->main_pages_max =
            (uint32_t)smaller(pages_max / 4 * 3, UINT32_MAX / 2);
        room->group_bytes_max =
            smaller(GROUP_BYTES_MAX,
                    (log_pages - PAGES_FIXED) * COLLECTOR_PAGE_SIZE / 2);
    }
    if (on_disk)
        log_pages =
            smaller(log_pages, free_disk_size(database) / LOG_DISK_SHARE /
                                   COLLECTOR_PAGE_SIZE);
    if (log_pages < LOG_PAGES_MIN)
        log_pages = LOG_PAGES_MIN;
    collector__wal_init(&database->wal, (uint32_t)log_pages);
    if (!on_disk)
        return COLLECTOR_OK; /* its files may not be files */
    return collector__reserve_init(&room->reserve, database->path,
                                   log_pages * FRAME_SIZE);
}

void
collector__room_close(struct collector__room *room)
{
    collector__reserve_close(&room->reserve);
}

bool
collector__room_is_wanted(const struct collector__room *room)
{
    return atomic_load(&room->pages_wanted) > 0;
}

/** Pages that an append may need at most: a leaf is half full at least. */
static uint64_t
pages_for(const struct collector__database *database, size_t event_count,
          size_t byte_count)
{
    const uint64_t bytes =
        byte_count + (uint64_t)event_count * EVENT_SIZE_FIXED;
    const uint64_t copies = database->indexed ? 3 : 2;

    return copies * bytes / COLLECTOR_PAGE_SIZE + PAGES_FIXED;
}

static int
read_pages(struct collector__connection *connection)
{
    struct collector__pages *pages = &connection->pages;
    int64_t page_count = 0;
    int64_t free_count = 0;
    int rc;

    rc = collector__connection_integer(connection, COLLECTOR_SQL_PAGE_COUNT,
                                       &page_count);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_integer(connection, COLLECTOR_SQL_FREE_COUNT,
                                           &free_count);
    if (rc != COLLECTOR_OK)
        return rc;
    pages->page_count = (uint32_t)page_count;
    pages->free_count = (uint32_t)free_count;
    if (!pages->known)
        pages->used_before = (uint32_t)(page_count - free_count);
    pages->known = true;
    pages->promised = 0;
    return COLLECTOR_OK;
}

/** Whether so many pages more, all of them written through the log, keep the
 *  file and the log within the limit. */
static bool
fits(const struct collector__database *database,
     const struct collector__pages *pages, uint64_t need)
{
    const struct collector__room *room = &database->room;
    const uint64_t used = pages->page_count - pages->free_count;
    const uint64_t dirty =
        used > pages->used_before ? used - pages->used_before : 0;
    const uint64_t frames =
        atomic_load(&database->wal.pages) + dirty + PAGES_FIXED;
    uint64_t page_count = pages->page_count;

    need += pages->promised;
    if (need > pages->free_count) {
        page_count += need - pages->free_count;
        if (page_count > room->main_pages_max)
            return false;
    }
    return page_count * COLLECTOR_PAGE_SIZE + LOG_HEADER_SIZE +
               (frames + need) * FRAME_SIZE <=
           room->size_max;
}

/** Whether an empty file would have room for it. */
static bool
can_fit(const struct collector__database *database, uint64_t need)
{
    const struct collector__pages empty = {true, PAGES_EMPTY, 0, PAGES_EMPTY,
                                           0};
    const struct collector__room *room = &database->room;

    return PAGES_EMPTY + need <= room->main_pages_max &&
           (empty.page_count + need) * COLLECTOR_PAGE_SIZE + LOG_HEADER_SIZE +
                   (need + PAGES_FIXED) * FRAME_SIZE <=
               room->size_max;
}

static int
check_size(struct collector__connection *connection, size_t event_count,
           size_t byte_count, bool may_drop)
{
    struct collector__database *database = connection->database;
    struct collector__pages *pages = &connection->pages;
    uint64_t need;
    int rc;

    if (database->room.size_max == 0)
        return COLLECTOR_OK;
    need = pages_for(database, event_count, byte_count);
    if (!can_fit(database, need))
        return COLLECTOR_ERR_TOO_BIG;
    if (!pages->known || !fits(database, pages, need)) {
        rc = read_pages(connection);
        if (rc != COLLECTOR_OK)
            return rc;
        if (!fits(database, pages, need)) {
            if (may_drop ||
                database->limits.overflow == COLLECTOR_OVERFLOW_REJECT)
                atomic_store(&database->room.pages_wanted, (uint32_t)need);
            return COLLECTOR_ERR_FULL;
        }
    }
    pages->promised += (uint32_t)need;
    return COLLECTOR_OK;
}

/** Take the oldest events of the backlog out of it, and away. */
static int
drop(struct collector__connection *connection, int64_t count)
{
    struct collector__database *database = connection->database;
    const int64_t now = collector__clock_wall_ms(&database->clock);
    const struct collector__position *position = &connection->position;
    const struct collector__run run = {
        .first_id = position->settled_through + 1,
        .last_id = position->settled_through + count,
        .started_at = now,
        .finished_at = now,
        .error = "dropped to make room",
    };
    int rc;

    rc = collector__ledger_settle(connection, COLLECTOR_FATE_DROPPED, &run);
    if (rc == COLLECTOR_OK)
        rc = collector__retention_delete(connection, run.first_id, run.last_id);
    return rc;
}

static int
check_backlog(struct collector__connection *connection, size_t event_count,
              bool may_drop)
{
    const struct collector__limits *limits = &connection->database->limits;
    const struct collector__position *position = &connection->position;
    const uint64_t pending =
        (uint64_t)(position->next_id - 1 - position->settled_through);

    if (limits->backlog_max == 0 ||
        pending + event_count <= limits->backlog_max)
        return COLLECTOR_OK;
    if (!may_drop || limits->overflow == COLLECTOR_OVERFLOW_REJECT ||
        event_count > limits->backlog_max)
        return COLLECTOR_ERR_FULL;
    return drop(connection,
                (int64_t)(pending + event_count - limits->backlog_max));
}

int
collector__room_check(struct collector__connection *connection,
                      size_t event_count, size_t byte_count,
                      enum collector__room_policy policy)
{
    const bool may_drop = policy == COLLECTOR_ROOM_MADE;
    int rc;

    if (!collector__reserve_is_held(&connection->database->room.reserve))
        return COLLECTOR_ERR_NOSPACE;
    rc = check_size(connection, event_count, byte_count, may_drop);
    if (rc == COLLECTOR_OK)
        rc = check_backlog(connection, event_count, may_drop);
    return rc;
}

/** Free some pages in the open transaction. @return Whether anything was. */
static int
free_some(struct collector__connection *connection, bool *ret_any)
{
    const struct collector__limits *limits = &connection->database->limits;
    const struct collector__position *position = &connection->position;
    const int64_t pending = position->next_id - 1 - position->settled_through;
    int rc;

    rc = collector__retention_prune(connection, COLLECTOR_ROOM_STEP_EVENTS,
                                    COLLECTOR_PRUNE_SETTLED, ret_any);
    if (rc != COLLECTOR_OK || *ret_any)
        return rc;
    rc = collector__retention_prune_letters(
        connection, COLLECTOR_ROOM_STEP_EVENTS, 0, ret_any);
    if (rc != COLLECTOR_OK || *ret_any)
        return rc;
    if (limits->overflow == COLLECTOR_OVERFLOW_REJECT || pending == 0)
        return COLLECTOR_OK;
    *ret_any = true;
    return drop(
        connection,
        (int64_t)smaller(COLLECTOR_ROOM_STEP_EVENTS,
                         (uint64_t)pending / COLLECTOR_ROOM_STEP_PART + 1));
}

/** Free pages until there are enough for a while. Inside a transaction. */
static int
free_enough(struct collector__connection *connection, uint32_t need)
{
    const struct collector__database *database = connection->database;
    const uint64_t wanted = need + database->room.main_pages_max / SLACK_SHARE;
    bool any = true;
    int steps;
    int rc;

    rc = read_pages(connection);
    for (steps = 0;
         rc == COLLECTOR_OK && any && steps < COLLECTOR_ROOM_STEP_COUNT_MAX &&
         !fits(database, &connection->pages, wanted);
         steps++) {
        rc = free_some(connection, &any);
        if (rc == COLLECTOR_OK)
            rc = read_pages(connection);
    }
    return rc;
}

/** Make room within size_max. What can't be done now is tried again with the
 *  next append that finds none. */
static void
make_pages(struct collector__connection *connection, uint32_t need)
{
    int rc;

    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_RESTART);
    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc != COLLECTOR_OK)
        return;
    rc = free_enough(connection, need);
    if (rc == COLLECTOR_OK)
        (void)collector__connection_commit(connection);
    else
        collector__connection_rollback(connection);
    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_RESTART);
}

static void
log_full(const struct collector__database *database)
{
    collector__log(&database->log, COLLECTOR_LOG_WARNING,
                   "%s: the disk is full: nothing is accepted until there is "
                   "room for %llu bytes more",
                   database->path,
                   (unsigned long long)database->room.reserve.size);
}

void
collector__room_reserve(struct collector__database *database)
{
    if (!collector__reserve_take(&database->room.reserve, &database->log))
        log_full(database);
}

/** Prune some of what is settled and give the file system some pages, in the
 *  open transaction. */
static int
shrink_some(struct collector__connection *connection, bool *ret_any)
{
    bool any;
    int rc;

    rc = collector__retention_prune(connection, COLLECTOR_ROOM_STEP_EVENTS,
                                    COLLECTOR_PRUNE_SETTLED, &any);
    if (rc == COLLECTOR_OK)
        rc = read_pages(connection);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_any = any || connection->pages.free_count > 0;
    return connection->pages.free_count > 0
               ? collector__retention_give_back(connection)
               : COLLECTOR_OK;
}

/** Make the file smaller by a little. @return Whether it could be. */
static bool
shrink(struct collector__connection *connection)
{
    bool any = false;
    int rc;

    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc != COLLECTOR_OK)
        return false;
    rc = shrink_some(connection, &any);
    if (rc == COLLECTOR_OK && any)
        rc = collector__connection_commit(connection);
    else
        collector__connection_rollback(connection);
    return rc == COLLECTOR_OK && any;
}

/** Have the log start again, in the room that its file has already. @return
 *  Whether there is more room for writing now. */
static bool
restart_log(struct collector__connection *connection)
{
    const struct collector__wal *wal = &connection->database->wal;
    const uint32_t pages = atomic_load(&wal->pages);

    (void)collector__wal_checkpoint(connection, COLLECTOR_WAL_RESTART);
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
    int rounds = 0;

    if (had_room && restart_log(connection))
        return true;
    collector__reserve_release(reserve);
    do {
        (void)restart_log(connection);
        has_room = collector__reserve_take(reserve, &database->log);
    } while (!has_room && rounds++ < REGAIN_ROUNDS_MAX && shrink(connection));
    if (had_room && !has_room)
        log_full(database);
    if (!had_room && has_room)
        collector__log(&database->log, COLLECTOR_LOG_INFO,
                       "%s: there is room on the disk again", database->path);
    return has_room;
}

bool
collector__room_make(struct collector__connection *connection, bool disk_full)
{
    struct collector__room *room = &connection->database->room;
    const uint32_t need = atomic_exchange(&room->pages_wanted, 0);

    if (need > 0)
        make_pages(connection, need);
    return disk_full ? regain(connection) : need > 0;
}
