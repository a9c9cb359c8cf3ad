/* SPDX-License-Identifier: MIT */
/*
 * One SQLite connection: statements that are prepared on first use, and
 * transactions that are open or not, with nothing in between.
 */
#include "connection.h"

#include <collector/error.h>
#include <string.h>

/** SQLite calls this after each commit. */
static int
note_wal(void *userdata, sqlite3 *db, const char *schema, int pages)
{
    struct collector__database *database = userdata;

    (void)db;
    (void)schema;
    collector__wal_note(&database->wal, (uint32_t)pages);
    return SQLITE_OK;
}

int
collector__connection_open(struct collector__connection *connection,
                           struct collector__database *database, int busy_ms)
{
    sqlite3_stmt *statement;
    sqlite3 *db;
    int rc;

    rc = database->absent ? collector__database_nowhere(database, &db)
                          : collector__database_connect(database, busy_ms, &db);
    if (rc == COLLECTOR_ERR_FOREIGN) /* it was ours when it was looked at */
        rc = COLLECTOR_ERR_CORRUPT;
    if (rc != COLLECTOR_OK)
        return rc;
    memset(connection, 0, sizeof(*connection));
    connection->db = db;
    (void)sqlite3_wal_hook(db, note_wal, database); /* there was none before */
    connection->database = database;
    connection->busy_ms = busy_ms;
    if (!database->absent)
        collector__meter_attach(connection);
    /* To undo something takes no memory then. */
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_ROLLBACK,
                                       &statement);
    if (rc != COLLECTOR_OK)
        collector__connection_close(connection);
    return rc;
}

void
collector__connection_close(struct collector__connection *connection)
{
    size_t i;

    if (connection->db == NULL)
        return;
    if (connection->database->keep_log)
        (void)sqlite3_db_config(connection->db,
                                SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                                NULL); /* fails on misuse only */
    for (i = 0; i < COLLECTOR_SQL_COUNT; i++) {
        (void)sqlite3_finalize(connection->statements[i]); /* old errors */
        connection->statements[i] = NULL;
    }
    collector__seen_forget(&connection->seen);
    (void)sqlite3_close(connection->db); /* no statement is left */
    connection->db = NULL;
}

int
collector__connection_error(struct collector__connection *connection,
                            const char *doing)
{
    const int code = sqlite3_extended_errcode(connection->db);
    int rc =
        collector__database_error(connection->database, connection->db, doing);

    if (rc == COLLECTOR_ERR_FOREIGN) /* it was ours when it was opened */
        rc = COLLECTOR_ERR_CORRUPT;
    connection->failed = true;
    /* A sync that fails for want of room has lost pages like any other; and
     * where something could not be read, SQLite speaks of damage. */
    if (((code & 0xff) == SQLITE_IOERR &&
         (rc == COLLECTOR_ERR_IO || code == SQLITE_IOERR_FSYNC)) ||
        ((code & 0xff) == SQLITE_CORRUPT && rc == COLLECTOR_ERR_IO))
        connection->suspect = true;
    return rc;
}

