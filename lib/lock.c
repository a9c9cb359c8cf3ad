/* SPDX-License-Identifier: MIT */
/*
 * One process owns a store. The lock is on a file beside the database, never on
 * the database: POSIX drops all of a process's locks on a file when it closes
 * any descriptor of it, SQLite's included. The lock file is never unlinked, or
 * two processes could hold locks on two files of the same name.
 */
#include "lock.h"

#include "clock.h"
#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ASK_START 0x40000000
#define ASK_COUNT 0x100000

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

/** Bytes of the file, behind all that is written there: one for each second of
 *  the system's monotonic clock, then they come again. The owner locks that of
 *  the second in which it asks, by the descriptor, not as the process, which
 * may have others of this file. */
static struct flock
asking_lock(short type, off_t second, off_t count)
{
    return (struct flock){.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = ASK_START + second,
                          .l_len = count};
}

static off_t
this_second(void)
{
    return (off_t)(collector__clock_monotonic_ms(&collector__clock_system) /
                   1000 % ASK_COUNT);
}

static void
set(int fd, short type, off_t second, off_t count)
{
    struct flock lock = asking_lock(type, second, count);

    (void)fcntl(fd, F_OFD_SETLK, &lock); /* where it can't be, nobody waits */
}

void
collector__lock_ask(int fd, bool asked)
{
    const off_t second = this_second();

    /* First this one: there is no moment at which it does not ask. */
    set(fd, asked ? F_WRLCK : F_UNLCK, second, 1);
    set(fd, F_UNLCK, -1, second + 1); /* a count of 0 would be all of them */
    set(fd, F_UNLCK, second + 1, ASK_COUNT);
}

bool
collector__lock_is_asked(const char *path)
{
    char *lock_path = collector__path_join(path, COLLECTOR_LOCK_SUFFIX);
    struct flock lock = asking_lock(F_RDLCK, 0, ASK_COUNT);
    bool asked = false;
    int fd = -1;

    if (lock_path != NULL)
        fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd >= 0) {
        asked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK &&
                (this_second() + ASK_START - lock.l_start + ASK_COUNT) %
                        ASK_COUNT <=
                    COLLECTOR_LOCK_ASK_S;
        (void)close(fd); /* nothing was written through it */
    }
    collector__memory_free(lock_path);
    return asked;
}

void
collector__lock_release(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
}
