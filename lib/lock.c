/* SPDX-License-Identifier: MIT */
/*
 * One process owns a store. The lock is on a file beside the database, never on
 * the database: POSIX drops all of a process's locks on a file when it closes
 * any descriptor of it, SQLite's included. The lock file is never unlinked, or
 * two processes could hold locks on two files of the same name.
 */
#include "lock.h"

#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int
collector__lock_take(const char *path, const struct collector__log *log,
                     int *ret_fd)
{
    char *lock_path = collector__path_join(path, COLLECTOR_LOCK_SUFFIX);
    int fd = -1;
    int rc = COLLECTOR_OK;

    if (lock_path == NULL)
        return COLLECTOR_ERR_NOMEM;
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        rc = errno == ENOSPC ? COLLECTOR_ERR_NOSPACE : COLLECTOR_ERR_IO;
        collector__log(log, COLLECTOR_LOG_ERROR, "can't open %s: %s", lock_path,
                       strerror(errno));
        goto out;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? COLLECTOR_ERR_LOCKED : COLLECTOR_ERR_IO;
        collector__log(log, COLLECTOR_LOG_ERROR, "can't lock %s: %s", lock_path,
                       rc == COLLECTOR_ERR_LOCKED ? "another process owns it"
                                                  : strerror(errno));
        goto out;
    }
    *ret_fd = fd;
    fd = -1; /* handed over */
out:
    collector__lock_release(fd);
    collector__memory_free(lock_path);
    return rc;
}

void
collector__lock_release(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
}
