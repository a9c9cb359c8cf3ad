/* SPDX-License-Identifier: MIT */
#ifndef COPY_H
#define COPY_H

/*
 * Snapshots of a store under examination, which all go to one path, and what
 * they leave beside it.
 */
#include "harness.h"

#include <pthread.h>

/** Where they go. */
const char *
copy_path(const struct harness *harness);

/** Take one, which may fail. */
int
copy_take(struct harness *harness);

/** How many names in the test's directory begin with that of the copy. */
size_t
copy_file_count(const struct harness *harness);

/** Assert that a copy is whole, true to its own ledger, and the only file whose
 *  name begins like that. No event of it may be pruned. */
void
copy_assert_sound(const struct harness *harness, const char *path);

/** A snapshot on a thread of its own. */
struct copy_call {
    struct harness *harness;
    pthread_t thread;
    /** Valid after copy_join(). */
    int rc;
};

void
copy_start(struct copy_call *call, struct harness *harness);

/** The same, held up before it reads the file, until copy_release(). */
void
copy_start_held(struct copy_call *call, struct harness *harness);

void
copy_release(struct harness *harness);

/** Wait for it to return, and say what it returned. */
int
copy_join(struct copy_call *call);

#endif
