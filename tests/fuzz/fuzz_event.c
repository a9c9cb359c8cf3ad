/* SPDX-License-Identifier: MIT */
/*
 * A body of events, as a document and as lines: it is refused with words, or
 * its events are within their limits, and are what a JSON parser that reads the
 * whole body finds in it. Whether an event takes the short way or the one
 * through a tree makes no difference, nor does being written out and read
 * again.
 */
#include "fuzz.h"

#include "event.h"
#include "plain.h"

#include <collector/error.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1700000000000)

#define DECODE_FLAGS (JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

/** A member without meaning, which only a parser with a tree can read. */
#define ODD_MEMBER "\"\\u0078\":0,"

#define ODD_MEMBER_SIZE (sizeof(ODD_MEMBER) - 1)

/** Bodies for which that member can't pass any limit. */
#define ODD_BODY_SIZE_MAX (COLLECTOR_EVENT_REST_SIZE_MAX / 2)

/** Read a body, and see that a refusal says why, and that nothing is said
 *  otherwise. */
static int
parse(const char *text, size_t size, enum collector_json_form form,
      struct collector__event_list *ret_list)
{
    struct collector_problem problem;
    int rc;

    memset(&problem, 'Z', sizeof(problem));
    rc = collector__event_list_parse(text, size, form, NOW, ret_list, &problem);
    if (rc == COLLECTOR_OK) {
        fuzz_check(problem.text[0] == 'Z');
        return rc;
    }
    fuzz_check(rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_TOO_BIG);
    fuzz_check(memchr(problem.text, '\0', sizeof(problem.text)) != NULL);
    fuzz_check(fuzz_is_line(problem.text));
    fuzz_check(problem.index >= -1 &&
               problem.index < COLLECTOR_APPEND_COUNT_MAX);
    return rc;
}

static bool
same_text(const char *left, const char *right)
{
    if (left == NULL || right == NULL)
        return left == right;
    return strcmp(left, right) == 0;
}

static void
check_same(const struct collector_event *left,
           const struct collector_event *right)
{
    fuzz_check(same_text(left->device_id, right->device_id));
    fuzz_check(same_text(left->kind, right->kind));
    fuzz_check(same_text(left->payload, right->payload));
    fuzz_check(left->ts == right->ts);
}

static void
check_same_lists(const struct collector__event_list *left,
                 const struct collector__event_list *right)
{
    size_t i;

    fuzz_check(left->event_count == right->event_count);
    for (i = 0; i < left->event_count; i++)
        check_same(&left->events[i], &right->events[i]);
}

static void
check_name(const char *name, size_t size_max)
{
    json_t *checked = json_string(name); /* NULL unless it is UTF-8 */

    fuzz_check(checked != NULL);
    fuzz_check(strlen(name) >= 1 && strlen(name) <= size_max);
    json_decref(checked);
}

static void
check_payload(const char *payload)
{
    const size_t size = strlen(payload);
    json_t *tree =
        json_loadb(payload, size, DECODE_FLAGS | JSON_DECODE_ANY, NULL);
    bool quoted = false;
    size_t i;

    fuzz_check(tree != NULL);
    json_decref(tree);
    fuzz_check(size <= COLLECTOR_PAYLOAD_SIZE_MAX);
    for (i = 0; i < size; i++) {
        if (payload[i] == '\\')
            i++;
        else if (payload[i] == '"')
            quoted = !quoted;
        else
            fuzz_check(quoted || strchr(" \t\r\n", payload[i]) == NULL);
    }
}

/** A body without the white space between its values; yours to free. */
static char *
without_space(const char *text, size_t size, size_t *ret_size)
{
    char *copy = malloc(size + 1);
    bool quoted = false;
    size_t count = 0;
    size_t i;

    fuzz_check(copy != NULL);
    for (i = 0; i < size; i++) {
        if (quoted && text[i] == '\\' && i + 1 < size)
            copy[count++] = text[i++];
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && strchr(" \t\r\n", text[i]) != NULL &&
                 text[i] != '\0')
            continue;
        copy[count++] = text[i];
    }
    *ret_size = count;
    return copy;
}

/** The place behind a payload that stands in a text as a value. */
static const char *
behind_payload(const char *at, const char *end, const char *payload)
{
    const size_t size = strlen(payload);

    for (;; at++) {
        at = memmem(at, (size_t)(end - at), payload, size);
        fuzz_check(at != NULL && at + size < end);
        if (at[-1] == ':' && (at[size] == ',' || at[size] == '}'))
            return at + size;
    }
}

/** See that the payloads stand in the body, one after the other. */
static void
check_sent(const struct collector__event_list *list, const char *text,
           size_t size)
{
    size_t left;
    char *sent = without_space(text, size, &left);
    const char *at = sent + 1; /* behind a bracket */
    size_t i;

    for (i = 0; i < list->event_count; i++) {
        if (list->events[i].payload != NULL)
            at = behind_payload(at, sent + left, list->events[i].payload);
    }
    free(sent);
}

