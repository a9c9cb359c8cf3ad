/* SPDX-License-Identifier: MIT */
/*
 * A run of events on its way to a sink: a copy, so that nothing is held while
 * the network takes its time. It is contiguous by construction: an event that
 * is missing between two others is damage, and is said to be, rather than
 * passed over.
 */
#include "batch.h"

#include "event_row.h"
#include "memory.h"

#include <collector/error.h>
#include <string.h>

/* A byte can become six: \u001f. Payloads stay as they are. */
#define RENDERED_SIZE_MAX (8 * (size_t)COLLECTOR_BATCH_BYTES_MAX)

/** The batch as text, made when somebody asks for it. */
struct rendering {
    struct collector__buffer text;
    enum collector_batch_form form;
    bool complete;
};

struct collector_batch {
    struct collector__event_list list;
    int64_t first_id;
    int64_t read_at;
    bool full;
    char collector_id[COLLECTOR_UUID_SIZE];
    struct rendering *rendering;
    _Atomic bool *out;
};

size_t
collector_batch_count(const struct collector_batch *batch)
{
    return batch->list.event_count;
}

int64_t
collector_batch_first_id(const struct collector_batch *batch)
{
    return batch->first_id;
}

int64_t
collector_batch_last_id(const struct collector_batch *batch)
{
    return batch->first_id + (int64_t)batch->list.event_count - 1;
}

const char *
collector_batch_collector_id(const struct collector_batch *batch)
{
    return batch->collector_id;
}

const struct collector_event *
collector_batch_event(const struct collector_batch *batch, size_t i)
{
    return i < batch->list.event_count ? &batch->list.events[i] : NULL;
}

bool
collector__batch_is_full(const struct collector_batch *batch)
{
    return batch->full;
}

int64_t
collector__batch_read_at(const struct collector_batch *batch)
{
    return batch->read_at;
}

static int
render(const struct collector_batch *batch, enum collector_batch_form form)
{
    const bool array = form == COLLECTOR_BATCH_ARRAY;
    struct collector__buffer *text = &batch->rendering->text;
    int rc = COLLECTOR_OK;
    size_t i;

    text->size = 0;
    if (array)
        rc = collector__buffer_add_text(text, "[");
    for (i = 0; rc == COLLECTOR_OK && i < batch->list.event_count; i++) {
        if (array && i > 0)
            rc = collector__buffer_add_text(text, ",");
        if (rc == COLLECTOR_OK)
            rc = collector__event_render(&batch->list.events[i],
                                         batch->first_id + (int64_t)i, text);
        if (rc == COLLECTOR_OK && !array)
            rc = collector__buffer_add_text(text, "\n");
    }
    if (rc == COLLECTOR_OK && array)
        rc = collector__buffer_add_text(text, "]");
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add(text, "", 1);
    return rc;
}

int
collector_batch_json(const struct collector_batch *batch,
                     enum collector_batch_form form, const char **ret_text,
                     size_t *ret_size)
{
    struct rendering *rendering;
    int rc;

    if (batch == NULL || ret_text == NULL ||
        (unsigned)form > COLLECTOR_BATCH_LINES)
        return COLLECTOR_ERR_INVALID;
    rendering = batch->rendering;
    if (!rendering->complete || rendering->form != form) {
        rendering->complete = false;
        rc = render(batch, form);
        if (rc != COLLECTOR_OK)
            return COLLECTOR_ERR_NOMEM; /* the maximum can't be reached */
        rendering->form = form;
        rendering->complete = true;
    }
    *ret_text = rendering->text.data;
    if (ret_size != NULL)
        *ret_size = rendering->text.size - 1;
    return COLLECTOR_OK;
}

void
collector_batch_free(struct collector_batch *batch)
{
    if (batch == NULL)
        return;
    if (batch->rendering != NULL)
        collector__buffer_clear(&batch->rendering->text);
    collector__memory_free(batch->rendering);
    collector__event_list_clear(&batch->list);
    if (batch->out != NULL)
        atomic_store(batch->out, false);
    collector__memory_free(batch);
}

