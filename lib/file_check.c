/* SPDX-License-Identifier: MIT */
/*
 * Looking before touching. SQLite repairs as it opens: it plays back journals,
 * moves logs to the main file when it closes, and takes a log away that does
 * not fit. All of that destroys what a damaged file still holds, so the look is
 * through connections that can't.
 */
#include "file_check.h"

#include "memory.h"
#include "path.h"
#include "raw_file.h"
#include "read_error.h"
#include "schema_sql.h"
#include "wal_check.h"

#include <assert.h>
#include <collector/error.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A small file is checked whole; the check of a large one ends here, since it
 * would delay the first append by minutes. */
#define CHECK_MS_MAX 1000

/* One that nobody has touched since it was closed is read through only up to
 * this size: some milliseconds. */
#define CHECK_CLEAN_SIZE_MAX (4 * 1024 * 1024)

/* Instructions of SQLite's machine between two looks at the clock. */
#define CHECK_STEPS 10000

/* Where the header says by which version it may be written: 1 is without a log,
 * 2 with one, and more than that SQLite only reads. */
#define WRITE_VERSION_OFFSET 18
#define WRITE_VERSION_MAX 2

/* Where a journal says how many pages the file had before. */
#define JOURNAL_HEADER_SIZE 28
#define JOURNAL_PAGES_OFFSET 16

/** Whether there is such a file with anything in it; if in doubt, yes. */
static bool
exists(const struct collector__database *database, const char *suffix)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(database->vfs);
    char *path = collector__path_join(database->path, suffix);
    int found = 1;

    if (vfs != NULL && path != NULL)
        (void)vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &found);
    collector__memory_free(path);
    return found != 0;
}

int
collector__file_check_open(struct collector__database *database,
                           sqlite3 **ret_db)
{
    /* Where there is nothing to be recovered, one that might write changes
     * nothing either, and only such a one takes the empty log away again that
     * SQLite makes for a look. */
    const bool recoverable =
        exists(database, "-wal") || exists(database, "-journal");
    int rc;

    rc = collector__database_open(
        database, recoverable ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE,
        COLLECTOR_BUSY_MS, ret_db);
    if (rc == COLLECTOR_OK && recoverable)
        (void)sqlite3_db_config(*ret_db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                                NULL); /* fails on misuse only */
    return rc;
}

/** Say that the file is damaged. */
static int
note_damage(struct collector__database *database, int rc,
            struct collector__damage *damage, const char *words)
{
    (void)snprintf(damage->words, sizeof(damage->words), "%s", words);
    collector__log(&database->log, COLLECTOR_LOG_ERROR, "%s %s%s",
                   database->path,
                   rc == COLLECTOR_ERR_FOREIGN ? "" : "is damaged: ", words);
    return rc;
}

/** Translate SQLite's last error on a file that should have been readable. */
static int
translate(struct collector__database *database, sqlite3 *db, const char *doing,
          struct collector__damage *damage)
{
    damage->unread = collector__read_error(db) != 0;
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_NOTADB:
        return note_damage(database, COLLECTOR_ERR_FOREIGN, damage,
                           "is no database");
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* the statements are right: the tables are not */
        return note_damage(database, COLLECTOR_ERR_CORRUPT, damage,
                           sqlite3_errmsg(db));
    default:
        if (sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK)
            return COLLECTOR_ERR_IO; /* for check_journal() to judge */
        return collector__database_error(database, db, doing);
    }
}

/** The first column of the first row. */
static int
ask(struct collector__database *database, sqlite3 *db, const char *sql,
    int64_t *ret_integer, struct collector__damage *damage)
{
    sqlite3_stmt *statement = NULL;
    int rc = COLLECTOR_OK;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        *ret_integer = sqlite3_column_int64(statement, 0);
    else
        rc = translate(database, db, "a look at the file", damage);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

/** Say that a file is damaged unless an answer is 1. */
static int
expect_one(struct collector__database *database, sqlite3 *db, const char *sql,
           struct collector__damage *damage, const char *words)
{
    int64_t answer = 0;
    const int rc = ask(database, db, sql, &answer, damage);

    if (rc != COLLECTOR_OK || answer == 1)
        return rc;
    return note_damage(database, COLLECTOR_ERR_CORRUPT, damage, words);
}

/** See that the tables are those of the version that the file says it has: or
 *  a migration fails half-way, and an append whenever it needs one of them. */
static int
check_schema(struct collector__database *database, sqlite3 *db, int64_t version,
             struct collector__damage *damage)
{
    static const char *const sql[COLLECTOR_SCHEMA_VERSION] = {
        COLLECTOR_SCHEMA_SQL_FITS_1, COLLECTOR_SCHEMA_SQL_FITS_2,
        COLLECTOR_SCHEMA_SQL_FITS_2}; /* 3 is another view of them */
    static const char words[] = "its tables are not those of its version";

    static_assert(COLLECTOR_SCHEMA_VERSION == 3, "a statement for each");
    if (version < 1)
        return note_damage(database, COLLECTOR_ERR_CORRUPT, damage, words);
    return expect_one(database, db, sql[version - 1], damage, words);
}

/** See that SQLite will write it: by one bit of the header it only reads. */
static int
check_writable(struct collector__database *database, sqlite3 *db,
               struct collector__damage *damage)
{
    sqlite3_file *file = NULL;
    unsigned char version = 0;

    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == NULL || file->pMethods == NULL ||
        file->pMethods->xRead(file, &version, 1, WRITE_VERSION_OFFSET) !=
            SQLITE_OK)
        return COLLECTOR_OK; /* SQLite itself has more to say of it */
    if (version <= WRITE_VERSION_MAX)
        return COLLECTOR_OK;
    return note_damage(database, COLLECTOR_ERR_CORRUPT, damage,
                       "its header forbids to write it");
}

