/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_CONNECTION_H
#define COLLECTOR_LIB_CONNECTION_H

#include "database.h"
#include "seen.h"
#include "sql.h"

/** Where the file stands, as read inside a transaction. */
struct collector__position {
    /** The id of the next event. */
    int64_t next_id;
    int64_t settled_through;
    int64_t devices_through;
    /** Dead letters since the last delivery. */
    int64_t dead_in_a_row;
};

/**
 * One SQLite connection and its prepared statements. One thread at a time.
 */
struct collector__connection {
    sqlite3 *db;
    struct collector__database *database;
    sqlite3_stmt *statements[COLLECTOR_SQL_COUNT];
    /** As of the transaction that is open; moved by those who write. */
    struct collector__position position;
    /** The first id that this transaction gives out. */
    int64_t own_id;
    struct collector__pages pages;
    /** The devices of what was appended through it since the last refresh. */
    struct collector__seen seen;
    /** As in the database, and moved by this transaction. */
    int64_t pruned_through;
    /** Events that this transaction has pruned. */
    uint64_t pruned;
    struct collector__metered_files files;
    /** How long it waits for locks; 0: not at all. */
    int busy_ms;
    /** The device table must be refreshed before the commit: an event is from
     *  the future. */
    bool devices_due;
    /** This transaction has settled events, and so has written to state. */
    bool settled;
    /** An SQLite call has failed since the transaction began. */
    bool failed;
    /** The storage failed in a way after which fsync can't be believed: the
     *  connection must be reopened. */
    bool suspect;
};

/** How a transaction begins. */
enum collector__begin {
    /** Take the write lock at once: nobody else can come in between. */
    COLLECTOR_BEGIN_IMMEDIATE,
    /** Take it with the first write, which fails if somebody else wrote since
     *  the first read: optimistic. */
    COLLECTOR_BEGIN_OPTIMISTIC
};

/**
 * Open a connection.
 *
 * @param busy_ms  How long it waits for locks; 0: not at all.
 * @return As collector__database_connect().
 */
int
collector__connection_open(struct collector__connection *connection,
                           struct collector__database *database, int busy_ms);

/** Close it, without its prepared statements. Closed or zeroed is fine. */
void
collector__connection_close(struct collector__connection *connection);

/**
 * A prepared statement, ready for its values. Let it go with
 * collector__connection_done().
 *
 * @param ret_statement  Set on success only; belongs to the connection.
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__connection_prepare(struct collector__connection *connection,
                              enum collector__sql sql,
                              sqlite3_stmt **ret_statement);

/** Reset a statement and forget its values. NULL is fine. */
void
collector__connection_done(sqlite3_stmt *statement);

/** Run a statement that gives no rows, and let it go. As prepare. */
int
collector__connection_run(struct collector__connection *connection,
                          sqlite3_stmt *statement, const char *doing);

/** Run a statement with its first values, that gives no rows. As prepare. */
int
collector__connection_run_with(struct collector__connection *connection,
                               enum collector__sql sql, const int64_t *integers,
                               int integer_count);

/**
 * Ask for an integer, with the first values of the statement bound.
 *
 * @param ret_integer  Set on success only: -1 without a row, and for NULL.
 * @return As prepare.
 */
int
collector__connection_ask(struct collector__connection *connection,
                          enum collector__sql sql, const int64_t *integers,
                          int integer_count, int64_t *ret_integer);

/** Count the pages of the file, and those of them that hold nothing. As
 *  prepare. */
int
collector__connection_count_pages(struct collector__connection *connection,
                                  int64_t *ret_page_count,
                                  int64_t *ret_free_count);

/** Translate SQLite's last error here, and remember that there was one. As
 *  collector__database_error(). */
int
collector__connection_error(struct collector__connection *connection,
                            const char *doing);

/**
 * Begin a write transaction, and read the position.
 *
 * @return COLLECTOR_OK, or as collector__connection_error(); no transaction is
 *         open then.
 */
int
collector__connection_begin(struct collector__connection *connection,
                            enum collector__begin how);

/** Commit. On failure the transaction is rolled back. */
int
collector__connection_commit(struct collector__connection *connection);

/** Count a fault of the storage in state. Inside a transaction. As prepare. */
int
collector__connection_note_fault(struct collector__connection *connection);

/**
 * After the storage failed: reopen the connection, and prove with a commit that
 * it works again. Until then it stays suspect.
 *
 * @return COLLECTOR_OK, or as collector__connection_open().
 */
int
collector__connection_recover(struct collector__connection *connection);

/** Roll back, also when SQLite has done that by itself. */
void
collector__connection_rollback(struct collector__connection *connection);

#endif
