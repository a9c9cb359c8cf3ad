/* SPDX-License-Identifier: MIT */
#ifndef TAPE_H
#define TAPE_H

/*
 * All that was done to the files of one directory, in order, with what the
 * program said meanwhile. A tape can be played up to any moment, as often as
 * one likes: see platter.h.
 *
 * Not on it: names that end in "-shm", which mean nothing after a power cut.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calls.h"

/** Files that ever were, and names that are there at a time, at most. */
#define TAPE_FILE_COUNT_MAX 256
#define TAPE_NAME_COUNT_MAX 32

#define TAPE_NO_FILE (-1)

enum tape_kind {
    /** Bytes at an offset. */
    TAPE_WRITE,
    /** The size of a file, which is in offset: it is cut off, or gets zeros. */
    TAPE_RESIZE,
    /** What was done to the file before is on disk. */
    TAPE_SYNC,
    /** A name leads to the file from now on, and old_name, if there is one, to
     *  nothing: a file is made, renamed or, with TAPE_NO_FILE, removed. */
    TAPE_NAME,
    /** What was done to names before is on disk. */
    TAPE_SYNC_NAMES,
    /** Something was said. */
    TAPE_MARK
};

struct tape_entry {
    enum tape_kind kind;
    /** In the order in which they were made. */
    int file;
    int64_t offset;
    size_t size;
    unsigned char *bytes;
    char *name;
    char *old_name;
    const void *mark;
};

struct tape_name {
    char *name;
    int file;
};

struct tape {
    struct tape_entry *entries;
    size_t count;
    size_t capacity;
    /** Whether what is synced counts as written only: a disk that lies. */
    bool ignores_syncs;

    pthread_mutex_t lock;
    const char *directory;
    struct call_observer observer;
    struct tape_name names[TAPE_NAME_COUNT_MAX];
    int64_t sizes[TAPE_FILE_COUNT_MAX];
    int file_count;
    /** By descriptor. */
    int *descriptors;
};

/** A tape that holds only what is said. */
void
tape_init(struct tape *tape);

/**
 * Begin to record what happens in a directory; what is there already is file 0,
 * 1 … in the order of tape->names. Nothing is really synced or set aside
 * meanwhile, which takes no time. One tape at a time.
 */
void
tape_start(struct tape *tape, const char *directory);

/** Say something. It is not copied. Any thread. */
void
tape_mark(struct tape *tape, const void *mark);

/** End it. What was recorded stays. */
void
tape_stop(struct tape *tape);

void
tape_free(struct tape *tape);

#endif
