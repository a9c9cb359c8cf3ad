/* SPDX-License-Identifier: MIT */
/*
 * Another file in the place of a damaged one, while the store is in use: with
 * everybody out of it, since whoever uses its connections has entered it. Where
 * that fails the store answers that it is damaged, until it works.
 */
#include "replace.h"

#include "path.h"
#include "quarantine.h"
#include "schema.h"
#include "store_file.h"

#include <collector/error.h>

/** Connect to what is there; to nothing if that can't be. */
static int
connect_or_not(struct collector_store *store)
{
    struct collector__database *database = &store->database;
    int rc = COLLECTOR_ERR_IO;

    /* A name without a file would have one made. */
    database->absent = collector__path_size(database->path, "") < 0;
    if (!database->absent)
        rc = collector__store_connect(store);
    if (rc == COLLECTOR_OK)
        return rc;
    collector__store_disconnect(store);
    database->absent = true;
    (void)collector__store_connect(store); /* in memory */
    return rc;
}

int
collector__replace_file(struct collector_store *store)
{
    struct collector__database *database = &store->database;
    int rc = COLLECTOR_OK;
    int connected;

    database->keep_log = true;
    collector__store_disconnect(store);
    database->keep_log = false;
    /* Whatever is found there from now on is not what was closed. */
    database->clean = false;
    if (!database->absent)
        rc = collector__quarantine(
            database, "damage was found while in use",
            store->collector_id[0] != '\0' ? store->collector_id : NULL);
    if (rc == COLLECTOR_OK)
        rc = collector__schema_prepare(database);
    connected = connect_or_not(store);
    return rc == COLLECTOR_OK ? connected : rc;
}

/** Whether enough time has passed since the last try. */
static bool
may_try(struct collector_store *store)
{
    const int64_t now =
        collector__clock_monotonic_ms(&store->database.clock) + 1;

    if (store->replace_tried_at != 0 &&
        now - store->replace_tried_at < COLLECTOR_REPLACE_MS)
        return false;
    store->replace_tried_at = now;
    return true;
}

bool
collector__replace(struct collector_store *store, uint64_t generation, int rc)
{
    const struct collector__database *database = &store->database;
    bool replaced;

    if (rc != COLLECTOR_ERR_CORRUPT)
        return false;
    atomic_store(&store->database.damage_seen, true);
    if (database->on_damage != COLLECTOR_DAMAGE_QUARANTINE) {
        if (!atomic_exchange(&store->damaged, true))
            collector__log(&database->log, COLLECTOR_LOG_ERROR,
                           "%s is damaged; it would be quarantined if that were"
                           " asked for",
                           database->path);
        return false;
    }
    (void)pthread_rwlock_wrlock(&store->files); /* fails on misuse only */
    replaced = store->generation != generation;
    if (!replaced && may_try(store)) {
        replaced = collector__replace_file(store) == COLLECTOR_OK;
        store->generation++;
    }
    (void)pthread_rwlock_unlock(&store->files);
    return replaced;
}
