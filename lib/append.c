/* SPDX-License-Identifier: MIT */
/*
 * Events in. Everything is checked before anything is queued; then all of it is
 * kept or none. The ids are given out inside the transaction, so that an id is
 * only ever seen by anybody once its event, and all before it, are committed.
 */
#include "append.h"

#include "devices.h"
#include "event.h"
#include "idempotency.h"
#include "room.h"
#include "store.h"

#include <collector/error.h>
#include <stdio.h>

/** An append in the queue. */
struct append {
    struct collector__operation operation;
    const struct collector__event_list *list;
    int64_t now;
    /** NULL for none. */
    const char *key;
    struct collector__digest digest;
    /** What came out. */
    struct collector_receipt receipt;
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

int
collector__append_list(struct collector__connection *connection,
                       const struct collector__event_list *list, int64_t now)
{
    struct collector__position *position = &connection->position;
    size_t i;
    int rc;

    for (i = 0; i < list->event_count; i++) {
        rc = insert_event(connection, position->next_id + (int64_t)i,
                          &list->events[i]);
        if (rc != COLLECTOR_OK)
            return rc;
        collector__devices_note_event(
            connection, position->next_id + (int64_t)i, &list->events[i], now);
    }
    position->next_id += (int64_t)list->event_count;
    return COLLECTOR_OK;
}

static int
run_append(struct collector__operation *operation,
           struct collector__connection *connection)
{
    struct append *append = (struct append *)operation;
    struct collector_receipt *receipt = &append->receipt;
    int rc;

    if (append->key != NULL) {
        rc = collector__idempotency_find(connection, append->key,
                                         &append->digest, receipt);
        if (rc != COLLECTOR_OK || receipt->duplicate)
            return rc;
    }
    rc = collector__room_check(connection, append->list->event_count,
                               append->list->texts.size, COLLECTOR_ROOM_MADE);
    if (rc != COLLECTOR_OK)
        return rc;
    receipt->first_id = connection->position.next_id;
    receipt->count = append->list->event_count;
    rc = collector__append_list(connection, append->list, append->now);
    if (rc == COLLECTOR_OK && append->key != NULL)
        rc = collector__idempotency_keep(connection, append->key,
                                         &append->digest, receipt, append->now);
    return rc;
}

/** Queue what was checked. The caller has set what depends on its form. */
static int
submit(struct collector_store *store, struct append *append,
       struct collector_receipt *ret_receipt)
{
    const struct collector__event_list *list = append->list;
    int rc = COLLECTOR_OK;

    append->operation.run = run_append;
    append->operation.event_count = list->event_count;
    append->operation.byte_count = list->texts.size;
    if (list->event_count > 0)
        rc = collector__store_submit(store, &append->operation);
    if (rc == COLLECTOR_OK && ret_receipt != NULL)
        *ret_receipt = append->receipt;
    return rc;
}

/** Whether a key is none, or a good one. */
static bool
is_usable(const char *key)
{
    return key == NULL || collector__idempotency_key_is_valid(key);
}

int
collector_store_append(struct collector_store *store,
                       const struct collector_event *events, size_t event_count,
                       const char *idempotency_key,
                       struct collector_receipt *ret_receipt)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct append append = {.list = &list, .key = idempotency_key};
    struct collector_problem problem;
    int rc = collector__store_check(store);

    if (rc != COLLECTOR_OK)
        return rc;
    if ((events == NULL && event_count > 0) || !is_usable(idempotency_key))
        return COLLECTOR_ERR_INVALID;
    append.now = collector__clock_wall_ms(&store->database.clock);
    rc = collector__event_list_copy(events, event_count, append.now, &list,
                                    &problem);
    if (rc == COLLECTOR_OK && idempotency_key != NULL)
        append.digest = collector__digest_events(events, event_count);
    if (rc == COLLECTOR_OK)
        rc = submit(store, &append, ret_receipt);
    collector__event_list_clear(&list);
    return rc;
}

int
collector_store_append_json(struct collector_store *store, const char *text,
                            size_t size, enum collector_json_form form,
                            const char *idempotency_key,
                            struct collector_receipt *ret_receipt,
                            struct collector_problem *ret_problem)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct append append = {.list = &list, .key = idempotency_key};
    struct collector_problem problem = {-1, "bad argument"};
    int rc = collector__store_check(store);

    if (rc == COLLECTOR_ERR_FORK)
        return rc;
    rc = COLLECTOR_ERR_INVALID;
    if (!is_usable(idempotency_key)) {
        (void)snprintf(problem.text, sizeof(problem.text),
                       "the idempotency key is empty, over %d bytes, or not "
                       "printable UTF-8",
                       COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX); /* it fits */
    } else if (store != NULL && (text != NULL || size == 0) &&
               (unsigned)form <= COLLECTOR_JSON_LINES) {
        append.now = collector__clock_wall_ms(&store->database.clock);
        rc = collector__event_list_parse(text != NULL ? text : "", size, form,
                                         append.now, &list, &problem);
        if (rc == COLLECTOR_OK && idempotency_key != NULL)
            append.digest = collector__digest_text(text, size);
        if (rc == COLLECTOR_OK) {
            rc = submit(store, &append, ret_receipt);
            if (rc == COLLECTOR_ERR_TOO_BIG)
                (void)snprintf(problem.text, sizeof(problem.text),
                               "more than the store's size limit can hold");
        }
    }
    if (ret_problem != NULL &&
        (rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_TOO_BIG))
        *ret_problem = problem;
    collector__event_list_clear(&list);
    return rc;
}
