/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_FORK_H
#define COLLECTOR_LIB_FORK_H

#include <collector/error.h>
#include <unistd.h>

/**
 * Whether a handle is this process's own. One that came through fork() is its
 * maker's, as are its file, its locks and its sockets: he may be at work on
 * them, and its mutexes are as some thread held them that this process has not.
 *
 * @param maker  What getpid() said when it was made.
 * @return COLLECTOR_OK, ERR_FORK.
 */
static inline int
collector__fork_check(pid_t maker)
{
    return getpid() == maker ? COLLECTOR_OK : COLLECTOR_ERR_FORK;
}

#endif
