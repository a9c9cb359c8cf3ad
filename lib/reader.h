/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_H
#define COLLECTOR_LIB_READER_H

#include "database.h"
#include "reader_guard.h"

#include <collector/reader.h>
#include <sys/stat.h>
#include <sys/types.h>

struct collector_reader {
    /** The process that opened it. */
    pid_t maker;
    uint32_t rows_max;
    uint32_t deadline_ms;
    size_t bytes_max;
    /** The file, its log and its VFS; the rest of it is a store's. */
    struct collector__database database;
    sqlite3 *db;
    /** It is read as if nobody could change it, since nothing can be made
     *  beside it; and how it was then. */
    bool immutable;
    struct stat status;
    struct collector__guard guard;
};

/** Take the reader, for one question; collector__guard_leave() when it is over.
 *  @return COLLECTOR_OK, ERR_INVALID for NULL, ERR_FORK, ERR_BUSY. */
int
collector__reader_enter(struct collector_reader *reader);

/**
 * Connect to the file, after letting go of what the reader is connected to.
 *
 * @return COLLECTOR_OK, ERR_FOREIGN, ERR_NEWER, ERR_CORRUPT, ERR_BUSY, ERR_IO,
 *         ERR_NOMEM.
 */
int
collector__reader_connect(struct collector_reader *reader);

/** Open the file once more, without a guard; close it with sqlite3_close().
 *  As above. */
int
collector__reader_open_file(struct collector_reader *reader, bool immutable,
                            sqlite3 **ret_db);

/** Let go of the file. Not connected is fine. */
void
collector__reader_disconnect(struct collector_reader *reader);

/** Whether what the reader is connected to is not what is at its path now, or
 *  is not read in the way that it would have to be by now. */
bool
collector__reader_is_stale(const struct collector_reader *reader);

#endif