/** Write an event out and read it again; and have a program append it. */
static void
check_again(const struct collector_event *event)
{
    struct collector__event_list list;
    struct collector_problem problem;
    struct collector__buffer buffer;

    collector__buffer_init(&buffer, COLLECTOR_APPEND_TEXT_SIZE_MAX);
    fuzz_check(collector__event_render(event, INT64_MAX, &buffer) ==
               COLLECTOR_OK);
    fuzz_check(collector__event_list_parse(buffer.data, buffer.size,
                                           COLLECTOR_JSON_LINES, NOW, &list,
                                           &problem) == COLLECTOR_OK);
    fuzz_check(list.event_count == 1);
    check_same(event, &list.events[0]);
    collector__event_list_clear(&list);
    collector__buffer_clear(&buffer);
    fuzz_check(collector__event_list_copy(event, 1, NOW, &list, &problem) ==
               COLLECTOR_OK);
    check_same(event, &list.events[0]);
    collector__event_list_clear(&list);
}

/** See that an event is the one that a parser finds. */
static void
check_found(const struct collector_event *event, const json_t *tree)
{
    const json_t *ts = json_object_get(tree, "ts");

    fuzz_check(same_text(event->device_id, json_string_value(json_object_get(
                                               tree, "device_id"))));
    fuzz_check(same_text(event->kind,
                         json_string_value(json_object_get(tree, "kind"))));
    fuzz_check((event->payload == NULL) ==
               (json_object_get(tree, "payload") == NULL));
    if (json_number_value(ts) > 0)
        fuzz_check((double)event->ts == json_number_value(ts));
    else
        fuzz_check(event->ts == NOW);
}

/** See that a document is valid as a whole, and holds these events. */
static void
check_document(const struct collector__event_list *list, const char *text,
               size_t size)
{
    json_t *tree = json_loadb(text, size, DECODE_FLAGS, NULL);
    size_t i;

    fuzz_check(tree != NULL);
    if (json_is_object(tree)) {
        fuzz_check(list->event_count == 1);
        check_found(&list->events[0], tree);
    } else {
        fuzz_check(list->event_count == json_array_size(tree));
        for (i = 0; i < list->event_count; i++)
            check_found(&list->events[i], json_array_get(tree, i));
    }
    json_decref(tree);
}

static void
check_list(const struct collector__event_list *list)
{
    size_t i;

    fuzz_check(list->event_count <= COLLECTOR_APPEND_COUNT_MAX);
    for (i = 0; i < list->event_count; i++) {
        const struct collector_event *event = &list->events[i];

        check_name(event->device_id, COLLECTOR_DEVICE_ID_SIZE_MAX);
        check_name(event->kind, COLLECTOR_KIND_SIZE_MAX);
        if (event->payload != NULL)
            check_payload(event->payload);
        fuzz_check(event->ts > 0);
        check_again(event);
    }
}

/** Where the first event's members begin; 0 when there is none. */
static size_t
first_member(const char *text, size_t size)
{
    size_t at;

    for (at = 0; at < size && strchr(" \t\r\n[", text[at]) != NULL; at++)
        ;
    return at < size && text[at] == '{' ? at + 1 : 0;
}

/** See that all is the same when the first event has to be read with a tree.
 *
 * @param list  What was read without; NULL when it was refused.
 */
static void
check_long_way(const struct collector__event_list *list, const char *text,
               size_t size, enum collector_json_form form)
{
    const size_t at = first_member(text, size);
    struct collector__event_list other;
    char *longer;
    int rc;

    if (at == 0 || size > ODD_BODY_SIZE_MAX)
        return;
    longer = malloc(size + ODD_MEMBER_SIZE);
    fuzz_check(longer != NULL);
    memcpy(longer, text, at);
    memcpy(longer + at, ODD_MEMBER, ODD_MEMBER_SIZE);
    memcpy(longer + at + ODD_MEMBER_SIZE, text + at, size - at);
    rc = parse(longer, size + ODD_MEMBER_SIZE, form, &other);
    free(longer);
    fuzz_check((rc == COLLECTOR_OK) == (list != NULL));
    if (rc != COLLECTOR_OK)
        return;
    check_same_lists(list, &other);
    collector__event_list_clear(&other);
}

static void
try_form(const char *text, size_t size, enum collector_json_form form)
{
    struct collector__event_list list;

    if (parse(text, size, form, &list) != COLLECTOR_OK) {
        check_long_way(NULL, text, size, form);
        return;
    }
    check_list(&list);
    check_sent(&list, text, size);
    if (form == COLLECTOR_JSON_DOCUMENT)
        check_document(&list, text, size);
    check_long_way(&list, text, size, form);
    collector__event_list_clear(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    json_t *tree;

    if (collector__plain_is((struct collector__span){text, size})) {
        tree = json_loadb(text, size, DECODE_FLAGS | JSON_DECODE_ANY, NULL);
        fuzz_check(tree != NULL);
        json_decref(tree);
    }
    try_form(text, size, COLLECTOR_JSON_DOCUMENT);
    try_form(text, size, COLLECTOR_JSON_LINES);
    return 0;
}
