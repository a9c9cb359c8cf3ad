/* SPDX-License-Identifier: MIT */
/*
 * Spans to events and back. The scanner bounds the depth and finds the members;
 * Jansson then judges each event alone, so that its tree is small and gone at
 * once. A payload is never taken from the tree: it stays the text it was, since
 * a parsed number can't be written back as it came.
 */
#include "event.h"

#include "scan.h"

#include <collector/error.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Integers beyond 64 bit are valid telemetry; only their text is kept. A NUL
 * escape is valid in a payload, and is refused where it isn't. */
#define DECODE_FLAGS (JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

/** The members of an event that mean something to us. */
enum member_name { DEVICE_ID, KIND, PAYLOAD, TS, MEMBER_COUNT };

static const char *const member_names[MEMBER_COUNT] = {"device_id", "kind",
                                                       "payload", "ts"};

/** One parse: what it reads, what it makes, and what it finds wrong. */
struct parse {
    struct collector__cursor cursor;
    struct collector__event_list *list;
    struct collector_problem *problem;
    int64_t now;
};

/** Say what is wrong with the event that is being read, and return rc. */
static int __attribute__((format(printf, 3, 4)))
refuse(struct parse *parse, int rc, const char *format, ...)
{
    va_list arguments;

    parse->problem->index = (int64_t)parse->list->event_count;
    va_start(arguments, format);
    (void)vsnprintf(parse->problem->text, sizeof(parse->problem->text), format,
                    arguments); /* our own words: they fit */
    va_end(arguments);
    return rc;
}

/** The same, about the text as a whole. */
static int
refuse_text(struct parse *parse, int rc, const char *words)
{
    (void)refuse(parse, rc, "%s", words);
    parse->problem->index = -1;
    return rc;
}

static int
refuse_count(struct parse *parse)
{
    (void)refuse(parse, COLLECTOR_ERR_TOO_BIG, "more than %d events",
                 COLLECTOR_APPEND_COUNT_MAX);
    parse->problem->index = -1;
    return COLLECTOR_ERR_TOO_BIG;
}

static int
refuse_scan(struct parse *parse, enum collector__scan found)
{
    if (found == COLLECTOR_SCAN_TOO_DEEP)
        return refuse(parse, COLLECTOR_ERR_INVALID,
                      "JSON is nested deeper than %d levels",
                      COLLECTOR_PAYLOAD_DEPTH_MAX);
    return refuse(parse, COLLECTOR_ERR_INVALID, "malformed JSON");
}

/** What Jansson refused, in our words: its own quote the sender's text. */
static int
refuse_json(struct parse *parse, const json_error_t *error)
{
    const enum json_error_code code = json_error_code(error);

    if (code == json_error_out_of_memory)
        return COLLECTOR_ERR_NOMEM;
    if (code == json_error_invalid_utf8)
        return refuse(parse, COLLECTOR_ERR_INVALID, "invalid UTF-8");
    if (code == json_error_numeric_overflow)
        return refuse(parse, COLLECTOR_ERR_INVALID, "a number is out of range");
    if (code == json_error_null_byte_in_key)
        return refuse(parse, COLLECTOR_ERR_INVALID, "NUL in a member's name");
    return refuse(parse, COLLECTOR_ERR_INVALID, "malformed JSON");
}

/** Keep a payload, without white space. */
static int
keep_payload(struct parse *parse, struct collector__span span,
             const char **ret_text)
{
    struct collector__buffer *texts = &parse->list->texts;
    const size_t start = texts->size;
    int rc;

    rc = collector__scan_compact(span, texts);
    if (rc != COLLECTOR_OK)
        return rc;
    if (texts->size - start > COLLECTOR_PAYLOAD_SIZE_MAX)
        return refuse(parse, COLLECTOR_ERR_TOO_BIG, "payload is over %d bytes",
                      COLLECTOR_PAYLOAD_SIZE_MAX);
    rc = collector__buffer_add(texts, "", 1);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_text = texts->data + start;
    return COLLECTOR_OK;
}

