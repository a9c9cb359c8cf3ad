/* SPDX-License-Identifier: MIT */
#ifndef WITNESS_H
#define WITNESS_H

/*
 * A sink that claims each event that it is offered, and confirms what it likes.
 * One thread.
 */
#include "claims.h"

#include <collector/collector.h>

struct witness {
    struct tape *tape;
    /** Whether it rejects poison, and is away at times. */
    bool is_picky;
    unsigned seed;
    /** Where it hands on what it would confirm; NULL for nowhere. */
    struct collector_sink *next;
    /** The last event that it confirmed. */
    int64_t delivered_through;
    /** An event that never was, or came out of order; NULL for none. */
    const char *fault;
};

/** Make a sink of it. The witness is borrowed until that is freed. */
struct collector_sink *
witness_sink(struct witness *witness);

/** The same, which may fail. @return As collector_sink_new(). */
int
witness_sink_new(struct witness *witness, struct collector_sink **ret_sink);

/** Make an uploader for such a sink, which offers at most so many events. */
struct collector_uploader *
witness_uploader(struct collector_store *store, struct collector_sink *sink,
                 uint32_t event_count_max);

/** Take one step, and claim what it has settled. */
int
witness_drain(struct witness *witness, struct collector_uploader *uploader,
              struct collector_drain *ret_drain);

#endif
