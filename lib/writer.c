/* SPDX-License-Identifier: MIT */
/*
 * Group commit by leader and followers. Callers queue their operation; the one
 * that finds nobody leading becomes the leader, runs the head of the queue as
 * one transaction with one fsync, and hands the lead to the next in the queue.
 * Nobody learns of success before the commit, ids are given out in commit
 * order, and no thread is needed but the callers'.
 */
#include "writer.h"

#include "devices.h"

#include <collector/error.h>
#include <errno.h>

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
wait_for_wake(struct collector__operation *operation)
{
    while (sem_wait(&operation->wake) != 0 && errno == EINTR)
        ;
}

static void
enqueue(struct collector__writer *writer,
        struct collector__operation *operation)
{
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

    while (writer->mode == COLLECTOR_MODE_GROUP && last->next != NULL) {
        event_count += last->next->event_count;
        byte_count += last->next->byte_count;
        if (event_count > COLLECTOR_GROUP_EVENTS_MAX ||
            byte_count > room->group_bytes_max)
            break;
        last->together = last->next;
        last = last->next;
    }
    last->together = NULL;
    writer->head = last->next;
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

/** Tell the others of a group. What was told may be gone the next moment. */
static void
wake_followers(struct collector__operation *first)
{
    struct collector__operation *each = first->next;
    struct collector__operation *next;

    for (; each != NULL; each = next) {
        next = each->next;
        (void)sem_post(&each->wake); /* can't overflow: one post each */
    }
}

/** Make the head of the queue the leader, or leave the lead free. */
static void
hand_over(struct collector__writer *writer)
{
    struct collector__operation *next;

    (void)pthread_mutex_lock(&writer->mutex);
    next = writer->head;
    if (next != NULL)
        next->leads = true;
    else
        writer->led = false;
    (void)pthread_mutex_unlock(&writer->mutex);
    if (next != NULL)
        (void)sem_post(&next->wake); /* can't overflow: one post each */
}

/** Somebody else has held the lock for as long as we wait. Who queued up
 *  meanwhile has waited too: another round for each would be without end. */
static void
refuse_queue(struct collector__writer *writer)
{
    struct collector__operation *first;
    struct collector__operation *next;

    (void)pthread_mutex_lock(&writer->mutex);
    first = writer->head;
    writer->head = NULL;
    (void)pthread_mutex_unlock(&writer->mutex);
    for (; first != NULL; first = next) {
        next = first->next;
        first->rc = COLLECTOR_ERR_BUSY;
        (void)sem_post(&first->wake); /* can't overflow: one post each */
    }
    collector__database_note_lock(writer->connection.database);
}

/** Lead one group, which begins with the caller's own operation. */
static void
lead(struct collector__writer *writer)
{
    struct collector__connection *connection = &writer->connection;
    struct collector__operation *first;
    bool busy;

    (void)pthread_mutex_lock(&writer->mutex);
    first = take_group(writer);
    (void)pthread_mutex_unlock(&writer->mutex);
    run_with_room(writer, first);
    busy = first->rc == COLLECTOR_ERR_BUSY;
    wake_followers(first);
    if (busy)
        refuse_queue(writer);
    if (!connection->suspect && collector__wal_due(&connection->database->wal))
        (void)collector__wal_checkpoint(connection,
                                        COLLECTOR_WAL_RESTART); /* is logged */
    hand_over(writer);
}

int
collector__writer_submit(struct collector__writer *writer,
                         struct collector__operation *operation)
{
    bool leads;

    if (writer->mode == COLLECTOR_MODE_CONCURRENT)
        return collector__pool_run(&writer->pool, operation);
    operation->next = NULL;
    operation->leads = false;
    (void)sem_init(&operation->wake, 0, 0); /* 0 is a valid value */
    (void)pthread_mutex_lock(&writer->mutex);
    enqueue(writer, operation);
    leads = !writer->led;
    writer->led = true;
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!leads)
        wait_for_wake(operation);
    if (leads || operation->leads)
        lead(writer);
    (void)sem_destroy(&operation->wake); /* nobody posts it any more */
    return operation->rc;
}
