/* SPDX-License-Identifier: MIT */
/*
 * A store's tie to its file: what belongs to the one file and not to the other
 * is set here, and nowhere else, each time that a store is connected to one.
 */
#include "store_file.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/** A time that the store can have been open: one from a damaged row must not
 *  make sums of it overflow. */
static int64_t
possible_uptime_ms(int64_t ms)
{
    if (ms < 0)
        return 0;
    return ms < COLLECTOR_UPTIME_MS_MAX ? ms : COLLECTOR_UPTIME_MS_MAX;
}

/** Read who this is. */
static int
read_identity(struct collector_store *store)
{
    struct collector__connection *connection = &store->asker.connection;
    sqlite3_stmt *statement = NULL;
    const char *id = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_IDENTITY,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW)
        id = (const char *)sqlite3_column_text(statement, 0);
    if (id == NULL) {
        rc = collector__connection_error(connection, "reading the identity");
    } else {
        (void)snprintf(store->collector_id, sizeof(store->collector_id), "%s",
                       id); /* we wrote it: it fits */
        store->indexed = sqlite3_column_int(statement, 1) > 0;
        collector__room_note_index(&store->database, store->indexed);
        store->database.uptime_before_ms =
            possible_uptime_ms(sqlite3_column_int64(statement, 2));
        store->database.opened_at =
            collector__clock_monotonic_ms(&store->database.clock);
        atomic_store(&store->database.settled_through,
                     sqlite3_column_int64(statement, 3));
    }
    collector__connection_done(statement);
    return rc;
}

int
collector__store_connect(struct collector_store *store)
{
    struct collector__database *database = &store->database;
    int rc;

    collector__wal_reset(&database->wal);
    atomic_store(&database->pruned_through, 0);
    atomic_store(&store->salvaging, true);
    rc = collector__connection_open(&store->fetcher.connection, database,
                                    COLLECTOR_BUSY_MS);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_open(&store->asker.connection, database,
                                        COLLECTOR_BUSY_MS);
    if (rc == COLLECTOR_OK)
        rc = collector__writer_open(&store->writer, database, store->mode,
                                    store->connection_count, &store->counters);
    if (rc == COLLECTOR_OK && !database->absent)
        rc = read_identity(store);
    if (rc == COLLECTOR_OK && !database->absent)
        /* Nobody is told of an event that only a killed process had written. */
        rc = collector__wal_sync(&store->asker.connection);
    store->synced_through = 0;
    if (rc == COLLECTOR_OK && !database->absent)
        memset(&store->known, 0, sizeof(store->known)); /* of another file */
    return rc;
}

void
collector__store_disconnect(struct collector_store *store)
{
    collector__writer_close(&store->writer);
    collector__connection_close(&store->fetcher.connection);
    /* The last one moves the log to the main file, and removes it. */
    collector__connection_close(&store->asker.connection);
}
