/* SPDX-License-Identifier: MIT */
/* Nothing is left behind: a measurement fills gigabytes in its minutes, and
 * somebody who stops it half-way does not want them. */
#include "scratch.h"

#include "fault.h"
#include "signals.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Descriptors that nftw() may hold open: there are no directories in it. */
#define DESCRIPTOR_COUNT 4

/* A store that is in use may make files while the others go: it has made all of
 * them in some milliseconds. */
#define REMOVE_TRIES_MAX 100
#define REMOVE_REST_NS 10000000

static int
remove_entry(const char *path, const struct stat *status, int type,
             struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void
remove_all(const struct scratch *scratch)
{
    const struct timespec rest = {.tv_nsec = REMOVE_REST_NS};
    int i;

    for (i = 0; i < REMOVE_TRIES_MAX; i++) {
        if (nftw(scratch->path, remove_entry, DESCRIPTOR_COUNT,
                 FTW_DEPTH | FTW_PHYS) == 0)
            return;
        (void)nanosleep(&rest, NULL); /* shorter is fine */
    }
    (void)fault("%s: can't be removed: %s", scratch->path, strerror(errno));
}

static void *
watch(void *userdata)
{
    const struct scratch *scratch = userdata;
    const int number = signals_wait();

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    remove_all(scratch);
    _exit(128 + number);
}

int
scratch_make(const char *directory, struct scratch *ret_scratch)
{
    const int size = snprintf(ret_scratch->path, sizeof(ret_scratch->path),
                              "%s/loadgen-XXXXXX", directory);

    if (size < 0 || (size_t)size >= sizeof(ret_scratch->path))
        return fault("-dir: the path is too long");
    signals_block(&ret_scratch->signals_before); /* first: or it would stay */
    if (mkdtemp(ret_scratch->path) == NULL) {
        (void)fault("can't make a directory in %s: %s", directory,
                    strerror(errno));
    } else {
        if (pthread_create(&ret_scratch->watcher, NULL, watch, ret_scratch) ==
            0)
            return 0;
        (void)fault("can't start a thread");
        remove_all(ret_scratch);
    }
    (void)pthread_sigmask(SIG_SETMASK, &ret_scratch->signals_before, NULL);
    return -1;
}

void
scratch_remove(struct scratch *scratch)
{
    (void)pthread_cancel(scratch->watcher);     /* it exists, */
    (void)pthread_join(scratch->watcher, NULL); /* and is joined once */
    remove_all(scratch);
    (void)pthread_sigmask(SIG_SETMASK, &scratch->signals_before, NULL);
}
