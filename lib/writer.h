/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WRITER_H
#define COLLECTOR_LIB_WRITER_H

#include "gather.h"
#include "operation.h"
#include "pool.h"

#include <pthread.h>

/** Events of one group at most: what a commit writes at once, and the memory
 *  that it dirties. Its bytes are bounded by the room. One operation may be
 *  larger, and goes alone. */
#define COLLECTOR_GROUP_EVENTS_MAX 8192

#define COLLECTOR_BELL_COUNT 2

/** The write path. Any thread may submit. */
struct collector__writer {
    enum collector_write_mode mode;
    struct collector__counters *counters;
    /** Concurrent mode: the connections. */
    struct collector__pool pool;
    /** The other modes: one connection, which belongs to the leader. */
    struct collector__connection connection;
    /** Guards what is below. */
    pthread_mutex_t mutex;
    struct collector__operation *head;
    struct collector__operation *tail;
    bool led;
    /** Group mode: those who queue up while a group is at work will most likely
     *  be the next one, and sleep on one bell; those of the group at work on
     *  the other one. */
    struct collector__bell bells[COLLECTOR_BELL_COUNT];
    unsigned forming;
    struct collector__gather gather;
};

/**
 * Open the connections that the mode needs.
 *
 * @param connection_count  Of the concurrent mode.
 * @param counters          Outlives the writer.
 * @return As collector__database_connect().
 */
int
collector__writer_open(struct collector__writer *writer,
                       struct collector__database *database,
                       enum collector_write_mode mode,
                       uint32_t connection_count,
                       struct collector__counters *counters);

/**
 * Have an operation run and committed, and wait for that.
 *
 * @return operation->rc.
 */
int
collector__writer_submit(struct collector__writer *writer,
                         struct collector__operation *operation);

/** Close it; nobody submits any more. Zeroed is fine. */
void
collector__writer_close(struct collector__writer *writer);

#endif