int
collector__file_check_identity(const struct collector__database *database,
                               int64_t application_id, int64_t version)
{
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

/**
 * Whether this is an empty database, or one of ours that we can read.
 *
 * @param ret_version  Its schema; 0 for an empty one.
 */
static int
identify(struct collector__database *database, sqlite3 *db, bool *ret_empty,
         int64_t *ret_version, struct collector__damage *damage)
{
    int64_t application_id = 0;
    int64_t version = 0;
    int64_t objects = 0;
    int rc;

    rc = ask(database, db, "PRAGMA application_id", &application_id, damage);
    if (rc == COLLECTOR_OK)
        rc = ask(database, db, "PRAGMA user_version", &version, damage);
    if (rc == COLLECTOR_OK)
        rc = ask(database, db, "SELECT count(*) FROM sqlite_schema", &objects,
                 damage);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_empty = application_id == 0 && version == 0 && objects == 0;
    if (*ret_empty)
        return COLLECTOR_OK;
    *ret_version = version;
    return collector__file_check_identity(database, application_id, version);
}

/** Ends a check that takes too long. */
static int
check_is_over(void *userdata)
{
    const int64_t *deadline = userdata;

    return collector__clock_monotonic_ms(&collector__clock_system) > *deadline;
}

static int
quick_check(struct collector__database *database, sqlite3 *db,
            struct collector__damage *damage)
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
    damage->unread = collector__read_error(db) != 0;
    if (found != NULL && strcmp(found, "ok") != 0)
        rc = note_damage(database, COLLECTOR_ERR_CORRUPT, damage, found);
    else if (found == NULL && (step & 0xff) != SQLITE_INTERRUPT)
        rc = translate(database, db, "quick_check", damage);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    sqlite3_progress_handler(db, 0, NULL, NULL);
    return rc;
}

/** See that SQLite reads all of the log that was ever acknowledged. */
static int
check_wal(struct collector__database *database,
          struct collector__damage *damage)
{
    char *path = collector__path_join(database->path, "-wal");
    char words[COLLECTOR_DAMAGE_SIZE];
    int64_t through = -1;
    int rc;

    if (path == NULL)
        return COLLECTOR_ERR_NOMEM;
    rc = collector__wal_check(database->vfs, path, &through);
    if (rc == COLLECTOR_ERR_IO)
        collector__log(&database->log, COLLECTOR_LOG_ERROR, "can't read %s",
                       path);
    collector__memory_free(path);
    if (rc != COLLECTOR_OK || through < 0)
        return rc;
    (void)snprintf(words, sizeof(words),
                   "the write-ahead log is damaged behind frame %lld",
                   (long long)through);
    return note_damage(database, COLLECTOR_ERR_CORRUPT, damage, words);
}

/** Look for damage where it would hurt first, or everywhere if that is soon
 *  done. */
static int
check_content(struct collector__database *database, sqlite3 *db,
              int64_t version, struct collector__damage *damage)
{
    int rc = COLLECTOR_OK;

    /* Without a sync for every commit, any tail may be missing. */
    if (database->durability == COLLECTOR_DURABILITY_FULL)
        rc = check_wal(database, damage);
    if (rc == COLLECTOR_OK)
        rc = check_writable(database, db, damage);
    if (rc == COLLECTOR_OK)
        rc = check_schema(database, db, version, damage);
    if (rc == COLLECTOR_OK)
        rc = expect_one(database, db, COLLECTOR_SCHEMA_SQL_SOUND, damage,
                        "its state does not fit its events");
    if (rc == COLLECTOR_OK &&
        (!database->clean ||
         collector__path_size(database->path, "") <= CHECK_CLEAN_SIZE_MAX))
        rc = quick_check(database, db, damage);
    return rc;
}

/** Whether a file begins like a database, or with nothing, as one does whose
 *  first sector was not written yet when power failed. */
