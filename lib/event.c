/* SPDX-License-Identifier: MIT */
/*
 * A JSON text to events. The scanner bounds the depth and finds the members;
 * Jansson then judges each event alone, so that its tree is small and gone at
 * once, unless it is so plain that there is nothing to judge. A payload is
 * never taken from the tree: it stays the text it was, since a parsed number
 * can't be written back as it came.
 */
#include "event.h"

#include "parse.h"
#include "plain.h"

#include <collector/error.h>
#include <jansson.h>
#include <string.h>

/** The members of an event that mean something to us. */
enum member_name { DEVICE_ID, KIND, PAYLOAD, TS, MEMBER_COUNT };

/* Bytes of an escape by four digits. */
#define ESCAPE_SIZE 6

static const char *const member_names[MEMBER_COUNT] = {"device_id", "kind",
                                                       "payload", "ts"};

/** Keep a name: from the tree, or as it stands where there is none. */
static int
read_name(struct collector__parse *parse, const json_t *tree,
          struct collector__span span, enum member_name which, size_t size_max,
          const char **ret_text)
{
    const char *name = member_names[which];
    const json_t *value;

    if (span.text == NULL)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s is required", name);
    if (span.text[0] != '"')
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s must be a string", name);
    if (tree == NULL)
        return collector__parse_keep_name(parse, name, size_max, span.text + 1,
                                          span.size - 2, ret_text);
    value = json_object_get(tree, name);
    return collector__parse_keep_name(parse, name, size_max,
                                      json_string_value(value),
                                      json_string_length(value), ret_text);
}

/** Read ts as the integer that is written there; no double in between. */
static int
read_ts(struct collector__parse *parse, struct collector__span span,
        int64_t *ret_ts)
{
    int64_t ts = 0;
    size_t i;

    for (i = 0; i < span.size; i++) {
        const int digit = span.text[i] - '0';

        if (digit < 0 || digit > 9 || ts > (INT64_MAX - digit) / 10)
            return collector__parse_refuse(
                parse, COLLECTOR_ERR_INVALID,
                "ts must be an integer of milliseconds since 1970");
        ts = ts * 10 + digit;
    }
    *ret_ts = ts == 0 ? parse->now : ts;
    return COLLECTOR_OK;
}

/** The value of a hexadecimal digit; -1 for anything else. */
static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/** Whether a character stands there, as it is or as \\u and four digits; the
 *  shorter escapes are of characters that no name of ours has. */
static bool
character_is(struct collector__cursor *cursor, char character)
{
    int code = 0;
    int i;

    if (cursor->at < cursor->end && *cursor->at == character) {
        cursor->at++;
        return true;
    }
    if (cursor->end - cursor->at < ESCAPE_SIZE || cursor->at[0] != '\\' ||
        cursor->at[1] != 'u')
        return false;
    for (i = 2; i < ESCAPE_SIZE; i++) {
        const int digit = digit_value(cursor->at[i]);

        if (digit < 0)
            return false;
        code = code << 4 | digit;
    }
    cursor->at += ESCAPE_SIZE;
    return code == character;
}

/** Whether a raw name, perhaps with escapes in it, says this. */
static bool
name_is(struct collector__span raw, const char *name)
{
    struct collector__cursor cursor = {raw.text + 1, raw.text + raw.size - 1};

    while (*name != '\0') {
        if (!character_is(&cursor, *name++))
            return false;
    }
    return cursor.at == cursor.end;
}

/** Scan the object at the cursor, noting the members that mean something. */
static int
scan_members(struct collector__parse *parse,
             struct collector__span spans[MEMBER_COUNT])
{
    struct collector__member member;
    enum collector__scan found;
    bool first;
    size_t i;

    if (collector__scan_character(&parse->cursor, '{') != COLLECTOR_SCAN_OK)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "an event must be a JSON object");
    for (first = true;; first = false) {
        found = collector__scan_next(&parse->cursor, '}', first);
        if (found == COLLECTOR_SCAN_END)
            return COLLECTOR_OK;
        if (found == COLLECTOR_SCAN_OK)
            found = collector__scan_member(
                &parse->cursor, COLLECTOR_PAYLOAD_DEPTH_MAX, &member);
        if (found != COLLECTOR_SCAN_OK)
            return collector__parse_refuse_scan(parse, found);
        for (i = 0; i < MEMBER_COUNT; i++) {
            if (!name_is(member.name, member_names[i]))
                continue;
            if (spans[i].text != NULL)
                return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                               "%s stands twice",
                                               member_names[i]);
            spans[i] = member.value;
        }
    }
}

/** Make an event of valid spans, and of their tree where one was needed. */
static int
read_members(struct collector__parse *parse, const json_t *tree,
             const struct collector__span spans[MEMBER_COUNT],
             struct collector_event *event)
{
    int rc;