/** Check one of the two names in an event, and keep it. */
static int
keep_name(struct parse *parse, const char *name, size_t size_max,
          const char *text, size_t size, const char **ret_text)
{
    if (size == 0)
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s is empty", name);
    if (size > size_max)
        return refuse(parse, COLLECTOR_ERR_TOO_BIG, "%s is over %zu bytes",
                      name, size_max);
    if (memchr(text, '\0', size) != NULL)
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s contains NUL", name);
    return collector__event_list_keep(parse->list, text, size, ret_text);
}

/** Keep a name from the tree. */
static int
read_name(struct parse *parse, const json_t *tree, enum member_name which,
          size_t size_max, const char **ret_text)
{
    const char *name = member_names[which];
    const json_t *value = json_object_get(tree, name);

    if (value == NULL)
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s is required", name);
    if (!json_is_string(value))
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s must be a string",
                      name);
    return keep_name(parse, name, size_max, json_string_value(value),
                     json_string_length(value), ret_text);
}

/** Read ts as the integer that is written there; no double in between. */
static int
read_ts(struct parse *parse, struct collector__span span, int64_t *ret_ts)
{
    int64_t ts = 0;
    size_t i;

    for (i = 0; i < span.size; i++) {
        const int digit = span.text[i] - '0';

        if (digit < 0 || digit > 9 || ts > (INT64_MAX - digit) / 10)
            return refuse(parse, COLLECTOR_ERR_INVALID,
                          "ts must be an integer of milliseconds since 1970");
        ts = ts * 10 + digit;
    }
    *ret_ts = ts == 0 ? parse->now : ts;
    return COLLECTOR_OK;
}

/** Whether a raw name, perhaps with escapes in it, says this. */
static bool
name_is(struct collector__span raw, const char *name)
{
    const size_t size = strlen(name);
    json_t *value;
    bool is;

    if (memchr(raw.text, '\\', raw.size) == NULL)
        return raw.size == size + 2 && memcmp(raw.text + 1, name, size) == 0;
    value =
        json_loadb(raw.text, raw.size, DECODE_FLAGS | JSON_DECODE_ANY, NULL);
    is = json_is_string(value) && json_string_length(value) == size &&
         memcmp(json_string_value(value), name, size) == 0;
    json_decref(value);
    return is;
}

/** Scan the object at the cursor, noting the members that mean something. */
static int
scan_members(struct parse *parse, struct collector__span spans[MEMBER_COUNT])
{
    struct collector__member member;
    enum collector__scan found;
    bool first;
    size_t i;

    if (collector__scan_character(&parse->cursor, '{') != COLLECTOR_SCAN_OK)
        return refuse(parse, COLLECTOR_ERR_INVALID,
                      "an event must be a JSON object");
    for (first = true;; first = false) {
        found = collector__scan_next(&parse->cursor, '}', first);
        if (found == COLLECTOR_SCAN_END)
            return COLLECTOR_OK;
        if (found == COLLECTOR_SCAN_OK)
            found = collector__scan_member(
                &parse->cursor, COLLECTOR_PAYLOAD_DEPTH_MAX, &member);
        if (found != COLLECTOR_SCAN_OK)
            return refuse_scan(parse, found);
        for (i = 0; i < MEMBER_COUNT; i++) {
            if (!name_is(member.name, member_names[i]))
                continue;
            if (spans[i].text != NULL)
                return refuse(parse, COLLECTOR_ERR_INVALID, "%s stands twice",
                              member_names[i]);
            spans[i] = member.value;
        }
    }
}

/** Make an event of a valid tree and the spans it was read from. */
static int
read_members(struct parse *parse, const json_t *tree,
             const struct collector__span spans[MEMBER_COUNT],
             struct collector_event *event)
{
    int rc;

    rc = read_name(parse, tree, DEVICE_ID, COLLECTOR_DEVICE_ID_SIZE_MAX,
                   &event->device_id);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = read_name(parse, tree, KIND, COLLECTOR_KIND_SIZE_MAX, &event->kind);
    if (rc != COLLECTOR_OK)
        return rc;
    return read_ts(parse, spans[TS], &event->ts);
}

