/* SPDX-License-Identifier: MIT */
/* Whole, or not there: the name is given last, and never taken from another. */
#include "download.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between the name and eight digits, as of the library's own copies. */
#define MARK ".tmp-"
#define DIGITS 8

/* Of a database: "The Database Header" of SQLite's file format. */
#define HEAD_SIZE 100
#define PAGE_SIZE_AT 16
#define PAGE_COUNT_AT 28

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

/* Whoever writes a copy has it locked, SQLite as well. */
static bool
lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

static bool
is_first_of(const char *candidate, const char *name)
{
    const size_t size = strlen(name);

    if (strncmp(candidate, name, size) != 0 ||
        strncmp(candidate + size, MARK, strlen(MARK)) != 0)
        return false;
    candidate += size + strlen(MARK);
    return strlen(candidate) == DIGITS &&
           strspn(candidate, "0123456789abcdef") == DIGITS;
}

static void
remove_unlocked(int directory_fd, const char *name)
{
    const int fd = openat(directory_fd, name,
                          O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    if (lock(fd))
        (void)unlinkat(directory_fd, name, 0); /* else it takes up room */
    (void)close(fd);                           /* nothing was written */
}

/* What copies to the same path have left behind when their process died. */
static void
remove_stale(const char *path)
{
    char directory[PATH_MAX];
    char name[PATH_MAX];
    const struct dirent *entry;
    const char *base;
    DIR *entries;

    (void)snprintf(directory, sizeof(directory), "%s", path); /* it fits */
    (void)snprintf(name, sizeof(name), "%s", path);
    base = basename(name);
    entries = opendir(dirname(directory));
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (is_first_of(entry->d_name, base))
            remove_unlocked(dirfd(entries), entry->d_name);
    }
    if (entries != NULL)
        (void)closedir(entries); /* it was only read */
}

/* @return False when there is no room for it. */
static bool
choose_first(struct download *download)
{
    uint32_t number = 0;
    int size;

    (void)getrandom(&number, sizeof(number), 0); /* else it is there, or not */
    size = snprintf(download->first_path, sizeof(download->first_path),
                    "%s" MARK "%0*" PRIx32, download->path, DIGITS, number);
    return size < (int)sizeof(download->first_path);
}

static int
open_first(struct download *download, struct problem *ret_problem)
{
    if (!choose_first(download))
        return problem_say(ret_problem, "the path is too long");
    if (access(download->path, F_OK) == 0) {
        errno = EEXIST;
        return say_errno(download->path, ret_problem);
    }
    remove_stale(download->path);
    download->fd =
        open(download->first_path,
             O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (download->fd < 0)
        return say_errno(download->first_path, ret_problem);
    (void)lock(download->fd); /* where it can't be, nobody removes it either */
    return 0;
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

static uint32_t
number_at(const unsigned char *bytes, size_t size)
{
    uint32_t number = 0;

    while (size-- > 0)
        number = number << 8 | *bytes++;
    return number;
}

/* A proxy may answer 200 to anything, and an answer without a length ends
 * wherever the connection does. */
static int
check_whole(int fd, struct problem *ret_problem)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    unsigned char head[HEAD_SIZE];
    struct stat status;
    uint64_t page_size;

    if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
        memcmp(head, magic, sizeof(magic)) != 0)
        return problem_say(ret_problem, "what came is no database");
    page_size = number_at(head + PAGE_SIZE_AT, 2);
    if (page_size == 1)
        page_size = 65536; /* it has no room in two bytes */
    if (fstat(fd, &status) < 0 ||
        (uint64_t)status.st_size !=
            page_size * number_at(head + PAGE_COUNT_AT, 4))
        return problem_say(ret_problem, "what came is not the whole copy");
    return 0;
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
    if (check_whole(download->fd, ret_problem) < 0)
        return -1;
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
