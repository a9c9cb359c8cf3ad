/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_METER_H
#define COLLECTOR_LIB_METER_H

#include <collector/store.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdint.h>

struct collector__connection;
struct collector__database;

/** What a store has made of its storage since it was opened. Part of the
 *  database; any thread. */
struct collector__meter {
    _Atomic uint64_t syncs;
    _Atomic uint64_t written_size;
    _Atomic uint64_t log_moves;
    _Atomic uint64_t pruned;
};

/** What SQLite does with one open file: the methods of its VFS, but for two
 *  which count as well. */
struct collector__metered {
    /** First: a file's methods lead here. */
    sqlite3_io_methods methods;
    const sqlite3_io_methods *vfs_methods;
    struct collector__meter *meter;
};

/** The two files of a connection. Outlives it. */
struct collector__metered_files {
    struct collector__metered main;
    struct collector__metered log;
};

/** Count what a connection does from now on, until it is closed. It has its log
 *  open, and has no file that somebody else opened. */
void
collector__meter_attach(struct collector__connection *connection);

/** The last statement has pruned events. Inside a transaction. */
void
collector__meter_note_pruned(struct collector__connection *connection);

/** The transaction is committed, with what it has pruned. */
void
collector__meter_note_commit(struct collector__connection *connection);

/** The log was moved to the main file, as far as could be. */
void
collector__meter_note_log_move(struct collector__database *database);

/** Write down what was counted. */
void
collector__meter_read(struct collector__database *database,
                      struct collector_store_stats *stats);

#endif
