/* SPDX-License-Identifier: MIT */
/* Scripts of damage: the moves in SQL. */
#include "tamper.h"

#include "folder.h"
#include "fuzz.h"

#include <sqlite3.h>

/** What a move does to a table t and its column c; each stands there as often
 *  as it does here, and ?1 is a value. */
static const char *const forms[] = {
    "UPDATE t SET c = ?1",
    "UPDATE t SET c = ?1 WHERE rowid = (SELECT max(rowid) FROM t)",
    "DELETE FROM t",
    "DELETE FROM t WHERE rowid = (SELECT max(rowid) FROM t)",
    "DELETE FROM t WHERE rowid = (SELECT min(rowid) FROM t)",
    "DROP TABLE t",
    "ALTER TABLE t RENAME COLUMN c TO other",
    "INSERT INTO quarantines (at, path, reason) VALUES (1, ?1, 'old')",
    "INSERT INTO event_log (id, device_id, kind, ts) VALUES (?1, 'd', 'k', 1)",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 3",
    "PRAGMA application_id = 1",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM",
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

/** Values that mean something to somebody. */
static const sqlite3_int64 integers[] = {
    0, 1, -1, 4, INT32_MAX, UINT32_MAX, INT64_MAX, INT64_MIN, INT64_MAX - 1};

#define INTEGER_COUNT (sizeof(integers) / sizeof(integers[0]))

/** The table and column of a number; the statement is to be finalized. */
static sqlite3_stmt *
find_column(sqlite3 *db, uint64_t number)
{
    static const char sql[] =
        "WITH found AS (SELECT s.name AS t, c.name AS c FROM sqlite_schema s,"
        " pragma_table_info(s.name) c WHERE s.type = 'table')"
        " SELECT t, c FROM found ORDER BY t, c"
        " LIMIT 1 OFFSET ?1 % (SELECT count(*) FROM found)";
    sqlite3_stmt *statement = NULL;

    fuzz_check(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)number);
    fuzz_check(sqlite3_step(statement) == SQLITE_ROW);
    return statement;
}

/** The words of a move, yours to free. */
static char *
write_sql(const char *form, const char *table, const char *column)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    char before = ' ';

    for (; *form != '\0'; before = *form++) {
        const bool alone = before == ' ' && (form[1] == ' ' || form[1] == ')' ||
                                             form[1] == '\0');

        if (*form == 't' && alone)
            sqlite3_str_appendf(sql, "\"%w\"", table);
        else if (*form == 'c' && alone)
            sqlite3_str_appendf(sql, "\"%w\"", column);
        else
            sqlite3_str_appendchar(sql, 1, *form);
    }
    return sqlite3_str_finish(sql);
}

static void
bind_value(sqlite3_stmt *statement, unsigned kind, uint64_t number)
{
    switch (kind % 5) {
    case 0:
        (void)sqlite3_bind_int64(statement, 1,
                                 integers[number % INTEGER_COUNT]);
        break;
    case 1:
        (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)number);
        break;
    case 2:
        (void)sqlite3_bind_double(statement, 1, 1e300);
        break;
    case 3: /* as text, and as bytes that are none */
        (void)sqlite3_bind_text(statement, 1, "a'b;\xff\n", -1, SQLITE_STATIC);
        break;
    default:
        (void)sqlite3_bind_zeroblob(statement, 1, (int)(number % 20000));
        break;
    }
}

/** Run the statements of a move. What the file refuses is not done. */
static void
run(sqlite3 *db, const char *sql, unsigned kind, uint64_t number)
{
    sqlite3_stmt *statement = NULL;

    while (*sql != '\0' &&
           sqlite3_prepare_v2(db, sql, -1, &statement, &sql) == SQLITE_OK) {
        if (sqlite3_bind_parameter_count(statement) > 0)
            bind_value(statement, kind, number);
        (void)sqlite3_step(statement);
        (void)sqlite3_finalize(statement); /* repeats the error of the step */
    }
}

static void
make_move(sqlite3 *db, struct moves *moves)
{
    const char *form = forms[moves_number(moves, 1) % FORM_COUNT];
    sqlite3_stmt *column = find_column(db, moves_number(moves, 1));
    const unsigned kind = (unsigned)moves_number(moves, 1);
    const uint64_t number = moves_number(moves, kind % 5 == 1 ? 8 : 2);
    char *sql = write_sql(form, (const char *)sqlite3_column_text(column, 0),
                          (const char *)sqlite3_column_text(column, 1));

    fuzz_check(sql != NULL);
    (void)sqlite3_finalize(column); /* it was only read */
    run(db, sql, kind, number);
    sqlite3_free(sql);
}

void
tamper(struct base *base, struct moves *moves, size_t count)
{
    sqlite3 *db = NULL;

    if (count == 0)
        return;
    base_write(base);
    fuzz_check(sqlite3_open(folder_path(BASE_NAME), &db) == SQLITE_OK);
    /* So that the log stays one. */
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    fuzz_check(sqlite3_exec(db,
                            "PRAGMA ignore_check_constraints = ON;"
                            "PRAGMA synchronous = OFF;"
                            "PRAGMA wal_autocheckpoint = 0",
                            NULL, NULL, NULL) == SQLITE_OK);
    for (; count > 0; count--)
        make_move(db, moves);
    fuzz_check(sqlite3_close(db) == SQLITE_OK);
    base_read(base);
}
