/* SPDX-License-Identifier: MIT */
/*
 * A new file takes a damaged one's place in three steps, each on the disk
 * before the next:
 *
 * 1. PATH.fresh is made, complete, and knows what the damaged file will be
 *    called;
 * 2. the damaged file and its logs are given that name;
 * 3. PATH.fresh becomes PATH.
 *
 * So a crash leaves PATH and an unfinished PATH.fresh, which goes away again,
 * or no PATH, and a PATH.fresh that says how to go on.
 */
#include "quarantine.h"

#include "file_check.h"
#include "memory.h"
#include "path.h"
#include "read_error.h"
#include "schema.h"

#include <collector/error.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What may lie beside a main file. The -shm is made again when needed. */
static const char *const log_suffixes[] = {"-wal", "-journal"};
#define LOG_COUNT (sizeof(log_suffixes) / sizeof(log_suffixes[0]))

/** The database that PATH.fresh is. Its path is to be freed. */
static struct collector__database
fresh_of(const struct collector__database *database)
{
    struct collector__database fresh = {
        .path = collector__path_join(database->path, COLLECTOR_FRESH_SUFFIX),
        .vfs = database->vfs,
        .durability = COLLECTOR_DURABILITY_FULL,
        .indexed = database->indexed,
        .limits = database->limits,
        .log = database->log,
        .clock = database->clock,
        .random = database->random,
    };

    return fresh;
}

/** The N of PATH.damaged-N and of the logs beside it; 0 for other names. */
static uint64_t
number_of(const char *name, const char *base)
{
    const size_t base_size = strlen(base);
    const size_t suffix_size = strlen(COLLECTOR_DAMAGED_SUFFIX);
    char *end = NULL;
    uint64_t number;

    if (strncmp(name, base, base_size) != 0 ||
        strncmp(name + base_size, COLLECTOR_DAMAGED_SUFFIX, suffix_size) != 0)
        return 0;
    name += base_size + suffix_size;
    if (*name < '0' || *name > '9')
        return 0;
    errno = 0;
    number = strtoull(name, &end, 10);
    return errno == 0 && (*end == '\0' || *end == '-') ? number : 0;
}

/**
 * Go through the damaged files beside the database.
 *
 * @param through   Remove those up to this number, with their logs.
 * @param ret_last  The highest number; 0 when there are none.
 */
static int
list_damaged(const struct collector__database *database, uint64_t through,
             uint64_t *ret_last)
{
    char *directory_of = collector__memory_text(database->path);
    char *base_of = collector__memory_text(database->path);
    const struct dirent *found;
    const char *base;
    uint64_t number;
    DIR *directory = NULL;
    int rc = COLLECTOR_ERR_NOMEM;

    if (directory_of == NULL || base_of == NULL)
        goto out;
    rc = COLLECTOR_ERR_IO;
    base = basename(base_of);
    directory = opendir(dirname(directory_of));
    if (directory == NULL) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "can't list the directory of %s: %s", database->path,
                       strerror(errno));
        goto out;
    }
    *ret_last = 0;
    while ((found = readdir(directory)) != NULL) {
        number = number_of(found->d_name, base);
        if (number > 0 && number <= through)
            (void)unlinkat(dirfd(directory), found->d_name, 0); /* next time */
        else if (number > *ret_last)
            *ret_last = number;
    }
    rc = COLLECTOR_OK;
out:
    if (directory != NULL)
        (void)closedir(directory); /* nothing was written through it */
    collector__memory_free(directory_of);
    collector__memory_free(base_of);
    return rc;
}

/** Add one row of the old file's quarantines to the statements. Whatever stands
 *  in it, the statements can be run: a row that is none any more is left out.
 */
