/* SPDX-License-Identifier: MIT */
#ifndef FIXTURE_H
#define FIXTURE_H

/*
 * A store to try things on: a file in a directory of its own, a log that ends
 * the test on errors, and a clock that stands still. One thread.
 */
#include "support.h"

#include <collector/collector.h>
#include <stddef.h>
#include <stdint.h>

struct fixture {
    const char *path;
    struct support_log *log;
    struct support_clock clock;
    struct collector_store *store;
};

/** Open a store on a new file. */
void
fixture_init(struct fixture *fixture);

/** Close the store and open its file again. */
void
fixture_reopen(struct fixture *fixture);

/** Close the store. Its file stays; a second call does nothing. */
void
fixture_close(struct fixture *fixture);

/** Append so many events, one append each: device_id "d", kind "k", and their
 *  own id as payload. */
void
fixture_append(struct fixture *fixture, size_t count);

/** Append one event with this payload, or none when it is NULL. */
void
fixture_append_payload(struct fixture *fixture, const char *payload);

/** Fetch at most so many events; NULL when none is pending. */
struct collector_batch *
fixture_fetch(struct fixture *fixture, uint32_t event_count_max);

/**
 * Offer at most so many events to a sink, once, and have the store settle what
 * it takes. Returns what the sink did.
 *
 * @param ret_delivery  Always set.
 */
int
fixture_deliver(struct fixture *fixture, struct collector_sink *sink,
                uint32_t event_count_max,
                struct collector_delivery *ret_delivery);

/** The store's ledger: accepted and pending. */
uint64_t
fixture_accepted(struct fixture *fixture);
uint64_t
fixture_pending(struct fixture *fixture);

/** A number from the file, as any other program reads it. */
int64_t
fixture_sql_int(struct fixture *fixture, const char *sql);

#endif
