/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_FORK_H
#define COLLECTOR_LIB_FORK_H

#include <stdbool.h>
#include <unistd.h>

/**
 * Whether a handle came here through fork(). Its file, its locks and its
 * sockets are its maker's, who may be at work on them, and its mutexes are as
 * some thread held them that this process has not.
 *
 * @param maker  What getpid() said when it was made.
 */
static inline bool
collector__is_inherited(pid_t maker)
{
    return getpid() != maker;
}

#endif
