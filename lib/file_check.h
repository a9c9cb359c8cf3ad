/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_FILE_CHECK_H
#define COLLECTOR_LIB_FILE_CHECK_H

#include "database.h"

#include <stdbool.h>

/** Bytes of the words for a damage, with their NUL; longer ones are cut. */
#define COLLECTOR_DAMAGE_SIZE 160

/** SQLite takes a file of this size or less for a new one: it removes a log
 *  that lies beside it, also when it opens the file to read it. */
#define COLLECTOR_NEW_FILE_SIZE_MAX 1

/** A log of this size or less has a header, and no page. */
#define COLLECTOR_WAL_HEADER_SIZE 32

/** What is wrong with a file that was a store, in words; "" for nothing. Not
 *  every file that is refused is damaged. */
struct collector__damage {
    char words[COLLECTOR_DAMAGE_SIZE];
    /** The system refused to read something. */
    bool unread;
};

/**
 * Look at a file before anything could change it: whether it is ours, whole,
 * and within our rights. Everything in it and beside it stays as it is, but for
 * an -shm that may appear.
 *
 * @param ret_damage  Always set: when there are words in it, nobody else's
 *                    program can read the file either.
 * @return COLLECTOR_OK (also when there is no file yet), ERR_FOREIGN,
 *         ERR_NEWER, ERR_CORRUPT, ERR_BUSY, ERR_NOSPACE, ERR_IO, ERR_NOMEM.
 *         Whatever it is has been logged.
 */
int
collector__file_check(struct collector__database *database,
                      struct collector__damage *ret_damage);

/** Whether a file is one of ours that we can read, by the two numbers in its
 *  header. @return COLLECTOR_OK, ERR_FOREIGN, ERR_NEWER; has been logged. */
int
collector__file_check_identity(const struct collector__database *database,
                               int64_t application_id, int64_t version);

/**
 * Open a connection that can't change what there is to be recovered. As
 * collector__database_open().
 */
int
collector__file_check_open(struct collector__database *database,
                           sqlite3 **ret_db);

#endif
