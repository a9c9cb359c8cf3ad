/* SPDX-License-Identifier: MIT */
/* A file's place, beside which is what belongs to it. */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *
place_of(const char *path)
{
    char *place = realpath(path, NULL);

    return place != NULL ? place : strdup(path);
}

int64_t
place_log_size(const char *place)
{
    struct stat status;
    char *log = NULL;
    int64_t size = 0;

    if (asprintf(&log, "%s-wal", place) < 0)
        return 0;
    if (stat(log, &status) == 0)
        size = status.st_size;
    free(log);
    return size;
}
