/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_EVENT_ROW_H
#define COLLECTOR_LIB_EVENT_ROW_H

#include "connection.h"
#include "event_list.h"

/** The texts of one event at most, NULs included: what a list that has reached
 *  its limit may still need for its last event. */
#define COLLECTOR_EVENT_SIZE_MAX                                               \
    (COLLECTOR_DEVICE_ID_SIZE_MAX + COLLECTOR_KIND_SIZE_MAX +                  \
     COLLECTOR_PAYLOAD_SIZE_MAX + 3)

/**
 * Add a copy of the event in the current row to a list.
 *
 * @param column  Of its device_id; kind, payload_json and ts follow.
 * @return COLLECTOR_OK, ERR_CORRUPT (also for more text than was reserved), or
 *         as collector__connection_error().
 */
int
collector__event_row_read(struct collector__connection *connection,
                          sqlite3_stmt *statement, int column,
                          struct collector__event_list *list);

/** Copy one more text of the row to the list's own. Returns likewise. */
int
collector__event_row_text(struct collector__connection *connection,
                          sqlite3_stmt *statement, int column,
                          struct collector__event_list *list,
                          const char **ret_text);

/** Bytes of the event's texts. The column as above. */
size_t
collector__event_row_size(sqlite3_stmt *statement, int column);

#endif
