/* SPDX-License-Identifier: MIT */
/*
 * Who was seen when. The table follows the events at a short distance, in
 * commits that happen anyway; the devices view makes up for the distance, so
 * that a reader with plain SQLite always sees the truth.
 */
#include "devices.h"

#include <collector/error.h>

void
collector__devices_note(struct collector__connection *connection, int64_t ts,
                        int64_t now)
{
    if (ts - now > COLLECTOR_DEVICES_FUTURE_MS)
        connection->devices_due = true;
}

bool
collector__devices_due(const struct collector__connection *connection)
{
    const struct collector__position *position = &connection->position;

    return connection->devices_due ||
           position->next_id - 1 - position->devices_through >=
               COLLECTOR_DEVICES_TAIL_MAX;
}

int
collector__devices_refresh(struct collector__connection *connection,
                           int64_t now)
{
    struct collector__position *position = &connection->position;
    const int64_t last_id = position->next_id - 1;
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(
        connection, COLLECTOR_SQL_REFRESH_DEVICES, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, now);
    sqlite3_bind_int64(statement, 2, position->devices_through);
    sqlite3_bind_int64(statement, 3, last_id);
    rc = collector__connection_run(connection, statement,
                                   "refreshing the devices");
    if (rc == COLLECTOR_OK)
        rc = collector__connection_prepare(
            connection, COLLECTOR_SQL_DEVICES_THROUGH, &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, last_id);
    rc = collector__connection_run(connection, statement,
                                   "moving devices_through");
    if (rc == COLLECTOR_OK)
        position->devices_through = last_id;
    return rc;
}
