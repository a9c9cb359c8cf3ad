/* SPDX-License-Identifier: MIT */
#ifndef CALLS_H
#define CALLS_H

/*
 * The calls by which this program and the libraries in it reach files: they are
 * seen before the system makes them, may be refused, and are seen again when
 * they worked. It stands in front of libc, so SQLite's own VFS is reached as
 * well as what the library does beside SQLite: the lock file, the reserve,
 * snapshots, the exchange of a damaged file, and the file sink.
 *
 * Only calls on what lies below one directory are seen, in the order in which
 * they happen: never two at a time. What memory that is mapped holds is not
 * seen; SQLite maps its -shm file only, which means nothing after a power cut.
 * stdio is not seen either.
 */
#include <stddef.h>
#include <stdint.h>

enum call_kind {
    /** open(2), of a file or a directory. */
    CALL_OPEN,
    CALL_READ,
    CALL_WRITE,
    /** fsync(2), fdatasync(2), of a file or a directory. */
    CALL_SYNC,
    CALL_TRUNCATE,
    /** posix_fallocate(3): room before it is needed. */
    CALL_ALLOCATE,
    CALL_RENAME,
    CALL_LINK,
    CALL_UNLINK,
    /** Of memory shared between processes. */
    CALL_MAP,
    /** fcntl(2) and flock(2): taking or giving up a lock. */
    CALL_LOCK,
    /** stat(2) and its kin, access(2). */
    CALL_STAT,
    CALL_CLOSE,
    CALL_KIND_COUNT
};

/** One call. Pointers are valid until the observer returns. */
struct call {
    enum call_kind kind;
    /** The name by which the file was opened, or which the call names. */
    const char *path;
    /** The new name, of a rename or link. */
    const char *new_path;
    /** -1 when the call is about a name. After an open: the new one. */
    int fd;
    /** What is written. */
    const void *bytes;
    /** Of a read, write or allocation. An observer may make that of a write
     *  smaller before it is made: a short write. */
    size_t size;
    /** Where that begins; of a truncation the new size. Of a write that appends
     *  it is known afterwards only. */
    int64_t offset;
    /** Of an open, RENAME_ flags, and of fcntl(2) which lock: F_UNLCK gives one
     *  up. */
    int flags;
};

/** The call is not made, and answers like one that worked. Not for calls whose
 *  answer is more than that, which are CALL_OPEN, CALL_READ and CALL_MAP. */
#define CALL_PRETEND (-1)

struct call_observer {
    /** Called before the system is: 0 to go on, CALL_PRETEND, or the errno
     *  with which it fails. NULL lets all pass. */
    int (*before)(void *userdata, struct call *call);
    /** Called when it worked, or is pretended to have, with its result. NULL is
     *  nothing. */
    void (*after)(void *userdata, const struct call *call, int64_t result);
    void *userdata;
};

/**
 * Have an observer see what happens below a directory from now on. What it
 * calls itself passes unseen. Before any file there is open.
 *
 * @param directory  An absolute path without links. Borrowed, as is observer,
 *                   until another one is set.
 * @param observer   NULL ends it.
 */
void
calls_observe(const char *directory, const struct call_observer *observer);

/** A word for a kind, such as "write". */
const char *
call_kind_name(enum call_kind kind);

#endif
