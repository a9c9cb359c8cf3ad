/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_LEDGER_H
#define COLLECTOR_LIB_LEDGER_H

#include "connection.h"

/** Audit rows of outages that are kept: the latest. */
#define COLLECTOR_ERROR_RUN_COUNT_MAX 1000

/** What can become of events; each has its counter in state. */
enum collector__fate {
    COLLECTOR_FATE_DELIVERED,
    COLLECTOR_FATE_DEAD,
    COLLECTOR_FATE_DROPPED
};

/** One row of upload_runs, to be. */
struct collector__run {
    int64_t first_id;
    int64_t last_id;
    int64_t started_at;
    int64_t finished_at;
    uint32_t attempts;
    /** Why, in words; NULL or "" for nothing. */
    const char *error;
    /** Settle without a row: the next run makes up for it. For deliveries
     *  only, on a disk without room for more. */
    bool unwritten;
};

/**
 * Settle first_id … last_id, or what of it is not settled yet: move
 * settled_through, add to one counter, write the run down. Everything that
 * leaves the backlog leaves it through here.
 *
 * Inside a transaction.
 *
 * @return COLLECTOR_OK, or as collector__connection_error().
 */
int
collector__ledger_settle(struct collector__connection *connection,
                         enum collector__fate fate,
                         const struct collector__run *run);

/**
 * Write a failed attempt down: in the row of the outage that goes on, or in a
 * new one. Inside a transaction. Returns as above.
 */
int
collector__ledger_note_outage(struct collector__connection *connection,
                              const struct collector__run *run);

#endif
