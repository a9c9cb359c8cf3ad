/* SPDX-License-Identifier: MIT */
/* Where the buffer stands, and where that leads. */
#include "elapsed.h"
#include "lead.h"
#include "row_json.h"
#include "schema.h"
#include "tool.h"

#include <collector/error.h>
#include <inttypes.h>
#include <string.h>

static void
write_sentences(FILE *out, const char *name,
                const struct standing_sentences *sentences)
{
    size_t i;

    (void)fprintf(out, ",\"%s\":[", name);
    for (i = 0; i < sentences->count; i++) {
        if (i > 0)
            (void)putc(',', out);
        row_json_text(out, sentences->text[i], strlen(sentences->text[i]));
    }
    (void)putc(']', out);
}

/* Bytes of all reasons, each with what stands behind it. */
#define REASONS_SIZE                                                           \
    (STANDING_SENTENCE_COUNT_MAX * (STANDING_SENTENCE_SIZE + 2))

/* Bytes of what a summary begins with. */
#define BEGIN_SIZE (REASONS_SIZE + LEAD_SIZE + 32)

/** All that is wrong, "; " behind each. */
static const char *
join_reasons(const struct standing_sentences *reasons,
             char ret_text[REASONS_SIZE])
{
    size_t size = 0;
    size_t i;

    ret_text[0] = '\0';
    for (i = 0; i < reasons->count; i++)
        size += (size_t)snprintf(ret_text + size, REASONS_SIZE - size, "%s; ",
                                 reasons->text[i]);
    return ret_text;
}

/** "Healthy; ", or what there is against it, or what has to be known first. */
static void
begin_summary(const struct standing *standing, char ret_text[BEGIN_SIZE])
{
    char lead[LEAD_SIZE];
    char reasons[REASONS_SIZE];
    const bool led = *lead_words(standing, lead) != '\0';

    if (!standing->ok)
        (void)snprintf(ret_text, BEGIN_SIZE, "%s%sNot healthy: %s", lead,
                       led ? ". " : "",
                       join_reasons(&standing->reasons, reasons));
    else if (led)
        (void)snprintf(ret_text, BEGIN_SIZE, "%s: ", lead);
    else
        (void)snprintf(ret_text, BEGIN_SIZE, "Healthy; ");
}

static void
write_summary(FILE *out, const struct standing *standing)
{
    char begin[BEGIN_SIZE];
    char text[BEGIN_SIZE + STANDING_SENTENCE_SIZE];
    char words[ELAPSED_SIZE];
    char end[128] = "";

    begin_summary(standing, begin);
    if (standing->full_by != STANDING_NEVER)
        (void)snprintf(end, sizeof(end), " The %s is full in about %s.",
                       standing_end_name(standing->full_by),
                       elapsed_words(standing->full_in_ms, words));
    (void)snprintf(text, sizeof(text), "%s%" PRId64 " event%s pending.%s",
                   begin, standing->pending, standing->pending == 1 ? "" : "s",
                   end);
    tool_write_text(out, "summary", text);
}

/** Whether events are kept and delivered, as far as that can be told. */
static const char *
health_of(const struct standing *standing)
{
    if (!standing->ok)
        return "false";
    return standing->owner_seen ? "true" : "null";
}

static void
write_ledger(FILE *out, const struct standing *standing)
{
    (void)fprintf(out,
                  ",\"accepted\":%" PRId64 ",\"delivered\":%" PRId64
                  ",\"dead\":%" PRId64 ",\"dropped\":%" PRId64
                  ",\"pending\":%" PRId64,
                  standing->accepted, standing->delivered, standing->dead,
                  standing->dropped, standing->pending);
    (void)fprintf(
        out, ",\"dead_letter_count\":%" PRId64 ",\"device_count\":%" PRId64,
        standing->dead_letters, standing->devices);
}

static void
write_flow(FILE *out, const struct flow *flow)
{
    if (flow->window_ms == 0) {
        (void)fputs(",\"arrival_per_s\":null,\"settled_per_s\":null,"
                    "\"window_s\":null",
                    out);
        return;
    }
    (void)fprintf(out,
                  ",\"arrival_per_s\":%.3f,\"settled_per_s\":%.3f,"
                  "\"window_s\":%.3f",
                  flow->arrival_rate, flow->settled_rate,
                  (double)flow->window_ms / 1000);
}

static void
write_times(FILE *out, const struct standing *standing, int64_t now_ms)
{
    const int64_t age = standing->oldest_pending_ts > 0
                            ? now_ms - standing->oldest_pending_ts
                            : 0;
    char words[ELAPSED_SIZE];

    (void)putc(',', out);
    tool_write_moment(out, "oldest_pending_ts", standing->oldest_pending_ts);
    if (standing->oldest_pending_ts > 0) {
        (void)putc(',', out);
        tool_write_text(out, "oldest_pending_age", elapsed_words(age, words));
    }
    (void)putc(',', out);
    tool_write_moment(out, "last_success_at", standing->last_success_at);
    (void)putc(',', out);
    tool_write_moment(out, "failing_since", standing->failing_since);
    if (standing->failing_since > 0) {
        (void)putc(',', out);
        tool_write_text(out, "last_error", standing->last_error);
    }
    (void)putc(',', out);
    tool_write_moment(out, "now", now_ms);
}

