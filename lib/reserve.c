/* SPDX-License-Identifier: MIT */
/*
 * Room set aside for the day the disk is full: as much as the write-ahead log
 * may hold, so that the log can be moved to the main file in any case and what
 * was delivered can be marked. It is given up then, and while it is not back
 * nothing new is accepted that could take it again.
 */
#include "reserve.h"

#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int
collector__reserve_init(struct collector__reserve *reserve, const char *path,
                        uint64_t size)
{
    reserve->size = size;
    reserve->path = collector__path_join(path, COLLECTOR_RESERVE_SUFFIX);
    return reserve->path != NULL ? COLLECTOR_OK : COLLECTOR_ERR_NOMEM;
}

bool
collector__reserve_is_held(const struct collector__reserve *reserve)
{
    return reserve->path == NULL || atomic_load(&reserve->held) ||
           atomic_load(&reserve->absent);
}

/* There must be this part more than is set aside: with just enough, the next
 * append would need it. */
#define MARGIN_PART 4

/** 0, or why there is no such room. */
static int
set_aside(const struct collector__reserve *reserve)
{
    const int fd =
        open(reserve->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error;

    if (fd < 0)
        return errno;
    do {
        error = posix_fallocate(
            fd, 0, (off_t)(reserve->size + reserve->size / MARGIN_PART));
    } while (error == EINTR);
    if (error == 0 && ftruncate(fd, (off_t)reserve->size) != 0)
        error = errno;
    (void)close(fd); /* nothing was written */
    if (error != 0)
        (void)unlink(reserve->path); /* half of it helps nobody */
    return error;
}

bool
collector__reserve_take(struct collector__reserve *reserve,
                        const struct collector__log *log)
{
    int error;

    if (collector__reserve_is_held(reserve))
        return true;
    error = set_aside(reserve);
    if (error == ENOSPC || error == EDQUOT)
        return false;
    if (error != 0)
        collector__log(log, COLLECTOR_LOG_WARNING,
                       "%s: no room can be set aside for a full disk: %s",
                       reserve->path, strerror(error));
    atomic_store(error != 0 ? &reserve->absent : &reserve->held, true);
    return true;
}

void
collector__reserve_release(struct collector__reserve *reserve)
{
    if (reserve->path == NULL)
        return;
    (void)unlink(reserve->path); /* if it is not there, there is nothing */
    atomic_store(&reserve->held, false);
}

void
collector__reserve_close(struct collector__reserve *reserve)
{
    if (atomic_load(&reserve->held)) /* else it is not ours to remove */
        collector__reserve_release(reserve);
    collector__memory_free(reserve->path);
    reserve->path = NULL;
}
