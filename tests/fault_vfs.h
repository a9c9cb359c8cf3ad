/* SPDX-License-Identifier: MIT */
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

/*
 * A storage that fails when told to: SQLite's own VFS with a say in what
 * becomes of the write-ahead log, and of a snapshot that is being written. One
 * per process; any thread.
 */
#include <stdint.h>

/** What may be made to fail, or is counted: calls on the write-ahead log, or on
 *  the copy that a snapshot writes. */
enum fault_call {
    FAULT_WAL_WRITE,
    FAULT_WAL_SYNC,
    FAULT_COPY_READ,
    FAULT_CALL_COUNT
};

/** What was asked of main files and of logs, but for the copies that snapshots
 *  write: syncs, whatever became of them, and bytes that were written. */
struct fault_account {
    uint64_t sync_count;
    uint64_t written_size;
};

/** Register the VFS, once or again, and return its name. Nothing fails. */
const char *
fault_vfs_register(void);

/** Let the next so many calls pass, and fail the so many after them with this
 *  SQLite code. A failed write has written nothing. */
void
fault_vfs_fail(enum fault_call call, int code, uint64_t pass_count,
               uint64_t fail_count);

/** From now on one call in so many fails, drawn at random from a seed. */
void
fault_vfs_fail_randomly(enum fault_call call, int code, uint32_t one_in);

/** Refuse to write past this size with SQLITE_FULL, as a full disk does; 0 is
 *  no limit. */
void
fault_vfs_limit(int64_t wal_size_max);

/** Let the next so many calls pass, and kill the process, as SIGKILL does, in
 *  the one after them. */
void
fault_vfs_kill(enum fault_call call, uint64_t pass_count);

/** Nothing fails any more. */
void
fault_vfs_heal(void);

/** Calls so far, those that failed included. */
uint64_t
fault_vfs_call_count(enum fault_call call);

/** What was asked so far. */
struct fault_account
fault_vfs_account(void);

/** Calls so far that failed. */
uint64_t
fault_vfs_failure_count(enum fault_call call);

#endif