static void
write_room(FILE *out, const struct standing *standing)
{
    char words[ELAPSED_SIZE];

    (void)fprintf(out,
                  ",\"backlog_max\":%" PRId64 ",\"size_max\":%" PRId64
                  ",\"limits_assumed\":%s",
                  standing->limits.backlog_max, standing->limits.size_max,
                  standing->assumed ? "true" : "false");
    (void)fprintf(out,
                  ",\"file_size\":%" PRId64 ",\"free_size\":%" PRId64
                  ",\"wal_size\":%" PRId64 ",\"disk_free\":",
                  standing->file_size, standing->free_size, standing->wal_size);
    if (standing->disk_free >= 0)
        (void)fprintf(out, "%" PRId64, standing->disk_free);
    else
        (void)fputs("null", out);
    if (standing->full_by == STANDING_NEVER) {
        (void)fputs(",\"full_in_s\":null", out);
        return;
    }
    (void)fprintf(out, ",\"full_in_s\":%" PRId64 ",",
                  standing->full_in_ms / 1000);
    tool_write_text(out, "full_in", elapsed_words(standing->full_in_ms, words));
    (void)putc(',', out);
    tool_write_text(out, "full_by", standing_end_name(standing->full_by));
}

static int
show_status(struct tool_call *call)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    struct standing standing;
    int rc;

    if (inquiry_open(call->inquiry, TOOL_ROW_COUNT_MAX, TOOL_BYTES_MAX,
                     &call->problem) < 0)
        return -1;
    rc =
        standing_look(inquiry_reader(call->inquiry), call->options->path,
                      &call->options->limits, call->now_ms, &standing, &answer);
    if (rc != COLLECTOR_OK)
        return inquiry_explain(call->inquiry, rc, &answer, &call->problem);
    (void)putc('{', call->out);
    write_summary(call->out, &standing);
    (void)fprintf(call->out, ",\"healthy\":%s,\"collector_seen\":%s",
                  health_of(&standing), standing.owner_seen ? "true" : "false");
    write_sentences(call->out, "reasons", &standing.reasons);
    write_sentences(call->out, "warnings", &standing.warnings);
    write_ledger(call->out, &standing);
    write_flow(call->out, &standing.flow);
    write_times(call->out, &standing, call->now_ms);
    write_room(call->out, &standing);
    (void)putc('}', call->out);
    return 0;
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT("", "");

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("summary", "The answer in a sentence") ","
    SCHEMA_MAYBE("healthy", "boolean",
        "Events are kept and delivered; null when nothing is wrong with the "
        "file, but no collector was seen that does so") ","
    SCHEMA_BOOLEAN("collector_seen",
        "true when a collector has the file open; one in another container is "
        "not seen") ","
    SCHEMA_TEXTS("reasons", "What is wrong") ","
    SCHEMA_TEXTS("warnings", "What may become so") ","
    SCHEMA_INTEGER("accepted",
        "Events ever taken: the sum of the next four") ","
    SCHEMA_INTEGER("delivered", "The upstream has them") ","
    SCHEMA_INTEGER("dead", "The upstream refused them for good") ","
    SCHEMA_INTEGER("dropped", "They had to make room") ","
    SCHEMA_INTEGER("pending", "They wait: the backlog") ","
    SCHEMA_INTEGER("dead_letter_count",
        "Dead letters that are kept, also those that were replayed") ","
    SCHEMA_INTEGER("device_count", "Devices ever seen") ","
    SCHEMA_MAYBE("arrival_per_s", "number",
        "Events a second in the last window_s, by their time stamps; null when "
        "it took too long to tell") ","
    SCHEMA_MAYBE("settled_per_s", "number",
        "Events a second that left the backlog, likewise") ","
    SCHEMA_MAYBE("window_s", "number",
        "Seconds that both are taken over: the last 5 minutes, or those of the "
        "latest 50000 events if they are less") ","
    SCHEMA_MOMENT("oldest_pending_ts",
        "The oldest event that waits; null without backlog") ","
    SCHEMA_TEXT("oldest_pending_age", "How long it has waited") ","
    SCHEMA_MOMENT("last_success_at",
        "The latest delivery; null for none") ","
    SCHEMA_MOMENT("failing_since",
        "Since when deliveries fail; null when they work") ","
    SCHEMA_TEXT("last_error", "Why they fail") ","
    SCHEMA_INTEGER("backlog_max",
        "Events that may be pending; 0 is no limit") ","
    SCHEMA_INTEGER("size_max",
        "Bytes that the file may have; 0 is no limit") ","
    SCHEMA_BOOLEAN("limits_assumed",
        "true when one of these two is only collectord's default: the file "
        "does not say what its collector was told") ","
    SCHEMA_INTEGER("file_size", "Bytes of the database") ","
    SCHEMA_INTEGER("free_size", "Of these, bytes that hold nothing") ","
    SCHEMA_INTEGER("wal_size", "Bytes of its write-ahead log") ","
    SCHEMA_MAYBE("disk_free", "integer",
        "Bytes that are free on its disk") ","
    SCHEMA_MAYBE("full_in_s", "integer",
        "Seconds until something is full if the last window_s go on; null "
        "when the backlog does not grow, or that is not known") ","
    SCHEMA_TEXT("full_in", "The same in words") ","
    SCHEMA_TEXT("full_by", "What will be full: backlog, file or disk") ","
    SCHEMA_MOMENT("now", "When this was asked"),
    "\"summary\",\"healthy\",\"reasons\",\"warnings\",\"pending\","
    "\"full_in_s\",\"limits_assumed\"");
/* clang-format on */

const struct tool tool_buffer_status = {
    .name = "buffer_status",
    .title = "Buffer status",
    .description =
        "Is the collector healthy, and if not, why; how many events wait to be "
        "delivered and for how long; how fast they come and go; when the "
        "buffer will be full; how much room the disk has; and the ledger "
        "(accepted = delivered + dead + dropped + pending). Ask this first "
        "when somebody wants to know how things are.",
    .input = input,
    .output = output,
    .run = show_status,
};
