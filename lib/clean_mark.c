/* SPDX-License-Identifier: MIT */
/*
 * A file that nobody has touched since it was closed in good order need not be
 * read through again: with five million events that takes close to a second.
 * The mark is the file's identity, size and times, which a copy, a restored
 * backup or a program that writes to it can't keep all.
 */
#include "clean_mark.h"

#include "path.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Six numbers and the words between them. */
#define MARK_SIZE 192

/** The mark of the file as it is now. @return Its size; 0 for none. */
static size_t
make_mark(const char *path, char mark[MARK_SIZE])
{
    struct stat file;
    int size;

    if (collector__path_size(path, "-wal") > 0 || stat(path, &file) != 0)
        return 0;
    size = snprintf(mark, MARK_SIZE,
                    "closed %llu:%llu %lld bytes %lld.%09ld %lld.%09ld\n",
                    (unsigned long long)file.st_dev,
                    (unsigned long long)file.st_ino, (long long)file.st_size,
                    (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
                    (long long)file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
    return (size_t)size;
}

void
collector__clean_mark_set(int lock_fd, const char *path)
{
    char mark[MARK_SIZE];
    const size_t size = make_mark(path, mark);

    (void)!pwrite(lock_fd, mark, size, 0); /* a part of it fits no file */
}

bool
collector__clean_mark_take(int lock_fd, const char *path)
{
    char found[MARK_SIZE];
    char mark[MARK_SIZE];
    const ssize_t found_size = pread(lock_fd, found, sizeof(found), 0);
    const size_t size = make_mark(path, mark);

    (void)!ftruncate(lock_fd, 0); /* what is done to the file unmakes it too */
    return size > 0 && found_size == (ssize_t)size &&
           memcmp(found, mark, size) == 0;
}
