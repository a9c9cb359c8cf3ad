/* SPDX-License-Identifier: MIT */
/*
 * What is due beside the appends. Each part is a step that takes some
 * milliseconds and shares its commit with whatever else waits, so that nobody
 * is held up; what is left is done at the next call.
 */
#include "idempotency.h"
#include "path.h"
#include "replace.h"
#include "retention.h"
#include "salvage.h"
#include "stats.h"
#include "store.h"

#include <collector/error.h>

/* Events, keys and dead letters that one transaction deletes; fewer where the
 * log is short, since each may write a page of an index. */
#define STEP_EVENTS 500

/* Pages are given back so often in one transaction: 512 KiB, or what a short
 * log has room for. */
#define GIVE_BACK_COUNT 8
#define GIVE_BACK_LOG_SHARE 8

/* Such transactions in one call. */
#define STEP_COUNT_MAX 8

/** A step in the queue. */
struct step {
    struct collector__operation operation;
    struct collector__dues dues;
};

static uint32_t
step_events(const struct collector__wal *wal)
{
    return wal->pages_max < STEP_EVENTS ? wal->pages_max : STEP_EVENTS;
}

static int
give_back(struct collector__connection *connection)
{
    const struct collector__wal *wal = &connection->database->wal;
    const uint32_t pages_max = wal->pages_max / GIVE_BACK_LOG_SHARE;
    uint32_t pages = 0;
    int i;
    int rc = COLLECTOR_OK;

    for (i = 0; rc == COLLECTOR_OK && i < GIVE_BACK_COUNT &&
                (i == 0 || pages < pages_max);
         i++) {
        rc = collector__retention_give_back(connection);
        pages += COLLECTOR_GIVE_BACK_PAGES;
    }
    return rc;
}

static int
run_step(struct collector__operation *operation,
         struct collector__connection *connection)
{
    const struct collector__dues *dues = &((struct step *)operation)->dues;
    const uint64_t letters_max = connection->database->limits.dead_letter_max;
    const uint32_t count_max = step_events(&connection->database->wal);
    bool any;
    int rc = COLLECTOR_OK;

    if (dues->events)
        rc = collector__retention_prune(connection, count_max,
                                        COLLECTOR_PRUNE_AGED, &any);
    if (rc == COLLECTOR_OK && dues->letters && letters_max > 0)
        rc = collector__retention_prune_letters(connection, count_max,
                                                letters_max, &any);
    if (rc == COLLECTOR_OK && dues->keys)
        rc = collector__idempotency_prune(connection, count_max);
    if (rc == COLLECTOR_OK && dues->uptime)
        rc = collector__retention_note_uptime(connection);
    if (rc == COLLECTOR_OK && dues->pages)
        rc = give_back(connection);
    return rc;
}

/** Look at the file as a reader: most of the time nothing is due. */
static int
find_dues(struct collector_store *store, struct collector__dues *ret_dues)
{
    struct collector__connection *connection = &store->fetcher.connection;
    const struct collector__dues none = {.events = false};
    uint64_t generation;
    int rc;

    *ret_dues = none;
    collector__store_enter(store);
    generation = store->generation;
    (void)pthread_mutex_lock(&store->fetcher.mutex);
    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_OPTIMISTIC);
    if (rc == COLLECTOR_OK)
        rc = collector__retention_find_dues(
            connection, step_events(&connection->database->wal), ret_dues);
    collector__connection_rollback(connection);
    (void)pthread_mutex_unlock(&store->fetcher.mutex);
    collector__store_leave(store);
    return collector__replace(store, generation, rc) ? COLLECTOR_OK : rc;
}

/** Delete what was kept long enough, and give its room back. */
static int
prune(struct collector_store *store)
{
    struct step step = {.operation = {.run = run_step, .essential = true}};
    int steps;
    int rc = COLLECTOR_OK;

    for (steps = 0; rc == COLLECTOR_OK && steps < STEP_COUNT_MAX; steps++) {
        rc = find_dues(store, &step.dues);
        if (rc != COLLECTOR_OK ||
            !(step.dues.events || step.dues.letters || step.dues.keys ||
              step.dues.pages || step.dues.uptime))
            break;
        rc = collector__store_submit(store, &step.operation);
    }
    return rc;
}

/** Ask for room, as an append of nothing would. */
static int
run_ask_for_room(struct collector__operation *operation,
                 struct collector__connection *connection)
{
    (void)operation;
    return collector__room_check(connection, 0, 0, COLLECTOR_ROOM_FOUND);
}

/** Perhaps nobody appends because we say that the storage fails, or that the
 *  disk is full: find out. */
static int
prove(struct collector_store *store)
{
    struct collector__operation proof = {.run = collector__operation_prove,
                                         .essential = true};
    struct collector__operation question = {.run = run_ask_for_room};

    if (!collector__reserve_is_held(&store->database.room.reserve))
        (void)collector__store_submit(store, &question); /* later, if not */
    if (atomic_load(&store->counters.storage_ok))
        return COLLECTOR_OK;
    return collector__store_submit(store, &proof);
}

/** Whether pages that were given back are the file system's only once the log
 *  is moved. The fetcher's lock is held. */
static bool
is_oversized(struct collector__connection *connection)
{
    const int64_t size = collector__path_size(connection->database->path, "");
    int64_t page_count = 0;
    int64_t free_count = 0;

    return collector__connection_count_pages(connection, &page_count,
                                             &free_count) == COLLECTOR_OK &&
           size > (page_count + COLLECTOR_FREE_PAGES_KEPT) *
                      (int64_t)COLLECTOR_PAGE_SIZE;
}

static int
move_log(struct collector_store *store)
{
    struct collector__connection *connection = &store->fetcher.connection;
    uint64_t generation;
    int rc = COLLECTOR_OK;

    collector__store_enter(store);
    generation = store->generation;
    (void)pthread_mutex_lock(&store->fetcher.mutex);
    if (collector__wal_worth(&store->database.wal) || is_oversized(connection))
        rc = collector__wal_checkpoint(connection, COLLECTOR_WAL_BESIDE);
    (void)pthread_mutex_unlock(&store->fetcher.mutex);
    collector__store_leave(store);
    return collector__replace(store, generation, rc) ? COLLECTOR_OK : rc;
}

int
collector_store_maintain(struct collector_store *store)
{
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    collector__stats_sample(store);
    rc = prove(store);
    if (rc == COLLECTOR_OK)
        rc = collector__salvage_run(store, COLLECTOR_SALVAGE_MAINTAIN_MS);
    if (rc == COLLECTOR_OK)
        rc = prune(store);
    if (rc == COLLECTOR_OK)
        rc = move_log(store);
    return rc;
}
