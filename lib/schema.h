/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SCHEMA_H
#define COLLECTOR_LIB_SCHEMA_H

#include "clock.h"
#include "log.h"
#include "wal.h"

#include <collector/store.h>
#include <sqlite3.h>

/** In the header of every store: "CLTR". */
#define COLLECTOR_APPLICATION_ID 0x434c5452

/** Bytes of a page of the file: what SQLite makes of a new file. */
#define COLLECTOR_PAGE_SIZE 4096

/** The schema that this version writes. */
#define COLLECTOR_SCHEMA_VERSION 1

/** How long to wait for somebody else's lock before giving up. */
#define COLLECTOR_BUSY_MS 5000

/** A store's file, and how it is to be opened. Outlives its connections. */
struct collector__database {
    /** Absolute, with links resolved. */
    char *path;
    /** NULL: SQLite's own choice. */
    char *vfs;
    enum collector_durability durability;
    bool indexed;
    struct collector__log log;
    struct collector_clock clock;
    struct collector__wal wal;
    /** When a storage error was last logged, monotonic; 0 for never. */
    _Atomic int64_t logged_at;
};

/**
 * Open one connection, with its pragmas set and read back.
 *
 * @param busy_ms  How long it waits for locks; 0: not at all.
 * @param ret_db   Set on success only; close it with sqlite3_close().
 * @return COLLECTOR_OK, ERR_FOREIGN, ERR_BUSY, ERR_CORRUPT, ERR_NOSPACE,
 *         ERR_IO, ERR_NOMEM.
 */
int
collector__schema_connect(struct collector__database *database, int busy_ms,
                          sqlite3 **ret_db);

/**
 * Make the file ready: create or migrate it in one transaction, mint its
 * collector_id, and look for damage. A file that isn't ours is not touched.
 *
 * @return As collector__schema_connect(), and ERR_NEWER.
 */
int
collector__schema_prepare(struct collector__database *database);

/**
 * Translate what SQLite said last on a connection, and log it, at most one line
 * a second. A busy lock is not logged.
 *
 * @param doing  What failed, such as "commit".
 * @return COLLECTOR_ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT, ERR_FOREIGN, ERR_NOMEM
 *         or ERR_IO.
 */
int
collector__schema_error(struct collector__database *database, sqlite3 *db,
                        const char *doing);

#endif
