/* SPDX-License-Identifier: MIT */
/* Events that a program made: checked as strictly as those from JSON. */
#include "event.h"
#include "parse.h"
#include "plain.h"
#include "utf8.h"

#include <collector/error.h>
#include <string.h>

/** Check a name as strictly as one from JSON. */
static int
copy_name(struct collector__parse *parse, const char *name, size_t size_max,
          const char *text, const char **ret_text)
{
    size_t size;

    if (text == NULL)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s is required", name);
    size = strlen(text);
    if (!collector__utf8_is_valid(text, size))
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s is not UTF-8", name);
    return collector__parse_keep_name(parse, name, size_max, text, size,
                                      ret_text);
}

/** Check a payload likewise. */
static int
copy_payload(struct collector__parse *parse, const char *text,
             const char **ret_text)
{
    const struct collector__span whole = {text, strlen(text)};
    struct collector__cursor cursor = {text, text + whole.size};
    struct collector__span span;
    enum collector__scan found;
    json_t *tree = NULL;
    int rc = COLLECTOR_OK;

    found = collector__scan_value(&cursor, COLLECTOR_PAYLOAD_DEPTH_MAX, &span);
    if (found != COLLECTOR_SCAN_OK)
        return collector__parse_refuse_scan(parse, found);
    if (!collector__plain_is(whole))
        rc = collector__parse_json(parse, text, whole.size, JSON_DECODE_ANY,
                                   &tree);
    json_decref(tree); /* it was only to be judged */
    return rc == COLLECTOR_OK
               ? collector__parse_keep_payload(parse, span, ret_text)
               : rc;
}

static int
copy_event(struct collector__parse *parse, const struct collector_event *event)
{
    struct collector_event copy = {NULL, NULL, NULL, event->ts};
    int rc;

    rc = copy_name(parse, "device_id", COLLECTOR_DEVICE_ID_SIZE_MAX,
                   event->device_id, &copy.device_id);
    if (rc == COLLECTOR_OK)
        rc = copy_name(parse, "kind", COLLECTOR_KIND_SIZE_MAX, event->kind,
                       &copy.kind);
    if (rc == COLLECTOR_OK && event->payload != NULL)
        rc = copy_payload(parse, event->payload, &copy.payload);
    if (rc == COLLECTOR_OK && copy.ts < 0)
        rc = collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                     "ts is negative");
    if (copy.ts == 0)
        copy.ts = parse->now;
    return rc == COLLECTOR_OK ? collector__event_list_add(parse->list, &copy)
                              : rc;
}

/** Bytes that the copies of an event's texts take, NULs included. */
static size_t
copied_size(const struct collector_event *event)
{
    const char *const texts[] = {event->device_id, event->kind, event->payload};
    size_t size = 0;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i] != NULL)
            size += strlen(texts[i]) + 1;
    }
    return size;
}

int
collector__event_list_copy(const struct collector_event *events,
                           size_t event_count, int64_t now,
                           struct collector__event_list *ret_list,
                           struct collector_problem *ret_problem)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector__parse parse = {{NULL, NULL}, &list, ret_problem, now};
    size_t size = 0;
    size_t i;
    int rc;

    if (event_count > COLLECTOR_APPEND_COUNT_MAX)
        return collector__parse_refuse_count(&parse);
    for (i = 0; i < event_count; i++)
        size += copied_size(&events[i]);
    if (size > COLLECTOR_APPEND_TEXT_SIZE_MAX)
        return collector__parse_refuse_text(
            &parse, COLLECTOR_ERR_TOO_BIG, "the events are too large together");
    rc = collector__event_list_init(&list, size);
    for (i = 0; i < event_count && rc == COLLECTOR_OK; i++)
        rc = copy_event(&parse, &events[i]);
    if (rc == COLLECTOR_OK)
        *ret_list = list;
    else
        collector__event_list_clear(&list);
    return rc;
}
