/* SPDX-License-Identifier: MIT */
/* Who owns a store has a lock on a file beside it, which the kernel lists. */
#include "owner.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A line is shorter; what is cut is none. */
#define LINE_SIZE 256

/* " 08:02:131095 ", as long as any. */
#define NAME_SIZE 64

static bool
is_listed(const struct stat *status)
{
    FILE *locks = fopen("/proc/locks", "re");
    char line[LINE_SIZE];
    char name[NAME_SIZE];
    bool found = false;

    if (locks == NULL)
        return false;
    (void)snprintf(name, sizeof(name), " %02x:%02x:%ju ", major(status->st_dev),
                   minor(status->st_dev), (uintmax_t)status->st_ino);
    while (!found && fgets(line, sizeof(line), locks) != NULL)
        found = strstr(line, " FLOCK ") != NULL &&
                strstr(line, " WRITE ") != NULL && strstr(line, name) != NULL;
    (void)fclose(locks); /* nothing was written */
    return found;
}

bool
owner_is_seen(const char *path)
{
    struct stat status;
    char *lock = NULL;
    bool seen = false;

    if (asprintf(&lock, "%s.lock", path) < 0)
        return false;
    if (stat(lock, &status) == 0)
        seen = is_listed(&status);
    free(lock);
    return seen;
}
