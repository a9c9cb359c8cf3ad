/* SPDX-License-Identifier: MIT */
/* A target's own directory. */
#include "folder.h"

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/** Paths that are in use at a time. */
#define PATH_COUNT 4

static char folder[200];
static pid_t maker;

void
folder_clear(void)
{
    const struct dirent *entry;
    DIR *directory = opendir(folder);

    fuzz_check(directory != NULL);
    while ((entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fuzz_check(unlinkat(dirfd(directory), entry->d_name, 0) == 0);
    }
    (void)closedir(directory); /* it was only read */
}

/** Not in a child, which may try an input for its parent. */
static void
remove_folder(void)
{
    if (getpid() != maker)
        return;
    folder_clear();
    (void)rmdir(folder); /* what is left there shows that it failed */
}

void
folder_make(void)
{
    const char *parent = getenv("TMPDIR");

    (void)snprintf(folder, sizeof(folder), "%s/fuzz-XXXXXX",
                   parent != NULL && *parent != '\0' ? parent : "/tmp");
    fuzz_check(mkdtemp(folder) != NULL);
    maker = getpid();
    fuzz_check(atexit(remove_folder) == 0);
}

const char *
folder_path(const char *name)
{
    static char paths[PATH_COUNT][sizeof(folder) + 32];
    static size_t next;
    char *path = paths[next++ % PATH_COUNT];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

void
folder_write(const char *name, const void *data, size_t size)
{
    const int fd =
        open(folder_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fuzz_check(fd >= 0);
    fuzz_check(write(fd, data, size) == (ssize_t)size);
    fuzz_check(close(fd) == 0);
}
