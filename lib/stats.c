/* SPDX-License-Identifier: MIT */
/*
 * The store in numbers: what the file says, what happened since it was opened,
 * and where it is going. Asking changes nothing in the file, and costs the same
 * however many events there are.
 */
#include "stats.h"

#include "options.h"
#include "path.h"

#include <collector/error.h>
#include <string.h>

/** Read the ledger. @return Whether events have come in since the last time. */
static bool
read_ledger(struct collector__connection *connection,
            struct collector_store_stats *known)
{
    const uint64_t accepted_before = known->accepted;
    sqlite3_stmt *statement = NULL;

    if (collector__connection_prepare(connection, COLLECTOR_SQL_LEDGER,
                                      &statement) != COLLECTOR_OK)
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        known->accepted = (uint64_t)sqlite3_column_int64(statement, 0);
        known->delivered = (uint64_t)sqlite3_column_int64(statement, 1);
        known->dead = (uint64_t)sqlite3_column_int64(statement, 2);
        known->dropped = (uint64_t)sqlite3_column_int64(statement, 3);
        known->pending = (uint64_t)sqlite3_column_int64(statement, 4);
        known->oldest_pending_ts = sqlite3_column_int64(statement, 5);
    } else {
        (void)collector__connection_error(connection, "reading the ledger");
    }
    collector__connection_done(statement);
    return known->accepted != accepted_before;
}

/** Count the devices: as much work as the events since their last refresh. */
static void
read_device_count(struct collector__connection *connection,
                  struct collector_store_stats *known)
{
    sqlite3_stmt *statement = NULL;

    if (collector__connection_prepare(connection, COLLECTOR_SQL_DEVICE_COUNT,
                                      &statement) != COLLECTOR_OK)
        return;
    if (sqlite3_step(statement) == SQLITE_ROW)
        known->device_count = (uint64_t)sqlite3_column_int64(statement, 0);
    else
        (void)collector__connection_error(connection, "counting the devices");
    collector__connection_done(statement);
}

/** Count the dead letters, of which only so many are kept. */
static void
read_dead_letters(struct collector__connection *connection,
                  struct collector_store_stats *known)
{
    sqlite3_stmt *statement = NULL;

    if (collector__connection_prepare(connection, COLLECTOR_SQL_DEAD_LETTERS,
                                      &statement) != COLLECTOR_OK)
        return;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        known->dead_letter_count = (uint64_t)sqlite3_column_int64(statement, 0);
        known->dead_in_a_row = (uint64_t)sqlite3_column_int64(statement, 1);
    } else {
        (void)collector__connection_error(connection,
                                          "counting the dead letters");
    }
    collector__connection_done(statement);
}

/**
 * Bytes that other events can have, and those that the backlog has: its share
 * of all that are used, since what is delivered gives way. As last known if the
 * file can't be read.
 */
static void
read_sizes(struct collector__connection *connection,
           struct collector_store_stats *known, uint64_t *backlog_size)
{
    const int64_t pages_max = connection->database->room.main_pages_max;
    int64_t page_count = 0;
    int64_t free_count = 0;
    int64_t kept_count = 0;
    int64_t left;

    if (collector__connection_count_pages(connection, &page_count,
                                          &free_count) != COLLECTOR_OK ||
        collector__connection_ask(connection, COLLECTOR_SQL_KEPT_COUNT, NULL, 0,
                                  &kept_count) != COLLECTOR_OK)
        return;
    left = free_count + (pages_max > page_count ? pages_max - page_count : 0);
    known->free_size = (uint64_t)left * COLLECTOR_PAGE_SIZE;
    *backlog_size = 0;
    if (kept_count > 0)
        *backlog_size = (uint64_t)(page_count - free_count) *
                        COLLECTOR_PAGE_SIZE / (uint64_t)kept_count *
                        known->pending;
}

/** What was read from damaged files, and what was not. */
static void
read_salvage(struct collector__connection *connection,
             struct collector_store_stats *stats)
{
    sqlite3_stmt *statement = NULL;

    if (collector__connection_prepare(connection, COLLECTOR_SQL_SALVAGE_STATS,
                                      &statement) != COLLECTOR_OK)
        return;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        stats->salvaged = (uint64_t)sqlite3_column_int64(statement, 0);
        stats->salvage_lost = (uint64_t)sqlite3_column_int64(statement, 1);
        stats->salvaging = sqlite3_column_int(statement, 2) > 0;
    } else {
        (void)collector__connection_error(connection, "reading quarantines");
    }
    collector__connection_done(statement);
}

