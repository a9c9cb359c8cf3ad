/* SPDX-License-Identifier: MIT */
/*
 * A file that nobody has touched since it was closed in good order need not be
 * read through again: with five million events that takes close to a second.
 * The mark is the file's identity, size and times, which a copy, a restored
 * backup or a program that writes to it can't keep all.
 */
#include "clean_mark.h"

#include "lock.h"
#include "memory.h"
#include "path.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Six numbers and the words between them. */
#define MARK_SIZE 192

/* What a mark begins with, and nothing else that may lie there. */
#define MARK_WORD "closed "

/** The mark of the file as it is now. @return Its size; 0 for none. */
static size_t
make_mark(const char *path, char mark[MARK_SIZE])
{
    struct stat file;
    int64_t log_size;
    int size;

    if (collector__path_measure(NULL, path, "-wal", &log_size) !=
            COLLECTOR_OK ||
        log_size > 0 || stat(path, &file) != 0)
        return 0;
    size = snprintf(mark, MARK_SIZE,
                    MARK_WORD "%llu:%llu %lld bytes %lld.%09ld %lld.%09ld\n",
                    (unsigned long long)file.st_dev,
                    (unsigned long long)file.st_ino, (long long)file.st_size,
                    (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
                    (long long)file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
    return (size_t)size;
}

/**
 * Whether the lock file is one of ours, so that it may be written to: under its
 * name may lie, or be linked to, what somebody else needs.
 *
 * @param ret_found  What is in it.
 * @param ret_size   How much.
 */
static bool
is_ours(int lock_fd, const char *path, char ret_found[MARK_SIZE],
        size_t *ret_size)
{
    char *lock_path = collector__path_join(path, COLLECTOR_LOCK_SUFFIX);
    struct stat named;
    struct stat held;
    ssize_t size = -1;

    if (lock_path != NULL && lstat(lock_path, &named) == 0 &&
        fstat(lock_fd, &held) == 0 && S_ISREG(named.st_mode) &&
        named.st_dev == held.st_dev && named.st_ino == held.st_ino &&
        held.st_nlink == 1 && held.st_size <= MARK_SIZE)
        size = pread(lock_fd, ret_found, MARK_SIZE, 0);
    collector__memory_free(lock_path);
    *ret_size = size > 0 ? (size_t)size : 0;
    return size == 0 ||
           (*ret_size >= sizeof(MARK_WORD) - 1 &&
            memcmp(ret_found, MARK_WORD, sizeof(MARK_WORD) - 1) == 0);
}

void
collector__clean_mark_set(int lock_fd, const char *path)
{
    char found[MARK_SIZE];
    char mark[MARK_SIZE];
    size_t found_size;
    size_t size;

    if (!is_ours(lock_fd, path, found, &found_size) ||
        (found_size > 0 && ftruncate(lock_fd, 0) != 0))
        return;
    size = make_mark(path, mark);
    (void)!pwrite(lock_fd, mark, size, 0); /* a part of it fits no file */
}

bool
collector__clean_mark_take(int lock_fd, const char *path)
{
    char found[MARK_SIZE];
    char mark[MARK_SIZE];
    size_t found_size;
    size_t size;

    if (!is_ours(lock_fd, path, found, &found_size))
        return false;
    size = make_mark(path, mark);
    if (found_size > 0 && ftruncate(lock_fd, 0) != 0)
        return false;
    return size > 0 && found_size == size && memcmp(found, mark, size) == 0;
}
