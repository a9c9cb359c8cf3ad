/* SPDX-License-Identifier: MIT */
#ifndef USAGE_H
#define USAGE_H

/*
 * What a process holds of the system: what leaks is held by more and more.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct usage {
    int64_t descriptor_count;
    int64_t thread_count;
    /** Ranges of memory: a thread that nobody joined leaves two. */
    int64_t range_count;
    /** Memory that is resident, in KiB. */
    int64_t resident_kib;
};

/** What a process holds now; its own user must ask. Fails the test when there
 *  is no such process. */
struct usage
usage_read(pid_t pid);

/** Whether memory says anything: under a sanitizer it grows by itself, and is
 *  watched better than here. */
bool
usage_memory_counts(void);

/** Assert that nothing has leaked in between. Threads that were joined may take
 *  a moment to go, and an allocator some room for what comes and goes. */
void
usage_assert_flat(pid_t pid, const struct usage *before);

#endif
