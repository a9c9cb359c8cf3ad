/* SPDX-License-Identifier: MIT */
#ifndef SHIFT_H
#define SHIFT_H

/*
 * A store at work while a tape records: producers append and repeat, somebody
 * drains, maintains, prunes, takes snapshots, replays and purges dead letters,
 * and now and then the store is closed and opened again. What it says is
 * claimed on the tape.
 */
#include "claims.h"
#include "support.h"

struct shift {
    struct tape tape;
    /** As drawn from the seed; the path is set. */
    struct collector_store_options options;
    struct support_clock clock;
    struct collector_clock clock_ops;
    const char *directory;
    const char *path;
    unsigned seed;
    /** Whether the disk lies: see tape.h. */
    bool ignores_syncs;
    /** Threads. With one of them a shift is the same each time. */
    size_t thread_count;
    /** How often the store is opened, and steps of each thread meanwhile. */
    size_t opening_count;
    size_t step_count;

    struct collector_store *store;
    _Atomic int64_t next_serial;
    _Atomic size_t copy_count;
    /** What can be repeated. */
    pthread_mutex_t lock;
    struct claims_append keyed[CLAIMS_APPEND_MAX];
    size_t keyed_count;
};

/** Plan the shift of this number: all modes, durabilities, limits and numbers
 * of threads come up. The directory is new. */
void
shift_plan(struct shift *shift, uint64_t number, unsigned seed);

/** Work, from the first open to the last close. The tape is stopped then. */
void
shift_work(struct shift *shift);

void
shift_free(struct shift *shift);

/** The path of the snapshot of this number, beside the path of a store. */
const char *
shift_copy_path(const char *directory, size_t number);

#endif
