/* SPDX-License-Identifier: MIT */
/*
 * When pages move from the log to the main file: in bulk, outside of any
 * append's transaction, and never so late that the log grows without bound
 * (unless a reader holds it, which is then known).
 */
#include "wal.h"

#include "connection.h"
#include "lock.h"

#include <collector/error.h>

void
collector__wal_init(struct collector__wal *wal, uint32_t pages_max)
{
    wal->pages_max = pages_max;
    wal->lock_fd = -1;
    (void)pthread_mutex_init(&wal->moving, NULL); /* can't fail on Linux */
    collector__wal_reset(wal);
}

void
collector__wal_resize(struct collector__wal *wal, uint32_t pages_max)
{
    atomic_store(&wal->pages_max, pages_max);
    atomic_store(&wal->due_at, pages_max);
}

void
collector__wal_reset(struct collector__wal *wal)
{
    atomic_store(&wal->pages, 0);
    atomic_store(&wal->moved, 0);
    atomic_store(&wal->due_at, wal->pages_max);
    atomic_store(&wal->pinned_since, 0);
}

void
collector__wal_close(struct collector__wal *wal)
{
    (void)pthread_mutex_destroy(&wal->moving); /* nobody holds it */
}

void
collector__wal_note(struct collector__wal *wal, uint32_t pages)
{
    if (pages < atomic_load(&wal->pages)) { /* it started again */
        atomic_store(&wal->due_at, wal->pages_max);
        atomic_store(&wal->moved, 0);
    }
    atomic_store(&wal->pages, pages);
}

/** Whether it has as many pages as are to be moved at once. */
static bool
is_long(const struct collector__wal *wal)
{
    return atomic_load(&wal->pages) >= atomic_load(&wal->due_at);
}

bool
collector__wal_due(const struct collector__database *database)
{
    const struct collector__wal *wal = &database->wal;

    if (is_long(wal) || !collector__wal_is_pinned(wal))
        return is_long(wal);
    return collector__clock_monotonic_ms(&database->clock) >=
           atomic_load(&wal->tried_at) + COLLECTOR_WAL_RETRY_MS;
}

bool
collector__wal_worth(const struct collector__wal *wal)
{
    const uint32_t pages = atomic_load(&wal->pages);
    const uint32_t moved = atomic_load(&wal->moved);

    return pages > moved &&
           pages - moved >= wal->pages_max / COLLECTOR_WAL_MAINTAIN_PART;
}

/* The first sync of a log through a connection syncs its name as well. */
int
collector__wal_sync(struct collector__connection *connection)
{
    sqlite3_file *log = NULL;
    sqlite3_int64 size = 0;
    int code;

    code = sqlite3_file_control(connection->db, "main",
                                SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log != NULL && log->pMethods != NULL) {
        code = log->pMethods->xFileSize(log, &size);
        if (code == SQLITE_OK && size > 0)
            code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    }
    if (code == SQLITE_OK)
        return COLLECTOR_OK;
    collector__log(&connection->database->log, COLLECTOR_LOG_ERROR,
                   "%s: syncing the log: %s", connection->database->path,
                   sqlite3_errstr(code));
    return COLLECTOR_ERR_IO;
}

/** Remember since when the log is held, or that it isn't. */
static void
note_pinned(struct collector__database *database, bool pinned)
{
    _Atomic int64_t *since = &database->wal.pinned_since;
    int64_t none = 0;

    if (!pinned)
        atomic_store(since, 0);
    else /* 1 is added since 0 means never */
        (void)atomic_compare_exchange_strong(
            since, &none, collector__clock_monotonic_ms(&database->clock) + 1);
}

/** How long to wait for readers. */
static int
patience_ms(const struct collector__database *database,
            enum collector__wal_move move)
{
    const int64_t since = atomic_load(&database->wal.pinned_since);
    const int64_t now = collector__clock_monotonic_ms(&database->clock);

    if (move == COLLECTOR_WAL_BESIDE ||
        (move == COLLECTOR_WAL_RESTART && !is_long(&database->wal)))
        return 0;
    if (move == COLLECTOR_WAL_RESTART)
        return COLLECTOR_WAL_READER_MS;
    return since == 0 || now - since < COLLECTOR_WAL_HELD_MS
               ? COLLECTOR_WAL_ROOM_MS
               : COLLECTOR_WAL_READER_MS;
}

/** The write path tries. */
static void
note_try(struct collector__database *database)
{
    struct collector__wal *wal = &database->wal;

    if (is_long(wal))
        atomic_store(&wal->due_at,
                     atomic_load(&wal->pages) +
                         wal->pages_max / COLLECTOR_WAL_RETRY_PART);
    atomic_store(&wal->tried_at,
                 collector__clock_monotonic_ms(&database->clock));
}

int
collector__wal_checkpoint(struct collector__connection *connection,
                          enum collector__wal_move move)
{
    const bool alone = move != COLLECTOR_WAL_BESIDE;
    const bool waits = move != COLLECTOR_WAL_RESTART;
    struct collector__database *database = connection->database;
    struct collector__wal *wal = &database->wal;
    const int busy_ms = patience_ms(database, move);
    int pages = 0;
    int moved = 0;
    int code;

    if (alone) /* the others never make it start again: they don't count */
        note_try(database);
    if (waits)
        (void)pthread_mutex_lock(&wal->moving);
    (void)sqlite3_busy_timeout(connection->db, busy_ms);
    code = sqlite3_wal_checkpoint_v2(connection->db, NULL,
                                     alone ? SQLITE_CHECKPOINT_RESTART
                                           : SQLITE_CHECKPOINT_PASSIVE,
                                     &pages, &moved);
    (void)sqlite3_busy_timeout(connection->db, connection->busy_ms);
    if (waits)
        (void)pthread_mutex_unlock(&wal->moving);
    if (moved > 0)
        atomic_store(&wal->moved, (uint32_t)moved);
    if (code == SQLITE_OK)
        collector__meter_note_log_move(database);
    if (code == SQLITE_OK && alone)
        collector__wal_note(wal, 0);
    if (alone && (code & 0xff) == SQLITE_BUSY && pages >= 0) {
        note_pinned(database, true);
        collector__lock_ask(wal->lock_fd, true);
    } else if (code == SQLITE_OK && moved >= pages) {
        note_pinned(database, false);
        if (alone)
            collector__lock_ask(wal->lock_fd, false);
    } else if (collector__wal_is_pinned(wal)) {
        collector__lock_ask(wal->lock_fd, true); /* still */
    }
    /* Busy: a reader holds it, or somebody else is at it. It can wait. */
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY
               ? COLLECTOR_OK
               : collector__connection_error(connection, "moving the log");
}
