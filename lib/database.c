/* SPDX-License-Identifier: MIT */
/*
 * A file and the connections to it: each got every pragma it asked for, or was
 * not opened; and each error of SQLite becomes one of ours in one place.
 */
#include "database.h"

#include "read_error.h"

#include <collector/error.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Storage errors repeat with every request: one line each would fill a disk. */
#define LOG_INTERVAL_MS 1000

/* A file that could not be read so long ago, and can't be read now, won't be
 * read; after the longer time that was another matter. */
#define UNREAD_MS_MIN 10000
#define UNREAD_MS_MAX (15 * 60 * 1000)

/* Pages that one connection keeps in memory, in KiB. Appends touch few. */
#define CACHE_KIB 1024

int64_t
collector__database_uptime_ms(const struct collector__database *database)
{
    return database->uptime_before_ms +
           collector__clock_monotonic_ms(&database->clock) -
           database->opened_at;
}

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

/**
 * Whether to believe that the file is damaged since it can't be read, where
 * that would be made good: it can't be read any more than some time ago. What
 * passes is no reason to put a file aside.
 */
static bool
is_unread_for_long(struct collector__database *database)
{
    const int64_t now = collector__clock_monotonic_ms(&database->clock) + 1;
    const int64_t since = atomic_load(&database->unread_since);

    if (since == 0 || now - since > UNREAD_MS_MAX)
        atomic_store(&database->unread_since, now);
    else if (now - since >= UNREAD_MS_MIN)
        return database->on_damage == COLLECTOR_DAMAGE_QUARANTINE;
    return false;
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

void
collector__database_note_lock(struct collector__database *database)
{
    if (may_log(database))
        collector__log(&database->log, COLLECTOR_LOG_WARNING,
                       "%s: somebody else has held its lock for %d s",
                       database->path, COLLECTOR_BUSY_MS / 1000);
}

int
collector__database_error(struct collector__database *database, sqlite3 *db,
                          const char *doing)
{
    const int code = db != NULL ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    int system_errno = db != NULL ? sqlite3_system_errno(db) : 0;
    int rc = translate(code, system_errno);

    if (rc == COLLECTOR_ERR_CORRUPT && collector__read_error(db) != 0) {
        system_errno = collector__read_error(db);
        if (!is_unread_for_long(database))
            rc = COLLECTOR_ERR_IO;
    }
    if (rc == COLLECTOR_ERR_CORRUPT || rc == COLLECTOR_ERR_FOREIGN)
        atomic_store(&database->damage_seen, true);
    if (rc != COLLECTOR_ERR_BUSY && may_log(database))
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s: %s failed: %s (%d%s%s)", database->path, doing,
                       db != NULL ? sqlite3_errmsg(db) : "out of memory", code,
                       system_errno != 0 ? ", " : "",
                       system_errno != 0 ? strerror(system_errno) : "");
    return rc;
}

int
collector__database_execute(struct collector__database *database, sqlite3 *db,
                            const char *sql, const char *doing)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return COLLECTOR_OK;
    return collector__database_error(database, db, doing);
}

int
collector__database_query(struct collector__database *database, sqlite3 *db,
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
             : collector__database_error(database, db, sql);
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
    rc = collector__database_execute(database, db, sql, sql);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)snprintf(sql, sizeof(sql), "PRAGMA %s", name);
    rc = collector__database_query(database, db, sql, &got);
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
        rc = collector__database_error(database, db, "PRAGMA journal_mode");
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

    rc = set_wal(database, db);
    for (i = 0; rc == COLLECTOR_OK && i < sizeof(pragmas) / sizeof(pragmas[0]);
         i++)
        rc = set_pragma(database, db, pragmas[i].name, pragmas[i].value);
    if (rc == COLLECTOR_OK)
        /* A log that grew because a reader held it is cut when it restarts. */
        rc = set_pragma(database, db, "journal_size_limit",
                        (int64_t)database->wal.pages_max * COLLECTOR_PAGE_SIZE);
    return rc;
}

int
collector__database_nowhere(struct collector__database *database,
                            sqlite3 **ret_db)
{
    sqlite3 *db = NULL;

    if (sqlite3_open(":memory:", &db) != SQLITE_OK) {
        const int rc = collector__database_error(database, db, "open");

        (void)sqlite3_close(db); /* half open: there is nothing to lose */
        return rc;
    }
    *ret_db = db;
    return COLLECTOR_OK;
}

int
collector__database_open(struct collector__database *database, int flags,
                         int busy_ms, sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int rc;

    if (sqlite3_open_v2(database->path, &db,
                        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        database->vfs) != SQLITE_OK) {
        rc = collector__database_error(database, db, "open");
        (void)sqlite3_close(db); /* half open: there is nothing to lose */
        return rc;
    }
    (void)sqlite3_busy_timeout(db, busy_ms); /* fails on misuse only */
    *ret_db = db;
    return COLLECTOR_OK;
}

/**
 * Refuse what SQLite opened for reading only, the file or its log, as it does
 * without a word where the system refused anything else: nothing could ever be
 * written through it. Nobody is waited for: whoever writes keeps the lock.
 */
static int
check_writable(struct collector__database *database, sqlite3 *db)
{
    int code;

    if (sqlite3_db_readonly(db, "main") == 1) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s can't be opened for writing", database->path);
        return COLLECTOR_ERR_IO;
    }
    (void)sqlite3_busy_timeout(db, 0); /* fails on misuse only */
    code = sqlite3_exec(db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY)
        return COLLECTOR_OK;
    return collector__database_error(database, db, "opening it for writing");
}

int
collector__database_connect(struct collector__database *database, int busy_ms,
                            sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int rc;

    rc = collector__database_open(database,
                                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                  COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = set_pragmas(database, db);
    if (rc == COLLECTOR_OK)
        rc = check_writable(database, db);
    if (rc != COLLECTOR_OK) {
        (void)sqlite3_close(db); /* nothing was written through it */
        return rc;
    }
    (void)sqlite3_busy_timeout(db, busy_ms); /* fails on misuse only */
    *ret_db = db;
    return COLLECTOR_OK;
}
