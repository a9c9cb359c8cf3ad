/* SPDX-License-Identifier: MIT */
#ifndef ACCOUNT_H
#define ACCOUNT_H

/*
 * Whether a file's books are right, as anybody with plain SQLite finds them.
 */

/** Assert that the file is sound, that every event is in exactly one column of
 *  the ledger, and that the runs name each settled id once. */
void
account_assert(const char *path);

/** The same of a file from which something was pruned: runs went with their
 *  events. */
void
account_assert_kept(const char *path);

#endif
