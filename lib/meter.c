/* SPDX-License-Identifier: MIT */
/*
 * What the storage had to do, counted where SQLite asks for it: a file that it
 * has opened gets a copy of its VFS's methods, in which two count and pass the
 * call on. So this works on any VFS, takes no name among them, and costs an
 * addition for a page.
 */
#include "meter.h"

#include "connection.h"

#include <stddef.h>
#include <string.h>

/* The latest version of the methods that is known here. */
#define METHODS_VERSION_MAX 3

static const struct collector__metered *
metered_of(const sqlite3_file *file)
{
    return (const struct collector__metered *)file->pMethods;
}

static int
write_metered(sqlite3_file *file, const void *bytes, int size,
              sqlite3_int64 offset)
{
    const struct collector__metered *metered = metered_of(file);
    const int code = metered->vfs_methods->xWrite(file, bytes, size, offset);

    if (code == SQLITE_OK)
        atomic_fetch_add(&metered->meter->written_size, (uint64_t)size);
    return code;
}

static int
sync_metered(sqlite3_file *file, int flags)
{
    const struct collector__metered *metered = metered_of(file);

    atomic_fetch_add(&metered->meter->syncs, 1);
    return metered->vfs_methods->xSync(file, flags);
}

/** How much of the methods is there: a VFS may be older than this program's
 *  SQLite, but not so old that it can't do write-ahead logging. */
static size_t
size_of(const sqlite3_io_methods *methods)
{
    return methods->iVersion < METHODS_VERSION_MAX
               ? offsetof(sqlite3_io_methods, xFetch)
               : sizeof(*methods);
}

static void
attach(struct collector__connection *connection, int which,
       struct collector__metered *metered)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(connection->db, "main", which, &file) !=
            SQLITE_OK ||
        file == NULL || file->pMethods == NULL)
        return;
    metered->meter = &connection->database->meter;
    metered->vfs_methods = file->pMethods;
    memcpy(&metered->methods, file->pMethods, size_of(file->pMethods));
    if (metered->methods.iVersion > METHODS_VERSION_MAX)
        metered->methods.iVersion = METHODS_VERSION_MAX;
    metered->methods.xWrite = write_metered;
    metered->methods.xSync = sync_metered;
    file->pMethods = &metered->methods;
}

void
collector__meter_attach(struct collector__connection *connection)
{
    attach(connection, SQLITE_FCNTL_FILE_POINTER, &connection->files.main);
    attach(connection, SQLITE_FCNTL_JOURNAL_POINTER, &connection->files.log);
}

void
collector__meter_note_pruned(struct collector__connection *connection)
{
    connection->pruned += (uint64_t)sqlite3_changes(connection->db);
}

void
collector__meter_note_commit(struct collector__connection *connection)
{
    atomic_fetch_add(&connection->database->meter.pruned, connection->pruned);
}

void
collector__meter_note_log_move(struct collector__database *database)
{
    atomic_fetch_add(&database->meter.log_moves, 1);
}

void
collector__meter_read(struct collector__database *database,
                      struct collector_store_stats *stats)
{
    struct collector__meter *meter = &database->meter;

    stats->syncs = atomic_load(&meter->syncs);
    stats->written_size = atomic_load(&meter->written_size);
    stats->log_moves = atomic_load(&meter->log_moves);
    stats->pruned = atomic_load(&meter->pruned);
}