/** Keep the payload and judge the sizes, before a tree is made of them. */
static int
read_sizes(struct parse *parse, size_t size,
           const struct collector__span spans[MEMBER_COUNT],
           struct collector_event *event)
{
    if (size - spans[PAYLOAD].size > COLLECTOR_EVENT_REST_SIZE_MAX)
        return refuse(parse, COLLECTOR_ERR_TOO_BIG,
                      "the members beside payload are over %d bytes",
                      COLLECTOR_EVENT_REST_SIZE_MAX);
    if (spans[PAYLOAD].text == NULL)
        return COLLECTOR_OK;
    return keep_payload(parse, spans[PAYLOAD], &event->payload);
}

/** Read the event at the cursor, and add it to the list. */
static int
parse_event(struct parse *parse)
{
    struct collector__span spans[MEMBER_COUNT] = {{NULL, 0}};
    struct collector_event event = {NULL, NULL, NULL, 0};
    json_t *tree = NULL;
    json_error_t error;
    const char *start;
    size_t size;
    int rc;

    if (parse->list->event_count == COLLECTOR_APPEND_COUNT_MAX)
        return refuse_count(parse);
    collector__scan_space(&parse->cursor);
    start = parse->cursor.at;
    rc = scan_members(parse, spans);
    if (rc != COLLECTOR_OK)
        goto out;
    size = (size_t)(parse->cursor.at - start);
    if (memchr(start, '\0', size) != NULL) {
        /* Jansson steps over one that stands behind a number or a literal, and
         * our copy of the payload would end there. */
        rc = refuse(parse, COLLECTOR_ERR_INVALID, "malformed JSON");
        goto out;
    }
    rc = read_sizes(parse, size, spans, &event);
    if (rc != COLLECTOR_OK)
        goto out;
    tree = json_loadb(start, size, DECODE_FLAGS, &error);
    if (tree == NULL) {
        rc = refuse_json(parse, &error);
        goto out;
    }
    rc = read_members(parse, tree, spans, &event);
    if (rc == COLLECTOR_OK)
        rc = collector__event_list_add(parse->list, &event);
out:
    json_decref(tree);
    return rc;
}

static int
expect_end(struct parse *parse)
{
    collector__scan_space(&parse->cursor);
    if (parse->cursor.at == parse->cursor.end)
        return COLLECTOR_OK;
    return refuse_text(parse, COLLECTOR_ERR_INVALID,
                       "there is something after the JSON value");
}

static int
parse_document(struct parse *parse)
{
    enum collector__scan found;
    bool first;
    int rc = COLLECTOR_OK;

    collector__scan_space(&parse->cursor);
    if (parse->cursor.at == parse->cursor.end)
        return refuse_text(parse, COLLECTOR_ERR_INVALID, "the body is empty");
    if (*parse->cursor.at == '{') {
        rc = parse_event(parse);
        return rc == COLLECTOR_OK ? expect_end(parse) : rc;
    }
    if (collector__scan_character(&parse->cursor, '[') != COLLECTOR_SCAN_OK)
        return refuse_text(parse, COLLECTOR_ERR_INVALID,
                           "the body must be an event object or an array");
    for (first = true; rc == COLLECTOR_OK; first = false) {
        found = collector__scan_next(&parse->cursor, ']', first);
        if (found == COLLECTOR_SCAN_END)
            return expect_end(parse);
        if (found != COLLECTOR_SCAN_OK)
            return refuse_scan(parse, found);
        rc = parse_event(parse);
    }
    return rc;
}

/** One event a line: each line is a cursor of its own. */
static int
parse_lines(struct parse *parse)
{
    const char *end = parse->cursor.end;
    const char *line = parse->cursor.at;
    int rc;

    while (line < end) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));

        parse->cursor.at = line;
        parse->cursor.end = feed != NULL ? feed : end;
        line = feed != NULL ? feed + 1 : end;
        collector__scan_space(&parse->cursor);
        if (parse->cursor.at == parse->cursor.end)
            continue;
        rc = parse_event(parse);
        if (rc != COLLECTOR_OK)
            return rc;
        collector__scan_space(&parse->cursor);
        if (parse->cursor.at != parse->cursor.end) {
            parse->list->event_count--; /* the index of the line's event */
            return refuse(parse, COLLECTOR_ERR_INVALID,
                          "there is something after the event on its line");
        }
    }
    if (parse->list->event_count == 0)
        return refuse_text(parse, COLLECTOR_ERR_INVALID, "the body is empty");
    return COLLECTOR_OK;
}