static int
batch_new(size_t texts_size, struct collector_batch **ret_batch)
{
    struct collector_batch *batch = collector__memory_zeroed(sizeof(*batch));
    int rc = COLLECTOR_ERR_NOMEM;

    if (batch == NULL)
        return COLLECTOR_ERR_NOMEM;
    batch->rendering = collector__memory_zeroed(sizeof(*batch->rendering));
    if (batch->rendering == NULL)
        goto out;
    collector__buffer_init(&batch->rendering->text, RENDERED_SIZE_MAX);
    rc = collector__event_list_init(&batch->list, texts_size);
    if (rc != COLLECTOR_OK)
        goto out;
    *ret_batch = batch;
    batch = NULL; /* handed over */
out:
    collector_batch_free(batch);
    return rc;
}

/** Copy the event in the current row. */
static int
read_event(struct collector__connection *connection, sqlite3_stmt *statement,
           struct collector_batch *batch)
{
    const int64_t id = sqlite3_column_int64(statement, 0);
    int64_t expected;

    if (batch->list.event_count == 0)
        batch->first_id = sqlite3_column_int64(statement, 5) + 1;
    expected = collector_batch_last_id(batch) + 1;
    if (id != expected) {
        collector__log(&connection->database->log, COLLECTOR_LOG_ERROR,
                       "%s: event %lld is missing", connection->database->path,
                       (long long)expected);
        return COLLECTOR_ERR_CORRUPT;
    }
    return collector__event_row_read(connection, statement, 1, &batch->list);
}

/** Whether the event in the current row would take the batch past its bytes. */
static bool
is_over(const struct collector_batch *batch, sqlite3_stmt *statement,
        size_t bytes_max, size_t *bytes)
{
    *bytes +=
        COLLECTOR_EVENT_OVERHEAD + collector__event_row_size(statement, 1);
    return batch->list.event_count > 0 && *bytes > bytes_max;
}

static int
read_events(struct collector__connection *connection,
            const struct collector_batch_limits *limits,
            struct collector_batch *batch)
{
    sqlite3_stmt *statement = NULL;
    size_t bytes = 0;
    int step;
    int rc;

    rc = collector__connection_prepare(connection, COLLECTOR_SQL_FETCH,
                                       &statement);
    if (rc != COLLECTOR_OK)
        return rc;
    sqlite3_bind_int64(statement, 1, limits->event_count_max);
    while ((step = sqlite3_step(statement)) == SQLITE_ROW &&
           !is_over(batch, statement, limits->bytes_max, &bytes)) {
        rc = read_event(connection, statement, batch);
        if (rc != COLLECTOR_OK)
            break;
    }
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = collector__connection_error(connection, "fetching");
    batch->full = step == SQLITE_ROW ||
                  batch->list.event_count == limits->event_count_max;
    collector__connection_done(statement); /* ends the read transaction */
    return rc;
}

int
collector__batch_read(struct collector__connection *connection,
                      const struct collector_batch_limits *limits,
                      const char *collector_id, _Atomic bool *out,
                      struct collector_batch **ret_batch)
{
    struct collector_batch *batch = NULL;
    int rc;

    rc = batch_new(limits->bytes_max + COLLECTOR_EVENT_SIZE_MAX, &batch);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = read_events(connection, limits, batch);
    if (rc == COLLECTOR_OK && batch->list.event_count > 0) {
        memcpy(batch->collector_id, collector_id, sizeof(batch->collector_id));
        batch->read_at = collector__clock_wall_ms(&connection->database->clock);
        batch->out = out;
        *ret_batch = batch;
        batch = NULL; /* handed over */
    } else if (rc == COLLECTOR_OK) {
        *ret_batch = NULL;
    }
    collector_batch_free(batch);
    return rc;
}
