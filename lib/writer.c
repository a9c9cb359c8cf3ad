/* SPDX-License-Identifier: MIT */
/*
 * Group commit by leader and followers. Callers queue their operation; one of
 * them becomes the leader, runs the head of the queue as one transaction with
 * one fsync, and leaves the lead to one of those that wait. Nobody learns of
 * success before the commit, ids are given out in commit order, and no thread
 * is needed but the callers'.
 *
 * A group is woken by one system call. With one for each follower, requests
 * over 64 connections came to 0.43 of what the HTTP server alone can do, with
 * one for all of them to 0.52.
 */
#include "writer.h"

#include "devices.h"

#include <collector/error.h>
#include <stdatomic.h>

int
collector__writer_open(struct collector__writer *writer,
                       struct collector__database *database,
                       enum collector_write_mode mode,
                       uint32_t connection_count,
                       struct collector__counters *counters)
{
    writer->mode = mode;
    writer->counters = counters;
    (void)pthread_mutex_init(&writer->mutex, NULL); /* can't fail on Linux */
    if (mode == COLLECTOR_MODE_CONCURRENT)
        return collector__pool_open(&writer->pool, database, connection_count,
                                    counters);
    return collector__connection_open(&writer->connection, database,
                                      COLLECTOR_BUSY_MS);
}

void
collector__writer_close(struct collector__writer *writer)
{
    if (writer->counters == NULL)
        return; /* was never opened */
    collector__pool_close(&writer->pool);
    collector__connection_close(&writer->connection);
    (void)pthread_mutex_destroy(&writer->mutex); /* nobody holds it */
    writer->counters = NULL;
}

static void
enqueue(struct collector__writer *writer,
        struct collector__operation *operation)
{
    const bool alone =
        writer->mode != COLLECTOR_MODE_GROUP || writer->head == NULL;

    operation->next = NULL;
    atomic_store(&operation->done, false);
    /* The next leader is woken before the others of his group; and where each
     * is a group, a shared bell would wake all but one for nothing. */
    operation->bell =
        alone ? &operation->own_bell
              : &writer->bells[writer->forming % COLLECTOR_BELL_COUNT];
    atomic_store(&operation->own_bell.rings, 0);
    if (writer->head == NULL)
        writer->head = operation;
    else
        writer->tail->next = operation;
    writer->tail = operation;
}

/** Cut the next group off the queue; NULL-terminated. The lock is held. */
static struct collector__operation *
take_group(struct collector__writer *writer)
{
    const struct collector__room *room = &writer->connection.database->room;
    struct collector__operation *first = writer->head;
    struct collector__operation *last = first;
    size_t event_count = first->event_count;
    size_t byte_count = first->byte_count;
    uint32_t count = 1;

    while (writer->mode == COLLECTOR_MODE_GROUP && last->next != NULL) {
        event_count += last->next->event_count;
        byte_count += last->next->byte_count;
        if (event_count > COLLECTOR_GROUP_EVENTS_MAX ||
            byte_count > room->group_bytes_max)
            break;
        last->together = last->next;
        last = last->next;
        count++;
    }
    last->together = NULL;
    writer->gather.count = count;
    writer->head = last->next;
    writer->forming++;
    last->next = NULL;
    return first;
}

/** Run each of a group as a transaction of its own. */
static void
run_apart(struct collector__writer *writer, struct collector__operation *first)
{
    struct collector__operation refresh = {
        .run = collector__operation_refresh_devices};
    struct collector__connection *connection = &writer->connection;
    int rc;

    for (; first != NULL; first = first->together) {
        first->rc = COLLECTOR_ERR_IO;
        if (connection->suspect)
            continue; /* no ack before a proof */
        rc = collector__operation_run_alone(
            first, connection, COLLECTOR_BEGIN_IMMEDIATE, writer->counters);
        if (rc == COLLECTOR_OK && collector__devices_due(connection))
            (void)collector__operation_run_alone(
                &refresh, connection, COLLECTOR_BEGIN_IMMEDIATE,
                writer->counters); /* can wait */
    }
}

static void
run_group(struct collector__writer *writer, struct collector__operation *first)
{
    struct collector__connection *connection = &writer->connection;
    struct collector__operation *each;
    int rc;

    if (connection->suspect) {
        rc = collector__connection_recover(connection);
        if (rc != COLLECTOR_OK)
            collector__operation_count(writer->counters, rc);
        for (each = first; each != NULL; each = each->together)
            each->rc = rc;
        if (rc != COLLECTOR_OK)
            return;
    }
    if (!collector__operation_run_together(first, connection, writer->counters))
        run_apart(writer, first);
}

/** Run a group, and those of it that find no room once more when there is some.
 */
static void
run_with_room(struct collector__writer *writer,
              struct collector__operation *first)
{
    struct collector__connection *connection = &writer->connection;
    struct collector__shortage shortage;
    int rounds;

