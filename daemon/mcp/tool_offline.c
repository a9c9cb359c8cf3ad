/* SPDX-License-Identifier: MIT */
/* Devices that have gone silent, those that did so most recently first: what
 * has been away for months is rarely what somebody asks about. */
#include "elapsed.h"
#include "lead.h"
#include "row_json.h"
#include "schema.h"
#include "tool.h"
#include "utc.h"

#include <inttypes.h>
#include <string.h>

#define SILENT_MS_DEFAULT (10 * 60 * 1000)

/* Rows with words beside them. */
struct silence {
    struct excerpt excerpt;
    int64_t now_ms;
};

static struct collector_value
text_value(const char *text)
{
    const struct collector_value value = {
        .type = COLLECTOR_VALUE_TEXT, .text = text, .size = strlen(text)};

    return value;
}

/** A device, its last_seen_at, and how long that is ago. */
static int
show_device(void *userdata, const struct collector_row *row)
{
    static const char *const names[] = {"device_id", "label", "last_seen_at",
                                        "silent_ms", "silent_for"};
    struct silence *silence = userdata;
    const int64_t seen_at = row->values[2].integer;
    /* In a file of somebody else's it may be anything. */
    const int64_t ms = silence->now_ms - (seen_at > 0 ? seen_at : 0);
    char words[ELAPSED_SIZE];
    const struct collector_value values[] = {
        row->values[0],
        row->values[1],
        row->values[2],
        {.type = COLLECTOR_VALUE_INTEGER, .integer = ms},
        text_value(elapsed_words(ms, words))};
    const struct collector_row with_words = {
        .column_count = 5, .names = names, .values = values};

    return excerpt_show(&silence->excerpt, &with_words);
}

/* Bytes of the beginning of a sentence about all devices. */
#define BEGIN_SIZE 48

static const char *
begin_of_all(int64_t count, char ret_text[BEGIN_SIZE])
{
    if (count == 1)
        return "The only device has";
    (void)snprintf(ret_text, BEGIN_SIZE, "All %" PRId64 " devices have", count);
    return ret_text;
}

/** Say it in a sentence. */
static void
write_summary(struct tool_call *call, const struct standing *standing,
              int64_t silent_ms, int64_t offline, int64_t all)
{
    char words[ELAPSED_SIZE];
    char begin[BEGIN_SIZE];
    char text[256];

    if (all == 0)
        (void)snprintf(text, sizeof(text), "No device has ever been seen.");
    else if (offline == all)
        (void)snprintf(text, sizeof(text),
                       "%s been silent for more than %s: perhaps no events "
                       "reach the collector, or it does not run (see "
                       "buffer_status).",
                       begin_of_all(all, begin),
                       elapsed_words(silent_ms, words));
    else
        (void)snprintf(
            text, sizeof(text),
            "Silent for more than %s: %" PRId64 " of %" PRId64 " device%s.",
            elapsed_words(silent_ms, words), offline, all, all == 1 ? "" : "s");
    lead_write_summary(call->out, standing, text);
}

static int
write_devices(struct tool_call *call, int64_t silent_ms, int64_t limit)
{
    static const char sql[] =
        "SELECT device_key, label, last_seen_at FROM devices"
        " WHERE last_seen_at < ?1 ORDER BY last_seen_at DESC, id";
    static const char counts_sql[] =
        "SELECT count(*), coalesce(sum(last_seen_at < ?1), 0) FROM devices";
    const int64_t before = call->now_ms - silent_ms;
    struct silence silence = {.excerpt = tool_excerpt(call),
                              .now_ms = call->now_ms};
    struct collector_answer answer;
    struct standing standing;
    int64_t counts[2];

    if (inquiry_open(call->inquiry, (uint32_t)limit, TOOL_BYTES_MAX,
                     &call->problem) < 0 ||
        tool_glance(call, &standing) < 0 ||
        tool_numbers(call, counts_sql, &before, 1, counts, 2) < 0)
        return -1;
    (void)putc('{', call->out);
    write_summary(call, &standing, silent_ms, counts[1], counts[0]);
    (void)fputs(",\"devices\":[", call->out);
    if (inquiry_sql(call->inquiry, sql, &before, 1, show_device, &silence,
                    &answer, &call->problem) < 0)
        return -1;
    (void)fprintf(call->out,
                  "],\"offline_count\":%" PRId64 ",\"device_count\":%" PRId64
                  ",\"more\":%s,",
                  counts[1], counts[0],
                  answer.more || silence.excerpt.full ? "true" : "false");
    tool_write_moment(call->out, "now", call->now_ms);
    (void)putc('}', call->out);
    return 0;
}

static int
find_offline(struct tool_call *call)
{
    int64_t silent_ms = SILENT_MS_DEFAULT;
    int64_t limit = TOOL_ROW_COUNT_DEFAULT;

    if (arguments_duration(&call->arguments, "silent_for", &silent_ms) < 0 ||
        arguments_number(&call->arguments, "limit", 1, TOOL_ROW_COUNT_MAX,
                         &limit) < 0)
        return -1;
    return write_devices(call, silent_ms, limit);
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT(
    SCHEMA_MEMBER("silent_for", "\"type\":\"string\",\"default\":\"10m\",",
        "Without an event for longer than this: a duration such as 90s, 10m, "
        "1h or 7d") ","
    SCHEMA_LIMIT("Devices at most"),
    "");

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("summary", "The answer in a sentence") ","
    SCHEMA_ARRAY("devices",
        "Silent devices, those that went silent most recently first",
        SCHEMA_OBJECT(
        SCHEMA_TEXT("device_id", "Which device") ","
        SCHEMA_MAYBE("label", "string", "Not used so far") ","
        SCHEMA_MOMENT("last_seen_at", "Its latest event") ","
        SCHEMA_INTEGER("silent_ms", "How long that is ago") ","
        SCHEMA_TEXT("silent_for", "The same in words"),
        "\"device_id\",\"last_seen_at\",\"silent_ms\",\"silent_for\"")) ","
    SCHEMA_INTEGER("offline_count", "Silent devices in all") ","
    SCHEMA_INTEGER("device_count", "Devices that were ever seen") ","
    SCHEMA_BOOLEAN("more", "There are more than are shown: raise limit") ","
    SCHEMA_MOMENT("now", "When this was asked"),
    "\"summary\",\"devices\",\"offline_count\",\"device_count\",\"more\"");
/* clang-format on */

const struct tool tool_offline_devices = {
    .name = "offline_devices",
    .title = "Silent devices",
    .description =
        "Which devices are offline: those that have sent no event for longer "
        "than silent_for (10m unless you say otherwise), with when each was "
        "last seen and how long ago that is. Answers \"is any device offline "
        "for more than ten minutes?\" and \"which sensors went quiet?\" in one "
        "call. When one device was last heard of says search_events with "
        "limit 1.",
    .input = input,
    .output = output,
    .run = find_offline,
};
