/* SPDX-License-Identifier: MIT */
/*
 * Operations as transactions. One operation's failure is its own: where several
 * share a transaction and one of them breaks it, nothing of it counts, and each
 * is run again alone. Savepoints would not do: on a full disk, an I/O error or
 * lack of memory SQLite may roll all of it back, and what follows would be
 * committed statement by statement.
 */
#include "operation.h"

#include "devices.h"

#include <collector/error.h>

/** Whether the storage is to blame, or whoever holds its lock for seconds. */
static bool
is_storage_error(int rc)
{
    return rc == COLLECTOR_ERR_IO || rc == COLLECTOR_ERR_NOSPACE ||
           rc == COLLECTOR_ERR_CORRUPT || rc == COLLECTOR_ERR_BUSY;
}

void
collector__operation_count(struct collector__counters *counters, int rc)
{
    if (rc == COLLECTOR_OK) {
        atomic_fetch_add(&counters->commits, 1);
        atomic_store(&counters->storage_ok, true);
        atomic_store(&counters->disk_full, false);
    } else if (is_storage_error(rc)) {
        atomic_fetch_add(&counters->commit_failures, 1);
        atomic_store(&counters->storage_ok, false);
        if (rc == COLLECTOR_ERR_NOSPACE)
            atomic_store(&counters->disk_full, true);
    }
}

/** Run it inside the open transaction, and note what it was short of. */
static int
run(struct collector__operation *operation,
    struct collector__connection *connection)
{
    connection->pages.missing = 0;
    operation->rc = operation->run(operation, connection);
    operation->pages_missing = connection->pages.missing;
    return operation->rc;
}

/** An event from the future is committed together with when its device was
 *  seen, or somebody could read the wrong time in between. */
static int
settle_future(struct collector__connection *connection)
{
    const struct collector_clock *clock = &connection->database->clock;
    int rc;

    if (!connection->devices_due)
        return COLLECTOR_OK;
    rc =
        collector__devices_refresh(connection, collector__clock_wall_ms(clock));
    connection->devices_due = rc != COLLECTOR_OK;
    return rc;
}

int
collector__operation_run_alone(struct collector__operation *operation,
                               struct collector__connection *connection,
                               enum collector__begin how,
                               struct collector__counters *counters)
{
    int rc;

    rc = collector__connection_begin(connection, how);
    if (rc == COLLECTOR_OK) {
        rc = run(operation, connection);
        if (rc == COLLECTOR_OK)
            rc = settle_future(connection);
        if (rc == COLLECTOR_OK)
            rc = collector__connection_commit(connection);
        else
            collector__connection_rollback(connection);
    }
    /* Optimists are busy all the time: the pool says when it is too much. */
    if ((rc == COLLECTOR_OK || connection->failed) &&
        !(rc == COLLECTOR_ERR_BUSY && how == COLLECTOR_BEGIN_OPTIMISTIC))
        collector__operation_count(counters, rc);
    operation->rc = rc;
    return rc;
}

static void
set_all(struct collector__operation *first, int rc)
{
    for (; first != NULL; first = first->together)
        first->rc = rc;
}

/** Give this to those that would have been committed. */
static void
fail_successes(struct collector__operation *first, int rc)
{
    for (; first != NULL; first = first->together) {
        if (first->rc == COLLECTOR_OK)
            first->rc = rc;
    }
}

/**
 * Run each inside the open transaction.
 *
 * @return Whether the transaction is still good: nobody who failed has left
 *         anything in it.
 */
static bool
run_each(struct collector__operation *first,
         struct collector__connection *connection, bool *ret_any)
{
    int64_t changes;

    *ret_any = false;
    for (; first != NULL; first = first->together) {
        changes = sqlite3_total_changes64(connection->db);
        if (run(first, connection) == COLLECTOR_OK)
            *ret_any = true;
        else if (connection->failed ||
                 sqlite3_total_changes64(connection->db) != changes)
            return false;
    }
    return true;
}

static bool
refresh_if_due(struct collector__connection *connection)
{
    const struct collector_clock *clock = &connection->database->clock;

    return !collector__devices_due(connection) ||
           collector__devices_refresh(
               connection, collector__clock_wall_ms(clock)) == COLLECTOR_OK;
}

bool
collector__operation_run_together(struct collector__operation *first,
                                  struct collector__connection *connection,
                                  struct collector__counters *counters)
{
    bool any;
    int rc;

    rc = collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE);
    if (rc != COLLECTOR_OK) {
        collector__operation_count(counters, rc);
        set_all(first, rc);
        return true;
    }
    if (!run_each(first, connection, &any) ||
        (any && !refresh_if_due(connection))) {
        collector__connection_rollback(connection);
        if (!connection->suspect)
            return false;
        collector__operation_count(counters, COLLECTOR_ERR_IO);
        set_all(first, COLLECTOR_ERR_IO); /* no ack before a proof */
        return true;
    }
    if (!any) {
        collector__connection_rollback(connection); /* nothing to commit */
        return true;
    }
    rc = collector__connection_commit(connection);
    if (rc == COLLECTOR_OK || connection->suspect) {
        collector__operation_count(counters, rc);
        fail_successes(first, rc); /* none, when it worked */
        return true;
    }
    return false;
}

/** Whether an operation found no room where some can be made. */
static bool
is_roomless(const struct collector__operation *operation)
{
    return operation->rc == COLLECTOR_ERR_NOSPACE ||
           (operation->rc == COLLECTOR_ERR_FULL &&
            operation->pages_missing > 0);
}

struct collector__operation *
collector__operation_keep_roomless(struct collector__operation *first,
                                   struct collector__shortage *ret_shortage)
{
    struct collector__shortage shortage = {0, 0, false};
    struct collector__operation *kept = NULL;
    struct collector__operation **end = &kept;

    for (; first != NULL; first = first->together) {
        if (!is_roomless(first))
            continue;
        if (first->rc == COLLECTOR_ERR_NOSPACE)
            shortage.disk = true;
        shortage.page_count += first->pages_missing;
        if (first->pages_missing > shortage.page_count_max)
            shortage.page_count_max = first->pages_missing;
        *end = first;
        end = &first->together;
    }
    *end = NULL;
    *ret_shortage = shortage;
    return kept;
}

struct collector__operation *
collector__operation_keep_essential(struct collector__operation *first)
{
    struct collector__operation *kept = NULL;
    struct collector__operation **end = &kept;

    for (; first != NULL; first = first->together) {
        if (!first->essential)
            continue;
        first->frugal = true;
        *end = first;
        end = &first->together;
    }
    *end = NULL;
    return kept;
}

int
collector__operation_refresh_devices(struct collector__operation *operation,
                                     struct collector__connection *connection)
{
    const struct collector_clock *clock = &connection->database->clock;

    (void)operation;
    return collector__devices_refresh(connection,
                                      collector__clock_wall_ms(clock));
}

int
collector__operation_prove(struct collector__operation *operation,
                           struct collector__connection *connection)
{
    (void)operation;
    return collector__connection_note_fault(connection);
}