    run_group(writer, first);
    for (rounds = 0; rounds < COLLECTOR_SHORTAGE_ROUNDS_MAX; rounds++) {
        first = collector__operation_keep_roomless(first, &shortage);
        if (first == NULL || connection->db == NULL)
            return;
        if (!collector__shortage_relieve(connection, &shortage))
            first = collector__operation_keep_essential(first);
        if (first == NULL)
            return;
        run_group(writer, first);
    }
}

/**
 * Mark those of a list as done; the lock is held. Each but those with a bell of
 * their own may be gone at once.
 *
 * @return The shared bells that are to be rung, one bit each.
 */
static unsigned
finish(struct collector__writer *writer, struct collector__operation *first)
{
    struct collector__operation *next;
    unsigned bells = 0;

    for (; first != NULL; first = next) {
        next = first->next;
        if (first->bell == &first->own_bell)
            collector__bell_ring(first->bell);
        else
            bells |= 1U << (first->bell - writer->bells);
        atomic_store(&first->done, true);
    }
    return bells;
}

/** Wake those who sleep on the shared bells. Whoever waits for another group
 *  sleeps on. */
static void
ring(struct collector__writer *writer, unsigned bells)
{
    int i;

    for (i = 0; i < COLLECTOR_BELL_COUNT; i++) {
        if ((bells & 1U << i) != 0)
            collector__bell_ring(&writer->bells[i]);
    }
}

/** Tell those of a list what became of them. */
static void
tell(struct collector__writer *writer, struct collector__operation *first)
{
    unsigned bells;

    (void)pthread_mutex_lock(&writer->mutex);
    bells = finish(writer, first);
    (void)pthread_mutex_unlock(&writer->mutex);
    ring(writer, bells);
}

/** Somebody else has held the lock for as long as we wait. Who queued up
 *  meanwhile has waited too: another round for each would be without end. */
static void
refuse_queue(struct collector__writer *writer)
{
    struct collector__operation *first;
    struct collector__operation *each;

    (void)pthread_mutex_lock(&writer->mutex);
    first = writer->head;
    writer->head = NULL;
    writer->forming++;
    (void)pthread_mutex_unlock(&writer->mutex);
    for (each = first; each != NULL; each = each->next)
        each->rc = COLLECTOR_ERR_BUSY;
    tell(writer, first);
    collector__database_note_lock(writer->connection.database);
}

/** Tell those of a list, and leave the lead to the head of the queue, who is
 *  woken first: while he writes, the others answer. */
static void
hand_over(struct collector__writer *writer, struct collector__operation *first)
{
    unsigned bells;

    (void)pthread_mutex_lock(&writer->mutex);
    bells = finish(writer, first);
    writer->led = false;
    if (writer->head != NULL)
        collector__bell_ring(writer->head->bell);
    (void)pthread_mutex_unlock(&writer->mutex);
    ring(writer, bells);
}

/** Lead one group: the head of the queue, which need not be the caller's own.
 */
static void
lead(struct collector__writer *writer)
{
    struct collector__connection *connection = &writer->connection;
    struct collector__operation *first;
    bool busy;
    bool due;

    collector__gather(&writer->gather);
    (void)pthread_mutex_lock(&writer->mutex);
    first = take_group(writer);
    (void)pthread_mutex_unlock(&writer->mutex);
    run_with_room(writer, first);
    busy = first->rc == COLLECTOR_ERR_BUSY;
    due = collector__wal_due(connection->database);
    if (busy || due) {
        tell(writer, first); /* what follows may take its time */
        first = NULL;
    }
    if (busy)
        refuse_queue(writer);
    if (!connection->suspect && due)
        (void)collector__wal_checkpoint(connection,
                                        COLLECTOR_WAL_RESTART); /* is logged */
    hand_over(writer, first);
}

/**
 * Sleep until the operation is done, or its thread has to lead. The lock is
 * held, and is not any more afterwards.
 *
 * @return Whether it is done.
 */
static bool
wait_for_turn(struct collector__writer *writer,
              const struct collector__operation *operation)
{
    struct collector__bell *bell = operation->bell;
    const bool shared = bell != &operation->own_bell;

    while (!atomic_load(&operation->done) && writer->led) {
        const uint32_t count = collector__bell_count(bell);

        (void)pthread_mutex_unlock(&writer->mutex);
        collector__bell_wait(bell, count);
        /* Dozens wake up at once, and would queue for the lock just to see
         * that. Who has rung somebody's own bell holds it. */
        if (shared && atomic_load(&operation->done))
            return true;
        (void)pthread_mutex_lock(&writer->mutex);
    }
    if (!atomic_load(&operation->done))
        writer->led = true;
    (void)pthread_mutex_unlock(&writer->mutex);
    return atomic_load(&operation->done);
}

int
collector__writer_submit(struct collector__writer *writer,
                         struct collector__operation *operation)
{
    if (writer->mode == COLLECTOR_MODE_CONCURRENT)
        return collector__pool_run(&writer->pool, operation);
    (void)pthread_mutex_lock(&writer->mutex);
    enqueue(writer, operation);
    while (!wait_for_turn(writer, operation)) {
        lead(writer);
        (void)pthread_mutex_lock(&writer->mutex);
    }
    return operation->rc;
}