int
collector__event_list_parse(const char *text, size_t size,
                            enum collector_json_form form, int64_t now,
                            struct collector__event_list *ret_list,
                            struct collector_problem *ret_problem)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct parse parse = {{text, text + size}, &list, ret_problem, now};
    int rc;

    if (size > COLLECTOR_APPEND_TEXT_SIZE_MAX)
        return refuse_text(&parse, COLLECTOR_ERR_TOO_BIG,
                           "the body is too large");
    /* An event's texts and their NULs take less than the JSON around them. */
    rc = collector__event_list_init(&list, size);
    if (rc == COLLECTOR_OK && form == COLLECTOR_JSON_LINES)
        rc = parse_lines(&parse);
    else if (rc == COLLECTOR_OK)
        rc = parse_document(&parse);
    if (rc == COLLECTOR_OK)
        *ret_list = list;
    else
        collector__event_list_clear(&list);
    return rc;
}

/** Check a program's name as strictly as one from JSON. */
static int
copy_name(struct parse *parse, enum member_name which, size_t size_max,
          const char *text, const char **ret_text)
{
    const char *name = member_names[which];
    json_t *checked;

    if (text == NULL)
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s is required", name);
    checked = json_string(text); /* NULL also when it is not UTF-8 */
    if (checked == NULL)
        return refuse(parse, COLLECTOR_ERR_INVALID, "%s is not UTF-8", name);
    json_decref(checked);
    return keep_name(parse, name, size_max, text, strlen(text), ret_text);
}

/** Check a program's payload as strictly as one from JSON. */
static int
copy_payload(struct parse *parse, const char *text, const char **ret_text)
{
    struct collector__cursor cursor = {text, text + strlen(text)};
    struct collector__span span;
    enum collector__scan found;
    json_error_t error;
    json_t *tree;

    found = collector__scan_value(&cursor, COLLECTOR_PAYLOAD_DEPTH_MAX, &span);
    if (found != COLLECTOR_SCAN_OK)
        return refuse_scan(parse, found);
    tree = json_loads(text, DECODE_FLAGS | JSON_DECODE_ANY, &error);
    if (tree == NULL)
        return refuse_json(parse, &error);
    json_decref(tree);
    return keep_payload(parse, span, ret_text);
}

static int
copy_event(struct parse *parse, const struct collector_event *event)
{
    struct collector_event copy = {NULL, NULL, NULL, event->ts};
    int rc;

    rc = copy_name(parse, DEVICE_ID, COLLECTOR_DEVICE_ID_SIZE_MAX,
                   event->device_id, &copy.device_id);
    if (rc == COLLECTOR_OK)
        rc = copy_name(parse, KIND, COLLECTOR_KIND_SIZE_MAX, event->kind,
                       &copy.kind);
    if (rc == COLLECTOR_OK && event->payload != NULL)
        rc = copy_payload(parse, event->payload, &copy.payload);
    if (rc == COLLECTOR_OK && copy.ts < 0)
        rc = refuse(parse, COLLECTOR_ERR_INVALID, "ts is negative");
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
    struct parse parse = {{NULL, NULL}, &list, ret_problem, now};
    size_t size = 0;
    size_t i;
    int rc;

    if (event_count > COLLECTOR_APPEND_COUNT_MAX)
        return refuse_count(&parse);
    for (i = 0; i < event_count; i++)
        size += copied_size(&events[i]);
    if (size > COLLECTOR_APPEND_TEXT_SIZE_MAX)
        return refuse_text(&parse, COLLECTOR_ERR_TOO_BIG,
                           "the events are too large together");
    rc = collector__event_list_init(&list, size);
    for (i = 0; i < event_count && rc == COLLECTOR_OK; i++)
        rc = copy_event(&parse, &events[i]);
    if (rc == COLLECTOR_OK)
        *ret_list = list;
    else
        collector__event_list_clear(&list);
    return rc;
}
