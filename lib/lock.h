/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_LOCK_H
#define COLLECTOR_LIB_LOCK_H

#include "log.h"

/** What is added to the database's path for the lock file. */
#define COLLECTOR_LOCK_SUFFIX ".lock"

/**
 * Take the lock that makes this process the store's owner.
 *
 * @param path    The database's real path.
 * @param ret_fd  Set on success only; give it to collector__lock_release().
 * @return COLLECTOR_OK, ERR_LOCKED, ERR_NOSPACE, ERR_IO, ERR_NOMEM.
 */
int
collector__lock_take(const char *path, const struct collector__log *log,
                     int *ret_fd);

/** Give it back. -1 is fine. */
void
collector__lock_release(int fd);

#endif
