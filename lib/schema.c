/* SPDX-License-Identifier: MIT */
/*
 * The file: a connection that got every pragma it asked for, or none; and a
 * schema that is there whole, or not at all, since all of it is written in one
 * transaction. What isn't ours is found out on a read-only connection, before
 * anything could change it.
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

/* Storage errors repeat with every request: one line each would fill a disk. */
#define LOG_INTERVAL_MS 1000

/* Up to here a file is checked whole at open, in some 50 ms; beyond, a check
 * would delay the first append by seconds and then by minutes. */
#define CHECK_SIZE_MAX (16 * 1024 * 1024)

/* And no longer than this, however slow the storage. */
#define CHECK_MS_MAX 1000

/* Instructions of SQLite's machine between two looks at the clock. */
#define CHECK_STEPS 10000

/* A log that grew because a reader held it is cut to this when it restarts. */
#define WAL_SIZE_KEPT (16 * 1024 * 1024)

/* What SQLite answers when asked for PRAGMA auto_vacuum=INCREMENTAL. */
#define AUTO_VACUUM_INCREMENTAL 2

/* Pages that one connection keeps in memory, in KiB. Appends touch few. */
#define CACHE_KIB 1024

static int
translate(int code, int system_errno)
{
    const bool full = system_errno == ENOSPC || system_errno == EDQUOT;

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return COLLECTOR_ERR_BUSY;
    case SQLITE_FULL:
        return COLLECTOR_ERR_NOSPACE;
    case SQLITE_CORRUPT:
        return COLLECTOR_ERR_CORRUPT;
    case SQLITE_NOTADB:
        return COLLECTOR_ERR_FOREIGN;
    case SQLITE_NOMEM:
        return COLLECTOR_ERR_NOMEM;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (code == SQLITE_IOERR_NOMEM)
            return COLLECTOR_ERR_NOMEM;
        return full ? COLLECTOR_ERR_NOSPACE : COLLECTOR_ERR_IO;
    default:
        return COLLECTOR_ERR_IO;
    }
}

/** Whether a storage error may be logged now: one a second. */
static bool
may_log(struct collector__database *database)
{
    const int64_t now = collector__clock_monotonic_ms(&database->clock) + 1;
    int64_t logged_at = atomic_load(&database->logged_at);

    if (logged_at != 0 && now - logged_at < LOG_INTERVAL_MS)
        return false;
    return atomic_compare_exchange_strong(&database->logged_at, &logged_at,
                                          now);
}

int
collector__schema_error(struct collector__database *database, sqlite3 *db,
                        const char *doing)
{
    const int code = db != NULL ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const int system_errno = db != NULL ? sqlite3_system_errno(db) : 0;
    const int rc = translate(code, system_errno);

    if (rc != COLLECTOR_ERR_BUSY && may_log(database))
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: %s failed: %s (%d%s%s)", database->path, doing,
                       db != NULL ? sqlite3_errmsg(db) : "out of memory", code,
                       system_errno != 0 ? ", " : "",
                       system_errno != 0 ? strerror(system_errno) : "");
    return rc;
}

static int
execute(struct collector__database *database, sqlite3 *db, const char *sql,
        const char *doing)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return COLLECTOR_OK;
    return collector__schema_error(database, db, doing);
}

/** The integer in the first column of the first row; 0 without a row. */
static int
query_integer(struct collector__database *database, sqlite3 *db,
              const char *sql, int64_t *ret_integer)
{
    sqlite3_stmt *statement = NULL;
    int64_t integer = 0;
    int step = SQLITE_ERROR;
    int rc;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK)
        step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        integer = sqlite3_column_int64(statement, 0);
    rc = step == SQLITE_ROW || step == SQLITE_DONE
             ? COLLECTOR_OK
             : collector__schema_error(database, db, sql);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    if (rc == COLLECTOR_OK)
        *ret_integer = integer;
    return rc;
}

/** Set a pragma, and see that it took. */
static int
set_pragma(struct collector__database *database, sqlite3 *db, const char *name,
           int64_t value)
{
    char sql[80];
    int64_t got;
    int rc;

    (void)snprintf(sql, sizeof(sql), "PRAGMA %s=%lld", name, (long long)value);
    rc = execute(database, db, sql, sql);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)snprintf(sql, sizeof(sql), "PRAGMA %s", name);
    rc = query_integer(database, db, sql, &got);
    if (rc == COLLECTOR_OK && got != value) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: SQLite refused %s=%lld and keeps %lld",
                       database->path, name, (long long)value, (long long)got);
        rc = COLLECTOR_ERR_IO;
    }
    return rc;
}

/** Turn the write-ahead log on: the one pragma that answers with a word. */
static int
set_wal(struct collector__database *database, sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    const char *mode = NULL;
    int rc = COLLECTOR_OK;

    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        mode = (const char *)sqlite3_column_text(statement, 0);
    if (mode == NULL) {
        rc = collector__schema_error(database, db, "PRAGMA journal_mode");
    } else if (strcmp(mode, "wal") != 0) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: this storage can't do write-ahead logging",
                       database->path);
        rc = COLLECTOR_ERR_IO;
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