    rc = read_name(parse, tree, spans[DEVICE_ID], DEVICE_ID,
                   COLLECTOR_DEVICE_ID_SIZE_MAX, &event->device_id);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = read_name(parse, tree, spans[KIND], KIND, COLLECTOR_KIND_SIZE_MAX,
                   &event->kind);
    if (rc != COLLECTOR_OK)
        return rc;
    return read_ts(parse, spans[TS], &event->ts);
}

/** Keep the payload and judge the sizes, before a tree is made of them. */
static int
read_sizes(struct collector__parse *parse, size_t size,
           const struct collector__span spans[MEMBER_COUNT],
           struct collector_event *event)
{
    if (size - spans[PAYLOAD].size > COLLECTOR_EVENT_REST_SIZE_MAX)
        return collector__parse_refuse(
            parse, COLLECTOR_ERR_TOO_BIG,
            "the members beside payload are over %d bytes",
            COLLECTOR_EVENT_REST_SIZE_MAX);
    if (spans[PAYLOAD].text == NULL)
        return COLLECTOR_OK;
    return collector__parse_keep_payload(parse, spans[PAYLOAD],
                                         &event->payload);
}

/** Read the event at the cursor, and add it to the list. */
static int
parse_event(struct collector__parse *parse)
{
    struct collector__span spans[MEMBER_COUNT] = {{NULL, 0}};
    struct collector_event event = {NULL, NULL, NULL, 0};
    struct collector__span whole = {NULL, 0};
    json_t *tree = NULL;
    int rc;

    if (parse->list->event_count == COLLECTOR_APPEND_COUNT_MAX)
        return collector__parse_refuse_count(parse);
    collector__scan_space(&parse->cursor);
    whole.text = parse->cursor.at;
    rc = scan_members(parse, spans);
    if (rc != COLLECTOR_OK)
        goto out;
    whole.size = (size_t)(parse->cursor.at - whole.text);
    if (memchr(whole.text, '\0', whole.size) != NULL) {
        /* Jansson steps over one that stands behind a number or a literal, and
         * our copy of the payload would end there. */
        rc = collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                     "malformed JSON");
        goto out;
    }
    rc = read_sizes(parse, whole.size, spans, &event);
    if (rc == COLLECTOR_OK && !collector__plain_is(whole))
        rc = collector__parse_json(parse, whole.text, whole.size, 0, &tree);
    if (rc == COLLECTOR_OK)
        rc = read_members(parse, tree, spans, &event);
    if (rc == COLLECTOR_OK)
        rc = collector__event_list_add(parse->list, &event);
out:
    json_decref(tree);
    return rc;
}

static int
expect_end(struct collector__parse *parse)
{
    collector__scan_space(&parse->cursor);
    if (parse->cursor.at == parse->cursor.end)
        return COLLECTOR_OK;
    return collector__parse_refuse_text(
        parse, COLLECTOR_ERR_INVALID,
        "there is something after the JSON value");
}

static int
parse_document(struct collector__parse *parse)
{
    enum collector__scan found;
    bool first;
    int rc = COLLECTOR_OK;

    collector__scan_space(&parse->cursor);
    if (parse->cursor.at == parse->cursor.end)
        return collector__parse_refuse_text(parse, COLLECTOR_ERR_INVALID,
                                            "the body is empty");
    if (*parse->cursor.at == '{') {
        rc = parse_event(parse);
        return rc == COLLECTOR_OK ? expect_end(parse) : rc;
    }
    if (collector__scan_character(&parse->cursor, '[') != COLLECTOR_SCAN_OK)
        return collector__parse_refuse_text(
            parse, COLLECTOR_ERR_INVALID,
            "the body must be an event object or an array");
    for (first = true; rc == COLLECTOR_OK; first = false) {
        found = collector__scan_next(&parse->cursor, ']', first);
        if (found == COLLECTOR_SCAN_END)
            return expect_end(parse);
        if (found != COLLECTOR_SCAN_OK)
            return collector__parse_refuse_scan(parse, found);
        rc = parse_event(parse);
    }
    return rc;
}

/** One event a line: each line is a cursor of its own. */
static int
parse_lines(struct collector__parse *parse)
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
            return collector__parse_refuse(
                parse, COLLECTOR_ERR_INVALID,
                "there is something after the event on its line");
        }
    }
    if (parse->list->event_count == 0)
        return collector__parse_refuse_text(parse, COLLECTOR_ERR_INVALID,
                                            "the body is empty");
    return COLLECTOR_OK;
}

int
collector__event_list_parse(const char *text, size_t size,
                            enum collector_json_form form, int64_t now,
                            struct collector__event_list *ret_list,
                            struct collector_problem *ret_problem)
{
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector__parse parse = {
        {text, text + size}, &list, ret_problem, now};
    int rc;

    if (size > COLLECTOR_APPEND_TEXT_SIZE_MAX)
        return collector__parse_refuse_text(&parse, COLLECTOR_ERR_TOO_BIG,
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