static void
carry_row(sqlite3_str *sql, sqlite3_stmt *row)
{
    sqlite3_str_appendf(
        sql,
        "INSERT OR IGNORE INTO quarantines (at, path, reason,"
        " previous_collector_id, through, salvaged, lost, finished_at)"
        " VALUES (%lld, %Q, %Q, %Q, %lld, %lld, %lld, ",
        sqlite3_column_int64(row, 0), sqlite3_column_text(row, 1),
        sqlite3_column_text(row, 2), sqlite3_column_text(row, 3),
        sqlite3_column_int64(row, 4), sqlite3_column_int64(row, 5),
        sqlite3_column_int64(row, 6));
    if (sqlite3_column_type(row, 7) == SQLITE_NULL)
        sqlite3_str_appendall(sql, "NULL);");
    else
        sqlite3_str_appendf(sql, "%lld);", sqlite3_column_int64(row, 7));
}

/** Why a damaged file gave nothing: the damage is no error, our own lack of
 *  memory is. */
static int
why_unread(sqlite3 *db)
{
    return (sqlite3_errcode(db) & 0xff) == SQLITE_NOMEM ? COLLECTOR_ERR_NOMEM
                                                        : COLLECTOR_OK;
}

/** Read the damaged file's name. @param ret_id  Yours to free; NULL when it
 *  can't be read. */
