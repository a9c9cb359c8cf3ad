/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_GUARD_H
#define COLLECTOR_LIB_READER_GUARD_H

#include <collector/reader.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** What becomes of the one question that may be asked at a time. */
enum collector__guard_state {
    COLLECTOR_GUARD_IDLE,
    COLLECTOR_GUARD_ASKED,
    /** It is asked, and ends as soon as it notices. */
    COLLECTOR_GUARD_INTERRUPTED
};

struct collector__guard;

/** A file, as SQLite has it open. */
struct collector__guarded_file {
    /** First: a file's methods lead here. Those of its VFS, but for one that
     *  looks at the clock as well. */
    sqlite3_io_methods methods;
    const sqlite3_io_methods *vfs_methods;
    struct collector__guard *guard;
};

/**
 * What stands between a question and the file: what it may do, how long, and
 * with how much memory. One thread, but for the state.
 */
struct collector__guard {
    struct collector__guarded_file main;
    struct collector__guarded_file log;
    sqlite3 *db;
    /** An enum collector__guard_state. */
    _Atomic int state;
    /** Monotonic ms; 0 for no deadline. */
    int64_t until;
    /** When it is seen to whose turn it is, likewise; 0 for never. */
    int64_t turn_at;
    /** What all of SQLite used when the question began. */
    int64_t memory_before;
    /** A file where SQLite would make temporary ones, of SQLite's memory; NULL
     *  when it makes none. And how often it was asked whether to stop. */
    char *temporary_path;
    unsigned looks;
    /** Why the question was made to end; COLLECTOR_OK when it was not, and
     *  COLLECTOR_ERR_BUSY when the owner of the file goes first. */
    int stopped_by;
    /** It is the library's own: it may ask pragmas. */
    bool trusted;
    /** What the functions cost that were found in a statement. */
    unsigned functions_cost;
    /** What it was refused for, in words; "" when it was not. */
    char problem[COLLECTOR_READER_PROBLEM_SIZE];
};

/** Guard a connection from now on, until it is closed. */
void
collector__guard_attach(struct collector__guard *guard, sqlite3 *db);

/** The same for its log, which SQLite opens when it first reads. */
void
collector__guard_attach_log(struct collector__guard *guard);

/** The connection is closed. */
void
collector__guard_detach(struct collector__guard *guard);

/** Take the place of who asks. @return Whether it was free. */
bool
collector__guard_enter(struct collector__guard *guard);

/** Leave it. */
void
collector__guard_leave(struct collector__guard *guard);

/**
 * Allow a question to begin.
 *
 * @param trusted      It is the library's own.
 * @param deadline_ms  From now on; 0 for none.
 */
void
collector__guard_begin(struct collector__guard *guard, bool trusted,
                       uint32_t deadline_ms);

/** Whether somebody has interrupted who asks. */
bool
collector__guard_is_interrupted(const struct collector__guard *guard);

/** Have the question end that is being asked, if one is. Any thread. */
void
collector__guard_interrupt(struct collector__guard *guard);

#endif
