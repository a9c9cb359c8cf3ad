/* SPDX-License-Identifier: MIT */
/*
 * Whether there is room for more.
 *
 * The size of the file is bounded by admission: an append must fit before it
 * begins. Three quarters of size_max are the main file's; the rest is for the
 * log, which is moved when it has an eighth, and for what must go on at the
 * limit: settling and pruning are never refused. Sizes are taken from SQLite
 * itself, and what an append needs is estimated from above. What would not fit
 * beside a main file of full size is too big for good, so that nothing is
 * deleted for an append that is refused all the same.
 */
#include "room.h"

#include "connection.h"
#include "path.h"
#include "retention.h"

#include <collector/error.h>

/* Bytes of a page in the log, and of the log's header: SQLite's file format,
 * section 4.1. */
#define FRAME_SIZE (COLLECTOR_PAGE_SIZE + 24)
#define LOG_HEADER_SIZE 32

/* Pages that any append may touch beside those that its texts fill: the ends of
 * tables and indexes, and what is split there. */
#define PAGES_FIXED 8

/* Pages that the tables take without any event. */
#define PAGES_EMPTY 40

/* With an index on the devices each event may write another page of it, and a
 * small file gets half for the log, up to so many pages: 64 MiB. */
#define INDEXED_LOG_PAGES_MAX 16384

/* Bytes of an event in the file beside its texts: id, ts, header. */
#define EVENT_SIZE_FIXED 24

/* The share of the file for idempotency keys, and what one of some 80 bytes
 * takes in it, with its place in the index. */
#define KEYS_SHARE 8
#define KEY_SIZE 256

/* The smallest log that is worth having, in pages. */
#define LOG_PAGES_MIN 32

/* The share of the disk's free room that the log, and the reserve for it, may
 * take: a small disk gets a small log. */
#define LOG_DISK_SHARE 32

/* In a file without a cap. */
#define GROUP_BYTES_MAX (2 * 1024 * 1024)

/* What such a group may write: twice its bytes, and what its events take beside
 * their texts. */
#define GROUP_PAGES_MAX (2 * GROUP_BYTES_MAX / COLLECTOR_PAGE_SIZE + 256)

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** In a file with a limit keys take a share of it at most: they outlive the
 *  events, and would leave no room for any. */
static void
limit_keys(struct collector__limits *limits)
{
    const uint64_t size_max = limits->size_max;
    const uint64_t count_max = size_max / KEYS_SHARE / KEY_SIZE;

    if (size_max > 0 &&
        (limits->idempotency_max == 0 || limits->idempotency_max > count_max))
        limits->idempotency_max = count_max;
}

/** Pages that the log may have before it is moved. */
static uint32_t
log_pages_for(const struct collector__database *database)
{
    const uint64_t pages_max = database->limits.size_max / COLLECTOR_PAGE_SIZE;
    uint64_t log_pages = COLLECTOR_WAL_PAGES_MAX;

    if (pages_max > 0)
        log_pages = smaller(log_pages, pages_max / 8);
    if (database->vfs == NULL) /* else its files may not be files */
        log_pages =
            smaller(log_pages, collector__path_free_size(database->path) /
                                   LOG_DISK_SHARE / COLLECTOR_PAGE_SIZE);
    return log_pages < LOG_PAGES_MIN ? LOG_PAGES_MIN : (uint32_t)log_pages;
}

/** A log of so many pages takes groups of so many bytes. */
static size_t
group_bytes_for(uint32_t log_pages)
{
    return (size_t)smaller(GROUP_BYTES_MAX,
                           (uint64_t)(log_pages - PAGES_FIXED) *
                               COLLECTOR_PAGE_SIZE / 2);
}

int
collector__room_init(struct collector__database *database)
{
    struct collector__room *room = &database->room;
    const uint32_t log_pages = log_pages_for(database);

    room->size_max = database->limits.size_max;
    limit_keys(&database->limits);
    room->log_pages = log_pages;
    room->group_bytes_max = group_bytes_for(log_pages);
    room->log_pages_max =
        log_pages + (uint32_t)smaller(log_pages, GROUP_PAGES_MAX);
    collector__wal_init(&database->wal, log_pages);
    if (database->vfs != NULL)
        return COLLECTOR_OK;
    return collector__reserve_init(&room->reserve, database->path,
                                   (uint64_t)room->log_pages_max * FRAME_SIZE);
}

/** Leave the main file what the log does not need. */
static void
share(struct collector__database *database)
{
    const uint64_t pages_max = database->room.size_max / COLLECTOR_PAGE_SIZE;
    uint64_t log_share = pages_max / 4;

    if (database->indexed && log_share < INDEXED_LOG_PAGES_MAX)
        log_share = smaller(pages_max / 2, INDEXED_LOG_PAGES_MAX);
    database->room.main_pages_max =
        (uint32_t)smaller(pages_max - log_share, UINT32_MAX / 2);
}

void
collector__room_resize(struct collector__database *database)
{
    struct collector__room *room = &database->room;
    const uint32_t log_pages =
        (uint32_t)smaller(log_pages_for(database), room->log_pages);

    limit_keys(&database->limits);
    room->size_max = database->limits.size_max;
    room->group_bytes_max = group_bytes_for(log_pages);
    collector__wal_resize(&database->wal, log_pages);
    share(database);
}

void
collector__room_close(struct collector__room *room)
{
    collector__reserve_close(&room->reserve);
}

