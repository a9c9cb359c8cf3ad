/* SPDX-License-Identifier: MIT */
/*
 * What may be deleted, and when. Events go run by run, oldest first, some
 * hundred at a time; a run goes when its last event has. What is pruned moves
 * no counter: it was settled before. Space is used again, and what is free
 * beyond a share of the file is given back.
 */
#include "retention.h"

#include "devices.h"
#include "idempotency.h"
#include "ledger.h"

#include <collector/error.h>

/** The last id of the runs that were settled so long ago; -1 for none. */
static int
find_aged(struct collector__connection *connection, uint64_t retain_ms,
          int64_t *ret_last_id)
{
    const struct collector__database *database = connection->database;
    const int64_t uptime = collector__database_uptime_ms(database);
    int64_t range[2];

    *ret_last_id = -1;
    if (retain_ms > (uint64_t)uptime)
        return COLLECTOR_OK;
    range[0] = connection->pruned_through;
    range[1] = uptime - (int64_t)retain_ms;
    return collector__connection_ask(connection, COLLECTOR_SQL_AGED_RUNS, range,
                                     2, ret_last_id);
}

/**
 * The events to be pruned next.
 *
 * @param ret_first_id  -1 when there are none.
 */
static int
find_range(struct collector__connection *connection,
           enum collector__prune which, int64_t *ret_first_id,
           int64_t *ret_last_id)
{
    int64_t range[2];
    int rc;

    if (which == COLLECTOR_PRUNE_SETTLED) {
        *ret_last_id = connection->position.settled_through;
        rc = COLLECTOR_OK;
    } else {
        rc = find_aged(connection, connection->database->limits.retain_ms,
                       ret_last_id);
    }
    *ret_first_id = -1;
    if (rc != COLLECTOR_OK || *ret_last_id <= connection->pruned_through)
        return rc;
    range[0] = connection->pruned_through;
    range[1] = *ret_last_id;
    return collector__connection_ask(connection, COLLECTOR_SQL_FIRST_PRUNABLE,
                                     range, 2, ret_first_id);
}

/** The devices table learns of events before they go. */
static int
keep_devices(struct collector__connection *connection, int64_t last_id)
{
    const struct collector_clock *clock = &connection->database->clock;

    if (last_id <= connection->position.devices_through)
        return COLLECTOR_OK;
    return collector__devices_refresh(connection,
                                      collector__clock_wall_ms(clock));
}

/** Delete the runs that have no event left. */
static int
prune_runs(struct collector__connection *connection, int64_t through)
{
    const int64_t range[] = {connection->pruned_through, through};
    const int64_t audits[] = {through, COLLECTOR_AUDIT_RUN_COUNT_MAX};
    int rc;

    rc = collector__connection_run_with(connection, COLLECTOR_SQL_PRUNE_RUNS,
                                        range, 2);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_PRUNE_AUDITS, audits, 2);
    return rc;
}

int
collector__retention_prune(struct collector__connection *connection,
                           uint32_t event_count_max,
                           enum collector__prune which, bool *ret_any)
{
    int64_t first_id;
    int64_t last_id;
    int64_t range[2];
    int rc;

    rc = find_range(connection, which, &first_id, &last_id);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_any = last_id > connection->pruned_through;
    if (!*ret_any)
        return COLLECTOR_OK;
    if (first_id > 0 && last_id - first_id >= event_count_max)
        last_id = first_id + event_count_max - 1;
    rc = keep_devices(connection, last_id);
    range[0] = connection->pruned_through + 1;
    range[1] = last_id;
    if (rc == COLLECTOR_OK)
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_PRUNE_EVENTS, range, 2);
    if (rc == COLLECTOR_OK) {
        collector__meter_note_pruned(connection);
        rc = prune_runs(connection, last_id);
    }
    if (rc == COLLECTOR_OK)
        connection->pruned_through = last_id;
    return rc;
}

int
collector__retention_prune_letters(struct collector__connection *connection,
                                   uint32_t count_max, uint64_t keep_count,
                                   bool *ret_any)
{
    const int64_t offset = (int64_t)keep_count;
    int64_t last_id;
    int64_t limits[2];
    int rc;

    rc = collector__connection_ask(connection, COLLECTOR_SQL_LETTER_BEHIND,
                                   &offset, 1, &last_id);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_any = last_id >= 0;
    if (!*ret_any)
        return COLLECTOR_OK;
    limits[0] = last_id;
    limits[1] = count_max;
    rc = keep_devices(connection, last_id);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_PRUNE_LETTER_EVENTS, limits, 2);
    if (rc == COLLECTOR_OK) {
        collector__meter_note_pruned(connection);
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_PRUNE_LETTERS, limits, 2);
    }
    return rc;
}

int
collector__retention_delete(struct collector__connection *connection,
                            int64_t first_id, int64_t last_id)
{
    const int64_t range[] = {first_id, last_id};
    int rc;

    rc = keep_devices(connection, last_id);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_DELETE_EVENTS, range, 2);
    return rc;
}

