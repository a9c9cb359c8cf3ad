/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RETENTION_H
#define COLLECTOR_LIB_RETENTION_H

#include "connection.h"

/** Runs that one step looks at: a run may hold a single event. */
#define COLLECTOR_PRUNE_RUNS_MAX 64

/** Rows of drops and dead letters in upload_runs that are kept beyond their
 *  events: the latest. */
#define COLLECTOR_AUDIT_RUN_COUNT_MAX 1000

/** Free pages that may stay in the file beside half of those in use: giving
 *  pages back costs writes, and they will be needed again. 1 MiB, or a part of
 *  what a small file may have. */
#define COLLECTOR_FREE_PAGES_KEPT 256
#define COLLECTOR_FREE_PAGES_KEPT_PART 8

/** Pages that are given back in one step: few enough for a log that has only
 *  the smallest reserve to grow into. */
#define COLLECTOR_GIVE_BACK_PAGES 16

/** How much of the uptime may be forgotten by a restart if nothing is settled,
 *  which writes it down: an hour, for ages of a day and more. */
#define COLLECTOR_UPTIME_STEP_MS (60 * 60 * 1000)

/** Which events may be pruned. */
enum collector__prune {
    /** Those that were delivered retain_ms ago. */
    COLLECTOR_PRUNE_AGED,
    /** All that are settled: others need the room. */
    COLLECTOR_PRUNE_SETTLED
};

/** What is due, and is not worth a transaction otherwise. */
struct collector__dues {
    bool events;
    bool letters;
    bool keys;
    bool pages;
    bool uptime;
};

/**
 * Prune at most about so many events, with the runs that hold no event any
 * more. Dead letters stay. Inside a transaction.
 *
 * @param ret_any  Set on success only: whether there were any.
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__retention_prune(struct collector__connection *connection,
                           uint32_t event_count_max,
                           enum collector__prune which, bool *ret_any);

/**
 * Delete the oldest dead letters, with their events, until keep_count are left;
 * at most count_max of them. Likewise.
 */
int
collector__retention_prune_letters(struct collector__connection *connection,
                                   uint32_t count_max, uint64_t keep_count,
                                   bool *ret_any);

/** Delete events, whatever they are; they are settled in this transaction or
 *  were before. Returns likewise. */
int
collector__retention_delete(struct collector__connection *connection,
                            int64_t first_id, int64_t last_id);

/** Take the oldest events of the backlog out of it, so many, and away: on
 * record as dropped. Inside a transaction. Returns likewise. */
int
collector__retention_drop(struct collector__connection *connection,
                          int64_t count);

/** Give some free pages back to the file system, once the log is moved. Inside
 *  a transaction. Returns likewise. */
int
collector__retention_give_back(struct collector__connection *connection);

/** Write down how long the store has been open. Inside a transaction. Returns
 *  likewise. */
int
collector__retention_note_uptime(struct collector__connection *connection);

/** What is old enough to be pruned may stay this part of its time longer, until
 *  it is worth a commit: at one event a second, a commit for each of them was
 *  two fifths of all that was written to the disk. */
#define COLLECTOR_PATIENCE_PART 64

/**
 * Find out what is due. In a transaction that only reads. Returns likewise.
 *
 * @param event_count_max  Events that are pruned at a time: so many are due as
 *                         soon as they are old enough.
 */
int
collector__retention_find_dues(struct collector__connection *connection,
                               uint32_t event_count_max,
                               struct collector__dues *ret_dues);

#endif
