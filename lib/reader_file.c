/* SPDX-License-Identifier: MIT */
/*
 * A reader's tie to its file, which it only opens for reading. Beside a file
 * with a write-ahead log, SQLite wants one of the log's index, and makes it if
 * need be. Where it can't, nobody has the file open who could write it, and it
 * is read as it is, unless its log holds what is missing in it, or a journal
 * what has to be taken back.
 */
#include "file_check.h"
#include "memory.h"
#include "path.h"
#include "reader.h"

#include <collector/error.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/** Refuse what is no file, or has nothing in it, before SQLite opens it: it
 *  would wait for whoever writes to a pipe. */
static int
check_kind(struct collector_reader *reader)
{
    if (reader->database.vfs != NULL)
        return COLLECTOR_OK; /* its files may not be files */
    if (stat(reader->database.path, &reader->status) != 0) {
        collector__log(&reader->database.log, COLLECTOR_LOG_ERROR,
                       "can't read %s: %s", reader->database.path,
                       strerror(errno));
        return COLLECTOR_ERR_IO;
    }
    if (!S_ISREG(reader->status.st_mode)) {
        collector__log(&reader->database.log, COLLECTOR_LOG_ERROR,
                       "%s is no file", reader->database.path);
        return COLLECTOR_ERR_IO;
    }
    if (reader->status.st_size > COLLECTOR_NEW_FILE_SIZE_MAX)
        return COLLECTOR_OK;
    collector__log(&reader->database.log, COLLECTOR_LOG_ERROR, "%s is %s",
                   reader->database.path,
                   reader->status.st_size == 0 ? "empty" : "no database");
    return COLLECTOR_ERR_FOREIGN;
}

/** Whether more than so many bytes lie beside the file under this suffix. */
static bool
lies_beside(sqlite3 *db, const char *suffix, int64_t size)
{
    const char *path = sqlite3_db_filename(db, "main");

    return path != NULL && collector__path_size(path, suffix) > size;
}

/** Whether the file's log has pages. */
static bool
has_log(sqlite3 *db)
{
    return lies_beside(db, "-wal", COLLECTOR_WAL_HEADER_SIZE);
}

/** Whether somebody is changing the file without a log, or has died meanwhile.
 */
static bool
has_journal(sqlite3 *db)
{
    return lies_beside(db, "-journal", 0);
}

/** The path as a URI which says that nobody changes the file. NULL without
 *  memory. */
static char *
immutable_uri(const char *path)
{
    static const char digits[] = "0123456789abcdef";
    char *escaped = collector__memory_new(3 * strlen(path) + 1);
    char *at = escaped;
    char *uri;

    for (; escaped != NULL && *path != '\0'; path++) {
        if (strchr("%?#", *path) == NULL) {
            *at++ = *path;
            continue;
        }
        *at++ = '%';
        *at++ = digits[(unsigned char)*path >> 4];
        *at++ = digits[*path & 0xf];
    }
    if (escaped == NULL)
        return NULL;
    *at = '\0';
    uri = collector__memory_format("file:%s?immutable=1", escaped);
    collector__memory_free(escaped);
    return uri;
}

int
collector__reader_open_file(struct collector_reader *reader, bool immutable,
                            sqlite3 **ret_db)
{
    struct collector__database *database = &reader->database;
    char *path = immutable ? immutable_uri(database->path)
                           : collector__memory_text(database->path);
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
                      SQLITE_OPEN_EXRESCODE | (immutable ? SQLITE_OPEN_URI : 0);
    sqlite3 *db = NULL;
    int rc = COLLECTOR_OK;

    if (path == NULL)
        return COLLECTOR_ERR_NOMEM;
    if (sqlite3_open_v2(path, &db, flags, database->vfs) == SQLITE_OK) {
        *ret_db = db;
    } else {
        rc = collector__database_error(database, db, "open");
        (void)sqlite3_close(db); /* half open: there is nothing to lose */
    }
    collector__memory_free(path);
    return rc;
}

/** Open the file in one way or the other, guarded. */
static int
open_guarded(struct collector_reader *reader, bool immutable)
{
    int rc;

    collector__reader_disconnect(reader);
    rc = collector__reader_open_file(reader, immutable, &reader->db);
    if (rc == COLLECTOR_OK)
        collector__guard_attach(&reader->guard, reader->db);
    reader->immutable = immutable;
    return rc;
}

/** Have the file read once, which is when SQLite looks at what is beside it.
 *  @return Whether it could not make there what it needs, for want of rights or
 *          of room. */
static bool
is_closed_off(sqlite3 *db)
{
    const int code =
        sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL) & 0xff;

    return code == SQLITE_CANTOPEN || code == SQLITE_READONLY ||
           (code != SQLITE_OK && sqlite3_system_errno(db) == ENOSPC);
}

