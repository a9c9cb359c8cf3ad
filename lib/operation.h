/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_OPERATION_H
#define COLLECTOR_LIB_OPERATION_H

#include "bell.h"
#include "connection.h"
#include "shortage.h"

/**
 * One thing to be done in a write transaction, alone or together with others:
 * an append, a checkpoint. Embed it as the first member of a struct that holds
 * what is needed and what comes out.
 */
struct collector__operation {
    /**
     * Do it. May be called again after a rollback, and then starts over.
     *
     * @return COLLECTOR_OK to have it committed, or any error to have it
     *         undone. A refusal must not have written anything.
     */
    int (*run)(struct collector__operation *operation,
               struct collector__connection *connection);
    /** Only for the file of this collector, which may have been replaced
     *  meanwhile; NULL for whichever there is. */
    const char *collector_id;
    /** How much it adds to a group. */
    size_t event_count;
    size_t byte_count;
    /** It settles or deletes, and so must go on when the disk is full. */
    bool essential;
    /** Set by the write path when there is no room for more than the least:
     *  what can be written later should be. */
    bool frugal;
    /** Set by the write path: pages that it found missing when it was refused;
     *  0: none. */
    uint32_t pages_missing;
    /** What became of it: COLLECTOR_OK only after the commit. */
    int rc;
    /** The next one of the same transaction. */
    struct collector__operation *together;

    /* The writer's own. */
    struct collector__operation *next;
    /** What its thread sleeps on; either shared with those that came at the
     *  same time, or its own. */
    struct collector__bell *bell;
    struct collector__bell own_bell;
    _Atomic bool done;
};

/** What has happened since the store was opened. Any thread. */
struct collector__counters {
    _Atomic uint64_t commits;
    _Atomic uint64_t commit_failures;
    _Atomic uint64_t commit_conflicts;
    /** Whether the last transaction got what it needed from the storage. */
    _Atomic bool storage_ok;
    /** Whether it was room that it did not get. */
    _Atomic bool disk_full;
};

/**
 * Run one operation as one transaction. Sets operation->rc.
 *
 * @return operation->rc.
 */
int
collector__operation_run_alone(struct collector__operation *operation,
                               struct collector__connection *connection,
                               enum collector__begin how,
                               struct collector__counters *counters);

/**
 * Run a list of operations as one transaction, and bring the device table up to
 * date in it if that is due. Refusals are left out; the others are committed.
 *
 * @param first  Linked by together.
 * @return Whether every operation's rc is final. If not, nothing was committed,
 *         and each should be run alone.
 */
bool
collector__operation_run_together(struct collector__operation *first,
                                  struct collector__connection *connection,
                                  struct collector__counters *counters);

/**
 * Leave of a list that was run only those that found no room.
 *
 * @param first         Linked by together.
 * @param ret_shortage  What they are short of.
 * @return The first of them; NULL when there is none.
 */
struct collector__operation *
collector__operation_keep_roomless(struct collector__operation *first,
                                   struct collector__shortage *ret_shortage);

/** Leave of those only what settles or deletes. Likewise. */
struct collector__operation *
collector__operation_keep_essential(struct collector__operation *first);

/** Count how a transaction ended, and whether the storage is to blame. */
void
collector__operation_count(struct collector__counters *counters, int rc);

/** The run of an operation that only shows that the storage works again: it
 *  counts the fault in state. */
int
collector__operation_prove(struct collector__operation *operation,
                           struct collector__connection *connection);

/** The run of an operation that brings the device table up to date. It holds
 *  nothing but that. */
int
collector__operation_refresh_devices(struct collector__operation *operation,
                                     struct collector__connection *connection);

#endif