static bool
begins_like_ours(struct collector__raw_file *file)
{
    static const char magic[] = "SQLite format 3";
    static const char nothing[sizeof(magic)];
    char begin[sizeof(magic)];

    return collector__raw_file_read(file, 0, begin, sizeof(begin)) &&
           (memcmp(begin, magic, sizeof(begin)) == 0 ||
            memcmp(begin, nothing, sizeof(begin)) == 0);
}

/**
 * There is a journal that SQLite would play back, which is not for a look to
 * do. We have one for the moment in which a file is created: then there was
 * nothing before, and nothing can be lost.
 */
static int
check_journal(struct collector__database *database,
              struct collector__damage *damage)
{
    char *path = collector__path_join(database->path, "-journal");
    struct collector__raw_file file = {NULL, NULL, 0, false};
    unsigned char header[JOURNAL_HEADER_SIZE];
    int rc = path != NULL ? COLLECTOR_OK : COLLECTOR_ERR_NOMEM;

    if (rc == COLLECTOR_OK)
        rc = collector__raw_file_open(database->vfs, database->path,
                                      SQLITE_OPEN_MAIN_DB, &file);
    if (rc == COLLECTOR_OK && !begins_like_ours(&file))
        rc = note_damage(database, COLLECTOR_ERR_FOREIGN, damage,
                         "is no database");
    collector__raw_file_close(&file);
    if (rc == COLLECTOR_OK)
        rc = collector__raw_file_open(database->vfs, path,
                                      SQLITE_OPEN_MAIN_JOURNAL, &file);
    if (rc == COLLECTOR_OK &&
        (!collector__raw_file_read(&file, 0, header, sizeof(header)) ||
         memcmp(header + JOURNAL_PAGES_OFFSET, "\0\0\0\0", 4) != 0)) {
        collector__log(&database->log, COLLECTOR_LOG_ERROR,
                       "%s has a journal of an interrupted change: it is not "
                       "ours to be undone",
                       database->path);
        rc = COLLECTOR_ERR_IO;
    }
    collector__raw_file_close(&file);
    collector__memory_free(path);
    return rc;
}

/** Whether we may write the file: SQLite would open it all the same, and say
 *  so with the first append. */
static int
check_rights(const struct collector__database *database)
{
    if (database->vfs != NULL || /* its files may not be files */
        faccessat(AT_FDCWD, database->path, R_OK | W_OK, AT_EACCESS) == 0)
        return COLLECTOR_OK;
    collector__log(&database->log, COLLECTOR_LOG_ERROR,
                   "can't read and write %s: %s", database->path,
                   strerror(errno));
    return COLLECTOR_ERR_IO;
}

/** A file that SQLite takes for a new one. */
static int
check_empty(struct collector__database *database, int64_t size,
            struct collector__damage *damage)
{
    int64_t log_size;
    int rc;

    if (size > 0)
        return note_damage(database, COLLECTOR_ERR_FOREIGN, damage,
                           "is no database");
    rc = collector__path_measure(&database->log, database->path, "-wal",
                                 &log_size);
    if (rc != COLLECTOR_OK)
        return rc;
    /* It would take the log away, as one that some other file has left. */
    if (log_size > COLLECTOR_WAL_HEADER_SIZE)
        return note_damage(database, COLLECTOR_ERR_CORRUPT, damage,
                           "there is a write-ahead log without its file");
    return COLLECTOR_OK;
}

/** One look at all that is checked. */
static int
look(struct collector__database *database, struct collector__damage *ret_damage)
{
    sqlite3 *db = NULL;
    bool empty = false;
    int64_t version = 0;
    bool interrupted;
    int64_t size;
    int rc;

    ret_damage->words[0] = '\0';
    ret_damage->unread = false;
    rc = collector__path_measure(&database->log, database->path, "", &size);
    if (rc != COLLECTOR_OK)
        return rc;
    if (database->vfs == NULL && size <= COLLECTOR_NEW_FILE_SIZE_MAX)
        return check_empty(database, size, ret_damage);
    if (!exists(database, ""))
        return COLLECTOR_OK;
    rc = check_rights(database);
    if (rc == COLLECTOR_OK)
        rc = collector__file_check_open(database, &db);
    if (rc == COLLECTOR_OK)
        rc = identify(database, db, &empty, &version, ret_damage);
    if (rc == COLLECTOR_OK && !empty)
        rc = check_content(database, db, version, ret_damage);
    interrupted = rc == COLLECTOR_ERR_IO && db != NULL &&
                  sqlite3_extended_errcode(db) == SQLITE_READONLY_ROLLBACK;
    (void)sqlite3_close(db); /* it only read */
    return interrupted ? check_journal(database, ret_damage) : rc;
}

int
collector__file_check(struct collector__database *database,
                      struct collector__damage *ret_damage)
{
    int rc = look(database, ret_damage);

    /* What can't be read twice can't be read. */
    if (rc != COLLECTOR_OK && ret_damage->unread)
        rc = look(database, ret_damage);
    return rc;
}