int
collector__retention_drop(struct collector__connection *connection,
                          int64_t count)
{
    struct collector__database *database = connection->database;
    const int64_t now = collector__clock_wall_ms(&database->clock);
    const struct collector__position *position = &connection->position;
    const struct collector__run run = {
        .first_id = position->settled_through + 1,
        .last_id = position->settled_through + count,
        .started_at = now,
        .finished_at = now,
        .error = "dropped to make room",
    };
    int rc;

    connection->pages.event_count += (uint64_t)count;
    rc = collector__ledger_settle(connection, COLLECTOR_FATE_DROPPED, &run);
    if (rc == COLLECTOR_OK)
        rc = collector__retention_delete(connection, run.first_id, run.last_id);
    return rc;
}

/** Whether so many free pages are too many. */
static int
has_too_many_pages(struct collector__connection *connection, bool *ret_many)
{
    const struct collector__database *database = connection->database;
    const int64_t main_pages_max = database->room.main_pages_max;
    int64_t kept = COLLECTOR_FREE_PAGES_KEPT;
    int64_t page_count = 0;
    int64_t free_count = 0;
    int rc;

    rc =
        collector__connection_count_pages(connection, &page_count, &free_count);
    if (rc != COLLECTOR_OK)
        return rc;
    if (main_pages_max > 0 &&
        main_pages_max / COLLECTOR_FREE_PAGES_KEPT_PART < kept)
        kept = main_pages_max / COLLECTOR_FREE_PAGES_KEPT_PART;
    /* A file from the time of a larger limit gets smaller as it can. */
    *ret_many =
        free_count > (page_count - free_count) / 2 + kept ||
        (main_pages_max > 0 && page_count > main_pages_max && free_count > 0);
    return COLLECTOR_OK;
}

int
collector__retention_give_back(struct collector__connection *connection)
{
    sqlite3_stmt *statement = NULL;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_GIVE_BACK,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    do {
        step = sqlite3_step(statement); /* one page a step */
    } while (step == SQLITE_ROW);
    if (step != SQLITE_DONE)
        rc = collector__connection_error(connection, "giving pages back");
    collector__connection_done(statement);
    return rc;
}

int
collector__retention_note_uptime(struct collector__connection *connection)
{
    const int64_t uptime = collector__database_uptime_ms(connection->database);

    return collector__connection_run_with(connection, COLLECTOR_SQL_NOTE_UPTIME,
                                          &uptime, 1);
}

/** How long after its time something may stay, so that a commit prunes more
 *  than a row or two: each writes its pages anew, however few go. */
static uint64_t
with_patience(uint64_t retain_ms)
{
    const uint64_t patience = retain_ms / COLLECTOR_PATIENCE_PART;

    return retain_ms <= UINT64_MAX - patience ? retain_ms + patience
                                              : retain_ms;
}

/** Whether events are due: as many as go at a time, or overdue ones. */
static int
find_due_events(struct collector__connection *connection,
                uint32_t event_count_max, bool *ret_due)
{
    const uint64_t retain_ms = connection->database->limits.retain_ms;
    int64_t aged = -1;
    int64_t overdue = -1;
    int rc;

    rc = find_aged(connection, retain_ms, &aged);
    if (rc == COLLECTOR_OK)
        rc = find_aged(connection, with_patience(retain_ms), &overdue);
    *ret_due = overdue > connection->pruned_through ||
               aged - connection->pruned_through >= event_count_max;
    return rc;
}

int
collector__retention_find_dues(struct collector__connection *connection,
                               uint32_t event_count_max,
                               struct collector__dues *ret_dues)
{
    const struct collector__database *database = connection->database;
    const struct collector__limits *limits = &database->limits;
    const int64_t uptime = collector__database_uptime_ms(database);
    const int64_t letters_max = (int64_t)limits->dead_letter_max;
    const uint64_t keys_ms = with_patience(limits->idempotency_retain_ms);
    struct collector__dues dues = {.events = false};
    int64_t found = -1;
    int rc;

    rc = find_due_events(connection, event_count_max, &dues.events);
    if (rc == COLLECTOR_OK && letters_max > 0) {
        rc = collector__connection_ask(connection, COLLECTOR_SQL_LETTER_BEHIND,
                                       &letters_max, 1, &found);
        dues.letters = found >= 0;
    }
    if (rc == COLLECTOR_OK && keys_ms <= (uint64_t)uptime) {
        rc = collector__connection_ask(connection, COLLECTOR_SQL_OLDEST_KEY,
                                       NULL, 0, &found);
        dues.keys = found >= 0 && found <= uptime - (int64_t)keys_ms;
    }
    if (rc == COLLECTOR_OK)
        rc = has_too_many_pages(connection, &dues.pages);
    if (rc == COLLECTOR_OK) {
        rc = collector__connection_ask(connection, COLLECTOR_SQL_UPTIME, NULL,
                                       0, &found);
        dues.uptime = found <= uptime - COLLECTOR_UPTIME_STEP_MS;
    }
    if (rc == COLLECTOR_OK)
        *ret_dues = dues;
    return rc;
}
