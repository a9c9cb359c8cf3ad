/* SPDX-License-Identifier: MIT */
#ifndef CREW_H
#define CREW_H

/*
 * Threads that append, and a gate that holds the write path while they line up:
 * with it, what makes up a group is the test's decision.
 */
#include "support.h"

#include "store.h"

#include <pthread.h>

/** An operation that does nothing for as long as it likes. */
struct gate;

/** Send an operation into the write path, and return when it runs and holds
 *  everybody up. Not for the concurrent mode. */
struct gate *
gate_shut(struct collector_store *store);

/** Let it end, and all who wait go on. It has written nothing. */
void
gate_open(struct gate *gate);

/** Operations that wait for the one that runs. */
size_t
queue_length(struct collector_store *store);

/** One append on a thread of its own. */
struct append_call {
    struct collector_store *store;
    const struct collector_event *events;
    size_t event_count;
    pthread_t thread;
    /** Valid after append_join(). */
    int rc;
    struct collector_receipt receipt;
    _Atomic bool returned;
};

/** Begin an append. Events are borrowed until append_join(). */
struct append_call *
append_start(struct collector_store *store,
             const struct collector_event *events, size_t event_count);

/** The same behind a gate: return when it waits as the last of the queue. */
struct append_call *
append_queue(struct collector_store *store,
             const struct collector_event *events, size_t event_count);

/** Wait for it to return, and say what it returned. */
int
append_join(struct append_call *call);

/** Run a function on so many threads at once, with the thread's number. */
void
crew_run(size_t thread_count, void (*work)(void *userdata, size_t number),
         void *userdata);

#endif
