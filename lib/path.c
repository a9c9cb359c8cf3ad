/* SPDX-License-Identifier: MIT */
/*
 * Files by their names. A name is on the disk only once its directory has been
 * synced, which is up to the caller, since one sync does for several names.
 */
#include "path.h"

#include "memory.h"

#include <collector/error.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

char *
collector__path_join(const char *path, const char *suffix)
{
    return collector__memory_format("%s%s", path, suffix);
}

int
collector__path_measure(const struct collector__log *log, const char *path,
                        const char *suffix, int64_t *ret_size)
{
    char *joined = collector__path_join(path, suffix);
    struct stat status;
    int rc = COLLECTOR_OK;

    if (joined == NULL)
        return COLLECTOR_ERR_NOMEM;
    if (stat(joined, &status) == 0) {
        *ret_size = (int64_t)status.st_size;
    } else if (errno == ENOENT) {
        *ret_size = -1;
    } else {
        rc = COLLECTOR_ERR_IO;
        if (log != NULL)
            collector__log(log, COLLECTOR_LOG_ERROR, "can't look at %s: %s",
                           joined, strerror(errno));
    }
    collector__memory_free(joined);
    return rc;
}

int64_t
collector__path_size(const char *path, const char *suffix)
{
    int64_t size = -1;

    (void)collector__path_measure(NULL, path, suffix, &size); /* -1 then */
    return size;
}

uint64_t
collector__path_free_size(const char *path)
{
    char *copy = collector__memory_text(path);
    uint64_t size = UINT64_MAX;
    struct statvfs status;

    /* The file may not be there yet. */
    if (copy != NULL && statvfs(dirname(copy), &status) == 0)
        size = (uint64_t)status.f_bavail * status.f_frsize;
    collector__memory_free(copy);
    return size;
}

bool
collector__path_remove(const char *path, const char *suffix)
{
    char *joined = collector__path_join(path, suffix);
    const bool gone =
        joined != NULL && (unlink(joined) == 0 || errno == ENOENT);

    collector__memory_free(joined);
    return gone;
}

int
collector__path_rename(const struct collector__log *log, const char *from,
                       const char *to, const char *suffix)
{
    char *old = collector__path_join(from, suffix);
    char *new = collector__path_join(to, suffix);
    int rc = COLLECTOR_OK;

    if (old == NULL || new == NULL) {
        rc = COLLECTOR_ERR_NOMEM;
    } else if (rename(old, new) != 0 && errno != ENOENT) {
        collector__log(log, COLLECTOR_LOG_ERROR, "can't rename %s to %s: %s",
                       old, new, strerror(errno));
        rc = COLLECTOR_ERR_IO;
    }
    collector__memory_free(old);
    collector__memory_free(new);
    return rc;
}

int
collector__path_sync(const struct collector__log *log, const char *path,
                     bool directory_of)
{
    char *copy = collector__memory_text(path);
    int fd = -1;
    int rc = COLLECTOR_OK;

    if (copy == NULL)
        return COLLECTOR_ERR_NOMEM;
    fd = open(directory_of ? dirname(copy) : copy, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        rc = errno == ENOSPC ? COLLECTOR_ERR_NOSPACE : COLLECTOR_ERR_IO;
        collector__log(log, COLLECTOR_LOG_ERROR, "can't sync %s%s: %s",
                       directory_of ? "the directory of " : "", path,
                       strerror(errno));
    }
    if (fd >= 0)
        (void)close(fd); /* nothing was written through it */
    collector__memory_free(copy);
    return rc;
}