int
collector__connection_prepare(struct collector__connection *connection,
                              enum collector__sql sql,
                              sqlite3_stmt **ret_statement)
{
    sqlite3_stmt **slot = &connection->statements[sql];

    if (*slot == NULL &&
        sqlite3_prepare_v3(connection->db, collector__sql_texts[sql], -1,
                           SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
        return collector__connection_error(connection,
                                           collector__sql_texts[sql]);
    *ret_statement = *slot;
    return COLLECTOR_OK;
}

void
collector__connection_done(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    (void)sqlite3_reset(statement); /* repeats the error of the step */
    (void)sqlite3_clear_bindings(statement);
}

int
collector__connection_run(struct collector__connection *connection,
                          sqlite3_stmt *statement, const char *doing)
{
    int rc = COLLECTOR_OK;

    if (sqlite3_step(statement) != SQLITE_DONE)
        rc = collector__connection_error(connection, doing);
    collector__connection_done(statement);
    return rc;
}

/** Prepare a statement, and bind the first of its values. */
static int
prepare_with(struct collector__connection *connection, enum collector__sql sql,
             const int64_t *integers, int integer_count,
             sqlite3_stmt **ret_statement)
{
    const int rc =
        collector__connection_prepare(connection, sql, ret_statement);
    int i;

    for (i = 0; rc == COLLECTOR_OK && i < integer_count; i++)
        sqlite3_bind_int64(*ret_statement, i + 1, integers[i]);
    return rc;
}

int
collector__connection_run_with(struct collector__connection *connection,
                               enum collector__sql sql, const int64_t *integers,
                               int integer_count)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = prepare_with(connection, sql, integers, integer_count, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    return collector__connection_run(connection, statement,
                                     collector__sql_texts[sql]);
}

int
collector__connection_ask(struct collector__connection *connection,
                          enum collector__sql sql, const int64_t *integers,
                          int integer_count, int64_t *ret_integer)
{
    sqlite3_stmt *statement = NULL;
    int step;
    int rc;

    rc = prepare_with(connection, sql, integers, integer_count, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    step = sqlite3_step(statement);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = collector__connection_error(connection, collector__sql_texts[sql]);
    else if (step == SQLITE_DONE ||
             sqlite3_column_type(statement, 0) == SQLITE_NULL)
        *ret_integer = -1;
    else
        *ret_integer = sqlite3_column_int64(statement, 0);
    collector__connection_done(statement);
    return rc;
}

int
collector__connection_count_pages(struct collector__connection *connection,
                                  int64_t *ret_page_count,
                                  int64_t *ret_free_count)
{
    const int rc = collector__connection_ask(
        connection, COLLECTOR_SQL_PAGE_COUNT, NULL, 0, ret_page_count);

    if (rc != COLLECTOR_OK)
        return rc;
    return collector__connection_ask(connection, COLLECTOR_SQL_FREE_COUNT, NULL,
                                     0, ret_free_count);
}

/** Whether a file of ours can stand there: whatever is computed from such
 *  numbers does not overflow. */
static bool
is_possible(const struct collector__position *position)
{
    return position->settled_through >= 0 &&
           position->next_id > position->settled_through &&
           position->next_id <= COLLECTOR_ID_MAX &&
           position->devices_through >= 0 &&
           position->devices_through <= COLLECTOR_ID_MAX;
}

static int
read_position(struct collector__connection *connection)
{
    struct collector__position *position = &connection->position;
    sqlite3_stmt *statement = NULL;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_POSITION,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        position->next_id = sqlite3_column_int64(statement, 0);
        position->settled_through = sqlite3_column_int64(statement, 1);
        position->devices_through = sqlite3_column_int64(statement, 2);
        position->dead_in_a_row = sqlite3_column_int64(statement, 3);
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        rc = collector__connection_error(connection, "reading the position");
    } else if (step == SQLITE_DONE || !is_possible(position)) {
        collector__log(&connection->database->log, COLLECTOR_LOG_ERROR,
                       "%s: its state can't be that of a store",
                       connection->database->path);
        rc = COLLECTOR_ERR_CORRUPT;
    }
    collector__connection_done(statement);
    return rc;
}

int
collector__connection_begin(struct collector__connection *connection,
                            enum collector__begin how)
{
    int rc;

    connection->failed = false;
    connection->devices_due = false;
    connection->settled = false;
    connection->pages = (struct collector__pages){.known = false};
    connection->pruned_through =
        atomic_load(&connection->database->pruned_through);
    connection->pruned = 0;
    rc = collector__connection_run_with(connection,
                                        how == COLLECTOR_BEGIN_IMMEDIATE
                                            ? COLLECTOR_SQL_BEGIN_IMMEDIATE
                                            : COLLECTOR_SQL_BEGIN,
                                        NULL, 0);
    if (rc == COLLECTOR_OK)
        rc = read_position(connection);
    connection->own_id = connection->position.next_id;
    if (rc != COLLECTOR_OK)
        collector__connection_rollback(connection);
    return rc;
}

/** Make a number that others see larger, never smaller: commits of several
 *  connections may get here in any order. */
static void
lift(_Atomic int64_t *number, int64_t to)
{
    int64_t known = atomic_load(number);

    while (known < to && !atomic_compare_exchange_weak(number, &known, to))
        ;
}

int
collector__connection_commit(struct collector__connection *connection)
{
    struct collector__database *database = connection->database;
    const int rc = collector__connection_run_with(
        connection, COLLECTOR_SQL_COMMIT, NULL, 0);

    if (rc != COLLECTOR_OK) {
        collector__connection_rollback(connection);
        return rc;
    }
    lift(&database->settled_through, connection->position.settled_through);
    lift(&database->pruned_through, connection->pruned_through);
    collector__meter_note_commit(connection);
    return COLLECTOR_OK;
}

int
collector__connection_note_fault(struct collector__connection *connection)
{
    return collector__connection_run_with(connection,
                                          COLLECTOR_SQL_STORAGE_FAULT, NULL, 0);
}

int
collector__connection_recover(struct collector__connection *connection)
{
    struct collector__database *database = connection->database;
    const int busy_ms = connection->busy_ms;
    int rc;

    collector__connection_close(connection);
    rc = collector__connection_open(connection, database, COLLECTOR_BUSY_MS);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc == COLLECTOR_OK) {
        rc = collector__connection_note_fault(connection);
        if (rc == COLLECTOR_OK)
            rc = collector__connection_commit(connection);
        else
            collector__connection_rollback(connection);
    }
    connection->suspect = rc != COLLECTOR_OK;
    connection->busy_ms = busy_ms;
    if (rc == COLLECTOR_OK) {
        (void)sqlite3_busy_timeout(connection->db, busy_ms); /* can't fail */
        collector__log(&database->log, COLLECTOR_LOG_WARNING,
                       "%s: the storage works again", database->path);
    }
    return rc;
}

void
collector__connection_rollback(struct collector__connection *connection)
{
    sqlite3_stmt *statement = NULL;

    collector__seen_forget(&connection->seen);
    if (sqlite3_get_autocommit(connection->db))
        return; /* SQLite has rolled back by itself, or it never began */
    if (collector__connection_prepare(connection, COLLECTOR_SQL_ROLLBACK,
                                      &statement) != COLLECTOR_OK ||
        collector__connection_run(connection, statement, "rollback") !=
            COLLECTOR_OK)
        connection->suspect = true; /* closing it rolls back */
}
