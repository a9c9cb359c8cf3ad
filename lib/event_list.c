/* SPDX-License-Identifier: MIT */
/*
 * Events in memory: two allocations for any number of them, one for the events
 * and one for their texts, so that a request costs the same few calls whatever
 * it holds.
 */
#include "event_list.h"

#include "memory.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* Events for which the first allocation has room. */
#define CAPACITY_MIN 4

int
collector__event_list_init(struct collector__event_list *list,
                           size_t texts_size)
{
    memset(list, 0, sizeof(*list));
    collector__buffer_init(&list->texts, texts_size);
    return collector__buffer_reserve(&list->texts, texts_size);
}

int
collector__event_list_keep(struct collector__event_list *list, const char *text,
                           size_t size, const char **ret_text)
{
    const char *copy;
    int rc;

    rc = collector__buffer_reserve(&list->texts, size + 1);
    if (rc != COLLECTOR_OK)
        return rc;
    copy = list->texts.data + list->texts.size;
    (void)collector__buffer_add(&list->texts, text, size); /* reserved above */
    (void)collector__buffer_add(&list->texts, "", 1);
    *ret_text = copy;
    return COLLECTOR_OK;
}

int
collector__event_list_add(struct collector__event_list *list,
                          const struct collector_event *event)
{
    struct collector_event *events;
    size_t capacity;

    if (list->event_count == list->capacity) {
        capacity = list->capacity == 0 ? CAPACITY_MIN : list->capacity * 2;
        events =
            collector__memory_resize(list->events, capacity * sizeof(*events));
        if (events == NULL)
            return COLLECTOR_ERR_NOMEM;
        list->events = events;
        list->capacity = capacity;
    }
    list->events[list->event_count++] = *event;
    return COLLECTOR_OK;
}

void
collector__event_list_clear(struct collector__event_list *list)
{
    collector__memory_free(list->events);
    collector__buffer_clear(&list->texts);
    memset(list, 0, sizeof(*list));
}

/** The escape for a character that may not stand in a JSON string as it is;
 *  NULL when it may. */
static const char *
escape(unsigned char c, char scratch[8])
{
    if (c == '"')
        return "\\\"";
    if (c == '\\')
        return "\\\\";
    if (c >= 0x20)
        return NULL;
    (void)snprintf(scratch, 8, "\\u%04x", c);
    return scratch;
}

static int
render_string(const char *text, struct collector__buffer *buffer)
{
    const char *start = text; /* of the run to be copied */
    const char *escaped;
    char scratch[8];
    int rc = collector__buffer_add_text(buffer, "\"");

    for (; *text != '\0' && rc == COLLECTOR_OK; text++) {
        escaped = escape((unsigned char)*text, scratch);
        if (escaped == NULL)
            continue;
        rc = collector__buffer_add(buffer, start, (size_t)(text - start));
        if (rc == COLLECTOR_OK)
            rc = collector__buffer_add_text(buffer, escaped);
        start = text + 1;
    }
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add(buffer, start, (size_t)(text - start));
    return rc == COLLECTOR_OK ? collector__buffer_add_text(buffer, "\"") : rc;
}

int
collector__event_render(const struct collector_event *event, int64_t id,
                        struct collector__buffer *buffer)
{
    int rc;

    rc = collector__buffer_add_text(buffer, "{\"id\":");
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add_number(buffer, id);
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add_text(buffer, ",\"device_id\":");
    if (rc == COLLECTOR_OK)
        rc = render_string(event->device_id, buffer);
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add_text(buffer, ",\"kind\":");
    if (rc == COLLECTOR_OK)
        rc = render_string(event->kind, buffer);
    if (rc == COLLECTOR_OK && event->payload != NULL)
        rc = collector__buffer_add_text(buffer, ",\"payload\":");
    if (rc == COLLECTOR_OK && event->payload != NULL)
        rc = collector__buffer_add_text(buffer, event->payload);
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add_text(buffer, ",\"ts\":");
    if (rc == COLLECTOR_OK)
        rc = collector__buffer_add_number(buffer, event->ts);
    return rc == COLLECTOR_OK ? collector__buffer_add_text(buffer, "}") : rc;
}
