/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WAL_CHECK_H
#define COLLECTOR_LIB_WAL_CHECK_H

#include <stdint.h>

/** How long a look at a log may take, in ms: some GiB on a good disk. */
#define COLLECTOR_WAL_CHECK_MS_MAX 1000

/**
 * Look for committed transactions in a log that SQLite will not read, since it
 * ignores all that is behind the first bad frame.
 *
 * What is torn at the end is no damage: a power cut leaves the last transaction
 * like that, and it had not been acknowledged. Only for logs that were synced
 * with every commit.
 *
 * @param ret_through  The last frame that can be read, where transactions
 *                     behind it are lost; -1 when there are none, or it could
 *                     not be found out in time.
 * @return COLLECTOR_OK (also when there is no log), ERR_IO, ERR_NOMEM.
 */
int
collector__wal_check(const char *vfs, const char *path, int64_t *ret_through);

#endif