void
collector__room_note_index(struct collector__database *database, bool indexed)
{
    database->indexed = indexed;
    share(database);
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

int
collector__room_read_pages(struct collector__connection *connection)
{
    struct collector__pages *pages = &connection->pages;
    int64_t page_count = 0;
    int64_t free_count = 0;
    int rc;

    rc =
        collector__connection_count_pages(connection, &page_count, &free_count);
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

/** Pages of the main file that hold something. */
static uint64_t
pages_in_use(const struct collector__pages *pages)
{
    return pages->page_count - pages->free_count;
}

/** Pages of the index that so many events may have touched, where they lie: no
 *  more than three quarters of a file are the index's. */
static uint64_t
touched_pages(const struct collector__database *database, uint64_t page_count,
              uint64_t event_count)
{
    return database->indexed ? smaller(event_count, page_count / 4 * 3) : 0;
}

/** Whether a main file and a log of so many pages are within the limit. */
static bool
is_within(const struct collector__room *room, uint64_t main_pages,
          uint64_t log_pages)
{
    const uint64_t size_max = room->size_max; /* there may be none by now */

    return size_max == 0 || main_pages * COLLECTOR_PAGE_SIZE + LOG_HEADER_SIZE +
                                    log_pages * FRAME_SIZE <=
                                size_max;
}

bool
collector__room_main_fits(const struct collector__database *database,
                          const struct collector__pages *pages, uint64_t need)
{
    const uint32_t main_pages_max = database->room.main_pages_max;

    return main_pages_max == 0 ||
           pages_in_use(pages) + pages->promised + need <= main_pages_max;
}

bool
collector__room_log_fits(const struct collector__database *database,
                         const struct collector__pages *pages, uint64_t need)
{
    const uint64_t used = pages_in_use(pages);
    const uint64_t added =
        used > pages->used_before ? used - pages->used_before : 0;
    const uint64_t coming = pages->promised + need;
    const uint64_t main_pages =
        used + coming > pages->page_count ? used + coming : pages->page_count;

    return is_within(&database->room, main_pages,
                     atomic_load(&database->wal.pages) + added + coming +
                         touched_pages(database, used, pages->event_count) +
                         PAGES_FIXED);
}

static bool
fits(const struct collector__database *database,
     const struct collector__pages *pages, uint64_t need)
{
    return collector__room_main_fits(database, pages, need) &&
           collector__room_log_fits(database, pages, need);
}

/** Whether there would be room for it if nothing else were pending, however
 *  large the main file has grown. */
static bool
can_fit(const struct collector__database *database, uint64_t need,
        size_t event_count)
{
    const struct collector__room *room = &database->room;
    const uint32_t main_pages_max = room->main_pages_max;
    const uint64_t touched =
        touched_pages(database, main_pages_max, event_count);

    return main_pages_max == 0 ||
           (PAGES_EMPTY + need <= main_pages_max &&
            is_within(room, main_pages_max, need + touched + PAGES_FIXED));
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
    if (!can_fit(database, need, event_count))
        return COLLECTOR_ERR_TOO_BIG;
    pages->event_count += event_count;
    if (!pages->known || !fits(database, pages, need)) {
        rc = collector__room_read_pages(connection);
        if (rc != COLLECTOR_OK)
            return rc;
        if (!fits(database, pages, need)) {
            pages->event_count -= event_count;
            if (may_drop ||
                database->limits.overflow == COLLECTOR_OVERFLOW_REJECT)
                pages->missing = (uint32_t)need;
            return COLLECTOR_ERR_FULL;
        }
    }
    pages->promised += (uint32_t)need;
    return COLLECTOR_OK;
}

/**
 * Whether the log could be moved after so much more: the reserve has room for
 * what it holds as a rule, and what is beyond must find it on the disk. Else
 * the main file could never take over what a large request, or a reader that
 * held the log, has left in it.
 */
static bool
disk_fits(const struct collector__database *database, size_t event_count,
          size_t byte_count)
{
    const struct collector__room *room = &database->room;
    const uint64_t logged = atomic_load(&database->wal.pages);
    const uint64_t need = pages_for(database, event_count, byte_count);
    uint64_t free_size;

    if (database->vfs != NULL || logged + need <= room->log_pages_max)
        return true;
    free_size = collector__path_free_size(database->path);
    return free_size >= UINT64_MAX - room->reserve.size ||
           free_size + room->reserve.size >= (logged + 2 * need) * FRAME_SIZE;
}

static int
check_backlog(struct collector__connection *connection, size_t event_count,
              bool may_drop)
{
    const struct collector__limits *limits = &connection->database->limits;
    const struct collector__position *position = &connection->position;
    const uint64_t backlog_max = limits->backlog_max; /* it may change */
    const uint64_t pending =
        (uint64_t)(position->next_id - 1 - position->settled_through);

    if (backlog_max == 0 || pending + event_count <= backlog_max)
        return COLLECTOR_OK;
    if (!may_drop || limits->overflow == COLLECTOR_OVERFLOW_REJECT ||
        event_count > backlog_max)
        return COLLECTOR_ERR_FULL;
    return collector__retention_drop(
        connection, (int64_t)(pending + event_count - backlog_max));
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
    if (!disk_fits(connection->database, event_count, byte_count))
        return COLLECTOR_ERR_NOSPACE;
    rc = check_size(connection, event_count, byte_count, may_drop);
    if (rc == COLLECTOR_OK)
        rc = check_backlog(connection, event_count, may_drop);
    return rc;
}

void
collector__room_log_full(const struct collector__database *database)
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
        collector__room_log_full(database);
}
