/* SPDX-License-Identifier: MIT */
/*
 * What became of a batch, put on record in one transaction. An event that the
 * receiver refuses when it is offered alone leaves the backlog as a dead letter
 * in the transaction that counts it dead: it is in one of them or in the other,
 * also after a crash.
 */
#include "batch.h"
#include "ledger.h"
#include "store.h"

#include <collector/error.h>
#include <string.h>

/** A checkpoint in the queue. */
struct checkpoint {
    struct collector__operation operation;
    struct collector_store *store;
    const struct collector_batch *batch;
    const struct collector_delivery *delivery;
    struct collector__run run;
    /** What came out: it has become a dead letter. */
    bool buried;
};

static int
insert_dead_letter(struct collector__connection *connection,
                   const struct checkpoint *checkpoint)
{
    const struct collector__run *run = &checkpoint->run;
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_INSERT_DEAD,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, run->last_id);
    sqlite3_bind_int64(statement, 2, run->finished_at);
    sqlite3_bind_int(statement, 3, checkpoint->delivery->status);
    sqlite3_bind_text(statement, 4, run->error, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, run->attempts);
    return collector__connection_run(connection, statement,
                                     "keeping a dead letter");
}

static int
bury(struct checkpoint *checkpoint, struct collector__connection *connection)
{
    const struct collector__run *run = &checkpoint->run;
    int rc;

    if (run->last_id <= connection->position.settled_through)
        return COLLECTOR_OK; /* dropped in the meantime, and counted so */
    rc = collector__ledger_settle(connection, COLLECTOR_FATE_DEAD, run);
    if (rc == COLLECTOR_OK)
        rc = insert_dead_letter(connection, checkpoint);
    checkpoint->buried = rc == COLLECTOR_OK;
    return rc;
}

static int
run_checkpoint(struct collector__operation *operation,
               struct collector__connection *connection)
{
    struct checkpoint *checkpoint = (struct checkpoint *)operation;
    struct collector__run *run = &checkpoint->run;

    checkpoint->buried = false;
    run->unwritten = false;
    switch (checkpoint->delivery->result) {
    case COLLECTOR_DELIVERED:
        run->unwritten = operation->frugal;
        return collector__ledger_settle(connection, COLLECTOR_FATE_DELIVERED,
                                        run);
    case COLLECTOR_REJECTED:
        if (run->first_id == run->last_id &&
            connection->position.dead_in_a_row < COLLECTOR_DEAD_IN_A_ROW_MAX)
            return bury(checkpoint, connection);
        break;
    case COLLECTOR_RETRY:
        break;
    }
    return collector__ledger_note_outage(connection, run);
}

/** Say it once for each, whoever offered it. */
static void
log_dead_letter(const struct checkpoint *checkpoint)
{
    const struct collector_delivery *delivery = checkpoint->delivery;
    const struct collector__database *database = &checkpoint->store->database;

    collector__log(&database->log, COLLECTOR_LOG_WARNING,
                   "%s: event %lld is a dead letter after %u attempts: "
                   "status %d, %s",
                   database->path, (long long)checkpoint->run.last_id,
                   checkpoint->run.attempts, delivery->status,
                   delivery->error[0] != '\0' ? delivery->error : "no reason");
}

int
collector_store_checkpoint(struct collector_store *store,
                           struct collector_batch *batch,
                           const struct collector_delivery *delivery)
{
    struct checkpoint checkpoint = {.operation = {.run = run_checkpoint},
                                    .store = store,
                                    .batch = batch,
                                    .delivery = delivery};
    struct collector__run *run = &checkpoint.run;
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    if (batch == NULL || delivery == NULL)
        return COLLECTOR_ERR_INVALID;
    run->first_id = collector_batch_first_id(batch);
    run->last_id = collector_batch_last_id(batch);
    run->started_at = delivery->started_at != 0
                          ? delivery->started_at
                          : collector__batch_read_at(batch);
    run->finished_at = collector__clock_wall_ms(&store->database.clock);
    run->attempts = delivery->attempts != 0 ? delivery->attempts : 1;
    if (delivery->result != COLLECTOR_DELIVERED)
        run->error = delivery->error;
    checkpoint.operation.collector_id = collector_batch_collector_id(batch);
    checkpoint.operation.essential = delivery->result != COLLECTOR_RETRY;
    rc = collector__store_submit(store, &checkpoint.operation);
    if (rc == COLLECTOR_OK && checkpoint.buried)
        log_dead_letter(&checkpoint);
    return rc;
}
