/* SPDX-License-Identifier: MIT */
/*
 * The schema is there whole, or not at all, since all of it is written in one
 * transaction. What isn't ours is found out before anything could change it,
 * and a file that is as it should be is not written to.
 */
#include "schema.h"

#include "random.h"
#include "schema_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Up to here a file is checked whole at open, in some 50 ms; beyond, a check
 * would delay the first append by seconds and then by minutes. */
#define CHECK_SIZE_MAX (16 * 1024 * 1024)

/* And no longer than this, however slow the storage. */
#define CHECK_MS_MAX 1000

/* Instructions of SQLite's machine between two looks at the clock. */
#define CHECK_STEPS 10000

/* What SQLite answers when asked for PRAGMA auto_vacuum=INCREMENTAL. */
#define AUTO_VACUUM_INCREMENTAL 2

/** Whether this is an empty database, or one of ours that we can read. */
static int
identify(struct collector__database *database, sqlite3 *db)
{
    int64_t application_id;
    int64_t version;
    int64_t objects;
    int rc;

    rc = collector__database_query(database, db, "PRAGMA application_id",
                                   &application_id);
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(database, db, "PRAGMA user_version",
                                       &version);
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(
            database, db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (rc != COLLECTOR_OK)
        return rc;
    if (application_id == 0 && version == 0 && objects == 0)
        return COLLECTOR_OK;
    if (application_id != COLLECTOR_APPLICATION_ID) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s is a database of another program", database->path);
        return COLLECTOR_ERR_FOREIGN;
    }
    if (version > COLLECTOR_SCHEMA_VERSION) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s has schema %lld; this version knows up to %d",
                       database->path, (long long)version,
                       COLLECTOR_SCHEMA_VERSION);
        return COLLECTOR_ERR_NEWER;
    }
    return COLLECTOR_OK;
}

/** Whether there is such a file with anything in it; if in doubt, yes. */
static bool
exists(const struct collector__database *database, const char *suffix)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(database->vfs);
    char *path;
    int found = 1;

    if (vfs == NULL || asprintf(&path, "%s%s", database->path, suffix) < 0)
        return true;
    (void)vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &found);
    free(path);
    return found != 0;
}

/**
 * Look at the file as somebody who changes nothing. Where there is nothing to
 * be recovered, that is also true of a connection that might write, and only
 * such a one takes the empty log away again that SQLite makes for a look.
 */
static int
identify_file(struct collector__database *database)
{
    const bool recoverable =
        exists(database, "-wal") || exists(database, "-journal");
    struct stat status;
    sqlite3 *db = NULL;
    int rc;

    if (!exists(database, ""))
        return COLLECTOR_OK;
    if (database->vfs == NULL && stat(database->path, &status) == 0 &&
        status.st_size == 1) { /* SQLite would take it for an empty one */
        collector__log(&database->log, COLLECTOR_LOG_ERROR, "%s is no database",
                       database->path);
        return COLLECTOR_ERR_FOREIGN;
    }
    rc = collector__database_open(
        database, recoverable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE,
        COLLECTOR_BUSY_MS, &db);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = identify(database, db);
    (void)sqlite3_close(db); /* it only read */
    return rc;
}

/** Make a new file private before SQLite, which follows the umask, sees it. */
static int
create_file(struct collector__database *database)
{
    int fd;

    if (database->vfs != NULL)
        return COLLECTOR_OK; /* its files may not be files */
    fd = open(database->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd); /* empty, and SQLite has not locked it yet */
        return COLLECTOR_OK;
    }
    if (errno == EEXIST)
        return COLLECTOR_OK;
    collector__log(&database->log, COLLECTOR_LOG_ERROR, "can't create %s: %s",
                   database->path, strerror(errno));
    return errno == ENOSPC ? COLLECTOR_ERR_NOSPACE : COLLECTOR_ERR_IO;
}

/** SQLite syncs the log's directory entry, but not the main file's. */
static int
sync_directory(struct collector__database *database)
{
    char *path = strdup(database->path);
    int fd = -1;
    int rc = COLLECTOR_OK;

    if (path == NULL)
        return COLLECTOR_ERR_NOMEM;
    fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "can't sync the directory of %s: %s", database->path,
                       strerror(errno));
        rc = COLLECTOR_ERR_IO;
    }
    if (fd >= 0)
        (void)close(fd); /* a directory: nothing was written */
    free(path);
    return rc;
}

/** Give the store its name, unless it has one: a snapshot has none. */
static int
mint_collector_id(struct collector__database *database, sqlite3 *db)
{
    char id[COLLECTOR_UUID_SIZE];
    char sql[160];

    collector__random_uuid(id);
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE state SET collector_id='%s'"
                   " WHERE collector_id IS NULL",
                   id);
    return collector__database_execute(database, db, sql,
                                       "minting the collector_id");
}

/** See that pruning will give space back: somebody may have made the empty
 *  file before us, without that. */
