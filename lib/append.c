/* SPDX-License-Identifier: MIT */
/*
 * Events in. Everything is checked before anything is queued; then all of it is
 * kept or none. The ids are given out inside the transaction, so that an id is
 * only ever seen by anybody once its event, and all before it, are committed.
 */
#include "devices.h"
#include "event.h"
#include "store.h"

#include <collector/error.h>

/** An append in the queue. */
struct append {
    struct collector__operation operation;
    const struct collector__event_list *list;
    uint64_t backlog_max;
    int64_t now;
    /** What came out. */
    int64_t first_id;
};

static int
insert_event(struct collector__connection *connection, int64_t id,
             const struct collector_event *event)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_INSERT_EVENT,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, event->device_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, event->kind, -1, SQLITE_STATIC);
    if (event->payload != NULL)
        sqlite3_bind_text(statement, 4, event->payload, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, event->ts);
    return collector__connection_run(connection, statement, "storing an event");
}

/** Whether the backlog has room for so many more. */
static bool
has_room(const struct append *append,
         const struct collector__position *position)
{
    const int64_t pending = position->next_id - 1 - position->settled_through;

    return append->backlog_max == 0 ||
           (uint64_t)pending + append->list->event_count <= append->backlog_max;
}

static int
run_append(struct collector__operation *operation,
           struct collector__connection *connection)
{
    struct append *append = (struct append *)operation;
    const struct collector__event_list *list = append->list;
    struct collector__position *position = &connection->position;
    const int64_t first_id = position->next_id;
    size_t i;
    int rc;

    if (!has_room(append, position))
        return COLLECTOR_ERR_FULL;
    for (i = 0; i < list->event_count; i++) {
        rc = insert_event(connection, first_id + (int64_t)i, &list->events[i]);
        if (rc != COLLECTOR_OK)
            return rc;
        collector__devices_note(connection, list->events[i].ts, append->now);
    }
    position->next_id += (int64_t)list->event_count;
    append->first_id = first_id;
    return COLLECTOR_OK;
}

static int
append_list(struct collector_store *store,
            const struct collector__event_list *list, int64_t now,
            struct collector_receipt *ret_receipt)
{
    struct append append = {
        .operation = {.run = run_append,
                      .event_count = list->event_count,
                      .byte_count = list->texts.size},
        .list = list,
        .backlog_max = store->backlog_max,
        .now = now,
    };
    int rc = COLLECTOR_OK;

    if (list->event_count > 0)
        rc = collector__writer_submit(&store->writer, &append.operation);
    if (rc == COLLECTOR_OK && ret_receipt != NULL) {
        ret_receipt->first_id = append.first_id;
        ret_receipt->count = list->event_count;
    }
    return rc;
}

int
collector_store_append(struct collector_store *store,
                       const struct collector_event *events, size_t event_count,
                       struct collector_receipt *ret_receipt)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector_problem problem;
    int64_t now;
    int rc;

    if (store == NULL || (events == NULL && event_count > 0))
        return COLLECTOR_ERR_INVALID;
    now = collector__clock_wall_ms(&store->database.clock);
    rc = collector__event_list_copy(events, event_count, now, &list, &problem);
    if (rc == COLLECTOR_OK)
        rc = append_list(store, &list, now, ret_receipt);
    collector__event_list_clear(&list);
    return rc;
}

int
collector_store_append_json(struct collector_store *store, const char *text,
                            size_t size, enum collector_json_form form,
                            struct collector_receipt *ret_receipt,
                            struct collector_problem *ret_problem)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector_problem problem = {-1, "bad argument"};
    int rc = COLLECTOR_ERR_INVALID;
    int64_t now;

    if (store != NULL && (text != NULL || size == 0) &&
        (unsigned)form <= COLLECTOR_JSON_LINES) {
        now = collector__clock_wall_ms(&store->database.clock);
        rc = collector__event_list_parse(text != NULL ? text : "", size, form,
                                         now, &list, &problem);
        if (rc == COLLECTOR_OK)
            rc = append_list(store, &list, now, ret_receipt);
    }
    if (ret_problem != NULL &&
        (rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_TOO_BIG))
        *ret_problem = problem;
    collector__event_list_clear(&list);
    return rc;
}
