/* SPDX-License-Identifier: MIT */
/*
 * What became of the events. Settled runs tile 1 … settled_through, each id
 * once; the three counters add up to settled_through in every commit, which the
 * table itself checks.
 */
#include "ledger.h"

#include <assert.h>
#include <collector/error.h>
#include <string.h>

static const char *
fate_status(enum collector__fate fate)
{
    switch (fate) {
    case COLLECTOR_FATE_DELIVERED:
        return "success";
    case COLLECTOR_FATE_DEAD:
        return "dead";
    case COLLECTOR_FATE_DROPPED:
        return "dropped";
    }
    return "error";
}

static int
insert_run(struct collector__connection *connection,
           const struct collector__run *run, const char *status)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_INSERT_RUN,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, run->started_at);
    sqlite3_bind_int64(statement, 2, run->finished_at);
    sqlite3_bind_int64(statement, 3, run->last_id - run->first_id + 1);
    sqlite3_bind_text(statement, 4, status, -1, SQLITE_STATIC);
    if (run->error != NULL && run->error[0] != '\0')
        sqlite3_bind_text(statement, 5, run->error, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, run->first_id);
    sqlite3_bind_int64(statement, 7, run->last_id);
    sqlite3_bind_int64(statement, 8, run->attempts);
    sqlite3_bind_int64(statement, 9,
                       collector__database_uptime_ms(connection->database));
    return collector__connection_run(connection, statement, "writing a run");
}

/**
 * Write down what was delivered while the disk was too full for a row of its
 * own: only a delivery is ever settled like that.
 */
static int
fill_gap(struct collector__connection *connection,
         const struct collector__run *run)
{
    struct collector__run gap = *run;
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_RUNS_THROUGH,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    if (sqlite3_step(statement) == SQLITE_ROW) {
        /* NULL, and so 0, when none was ever written. */
        gap.first_id = sqlite3_column_int64(statement, 0) + 1;
        gap.last_id = run->first_id - 1;
    } else {
        rc = collector__connection_error(connection, "reading the last run");
    }
    collector__connection_done(statement);
    if (rc != COLLECTOR_OK || gap.first_id > gap.last_id)
        return rc;
    gap.error = "written down later, for want of room";
    return insert_run(connection, &gap, "success");
}

/** Make the last run longer if it is a drop that this one goes on with: what
 *  an outage costs is one row, not one an append. */
static int
extend_drop(struct collector__connection *connection,
            const struct collector__run *run, bool *ret_done)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_EXTEND_DROP,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, run->first_id - 1);
    sqlite3_bind_int64(statement, 2, run->finished_at);
    sqlite3_bind_int64(statement, 3, run->last_id - run->first_id + 1);
    sqlite3_bind_int64(statement, 4, run->last_id);
    sqlite3_bind_int64(statement, 5,
                       collector__database_uptime_ms(connection->database));
    rc = collector__connection_run(connection, statement, "extending a drop");
    *ret_done = rc == COLLECTOR_OK && sqlite3_changes(connection->db) > 0;
    return rc;
}

/** The runs' rows: one for this run, and one for what was settled without. */
static int
write_run(struct collector__connection *connection, enum collector__fate fate,
          const struct collector__run *run)
{
    bool extended = false;
    int rc;

    rc = fill_gap(connection, run);
    if (rc == COLLECTOR_OK && fate == COLLECTOR_FATE_DROPPED)
        rc = extend_drop(connection, run, &extended);
    if (rc != COLLECTOR_OK || extended)
        return rc;
    return insert_run(connection, run, fate_status(fate));
}

int
collector__ledger_settle(struct collector__connection *connection,
                         enum collector__fate fate,
                         const struct collector__run *run)
{
    struct collector__position *position = &connection->position;
    struct collector__run rest = *run;
    sqlite3_stmt *statement = NULL;
    int64_t count;
    int rc;

    /* Else what lies between would leave the backlog unaccounted for. */
    assert(rest.first_id <= position->settled_through + 1);
    if (rest.first_id <= position->settled_through)
        rest.first_id = position->settled_through + 1;
    count = rest.last_id - rest.first_id + 1;
    if (count <= 0)
        return COLLECTOR_OK; /* somebody else has settled all of it */
    rc = collector__connection_prepare(connection, COLLECTOR_SQL_SETTLE,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, rest.last_id);
    sqlite3_bind_int64(statement, 2,
                       fate == COLLECTOR_FATE_DELIVERED ? count : 0);
    sqlite3_bind_int64(statement, 3, fate == COLLECTOR_FATE_DEAD ? count : 0);
    sqlite3_bind_int64(statement, 4,
                       fate == COLLECTOR_FATE_DROPPED ? count : 0);
    sqlite3_bind_int64(statement, 5,
                       collector__database_uptime_ms(connection->database));
    rc = collector__connection_run(connection, statement, "settling");
    if (rc == COLLECTOR_OK && !run->unwritten)
        rc = write_run(connection, fate, &rest);
    if (rc != COLLECTOR_OK)
        return rc;
    position->settled_through = rest.last_id;
    connection->settled = true;
    if (fate == COLLECTOR_FATE_DELIVERED)
        position->dead_in_a_row = 0;
    else if (fate == COLLECTOR_FATE_DEAD)
        position->dead_in_a_row += count;
    return COLLECTOR_OK;
}

/** The row of the outage that goes on; 0 when the last run was none. */
static int
find_outage(struct collector__connection *connection, int64_t *ret_id)
{
    sqlite3_stmt *statement = NULL;
    const char *status;
    int64_t id = 0;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_LAST_RUN,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        status = (const char *)sqlite3_column_text(statement, 1);
        if (status != NULL && strcmp(status, "error") == 0)
            id = sqlite3_column_int64(statement, 0);
    } else if (step != SQLITE_DONE) {
        rc = collector__connection_error(connection, "reading the last run");
    }
    collector__connection_done(statement);
    if (rc == COLLECTOR_OK)
        *ret_id = id;
    return rc;
}

static int
update_outage(struct collector__connection *connection, int64_t id,
              const struct collector__run *run)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_UPDATE_RUN,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, run->finished_at);
    sqlite3_bind_int64(statement, 3, run->last_id - run->first_id + 1);
    sqlite3_bind_text(statement, 4, run->error, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, run->first_id);
    sqlite3_bind_int64(statement, 6, run->last_id);
    return collector__connection_run(connection, statement,
                                     "updating an outage");
}

int
collector__ledger_note_outage(struct collector__connection *connection,
                              const struct collector__run *run)
{
    sqlite3_stmt *statement = NULL;
    int64_t id;
    int rc;

    rc = find_outage(connection, &id);
    if (rc != COLLECTOR_OK)
        return rc;
    if (id != 0)
        return update_outage(connection, id, run);
    rc = insert_run(connection, run, "error");
    if (rc == COLLECTOR_OK)
        rc = collector__connection_prepare(
            connection, COLLECTOR_SQL_PRUNE_ERRORS, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, COLLECTOR_ERROR_RUN_COUNT_MAX);
    return collector__connection_run(connection, statement,
                                     "pruning old outages");
}
