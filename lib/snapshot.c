/* SPDX-License-Identifier: MIT */
/*
 * A store's snapshots: one at a time. It gives way to whoever has to replace a
 * damaged file, and the store is only entered while the file is read.
 */
#include "copy.h"
#include "store.h"

#include <collector/error.h>

static int
check_cancelled(void *userdata)
{
    const struct collector_store *store = userdata;

    return atomic_load(&store->snapshot) == COLLECTOR_SNAPSHOT_CANCELLED
               ? COLLECTOR_ERR_CANCELLED
               : COLLECTOR_OK;
}

/** Whether a copy has to stop for which the store is entered. */
static int
check_inside(void *userdata)
{
    const int rc = check_cancelled(userdata);

    return rc == COLLECTOR_OK && collector__store_is_wanted(userdata)
               ? COLLECTOR_ERR_BUSY
               : rc;
}

static int
write_copy(struct collector__copy *copy, struct collector_store *store)
{
    sqlite3 *db = NULL;
    int rc;

    collector__store_enter(store);
    copy->check = check_inside;
    rc = collector__database_open(&store->database, SQLITE_OPEN_READONLY,
                                  COLLECTOR_BUSY_MS, &db);
    if (rc == COLLECTOR_OK)
        rc = collector__copy_write(copy, db);
    (void)sqlite3_close(db); /* it only read */
    copy->check = check_cancelled;
    collector__store_leave(store);
    return rc;
}

int
collector_store_snapshot(struct collector_store *store, const char *path)
{
    struct collector__copy copy = {.userdata = store};
    int idle = COLLECTOR_SNAPSHOT_NONE;
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    if (!atomic_compare_exchange_strong(&store->snapshot, &idle,
                                        COLLECTOR_SNAPSHOT_RUNS))
        return COLLECTOR_ERR_BUSY;
    rc = collector__copy_begin(&copy, &store->database, path);
    if (rc == COLLECTOR_OK)
        rc = write_copy(&copy, store);
    if (rc == COLLECTOR_OK)
        rc = collector__copy_finish(&copy);
    collector__copy_clear(&copy);
    atomic_store(&store->snapshot, COLLECTOR_SNAPSHOT_NONE);
    return rc;
}

void
collector_store_snapshot_cancel(struct collector_store *store)
{
    int runs = COLLECTOR_SNAPSHOT_RUNS;

    (void)atomic_compare_exchange_strong(&store->snapshot, &runs,
                                         COLLECTOR_SNAPSHOT_CANCELLED);
}
