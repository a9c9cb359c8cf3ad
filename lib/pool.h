/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_POOL_H
#define COLLECTOR_LIB_POOL_H

#include "operation.h"

#include <pthread.h>

/** How long an operation waits for a connection, and then is retried when
 * others write first; after either it is COLLECTOR_ERR_BUSY. */
#define COLLECTOR_CONFLICT_MS_MAX 5000

/** Connections that each run one optimistic transaction. Any thread may run. */
struct collector__pool {
    const struct collector__database *database;
    struct collector__connection *connections;
    struct collector__counters *counters;
    /** Guards what is below. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /** Those that nobody uses; a stack. */
    struct collector__connection **idle;
    uint32_t idle_count;
    uint32_t connection_count;
    /** Somebody waits to have the file for himself: no new transactions. */
    bool closed_gate;
};

/** Open so many connections. As collector__database_connect(). */
int
collector__pool_open(struct collector__pool *pool,
                     struct collector__database *database,
                     uint32_t connection_count,
                     struct collector__counters *counters);

/** Run an operation as a transaction of its own, again if others came first.
 *  Returns operation->rc. */
int
collector__pool_run(struct collector__pool *pool,
                    struct collector__operation *operation);

/** Close all connections; nobody uses them any more. Zeroed is fine. */
void
collector__pool_close(struct collector__pool *pool);

#endif
