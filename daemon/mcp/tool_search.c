/* SPDX-License-Identifier: MIT */
/* Events, the newest first, by what they hold. */
#include "schema.h"
#include "tool.h"

#include "quantity.h"

#include <collector/error.h>
#include <collector/event.h>
#include <inttypes.h>

/* Digits of an id. */
#define CURSOR_SIZE_MAX 19

/** Where a page begins: before the id that the page before has ended with. */
static int
read_cursor(struct tool_call *call, struct collector_event_filter *filter)
{
    const char *cursor = NULL;
    uint64_t id = 0;

    if (arguments_text(&call->arguments, "cursor", CURSOR_SIZE_MAX, &cursor) <
        0)
        return -1;
    if (cursor == NULL)
        return 0;
    if (!quantity_number(cursor, &id) || id == 0 || id > INT64_MAX)
        return problem_say(&call->problem,
                           "\"cursor\" has to be the next_cursor of an answer");
    filter->before_id = (int64_t)id;
    return 0;
}

static int
read_filter(struct tool_call *call, struct collector_event_filter *filter,
            int64_t *limit)
{
    const struct arguments *arguments = &call->arguments;

    if (arguments_text(arguments, "text", COLLECTOR_READER_TEXT_SIZE_MAX,
                       &filter->text) < 0 ||
        arguments_text(arguments, "kind", COLLECTOR_KIND_SIZE_MAX,
                       &filter->kind) < 0 ||
        arguments_text(arguments, "device_id", COLLECTOR_DEVICE_ID_SIZE_MAX,
                       &filter->device_id) < 0 ||
        arguments_moment(arguments, "since", &filter->since) < 0 ||
        arguments_moment(arguments, "until", &filter->until) < 0 ||
        arguments_number(arguments, "limit", 1, TOOL_ROW_COUNT_MAX, limit) < 0)
        return -1;
    if (filter->until != 0 && filter->until <= filter->since)
        return problem_say(&call->problem, "\"until\" has to be later than "
                                           "\"since\"");
    return read_cursor(call, filter);
}

/** Write whether there may be more, and where to go on. */
static void
write_end(struct tool_call *call, const struct excerpt *excerpt,
          const struct collector_answer *answer)
{
    const int64_t next = excerpt->full  ? excerpt->last_id
                         : answer->more ? answer->next_id
                                        : 0;

    (void)fprintf(call->out,
                  "],\"event_count\":%zu,\"next_cursor\":", excerpt->count);
    if (next > 1)
        (void)fprintf(call->out, "\"%" PRId64 "\"}", next);
    else
        (void)fputs("null}", call->out);
}

static int
search(struct tool_call *call)
{
    struct collector_event_filter filter = {.size = sizeof(filter),
                                            .newest_first = true};
    struct collector_answer answer = {.size = sizeof(answer)};
    struct excerpt excerpt = tool_excerpt(call);
    int64_t limit = TOOL_ROW_COUNT_DEFAULT;
    int rc;

    if (read_filter(call, &filter, &limit) < 0 ||
        inquiry_open(call->inquiry, (uint32_t)limit, TOOL_BYTES_MAX,
                     &call->problem) < 0)
        return -1;
    (void)fputs("{\"events\":[", call->out);
    rc = collector_reader_events(inquiry_reader(call->inquiry), &filter,
                                 excerpt_show, &excerpt, &answer);
    if (rc != COLLECTOR_OK)
        return inquiry_explain(call->inquiry, rc, &answer, &call->problem);
    write_end(call, &excerpt, &answer);
    return 0;
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("text",
        "What stands somewhere in the payload, in any case of letters") ","
    SCHEMA_TEXT("kind", "Exactly this kind of events") ","
    SCHEMA_TEXT("device_id", "Exactly this device") ","
    SCHEMA_WHEN("since", "", "Stamped at or after it") ","
    SCHEMA_WHEN("until", "", "Stamped before it") ","
    SCHEMA_LIMIT("Events at most") ","
    SCHEMA_TEXT("cursor", "The next_cursor of the page before"),
    "");

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_ARRAY("events", "The newest first", SCHEMA_OBJECT(
        SCHEMA_INTEGER("id", "In the order of arrival") ","
        SCHEMA_TEXT("device_id", "Who reported it") ","
        SCHEMA_TEXT("kind", "What sort of event it is") ","
        SCHEMA_ANY("payload", "As it was sent; absent if there was none") ","
        SCHEMA_MOMENT("ts", "When it happened") ","
        SCHEMA_TEXT("fate",
            "pending, delivered, dead, dropped, or settled (one of these "
            "three)") ","
        SCHEMA_MOMENT("uploaded_at",
            "When it left the backlog; null while it is pending, 0 if that is "
            "not known any more"),
        "\"id\",\"device_id\",\"kind\",\"ts\",\"fate\"")) ","
    SCHEMA_INTEGER("event_count", "Events that are shown") ","
    SCHEMA_MAYBE("next_cursor", "string",
        "Where to go on: there are more, or the time was up and there are "
        "older events to look at; null when all were looked at"),
    "\"events\",\"event_count\",\"next_cursor\"");
/* clang-format on */

const struct tool tool_search_events = {
    .name = "search_events",
    .title = "Search events",
    .description =
        "Find events of devices, the newest first, with their payloads and "
        "what became of each (pending, delivered, dead, dropped). All "
        "conditions have to hold; without any it shows the latest events. Use "
        "it for: what did device X report lately, which events mention "
        "'overheat', the last alarm, what happened between two times.",
    .input = input,
    .output = output,
    .run = search,
};
