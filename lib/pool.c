/* SPDX-License-Identifier: MIT */
/*
 * The concurrent write mode: every operation has its own connection and its own
 * optimistic transaction. SQLite finds the collisions; who lost starts over
 * from his first read, after a rest that grows and is drawn at random, since
 * waiting longer for the lock can't mend a stale snapshot.
 */
#include "pool.h"

#include "backoff.h"
#include "devices.h"
#include "memory.h"

#include <collector/error.h>
#include <time.h>

/* The first rest after a collision, and the longest: commits take about 1 ms.
 */
static const struct collector__backoff conflict_rest = {1, 32};

static void
free_arrays(struct collector__pool *pool)
{
    collector__memory_free(pool->connections);
    collector__memory_free(pool->idle);
    pool->connections = NULL;
    pool->idle = NULL;
}

int
collector__pool_open(struct collector__pool *pool,
                     struct collector__database *database,
                     uint32_t connection_count,
                     struct collector__counters *counters)
{
    pthread_condattr_t attributes;
    uint32_t i;
    int rc = COLLECTOR_OK;

    pool->connections =
        collector__memory_zeroed(connection_count * sizeof(*pool->connections));
    pool->idle = collector__memory_new(connection_count *
                                       sizeof(struct collector__connection *));
    if (pool->connections == NULL || pool->idle == NULL) {
        free_arrays(pool);
        return COLLECTOR_ERR_NOMEM;
    }
    pool->database = database;
    pool->counters = counters;
    pool->connection_count = connection_count;
    pool->idle_count = 0; /* it may have been open before */
    (void)pthread_mutex_init(&pool->mutex, NULL); /* none of these can fail */
    (void)pthread_condattr_init(&attributes);     /* on Linux */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pool->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    for (i = 0; rc == COLLECTOR_OK && i < connection_count; i++) {
        rc = collector__connection_open(&pool->connections[i], database, 0);
        if (rc == COLLECTOR_OK)
            pool->idle[pool->idle_count++] = &pool->connections[i];
    }
    return rc;
}

void
collector__pool_close(struct collector__pool *pool)
{
    uint32_t i;

    if (pool->connections == NULL)
        return;
    for (i = 0; i < pool->connection_count; i++)
        collector__connection_close(&pool->connections[i]);
    (void)pthread_cond_destroy(&pool->changed); /* nobody waits */
    (void)pthread_mutex_destroy(&pool->mutex);  /* nobody holds it */
    free_arrays(pool);
}

/** A connection; NULL when none was free for as long as we wait. */
static struct collector__connection *
take(struct collector__pool *pool)
{
    struct collector__connection *connection = NULL;
    struct timespec deadline;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &deadline); /* can't fail on Linux */
    deadline.tv_sec += COLLECTOR_CONFLICT_MS_MAX / 1000;
    (void)pthread_mutex_lock(&pool->mutex);
    while (rc == 0 && (pool->idle_count == 0 || pool->closed_gate))
        rc = pthread_cond_timedwait(&pool->changed, &pool->mutex, &deadline);
    if (pool->idle_count > 0 && !pool->closed_gate)
        connection = pool->idle[--pool->idle_count];
    (void)pthread_mutex_unlock(&pool->mutex);
    return connection;
}

static void
give_back(struct collector__pool *pool,
          struct collector__connection *connection)
{
    (void)pthread_mutex_lock(&pool->mutex);
    pool->idle[pool->idle_count++] = connection;
    if (pool->closed_gate) /* the one who closed it waits among the others */
        (void)pthread_cond_broadcast(&pool->changed);
    else
        (void)pthread_cond_signal(&pool->changed);
    (void)pthread_mutex_unlock(&pool->mutex);
}

/** One that works; NULL when all wait to be reopened, closed perhaps. */
static struct collector__connection *
find_sound(struct collector__pool *pool)
{
    uint32_t i;

    for (i = 0; i < pool->connection_count; i++) {
        if (!pool->connections[i].suspect)
            return &pool->connections[i];
    }
    return NULL;
}

/** Move the log's pages with nobody writing, or its end is never reached; or
 *  make room, if somebody has found none. @return Whether there is some.
 *  @param shortage  NULL for none. */
