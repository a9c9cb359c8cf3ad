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

/** How long an owner's word is good, in whole seconds; nobody has to take it
 *  back. */
#define COLLECTOR_LOCK_ASK_S 2

/** As the owner, ask readers who take long to wait, for COLLECTOR_LOCK_ASK_S
 *  from now on or a little longer, or no longer. -1 is fine. */
void
collector__lock_ask(int fd, bool asked);

/** Whether the owner of a database asks; it may have been another thread, or
 *  process. Not where its lock can't be read. */
bool
collector__lock_is_asked(const char *path);

/** Give it back. -1 is fine. */
void
collector__lock_release(int fd);

#endif
