/* SPDX-License-Identifier: MIT */
/*
 * Who was seen when. The table follows the events at a short distance, in
 * commits that happen anyway; the devices view makes up for the distance, so
 * that a reader with plain SQLite always sees the truth.
 */
#include "devices.h"

#include <collector/error.h>

/** Whether a device's clock is ahead of ours, which says 1 or more; a ts from a
 *  file may be anything. */
static bool
is_ahead(int64_t ts, int64_t now)
{
    return ts > now && ts - now > COLLECTOR_DEVICES_FUTURE_MS;
}

void
collector__devices_note(struct collector__connection *connection, int64_t ts,
                        int64_t now)
{
    if (is_ahead(ts, now))
        connection->devices_due = true;
}

void
collector__devices_note_event(struct collector__connection *connection,
                              int64_t id, const struct collector_event *event,
                              int64_t now)
{
    struct collector__seen *seen = &connection->seen;

    collector__devices_note(connection, event->ts, now);
    /* Another connection has written down a part of the run: it would never be
     * asked for again, and grow with every device that there is. */
    if (seen->first_id <= connection->position.devices_through)
        collector__seen_forget(seen);
    collector__seen_note(seen, id, event->device_id,
                         is_ahead(event->ts, now) ? now : event->ts);
}

bool
collector__devices_due(const struct collector__connection *connection)
{
    const struct collector__position *position = &connection->position;
    const int64_t tail = position->next_id - 1 - position->devices_through;

    return connection->devices_due || tail >= COLLECTOR_DEVICES_TAIL_MAX ||
           (connection->settled && tail >= COLLECTOR_DEVICES_TAIL_WORTH);
}

static int
refresh_device(void *userdata, const char *device_id, int64_t ts)
{
    struct collector__connection *connection = userdata;
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_REFRESH_DEVICE,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_text(statement, 1, device_id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, ts);
    return collector__connection_run(connection, statement,
                                     "refreshing a device");
}

/** Bring the table up to date from the events in the file. Those of earlier
 *  transactions were not from the future when they came: it is our clock that
 *  was set back since, and it takes nothing back. */
static int
refresh_from_file(struct collector__connection *connection, int64_t now,
                  int64_t last_id)
{
    const int64_t values[] = {now, connection->position.devices_through,
                              last_id, connection->own_id,
                              COLLECTOR_DEVICES_FUTURE_MS};

    return collector__connection_run_with(
        connection, COLLECTOR_SQL_REFRESH_DEVICES, values, 5);
}

int
collector__devices_refresh(struct collector__connection *connection,
                           int64_t now)
{
    struct collector__position *position = &connection->position;
    const int64_t last_id = position->next_id - 1;
    int rc;

    if (collector__seen_is_of(&connection->seen, position->devices_through + 1,
                              last_id))
        rc =
            collector__seen_each(&connection->seen, refresh_device, connection);
    else
        rc = refresh_from_file(connection, now, last_id);
    if (rc == COLLECTOR_OK)
        rc = collector__connection_run_with(
            connection, COLLECTOR_SQL_DEVICES_THROUGH, &last_id, 1);
    if (rc != COLLECTOR_OK)
        return rc;
    position->devices_through = last_id;
    collector__seen_forget(&connection->seen);
    return COLLECTOR_OK;
}