static int
read_name(sqlite3 *db, char **ret_id)
{
    sqlite3_stmt *statement = NULL;
    char *id = NULL;
    int rc = COLLECTOR_OK;

    if (sqlite3_prepare_v2(db, "SELECT collector_id FROM state", -1, &statement,
                           NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        id = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
        rc = id == NULL ? COLLECTOR_ERR_NOMEM : COLLECTOR_OK;
    } else {
        rc = why_unread(db);
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    *ret_id = id;
    return rc;
}

/** Read what the damaged file had still to salvage itself. */
static int
read_quarantines(sqlite3 *db, sqlite3_str *sql)
{
    static const char rows[] =
        "SELECT at, path, reason, previous_collector_id, through, salvaged,"
        " lost, finished_at FROM (SELECT * FROM quarantines"
        " ORDER BY id DESC LIMIT " COLLECTOR_TEXT_OF(
            COLLECTOR_QUARANTINE_ROWS_MAX) ") ORDER BY id";
    sqlite3_stmt *statement = NULL;
    int rc;

    if (sqlite3_prepare_v2(db, rows, -1, &statement, NULL) == SQLITE_OK)
        while (sqlite3_step(statement) == SQLITE_ROW)
            carry_row(sql, statement);
    rc = why_unread(db);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

/**
 * Take from the damaged file what a new one should know, as far as it can be
 * read.
 *
 * @param ret_id  Its name. Yours to free; NULL when it can't be read.
 * @return COLLECTOR_OK, ERR_NOMEM: then more of it could have been read.
 */
static int
read_past(struct collector__database *database, sqlite3_str *sql, char **ret_id)
{
    sqlite3 *db = NULL;
    int64_t size;
    int rc;

    *ret_id = NULL;
    rc = collector__path_measure(&database->log, database->path, "", &size);
    if (rc == COLLECTOR_OK && size > 0)
        rc = collector__file_check_open(database, &db);
    if (rc != COLLECTOR_OK || db == NULL)
        return rc == COLLECTOR_ERR_NOMEM ? rc : COLLECTOR_OK;
    rc = read_name(db, ret_id);
    if (rc == COLLECTOR_OK)
        rc = read_quarantines(db, sql);
    (void)sqlite3_close(db); /* it only read */
    return rc;
}

/** The statements that tell a new file where it comes from. NULL without
 *  memory. */
static char *
origin_sql(struct collector__database *database, const char *target,
           const char *words, const char *collector_id)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    const char *id = collector_id;
    char *read_id = NULL;
    int rc;

    sqlite3_str_appendall(sql, "BEGIN;");
    rc = read_past(database, sql, &read_id);
    id = id != NULL ? id : read_id;
    sqlite3_str_appendf(
        sql,
        "INSERT INTO quarantines (at, path, reason, previous_collector_id)"
        " VALUES (%lld, %Q, %Q, %Q);"
        "UPDATE state SET previous_collector_id = %Q;"
        "COMMIT",
        collector__clock_wall_ms(&database->clock), target, words, id, id);
    sqlite3_free(read_id);
    if (rc != COLLECTOR_OK)
        sqlite3_str_reset(sql); /* NULL is what it ends as then */
    return sqlite3_str_finish(sql);
}

/** Remove PATH.fresh and what lies beside it. */
static int
remove_fresh(struct collector__database *fresh)
{
    if (collector__path_remove(fresh->path, "-wal") &&
        collector__path_remove(fresh->path, "-shm") &&
        collector__path_remove(fresh->path, "-journal") &&
        collector__path_remove(fresh->path, ""))
        return COLLECTOR_OK;
    collector__log(&fresh->log, COLLECTOR_LOG_ERROR, "can't remove %s: %s",
                   fresh->path, strerror(errno));
    return COLLECTOR_ERR_IO;
}

/** The first step. */
static int
make_fresh(struct collector__database *database,
           struct collector__database *fresh, const char *target,
           const char *words, const char *collector_id)
{
    char *sql = origin_sql(database, target, words, collector_id);
    int64_t log_size = -1;
    int rc;

    rc = sql != NULL ? remove_fresh(fresh) : COLLECTOR_ERR_NOMEM;
    if (rc == COLLECTOR_OK)
        rc = collector__schema_make(fresh, sql);
    if (rc == COLLECTOR_OK)
        rc = collector__path_measure(&fresh->log, fresh->path, "-wal",
                                     &log_size);
    if (rc == COLLECTOR_OK && log_size >= 0) {
        collector__log(&fresh->log, COLLECTOR_LOG_ERROR,
                       "%s could not be completed", fresh->path);
        rc = COLLECTOR_ERR_IO; /* SQLite does not say why it left it */
    }
    if (rc == COLLECTOR_OK)
        rc = collector__path_sync(&fresh->log, fresh->path, false);
    if (rc == COLLECTOR_OK)
        rc = collector__path_sync(&fresh->log, fresh->path, true);
    if (rc != COLLECTOR_OK)
        (void)remove_fresh(fresh); /* is logged, and done again next time */
    sqlite3_free(sql);
    return rc;
}

/** The second step and the third. */
static int
move_in(struct collector__database *database,
        const struct collector__database *fresh, const char *target)
{
    const struct collector__log *log = &database->log;
    size_t i;
    int rc;

    rc = collector__path_rename(log, database->path, target, "");
    for (i = 0; rc == COLLECTOR_OK && i < LOG_COUNT; i++)
        rc = collector__path_rename(log, database->path, target,
                                    log_suffixes[i]);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)collector__path_remove(database->path, "-shm"); /* or it is reset */
    (void)collector__path_remove(fresh->path, "-shm");    /* or next time */
    rc = collector__path_sync(log, database->path, true);
    if (rc == COLLECTOR_OK)
        rc = collector__path_rename(log, fresh->path, database->path, "");
    if (rc == COLLECTOR_OK)
        rc = collector__path_sync(log, database->path, true);
    return rc;
}

int
collector__quarantine(struct collector__database *database, const char *words,
                      const char *collector_id)
{
    struct collector__database fresh = fresh_of(database);
    char *target = NULL;
    uint64_t last = 0;
    int rc;

    rc = fresh.path != NULL ? list_damaged(database, 0, &last)
                            : COLLECTOR_ERR_NOMEM;
    if (rc == COLLECTOR_OK) {
        target = collector__memory_format(
            "%s" COLLECTOR_DAMAGED_SUFFIX "%" PRIu64, database->path, last + 1);
        if (target == NULL)
            rc = COLLECTOR_ERR_NOMEM;
    }
    if (rc == COLLECTOR_OK)
        rc = make_fresh(database, &fresh, target, words, collector_id);
    if (rc == COLLECTOR_OK)
        rc = move_in(database, &fresh, target);
    if (rc == COLLECTOR_OK) {
        collector__log(&database->log, COLLECTOR_LOG_WARNING,
                       "a new file is in the place of %s, which is now %s",
                       database->path, target);
        if (last >= COLLECTOR_QUARANTINE_COUNT_MAX)
            (void)list_damaged(database,
                               last + 1 - COLLECTOR_QUARANTINE_COUNT_MAX,
                               &last); /* is logged, and done again next time */
    }
    collector__memory_free(target);
    collector__memory_free(fresh.path);
    return rc;
}

/** Whether an error of SQLite says that a file was not finished: there is no
 *  such table, no database at all, or a journal. What the system refused to
 *  read says nothing. */
static bool
is_incomplete(sqlite3 *db)
{
    const int code = sqlite3_errcode(db) & 0xff;

    return (code == SQLITE_ERROR || code == SQLITE_CORRUPT ||
            code == SQLITE_NOTADB || code == SQLITE_READONLY) &&
           collector__read_error(db) == 0;
}

/** Copy the text of a row's only column; NULL when there is none. */
static int
copy_text(sqlite3_stmt *row, char **ret_text)
{
    const char *text = (const char *)sqlite3_column_text(row, 0);

    if (text == NULL)
        return sqlite3_column_type(row, 0) == SQLITE_NULL ? COLLECTOR_OK
                                                          : COLLECTOR_ERR_NOMEM;
    *ret_text = collector__memory_text(text);
    return *ret_text != NULL ? COLLECTOR_OK : COLLECTOR_ERR_NOMEM;
}

/**
 * Ask PATH.fresh where it wants the damaged file to be.
 *
 * @param ret_target  Yours to free; NULL when it is not complete.
 * @return COLLECTOR_OK, or an error that says nothing about it.
 */
static int
read_target(struct collector__database *fresh, char **ret_target)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    int64_t log_size;
    int step = SQLITE_ERROR;
    int rc;

    rc = collector__path_measure(&fresh->log, fresh->path, "-wal", &log_size);
    if (rc != COLLECTOR_OK || log_size > 0)
        return rc;
    rc = collector__file_check_open(fresh, &db);
    if (rc != COLLECTOR_OK)
        return rc;
    if (sqlite3_prepare_v2(
            db, "SELECT path FROM quarantines ORDER BY id DESC LIMIT 1", -1,
            &statement, NULL) == SQLITE_OK)
        step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        rc = copy_text(statement, ret_target);
    } else if (step != SQLITE_DONE && !is_incomplete(db)) {
        rc = collector__database_error(fresh, db, "reading quarantines");
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    (void)sqlite3_close(db);           /* it only read */
    return rc;
}

int
collector__quarantine_resume(struct collector__database *database)
{
    struct collector__database fresh = fresh_of(database);
    char *target = NULL;
    int64_t fresh_size = -1;
    int64_t size = -1;
    int rc;

    if (fresh.path == NULL)
        return COLLECTOR_ERR_NOMEM;
    rc = collector__path_measure(&fresh.log, fresh.path, "", &fresh_size);
    if (rc == COLLECTOR_OK && fresh_size >= 0)
        rc = collector__path_measure(&fresh.log, database->path, "", &size);
    if (rc == COLLECTOR_OK && fresh_size >= 0 && size < 0)
        rc = read_target(&fresh, &target);
    if (rc == COLLECTOR_OK && fresh_size >= 0)
        rc = target != NULL ? move_in(database, &fresh, target)
                            : remove_fresh(&fresh);
    if (rc == COLLECTOR_OK && target != NULL)
        collector__log(&database->log, COLLECTOR_LOG_WARNING,
                       "a new file is in the place of %s, which is now %s",
                       database->path, target);
    collector__memory_free(target);
    collector__memory_free(fresh.path);
    return rc;
}
