/* SPDX-License-Identifier: MIT */
/*
 * The events in what a fake upstream received, read with a parser of its own
 * and compared with the headers that came along.
 */
#include "support.h"
#include "upstream.h"

#include <jansson.h>
#include <stdlib.h>

/** The highest ids shown and confirmed so far. */
struct progress {
    int64_t shown_id;
    int64_t confirmed_id;
};

static const char *
text_member(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    ck_assert_msg(text != NULL, "an event without %s", name);
    return text;
}

static void
show_event(json_t *object, const struct upstream_request *request,
           upstream_event_fn show, void *userdata)
{
    json_t *payload = json_object_get(object, "payload");
    struct upstream_event event = {
        .id = json_integer_value(json_object_get(object, "id")),
        .device_id = text_member(object, "device_id"),
        .kind = text_member(object, "kind"),
        .ts = json_integer_value(json_object_get(object, "ts"))};
    char *text = NULL;

    if (payload != NULL)
        text = json_dumps(payload, JSON_COMPACT | JSON_ENCODE_ANY);
    event.payload = text;
    show(userdata, request, &event);
    free(text);
}

static void
check_headers(const struct upstream_request *request, json_t *events)
{
    size_t count = json_array_size(events);
    json_t *first = json_array_get(events, 0);
    json_t *last = json_array_get(events, count - 1);
    const char *first_id = upstream_header(request, "X-Collector-First-Id");
    const char *last_id = upstream_header(request, "X-Collector-Last-Id");

    ck_assert_str_eq(request->method, "POST");
    ck_assert_ptr_nonnull(first_id);
    ck_assert_ptr_nonnull(last_id);
    ck_assert_int_eq(strtoll(first_id, NULL, 10),
                     json_integer_value(json_object_get(first, "id")));
    ck_assert_int_eq(strtoll(last_id, NULL, 10),
                     json_integer_value(json_object_get(last, "id")));
}

static void
show_request(const struct upstream_request *request, upstream_event_fn show,
             void *userdata)
{
    json_error_t error;
    json_t *events = json_loadb(request->body, request->body_size, 0, &error);
    size_t i;

    ck_assert_msg(events != NULL, "not JSON: %s: %s", error.text,
                  request->body);
    ck_assert_msg(json_is_array(events) && json_array_size(events) > 0,
                  "not an array of events: %s", request->body);
    check_headers(request, events);
    for (i = 0; i < json_array_size(events); i++)
        show_event(json_array_get(events, i), request, show, userdata);
    json_decref(events);
}

void
upstream_each_event(struct upstream *upstream, upstream_event_fn show,
                    void *userdata)
{
    size_t count = upstream_request_count(upstream);
    size_t i;

    for (i = 0; i < count; i++)
        show_request(upstream_request(upstream, i), show, userdata);
}

static void
follow_progress(void *userdata, const struct upstream_request *request,
                const struct upstream_event *event)
{
    struct progress *progress = userdata;

    ck_assert_int_le(event->id, progress->shown_id + 1);
    if (event->id == progress->shown_id + 1)
        progress->shown_id = event->id;
    if (request->status / 100 != 2)
        return;
    ck_assert_int_le(event->id, progress->confirmed_id + 1);
    if (event->id == progress->confirmed_id + 1)
        progress->confirmed_id = event->id;
}

int64_t
upstream_confirmed_id(struct upstream *upstream)
{
    struct progress progress = {0};

    upstream_each_event(upstream, follow_progress, &progress);
    return progress.confirmed_id;
}
