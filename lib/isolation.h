/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_ISOLATION_H
#define COLLECTOR_LIB_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Batches in a row without one that was too large, after which twice as many
 *  events are tried: a receiver whose limit was raised is found out, and one
 *  whose limit stays is asked too much of once in a hundred times. */
#define COLLECTOR_ISOLATION_CALM_MAX 100

/** Batches that are remembered to count how often an event was sent. A search
 *  needs one for each halving; past it the count is a little too low. */
#define COLLECTOR_ISOLATION_SENT_MAX 64

/** Batches that ended with the same event, and how many they were. */
struct collector__sent {
    int64_t last_id;
    uint32_t count;
};

/**
 * How many events to offer, so that one that the receiver refuses is found with
 * few requests and the others are delivered once and in order. Zeroed is a
 * beginning. One thread.
 */
struct collector__isolation {
    /** The last id of the smallest batch that was rejected: a culprit is among
     *  the events up to it. At or below what is settled when none is sought. */
    int64_t rejected_last;
    /** That batch was called too large: its events may all be good, and what
     *  halves the next one is event_count_max. */
    bool too_large;
    /** Nothing gets through, one event alone neither: the receiver is taken for
     *  broken until a delivery works. */
    bool probing;
    /** Events that a receiver of limited size takes at once; 0 is no limit. And
     *  what it was when the search began. */
    uint32_t event_count_max;
    uint32_t event_count_max_before;
    /** Batches since the last one that was too large. */
    uint32_t calm_count;
    /** Batches that were not taken, with events that are not settled. */
    struct collector__sent sent[COLLECTOR_ISOLATION_SENT_MAX];
    size_t sent_count;
};

/**
 * How many events to offer next.
 *
 * @param settled_through  Where the next batch begins.
 * @param event_count_max  When nothing is wrong.
 * @return 1 to event_count_max.
 */
uint32_t
collector__isolation_limit(const struct collector__isolation *isolation,
                           int64_t settled_through, uint32_t event_count_max);

/**
 * Say that a batch was rejected.
 *
 * @param too_large  The receiver blames its size.
 */
void
collector__isolation_reject(struct collector__isolation *isolation,
                            int64_t first_id, int64_t last_id, bool too_large);

/** Say that a batch failed for a reason that is not in it. */
void
collector__isolation_retry(struct collector__isolation *isolation,
                           int64_t first_id, int64_t last_id);

/** Say that a batch was delivered. */
void
collector__isolation_deliver(struct collector__isolation *isolation);

/** Say that an event was rejected alone, and yet is not to blame. */
void
collector__isolation_probe(struct collector__isolation *isolation);

/** How often an event that is not settled was sent since it first was part of a
 *  rejected batch, that one included. */
uint32_t
collector__isolation_attempts(const struct collector__isolation *isolation,
                              int64_t id);

#endif
