/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_COPY_H
#define COLLECTOR_LIB_COPY_H

#include "database.h"

/** A copy of a file on its way: a snapshot. Zeroed, with check and userdata, is
 *  a beginning. One thread. */
struct collector__copy {
    /** Says why it must stop, now and then; COLLECTOR_OK to go on. */
    int (*check)(void *userdata);
    void *userdata;
    /** The file that is copied. */
    struct collector__database *source;
    /** The log, the VFS and the clock of that; its path is the copy's, under
     *  the name that it has until it is whole. */
    struct collector__database database;
    /** What was asked for; borrowed. */
    const char *path;
    char *directory;
    int directory_fd;
    /** Why SQLite was told to stop. */
    int stopped_by;
};

/**
 * Make the file that the copy will be, under another name.
 *
 * @return COLLECTOR_OK, ERR_INVALID, ERR_EXISTS, ERR_NOSPACE, ERR_IO,
 *         ERR_NOMEM.
 */
int
collector__copy_begin(struct collector__copy *copy,
                      struct collector__database *source, const char *path);

/**
 * Copy the file as it is at one moment.
 *
 * @param db  A connection to it that needs no more than to read.
 * @return COLLECTOR_OK, ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT, ERR_IO, ERR_NOMEM,
 *         or what check said.
 */
int
collector__copy_write(struct collector__copy *copy, sqlite3 *db);

/**
 * Take the collector's name out of the copy, have it on the disk, and give it
 * its own name.
 *
 * @return As collector__copy_write(), and ERR_EXISTS.
 */
int
collector__copy_finish(struct collector__copy *copy);

/** Leave nothing behind but a copy that was finished. */
void
collector__copy_clear(struct collector__copy *copy);

#endif
