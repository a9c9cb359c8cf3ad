/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_LOCK_H
#define COLLECTOR_LIB_LOCK_H

#include "log.h"

#include <stdbool.h>

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

/**
 * As the owner, ask readers who may take long to wait before they begin, or no
 * longer. Asking again is fine, and so is -1.
 */
void
collector__lock_ask(int fd, bool asked);

/** Look from outside whether the owner asks: a descriptor of a database's lock,
 *  to be closed; -1 where there is none that could be read. */
int
collector__lock_look(const char *path);

/** Whether the owner asks. -1 is fine. */
bool
collector__lock_is_asked(int fd);

/** Give it back. -1 is fine. */
void
collector__lock_release(int fd);

#endif