/** Bytes of the main file or, by its suffix, of one beside it; 0 when there is
 *  none, or when a VFS keeps it elsewhere. */
static uint64_t
size_of(const struct collector__database *database, const char *suffix)
{
    const int64_t size = collector__path_size(database->path, suffix);

    return size > 0 ? (uint64_t)size : 0;
}

/** Read all that changes, and show it to the forecasts. The caller holds the
 *  asker's lock. */
static void
refresh(struct collector_store *store)
{
    struct collector__database *database = &store->database;
    struct collector__connection *connection = &store->asker.connection;
    struct collector_store_stats *known = &store->known;
    const int64_t now = collector__clock_monotonic_ms(&database->clock);
    if (read_ledger(connection, known))
        read_device_count(connection, known);
    read_dead_letters(connection, known);
    read_salvage(connection, known);
    read_sizes(connection, known, &store->backlog_size);
    known->file_size = size_of(database, "") + size_of(database, "-wal");
    collector__forecast_add(&store->backlog_forecast, now, known->pending);
    collector__forecast_add(&store->size_forecast, now, store->backlog_size);
}

/** The nearer of two forecasts, of which 0 is none. */
static uint64_t
nearer(uint64_t a_ms, uint64_t b_ms)
{
    if (a_ms == 0 || (b_ms != 0 && b_ms < a_ms))
        return b_ms;
    return a_ms;
}

/** What of the numbers is known without the file's help. The caller holds the
 *  asker's lock. */
static void
complete(struct collector_store *store, struct collector_store_stats *stats)
{
    struct collector__database *database = &store->database;
    const struct collector__counters *counters = &store->counters;
    const int64_t pinned_since = atomic_load(&database->wal.pinned_since);

    stats->full_in_ms =
        nearer(collector__forecast_ms(&store->backlog_forecast,
                                      database->limits.backlog_max),
               collector__forecast_ms(&store->size_forecast,
                                      (uint64_t)database->room.main_pages_max *
                                          COLLECTOR_PAGE_SIZE));
    stats->mode = store->mode;
    stats->durability = database->durability;
    stats->indexed = store->indexed;
    stats->backlog_max = database->limits.backlog_max;
    stats->size_max = database->limits.size_max;
    stats->overflow = database->limits.overflow;
    memcpy(stats->collector_id, store->collector_id,
           sizeof(stats->collector_id));
    stats->storage_ok =
        atomic_load(&counters->storage_ok) && !atomic_load(&store->damaged);
    stats->disk_full = atomic_load(&counters->disk_full) ||
                       !collector__reserve_is_held(&database->room.reserve);
    stats->commits = atomic_load(&counters->commits);
    stats->commit_failures = atomic_load(&counters->commit_failures);
    stats->commit_conflicts = atomic_load(&counters->commit_conflicts);
    stats->wal_size =
        (uint64_t)atomic_load(&database->wal.pages) * COLLECTOR_PAGE_SIZE;
    stats->backlog_size = store->backlog_size;
    collector__meter_read(database, stats);
    stats->wal_pinned_ms = 0;
    if (pinned_since != 0) /* 1 at least, and it is stored with 1 added */
        stats->wal_pinned_ms =
            (uint64_t)(collector__clock_monotonic_ms(&database->clock) + 2 -
                       pinned_since);
}

void
collector_store_stats(struct collector_store *store,
                      struct collector_store_stats *ret_stats)
{
    struct collector_store_stats stats;

    memset(&stats, 0, sizeof(stats));
    if (collector__store_check(store) == COLLECTOR_OK) {
        collector__store_enter(store);
        (void)pthread_mutex_lock(&store->asker.mutex);
        refresh(store);
        stats = store->known;
        complete(store, &stats);
        (void)pthread_mutex_unlock(&store->asker.mutex);
        collector__store_leave(store);
    }
    collector__stats_copy(ret_stats, &stats, sizeof(stats));
}

void
collector__stats_sample(struct collector_store *store)
{
    const int64_t now = collector__clock_monotonic_ms(&store->database.clock);

    if (now - atomic_load(&store->sampled_at) < COLLECTOR_FORECAST_STEP_MS)
        return; /* the forecasts would not keep it */
    atomic_store(&store->sampled_at, now);
    collector__store_enter(store);
    (void)pthread_mutex_lock(&store->asker.mutex);
    refresh(store);
    (void)pthread_mutex_unlock(&store->asker.mutex);
    collector__store_leave(store);
}
