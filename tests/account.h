/* SPDX-License-Identifier: MIT */
#ifndef ACCOUNT_H
#define ACCOUNT_H

/*
 * Whether a file's books are right, as anybody with plain SQLite finds them.
 */
#include <stdbool.h>

/**
 * What is wrong with a file: that it is not sound, that an event is not in
 * exactly one column of the ledger, or that the runs do not name each settled
 * id once. NULL when nothing is.
 *
 * @param is_whole  Nothing was pruned: runs go with their events.
 */
const char *
account_fault(const char *path, bool is_whole);

/** Assert that nothing is wrong with a file from which nothing was pruned. */
void
account_assert(const char *path);

/** The same of a file from which something was. */
void
account_assert_kept(const char *path);

#endif
