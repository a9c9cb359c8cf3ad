/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_CLEAN_MARK_H
#define COLLECTOR_LIB_CLEAN_MARK_H

#include <stdbool.h>

/**
 * Mark that a file was closed in good order, with nothing left in its log. The
 * mark lies in the lock file, and fits only the file as it is now. Best effort:
 * without it the next open just takes longer. A lock file that holds anything
 * else, or is a link, is left as it is.
 *
 * @param lock_fd  Of the lock file, which is held.
 * @param path     The database's real path.
 */
void
collector__clean_mark_set(int lock_fd, const char *path);

/**
 * Take the mark away, before anything is changed.
 *
 * @return Whether there was one, and nobody has touched the file since.
 */
bool
collector__clean_mark_take(int lock_fd, const char *path);

#endif
