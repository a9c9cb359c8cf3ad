/* SPDX-License-Identifier: MIT */
/*
 * Snapshots that nobody has to tidy up: the file is open, and its name gone,
 * before anything else can happen to it. What a kill leaves behind before that
 * is removed at the next start; no other file has a name like these.
 */
#include "snapshot.h"

#include "console.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between the database's name and the end: a random number. The library puts a
 * suffix of its own behind it while it writes. */
#define MARK ".snapshot-"
#define DIGITS 16
#define END ".part"

/* The database with links resolved, so that its copies are on its own disk.
 * NULL when that fails. */
static char *
resolve(const char *db)
{
    char *path = realpath(db, NULL);

    if (path == NULL)
        console_log(COLLECTOR_LOG_ERROR, "can't find %s: %s", db,
                    strerror(errno));
    return path;
}

/* A path that nothing has. NULL when that fails. */
static char *
new_path(const char *db)
{
    char *directory = resolve(db);
    char *path = NULL;
    uint64_t number = 0;

    if (directory == NULL)
        return NULL;
    /* If it fails the path may exist, and is refused then. */
    (void)getrandom(&number, sizeof(number), 0);
    if (asprintf(&path, "%s" MARK "%0*" PRIx64 END, directory, DIGITS, number) <
        0)
        path = NULL; /* it is undefined */
    free(directory);
    return path;
}

static int
open_copy(const char *path, struct snapshot *ret_snapshot)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        console_log(COLLECTOR_LOG_ERROR, "can't open %s: %s", path,
                    strerror(errno));
        if (fd >= 0)
            (void)close(fd); /* nothing was written through it */
        return COLLECTOR_ERR_IO;
    }
    ret_snapshot->fd = fd;
    ret_snapshot->size = (uint64_t)status.st_size;
    return COLLECTOR_OK;
}

int
snapshot_take(struct collector_store *store, const char *db,
              struct snapshot *ret_snapshot)
{
    char *path = new_path(db);
    int rc;

    if (path == NULL)
        return COLLECTOR_ERR_IO;
    rc = collector_store_snapshot(store, path);
    if (rc == COLLECTOR_OK) {
        rc = open_copy(path, ret_snapshot);
        (void)unlink(path); /* if it fails, it is removed at the next start */
    }
    free(path);
    return rc;
}

/* Whether a name is that of a snapshot of this database. */
static bool
is_snapshot_of(const char *candidate, const char *name)
{
    const size_t size = strlen(name);

    if (strncmp(candidate, name, size) != 0 ||
        strncmp(candidate + size, MARK, strlen(MARK)) != 0)
        return false;
    candidate += size + strlen(MARK);
    return strspn(candidate, "0123456789abcdef") == DIGITS &&
           strncmp(candidate + DIGITS, END, strlen(END)) == 0;
}

static void
remove_from(const char *directory, const char *name)
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;

    if (entries == NULL)
        return; /* there is nothing that could be done about it */
    while ((entry = readdir(entries)) != NULL) {
        if (is_snapshot_of(entry->d_name, name) &&
            unlinkat(dirfd(entries), entry->d_name, 0) == 0)
            console_log(COLLECTOR_LOG_INFO, "removed %s, of a former process",
                        entry->d_name);
    }
    (void)closedir(entries); /* it was only read */
}

void
snapshot_remove_stale(const char *db)
{
    char *path = resolve(db);
    char *copy = path != NULL ? strdup(path) : NULL;

    if (copy != NULL)
        remove_from(dirname(copy), basename(path));
    free(copy);
    free(path);
}
