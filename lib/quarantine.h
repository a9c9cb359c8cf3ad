/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_QUARANTINE_H
#define COLLECTOR_LIB_QUARANTINE_H

#include "database.h"

/** What is added to the path for the file that is to take over, and for the
 *  N-th one that was damaged. */
#define COLLECTOR_FRESH_SUFFIX ".fresh"
#define COLLECTOR_DAMAGED_SUFFIX ".damaged-"

/** Rows about earlier quarantines that a new file takes over: the latest. */
#define COLLECTOR_QUARANTINE_ROWS_MAX 100

/**
 * Put a damaged file aside, with its logs, and a new one in its place, which
 * says so in its quarantines. No connection to the file may be open.
 *
 * @param words         What is wrong with it.
 * @param collector_id  Whose it was; NULL when only the file could say so.
 * @return As collector__database_connect(). On failure the files are where they
 *         were, or collector__quarantine_resume() finishes it.
 */
int
collector__quarantine(struct collector__database *database, const char *words,
                      const char *collector_id);

/**
 * Finish what a crash has interrupted, or undo it where nothing had been moved
 * yet. Before any other look at the file. Returns as above.
 */
int
collector__quarantine_resume(struct collector__database *database);

#endif