static int
set_pragmas(struct collector__database *database, sqlite3 *db)
{
    const bool full = database->durability == COLLECTOR_DURABILITY_FULL;
    const struct {
        const char *name;
        int64_t value;
    } pragmas[] = {
        {"synchronous", full ? 2 : 1},
        {"wal_autocheckpoint", 0}, /* wal.c does it, outside of appends */
        {"secure_delete", 0},      /* else every pruned page is zeroed */
        {"temp_store", 2},         /* no temporary files on a small disk */
        {"cache_size", -CACHE_KIB},
    };
    size_t i;
    int rc;

    /* Both have an effect on an empty file only; with the second, pruning
     * gives space back. */
    rc = execute(database, db,
                 "PRAGMA page_size=" COLLECTOR_TEXT_OF(
                     COLLECTOR_PAGE_SIZE) ";"
                                          "PRAGMA auto_vacuum=INCREMENTAL",
                 "auto_vacuum");
    if (rc == COLLECTOR_OK)
        rc = set_wal(database, db);
    for (i = 0; rc == COLLECTOR_OK && i < sizeof(pragmas) / sizeof(pragmas[0]);
         i++)
        rc = set_pragma(database, db, pragmas[i].name, pragmas[i].value);
    if (rc == COLLECTOR_OK)
        rc = set_pragma(database, db, "journal_size_limit", WAL_SIZE_KEPT);
    return rc;
}

static int
open_db(struct collector__database *database, int flags, int busy_ms,
        sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int rc = COLLECTOR_OK;

    if (sqlite3_open_v2(database->path, &db,
                        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        database->vfs) != SQLITE_OK) {
        rc = collector__schema_error(database, db, "open");
        (void)sqlite3_close(db); /* half open: there is nothing to lose */
        return rc;
    }
    (void)sqlite3_busy_timeout(db, busy_ms); /* fails on misuse only */
    *ret_db = db;
    return COLLECTOR_OK;
}

int
collector__schema_connect(struct collector__database *database, int busy_ms,
                          sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int rc;

    rc = open_db(database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                 COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = set_pragmas(database, db);
    if (rc != COLLECTOR_OK) {
        (void)sqlite3_close(db); /* nothing was written through it */
        return rc;
    }
    (void)sqlite3_busy_timeout(db, busy_ms); /* fails on misuse only */
    *ret_db = db;
    return COLLECTOR_OK;
}

/** Whether this is an empty database, or one of ours that we can read. */
static int
identify(struct collector__database *database, sqlite3 *db)
{
    int64_t application_id;
    int64_t version;
    int64_t objects;
    int rc;

    rc = query_integer(database, db, "PRAGMA application_id", &application_id);
    if (rc == COLLECTOR_OK)
        rc = query_integer(database, db, "PRAGMA user_version", &version);
    if (rc == COLLECTOR_OK)
        rc = query_integer(database, db, "SELECT count(*) FROM sqlite_schema",
                           &objects);
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
    rc = open_db(database,
                 recoverable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE,
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
    return execute(database, db, sql, "minting the collector_id");
}

/** See that pruning will give space back: somebody may have made the empty
 *  file before us, without that. */
static int
ensure_auto_vacuum(struct collector__database *database, sqlite3 *db)
{
    int64_t version;
    int64_t mode;
    int rc;

    rc = query_integer(database, db, "PRAGMA user_version", &version);
    if (rc == COLLECTOR_OK)
        rc = query_integer(database, db, "PRAGMA auto_vacuum", &mode);
    if (rc != COLLECTOR_OK || version != 0 || mode == AUTO_VACUUM_INCREMENTAL)
        return rc;
    return execute(database, db, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM",
                   "auto_vacuum");
}

static int
migrate(struct collector__database *database, sqlite3 *db)
{
    int64_t version;
    int rc;

    rc = ensure_auto_vacuum(database, db);
    if (rc == COLLECTOR_OK)
        rc = execute(database, db, "BEGIN IMMEDIATE", "begin");
    if (rc != COLLECTOR_OK)
        return rc;
    rc = query_integer(database, db, "PRAGMA user_version", &version);
    if (rc == COLLECTOR_OK && version == 0)
        rc = execute(database, db, COLLECTOR_SCHEMA_SQL_1, "schema 1");
    if (rc == COLLECTOR_OK && database->indexed)
        rc = execute(database, db, COLLECTOR_SCHEMA_SQL_INDEX, "index");
    if (rc == COLLECTOR_OK)
        rc = mint_collector_id(database, db);
    if (rc == COLLECTOR_OK)
        rc = execute(database, db, "COMMIT", "commit of the schema");
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
        rc = collector__schema_error(database, db, "quick_check");
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

    rc = query_integer(database, db, COLLECTOR_SCHEMA_SQL_SOUND, &sound);
    if (rc == COLLECTOR_OK && sound != 1) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: its state does not fit its events", database->path);
        rc = COLLECTOR_ERR_CORRUPT;
    }
    if (rc == COLLECTOR_OK)
        rc = query_integer(database, db,
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
        rc = collector__schema_connect(database, COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = migrate(database, db);
    if (rc == COLLECTOR_OK)
        rc = check(database, db);
    if (rc == COLLECTOR_OK && database->vfs == NULL)
        rc = sync_directory(database);
    (void)sqlite3_close(db); /* all it wrote is committed */
    return rc;
}