static bool
tidy_alone(struct collector__pool *pool,
           const struct collector__shortage *shortage)
{
    struct collector__connection *connection;
    bool has_room = true;
    bool mine;

    (void)pthread_mutex_lock(&pool->mutex);
    mine = !pool->closed_gate;
    pool->closed_gate = true;
    while (mine && pool->idle_count < pool->connection_count)
        (void)pthread_cond_wait(&pool->changed, &pool->mutex);
    (void)pthread_mutex_unlock(&pool->mutex);
    if (!mine)
        return true; /* somebody else is at it */
    connection = find_sound(pool);
    if (connection != NULL && shortage != NULL)
        has_room = collector__shortage_relieve(connection, shortage);
    else if (connection != NULL)
        (void)collector__wal_checkpoint(connection,
                                        COLLECTOR_WAL_RESTART); /* is logged */
    (void)pthread_mutex_lock(&pool->mutex);
    pool->closed_gate = false;
    (void)pthread_cond_broadcast(&pool->changed);
    (void)pthread_mutex_unlock(&pool->mutex);
    return has_room;
}

static void
rest(uint32_t collisions, const struct collector__random *random)
{
    const uint32_t ms = collector__backoff_ms(&conflict_rest, collisions,
                                              collector__random(random));
    const struct timespec duration = {0, (long)ms * 1000000};

    (void)nanosleep(&duration, NULL); /* shorter is fine */
}

/** Run until it is committed, refused, or has lost for too long. */
static int
run_until_settled(struct collector__pool *pool,
                  struct collector__operation *operation,
                  struct collector__connection *connection)
{
    const struct collector_clock *clock = &connection->database->clock;
    const int64_t deadline =
        collector__clock_monotonic_ms(clock) + COLLECTOR_CONFLICT_MS_MAX;
    uint32_t collisions = 0;
    int rc;

    for (;;) {
        rc = collector__operation_run_alone(
            operation, connection, COLLECTOR_BEGIN_OPTIMISTIC, pool->counters);
        if (rc != COLLECTOR_ERR_BUSY)
            return rc;
        if (collector__clock_monotonic_ms(clock) >= deadline)
            break;
        atomic_fetch_add(&pool->counters->commit_conflicts, 1);
        rest(++collisions, &connection->database->random);
    }
    collector__operation_count(pool->counters, rc);
    collector__database_note_lock(connection->database);
    return rc;
}

/** Run on a connection of one's own, and let it go again. */
static int
run_once(struct collector__pool *pool, struct collector__operation *operation)
{
    struct collector__operation refresh = {
        .run = collector__operation_refresh_devices};
    struct collector__connection *connection = take(pool);
    int rc = COLLECTOR_OK;

    operation->rc = COLLECTOR_ERR_BUSY;
    if (connection == NULL)
        return COLLECTOR_ERR_BUSY;
    if (connection->suspect)
        rc = collector__connection_recover(connection);
    operation->rc = rc;
    if (rc == COLLECTOR_OK)
        rc = run_until_settled(pool, operation, connection);
    else
        collector__operation_count(pool->counters, rc);
    if (rc == COLLECTOR_OK && collector__devices_due(connection))
        (void)run_until_settled(pool, &refresh, connection); /* can wait */
    give_back(pool, connection);
    return rc;
}

int
collector__pool_run(struct collector__pool *pool,
                    struct collector__operation *operation)
{
    struct collector__shortage shortage;
    int rounds;
    int rc;

    operation->together = NULL;
    rc = run_once(pool, operation);
    for (rounds = 0; rounds < COLLECTOR_SHORTAGE_ROUNDS_MAX; rounds++) {
        if (collector__operation_keep_roomless(operation, &shortage) == NULL)
            break;
        if (!tidy_alone(pool, &shortage) &&
            collector__operation_keep_essential(operation) == NULL)
            break;
        rc = run_once(pool, operation);
    }
    if (rc == COLLECTOR_OK && collector__wal_due(pool->database))
        (void)tidy_alone(pool, NULL);
    return operation->rc;
}
