/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_DATABASE_H
#define COLLECTOR_LIB_DATABASE_H

#include "clock.h"
#include "log.h"
#include "meter.h"
#include "random.h"
#include "room.h"
#include "wal.h"

#include <collector/store.h>
#include <sqlite3.h>

/** A constant as text, for SQL. */
#define COLLECTOR_TEXT_OF(x) COLLECTOR_TEXT_OF_(x)
#define COLLECTOR_TEXT_OF_(x) #x

/** The highest id, half of what 64 bits hold: nobody gets there, and whatever
 *  is computed from ids below it does not overflow. */
#define COLLECTOR_ID_MAX 4611686018427387903

/** The longest time that a store can have been open, in ms; likewise. */
#define COLLECTOR_UPTIME_MS_MAX (INT64_MAX / 2)

/** Bytes of a page of the file: what SQLite makes of a new file. */
#define COLLECTOR_PAGE_SIZE 4096

/** How long to wait for somebody else's lock before giving up. */
#define COLLECTOR_BUSY_MS 5000

/** What a file may hold; as in struct collector_store_options. */
struct collector__limits {
    _Atomic uint64_t backlog_max;
    _Atomic uint64_t size_max;
    _Atomic enum collector_overflow overflow;
    _Atomic uint64_t retain_ms;
    _Atomic uint64_t dead_letter_max;
    _Atomic uint64_t idempotency_retain_ms;
    _Atomic uint64_t idempotency_max;
};

/** A store's file, and how it is to be opened. Outlives its connections. */
struct collector__database {
    /** Absolute, with links resolved. */
    char *path;
    /** NULL: SQLite's own choice. */
    char *vfs;
    enum collector_durability durability;
    bool indexed;
    enum collector_damage on_damage;
    /** Nobody has touched it since it was closed in good order. */
    bool clean;
    /** SQLite has found damage since the store was opened. */
    _Atomic bool damage_seen;
    /** There is no file that could be worked on: connections are opened on
     *  nothing, and whatever is asked of them is an I/O error. */
    bool absent;
    /** Connections that are closed leave the log as it is: what it holds must
     *  not be moved to a damaged main file. */
    bool keep_log;
    struct collector__limits limits;
    struct collector__log log;
    struct collector_clock clock;
    struct collector__random random;
    struct collector__wal wal;
    struct collector__room room;
    struct collector__meter meter;
    /** When a storage error was last logged, monotonic; 0 for never. */
    _Atomic int64_t logged_at;
    /** How long the store had been open before, and when it was opened this
     *  time, monotonic ms. */
    int64_t uptime_before_ms;
    int64_t opened_at;
    /** No event at or below it is left to be pruned, but for dead letters.
     *  Found anew after each open. */
    _Atomic int64_t pruned_through;
    /** Up to which id events are settled, as of the last commit. */
    _Atomic int64_t settled_through;
    /** When the system first refused to read it, monotonic ms and 1; 0: it
     *  has not. */
    _Atomic int64_t unread_since;
    /** Idempotency keys since it was opened. */
    _Atomic uint64_t keys_added;
};

/**
 * How long the store has been open, this time and before, in ms. Ages are
 * counted in it, since a wall clock that jumps must not expire anything. It
 * never goes back but for what was not written down before the end: an hour
 * at most, where collector_store_maintain() is called.
 */
int64_t
collector__database_uptime_ms(const struct collector__database *database);

/**
 * Open one connection, with its pragmas set and read back.
 *
 * @param busy_ms  How long it waits for locks; 0: not at all.
 * @param ret_db   Set on success only; close it with sqlite3_close().
 * @return COLLECTOR_OK, ERR_FOREIGN, ERR_BUSY, ERR_CORRUPT, ERR_NOSPACE,
 *         ERR_IO, ERR_NOMEM.
 */
int
collector__database_connect(struct collector__database *database, int busy_ms,
                            sqlite3 **ret_db);

/**
 * Translate what SQLite said last on a connection, and log it, at most one line
 * a second. A busy lock is not logged.
 *
 * @param doing  What failed, such as "commit".
 * @return COLLECTOR_ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT, ERR_FOREIGN, ERR_NOMEM
 *         or ERR_IO.
 */
int
collector__database_error(struct collector__database *database, sqlite3 *db,
                          const char *doing);

/** Log that another program holds the write lock, at most one line a second. */
void
collector__database_note_lock(struct collector__database *database);

/**
 * Open a connection as it is, for a look at a file that may not be ours.
 *
 * @param flags  SQLITE_OPEN_READONLY, or SQLITE_OPEN_READWRITE and others.
 * @return As collector__database_connect().
 */
int
collector__database_open(struct collector__database *database, int flags,
                         int busy_ms, sqlite3 **ret_db);

/** Open a connection that has no file: it can be asked, and has no answers.
 *  Returns as above. */
int
collector__database_nowhere(struct collector__database *database,
                            sqlite3 **ret_db);

/** Run statements without values. As collector__database_error(). */
int
collector__database_execute(struct collector__database *database, sqlite3 *db,
                            const char *sql, const char *doing);

/** The integer in the first column of the first row; 0 without a row. As
 *  collector__database_error(). */
int
collector__database_query(struct collector__database *database, sqlite3 *db,
                          const char *sql, int64_t *ret_integer);

#endif