/* What we ask has to be tables: views of these names could be anything. SQLite
 * reads a type and a name up to a NUL, and in any case of letters. */
#define STRANGE_TABLES                                                         \
    "SELECT count(*) FROM sqlite_schema"                                       \
    " WHERE type NOT IN ('table', 'view', 'index', 'trigger')"                 \
    " OR instr(name, char(0)) OR type <> 'table' AND lower(name) IN"           \
    " ('event_log', 'state', 'upload_runs', 'device_state',"                   \
    "  'dead_letters', 'idempotency')"

/* A column that is computed asks for any function, and SQLite asks nobody
 * whether it may. We make none. A table that is virtual is not opened: its page
 * is 0. */
#define COMPUTED_COLUMNS                                                       \
    "SELECT count(*) FROM sqlite_schema s, pragma_table_xinfo(s.name) c"       \
    " WHERE s.type = 'table' AND s.rootpage > 0 AND c.hidden > 1"

/** See that there is none of what a question counts. */
static int
check_none(struct collector_reader *reader, const char *sql, const char *words)
{
    int64_t count = 0;
    int rc;

    rc = collector__database_query(&reader->database, reader->db, sql, &count);
    if (rc != COLLECTOR_OK || count == 0)
        return rc;
    collector__log(&reader->database.log, COLLECTOR_LOG_ERROR,
                   "%s is damaged: %s", reader->database.path, words);
    return COLLECTOR_ERR_CORRUPT;
}

/** See that tables are what they are taken for. */
static int
check_tables(struct collector_reader *reader)
{
    int rc = check_none(reader, STRANGE_TABLES, "its tables are none");

    if (rc == COLLECTOR_OK)
        rc = check_none(reader, COMPUTED_COLUMNS,
                        "a column of its tables is computed");
    return rc;
}

/** Whether this is one of ours that we can read. */
static int
identify(struct collector_reader *reader)
{
    struct collector__database *database = &reader->database;
    int64_t application_id = 0;
    int64_t version = 0;
    int rc;

    rc = collector__database_query(database, reader->db,
                                   "PRAGMA application_id", &application_id);
    if (rc == COLLECTOR_OK)
        rc = collector__database_query(database, reader->db,
                                       "PRAGMA user_version", &version);
    if (rc == COLLECTOR_OK)
        rc = collector__file_check_identity(database, application_id, version);
    return rc == COLLECTOR_OK ? check_tables(reader) : rc;
}

void
collector__reader_disconnect(struct collector_reader *reader)
{
    (void)sqlite3_close(reader->db); /* it only read */
    reader->db = NULL;
    collector__guard_detach(&reader->guard);
}

/** Read the file as it lies, if that is all of it and no more. */
static int
open_as_it_lies(struct collector_reader *reader)
{
    const char *words;

    if (has_log(reader->db))
        words = "what is in its -wal can't be read without writing beside it: "
                "open a copy of both";
    else if (has_journal(reader->db))
        words = "its -journal says that a change of it was not finished: open "
                "it once with something that may write";
    else
        return open_guarded(reader, true);
    collector__log(&reader->database.log, COLLECTOR_LOG_ERROR, "%s: %s",
                   reader->database.path, words);
    return COLLECTOR_ERR_IO;
}

int
collector__reader_connect(struct collector_reader *reader)
{
    int rc;

    rc = check_kind(reader);
    if (rc == COLLECTOR_OK)
        rc = open_guarded(reader, false);
    if (rc == COLLECTOR_OK && is_closed_off(reader->db))
        rc = open_as_it_lies(reader);
    if (rc == COLLECTOR_OK)
        rc = identify(reader);
    if (rc == COLLECTOR_OK)
        collector__guard_attach_log(&reader->guard);
    else
        collector__reader_disconnect(reader);
    if (rc != COLLECTOR_OK && reader->guard.stopped_by != COLLECTOR_OK)
        return COLLECTOR_ERR_BUSY; /* it was not finished in time */
    /* Nobody who only reads can do anything about it. */
    return rc == COLLECTOR_ERR_NOSPACE ? COLLECTOR_ERR_IO : rc;
}

/** Whether somebody has written a file that was taken for one that nobody
 *  writes. */
static bool
is_written(const struct collector_reader *reader)
{
    const struct stat *before = &reader->status;
    struct stat now;

    if (has_log(reader->db) || has_journal(reader->db))
        return true;
    if (reader->database.vfs != NULL)
        return false;
    return stat(reader->database.path, &now) != 0 ||
           now.st_size != before->st_size ||
           now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

bool
collector__reader_is_stale(const struct collector_reader *reader)
{
    int moved = 0;

    if (reader->db == NULL)
        return true;
    (void)sqlite3_file_control(reader->db, "main", SQLITE_FCNTL_HAS_MOVED,
                               &moved); /* a VFS that can't tell says no */
    return moved != 0 || (reader->immutable && is_written(reader));
}
