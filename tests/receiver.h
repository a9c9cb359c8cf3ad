/* SPDX-License-Identifier: MIT */
#ifndef RECEIVER_H
#define RECEIVER_H

/*
 * An uploader before a receiver that is hard to please: what it takes is up to
 * the test. One thread, one at a time: setup and teardown are a test case's.
 */
#include "fixture.h"
#include "recorder.h"

struct receiver {
    struct fixture fixture;
    struct recorder *recorder;
    struct collector_sink *sink;
    /** Takes 100 events at a time. */
    struct collector_uploader *uploader;
    /** Events that are rejected with 400; 0 is no event. */
    int64_t bad_ids[4];
    /** Nothing is taken. */
    bool broken;
    /** Bytes of JSON that are taken at once, else 413; 0 is no limit. */
    size_t size_max;
};

extern struct receiver receiver;

void
receiver_setup(void);

void
receiver_teardown(void);

/** End the process, as far as the file can tell, and start the next one. */
void
receiver_restart(void);

/** One step of the uploader. */
struct collector_drain
receiver_drain(void);

/** Step until the backlog is empty, without ever having to rest for long. */
void
receiver_drain_all(void);

/** Step until it rests after a failure. */
struct collector_drain
receiver_drain_until_rest(void);

struct collector_uploader_stats
receiver_stats(void);

/** Dead letters in the file. */
int64_t
receiver_dead_count(void);

/** Assert that all events up to an id but the dead ones were delivered, once
 *  and in order, and that the file's books are right. */
void
receiver_assert_arrived(int64_t last_id);

#endif
