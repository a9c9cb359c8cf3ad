/* SPDX-License-Identifier: MIT */
/* Whole, or not there: the name is given last, and never taken from another. */
#include "download.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".tmp"

struct download {
    int fd;
    const char *path;
    char first_path[PATH_MAX];
};

static int
say_errno(const char *path, struct problem *ret_problem)
{
    return problem_say(ret_problem, "%.300s: %s", path, strerror(errno));
}

static int
open_first(struct download *download, struct problem *ret_problem)
{
    const int size =
        snprintf(download->first_path, sizeof(download->first_path),
                 "%s" SUFFIX, download->path);

    if (size >= (int)sizeof(download->first_path))
        return problem_say(ret_problem, "the path is too long");
    if (access(download->path, F_OK) == 0) {
        errno = EEXIST;
        return say_errno(download->path, ret_problem);
    }
    download->fd =
        open(download->first_path,
             O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return download->fd < 0 ? say_errno(download->first_path, ret_problem) : 0;
}

int
download_begin(const char *path, struct download **ret_download,
               struct problem *ret_problem)
{
    struct download *download = calloc(1, sizeof(*download));
    int rc;

    if (download == NULL)
        return problem_say(ret_problem, "out of memory");
    download->fd = -1;
    download->path = path;
    rc = open_first(download, ret_problem);
    if (rc == 0) {
        *ret_download = download;
        download = NULL; /* handed over */
    }
    download_free(download);
    return rc;
}

int
download_fd(const struct download *download)
{
    return download->fd;
}

/* A proxy may answer 200 to anything. */
static bool
is_database(int fd)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    char head[sizeof(magic)];

    return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
           memcmp(head, magic, sizeof(magic)) == 0;
}

/* A name is on the disk when its directory is. */
static int
sync_directory(const char *path)
{
    char copy[PATH_MAX];
    int fd;
    int rc;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    (void)close(fd); /* it was read only */
    return rc;
}

/* Not every file system knows how to rename without replacing. */
static int
give_name(const struct download *download)
{
    if (renameat2(AT_FDCWD, download->first_path, AT_FDCWD, download->path,
                  RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(download->first_path, download->path) < 0)
        return -1;
    return unlink(download->first_path);
}

int
download_finish(struct download *download, struct problem *ret_problem)
{
    if (!is_database(download->fd))
        return problem_say(ret_problem, "what came is no database");
    if (fsync(download->fd) < 0)
        return say_errno(download->first_path, ret_problem);
    if (give_name(download) < 0)
        return say_errno(download->path, ret_problem);
    download->first_path[0] = '\0'; /* it is no more */
    if (sync_directory(download->path) < 0)
        return say_errno(download->path, ret_problem);
    return 0;
}

void
download_free(struct download *download)
{
    if (download == NULL)
        return;
    if (download->fd >= 0) {
        (void)close(download->fd); /* it is synced, or goes away */
        if (download->first_path[0] != '\0')
            (void)unlink(download->first_path); /* nobody else has it */
    }
    free(download);
}
