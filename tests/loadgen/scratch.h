/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_SCRATCH_H
#define LOADGEN_SCRATCH_H

#include <pthread.h>
#include <signal.h>

/** Bytes of its path, with the NUL, and of that of a file in it. */
#define SCRATCH_PATH_SIZE 4096

/**
 * A directory of our own for the files of one measurement. It goes away with
 * all that is in it, also when a signal ends the program.
 */
struct scratch {
    char path[SCRATCH_PATH_SIZE - 64];
    pthread_t watcher;
    sigset_t signals_before;
};

/**
 * Make one. Only one at a time, and before other threads: they leave the
 * signals to it.
 *
 * @return 0, or -1 after the reason was said.
 */
int
scratch_make(const char *directory, struct scratch *ret_scratch);

/** Remove it; nobody uses its files any more. */
void
scratch_remove(struct scratch *scratch);

#endif
