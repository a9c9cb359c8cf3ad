/* SPDX-License-Identifier: MIT */
/* An event as a row of the file, copied so that it outlives the row. */
#include "event_row.h"

#include <collector/error.h>

int
collector__event_row_text(struct collector__connection *connection,
                          sqlite3_stmt *statement, int column,
                          struct collector__event_list *list,
                          const char **ret_text)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    int rc;

    if (text == NULL)
        return collector__connection_error(connection, "reading an event");
    rc = collector__event_list_keep(
        list, text, (size_t)sqlite3_column_bytes(statement, column), ret_text);
    return rc == COLLECTOR_ERR_TOO_BIG ? COLLECTOR_ERR_CORRUPT : rc;
}

int
collector__event_row_read(struct collector__connection *connection,
                          sqlite3_stmt *statement, int column,
                          struct collector__event_list *list)
{
    struct collector_event event = {
        NULL, NULL, NULL, sqlite3_column_int64(statement, column + 3)};
    int rc;

    rc = collector__event_row_text(connection, statement, column, list,
                                   &event.device_id);
    if (rc == COLLECTOR_OK)
        rc = collector__event_row_text(connection, statement, column + 1, list,
                                       &event.kind);
    if (rc == COLLECTOR_OK &&
        sqlite3_column_type(statement, column + 2) != SQLITE_NULL)
        rc = collector__event_row_text(connection, statement, column + 2, list,
                                       &event.payload);
    return rc == COLLECTOR_OK ? collector__event_list_add(list, &event) : rc;
}

size_t
collector__event_row_size(sqlite3_stmt *statement, int column)
{
    return (size_t)sqlite3_column_bytes(statement, column) +
           (size_t)sqlite3_column_bytes(statement, column + 1) +
           (size_t)sqlite3_column_bytes(statement, column + 2);
}