static int
ensure_auto_vacuum(struct collector__database *database, sqlite3 *db)
{
    int64_t version;
    int64_t mode;
    int rc;

    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(database, db, "PRAGMA auto_vacuum",
                                       &mode);
    if (rc != COLLECTOR_OK || version != 0 || mode == AUTO_VACUUM_INCREMENTAL)
        return rc;
    return collector__database_execute(
        database, db, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM", "auto_vacuum");
}

/** Whether there is nothing to be written: then a start needs neither room on
 *  the disk nor SQLite's lock. */
static int
is_current(struct collector__database *database, sqlite3 *db, bool *ret_current)
{
    int64_t version;
    int64_t current = 0;
    int rc;

    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK && version == COLLECTOR_SCHEMA_VERSION)
        rc = collector__database_query(
            database, db,
            database->indexed ? COLLECTOR_SCHEMA_SQL_CURRENT_INDEXED
                              : COLLECTOR_SCHEMA_SQL_CURRENT,
            &current);
    *ret_current = current != 0;
    return rc;
}

static int
migrate(struct collector__database *database, sqlite3 *db)
{
    int64_t version;
    bool current;
    int rc;

    rc = is_current(database, db, &current);
    if (rc != COLLECTOR_OK || current)
        return rc;
    rc = ensure_auto_vacuum(database, db);
    if (rc == COLLECTOR_OK)
        rc = collector__database_execute(database, db, "BEGIN IMMEDIATE",
                                         "begin");
    if (rc != COLLECTOR_OK)
        return rc;
    rc = collector__database_query(database, db, "PRAGMA user_version",
                                   &version);
    if (rc == COLLECTOR_OK && version == 0)
        rc = collector__database_execute(database, db, COLLECTOR_SCHEMA_SQL_1,
                                         "schema 1");
    if (rc == COLLECTOR_OK && version < 2)
        rc = collector__database_execute(database, db, COLLECTOR_SCHEMA_SQL_2,
                                         "schema 2");
    if (rc == COLLECTOR_OK && database->indexed)
        rc = collector__database_execute(database, db,
                                         COLLECTOR_SCHEMA_SQL_INDEX, "index");
    if (rc == COLLECTOR_OK)
        rc = mint_collector_id(database, db);
    if (rc == COLLECTOR_OK)
        rc = collector__database_execute(database, db, "COMMIT",
                                         "commit of the schema");
    if (rc != COLLECTOR_OK)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* best effort */
    return rc;
}

/** Ends a check that takes too long. */
static int
check_is_over(void *userdata)
{
    const int64_t *deadline = userdata;

    return collector__clock_monotonic_ms(&collector__clock_system) > *deadline;
}

static int
quick_check(struct collector__database *database, sqlite3 *db)
{
    int64_t deadline =
        collector__clock_monotonic_ms(&collector__clock_system) + CHECK_MS_MAX;
    sqlite3_stmt *statement = NULL;
    const char *found = NULL;
    int rc = COLLECTOR_OK;
    int step = SQLITE_ERROR;

    sqlite3_progress_handler(db, CHECK_STEPS, check_is_over, &deadline);
    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL) ==
        SQLITE_OK)
        step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        found = (const char *)sqlite3_column_text(statement, 0);
    if (found != NULL && strcmp(found, "ok") != 0) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR, "%s: %s",
                       database->path, found);
        rc = COLLECTOR_ERR_CORRUPT;
    } else if (found == NULL && (step & 0xff) != SQLITE_INTERRUPT) {
        rc = collector__database_error(database, db, "quick_check");
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return rc;
}

/** Look for damage where it would hurt first, or everywhere if that is soon
 *  done. */
static int
check(struct collector__database *database, sqlite3 *db)
{
    int64_t sound;
    int64_t size;
    int rc;

    rc = collector__database_query(database, db, COLLECTOR_SCHEMA_SQL_SOUND,
                                   &sound);
    if (rc == COLLECTOR_OK && sound != 1) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: its state does not fit its events", database->path);
        rc = COLLECTOR_ERR_CORRUPT;
    }
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(
            database, db,
            "SELECT page_count * page_size"
            " FROM pragma_page_count, pragma_page_size",
            &size);
    if (rc == COLLECTOR_OK && size <= CHECK_SIZE_MAX)
        rc = quick_check(database, db);
    return rc;
}

int
collector__schema_prepare(struct collector__database *database)
{
    sqlite3 *db = NULL;
    int rc;

    rc = identify_file(database);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = create_file(database);
    if (rc == COLLECTOR_OK)
        rc = collector__database_connect(database, COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = migrate(database, db);
    if (rc == COLLECTOR_OK)
        rc = check(database, db);
    if (rc == COLLECTOR_OK && database->vfs == NULL)
        rc = sync_directory(database);
    (void)sqlite3_close(db); /* all it wrote is committed */
    return rc;
}
