/* SPDX-License-Identifier: MIT */
/* Where the buffer stands, and where that leads. */
#include "elapsed.h"
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

static void
write_summary(FILE *out, const struct standing *standing)
{
    char text[2 * STANDING_SENTENCE_SIZE];
    char words[ELAPSED_SIZE];
    char end[128] = "";

    if (standing->full_by != STANDING_NEVER)
        (void)snprintf(end, sizeof(end), " The %s is full in about %s.",
                       standing_end_name(standing->full_by),
                       elapsed_words(standing->full_in_ms, words));
    (void)snprintf(text, sizeof(text), "%s%s; %" PRId64 " events pending.%s",
                   standing->ok ? "Healthy" : "Not healthy: ",
                   standing->ok ? "" : standing->reasons.text[0],
                   standing->pending, end);
    tool_write_text(out, "summary", text);
}

static void
write_ledger(FILE *out, const struct standing *standing)
{
    (void)fprintf(out,
                  ",\"ledger\":{\"accepted\":%" PRId64 ",\"delivered\":%" PRId64
                  ",\"dead\":%" PRId64 ",\"dropped\":%" PRId64
                  ",\"pending\":%" PRId64 "}",
                  standing->accepted, standing->delivered, standing->dead,
                  standing->dropped, standing->pending);
    (void)fprintf(out,
                  ",\"dead_letter_count\":%" PRId64 ",\"device_count\":%" PRId64
                  ",\"arrival_per_s\":%.3f,\"settled_per_s\":%.3f",
                  standing->dead_letters, standing->devices,
                  standing->arrival_rate, standing->settled_rate);
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
    (void)fprintf(call->out, ",\"healthy\":%s", standing.ok ? "true" : "false");
    write_sentences(call->out, "reasons", &standing.reasons);
    write_sentences(call->out, "warnings", &standing.warnings);
    write_ledger(call->out, &standing);
    write_times(call->out, &standing, call->now_ms);
    write_room(call->out, &standing);
    (void)putc('}', call->out);
    return 0;
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT("", "");

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_MEMBER("summary", SCHEMA_TEXT("The answer in a sentence")) SCHEMA_AND
    SCHEMA_MEMBER("healthy", SCHEMA_BOOLEAN("Events are kept and delivered")) SCHEMA_AND
    SCHEMA_MEMBER("reasons", SCHEMA_ARRAY("{\"type\":\"string\"}", "What is wrong")) SCHEMA_AND
    SCHEMA_MEMBER("warnings", SCHEMA_ARRAY("{\"type\":\"string\"}", "What may become so")) SCHEMA_AND
    SCHEMA_MEMBER("ledger", SCHEMA_OBJECT(
        SCHEMA_MEMBER("accepted", SCHEMA_INTEGER("Events ever taken: the sum of the others")) SCHEMA_AND
        SCHEMA_MEMBER("delivered", SCHEMA_INTEGER("The upstream has them")) SCHEMA_AND
        SCHEMA_MEMBER("dead", SCHEMA_INTEGER("The upstream refused them for good")) SCHEMA_AND
        SCHEMA_MEMBER("dropped", SCHEMA_INTEGER("They had to make room")) SCHEMA_AND
        SCHEMA_MEMBER("pending", SCHEMA_INTEGER("They wait: the backlog")),
        "\"accepted\",\"delivered\",\"dead\",\"dropped\",\"pending\"")) SCHEMA_AND
    SCHEMA_MEMBER("dead_letter_count", SCHEMA_INTEGER("Dead letters that are kept, and were not replayed")) SCHEMA_AND
    SCHEMA_MEMBER("device_count", SCHEMA_INTEGER("Devices ever seen")) SCHEMA_AND
    SCHEMA_MEMBER("arrival_per_s", SCHEMA_NUMBER("Events a second in the last 5 minutes, by their time stamps")) SCHEMA_AND
    SCHEMA_MEMBER("settled_per_s", SCHEMA_NUMBER("Events a second that left the backlog, likewise")) SCHEMA_AND
    SCHEMA_MOMENT("oldest_pending_ts", "The oldest event that waits; null without backlog") SCHEMA_AND
    SCHEMA_MEMBER("oldest_pending_age", SCHEMA_TEXT("How long it has waited")) SCHEMA_AND
    SCHEMA_MOMENT("last_success_at", "The latest delivery; null for none") SCHEMA_AND
    SCHEMA_MOMENT("failing_since", "Since when deliveries fail; null when they work") SCHEMA_AND
    SCHEMA_MEMBER("last_error", SCHEMA_TEXT("Why they fail")) SCHEMA_AND
    SCHEMA_MEMBER("backlog_max", SCHEMA_INTEGER("Events that may be pending; 0 is no limit")) SCHEMA_AND
    SCHEMA_MEMBER("size_max", SCHEMA_INTEGER("Bytes that the file may have; 0 is no limit")) SCHEMA_AND
    SCHEMA_MEMBER("limits_assumed", SCHEMA_BOOLEAN(
        "The file does not say what its collector was told: at least one of these two is the default of collectord")) SCHEMA_AND
    SCHEMA_MEMBER("file_size", SCHEMA_INTEGER("Bytes of the database")) SCHEMA_AND
    SCHEMA_MEMBER("free_size", SCHEMA_INTEGER("Of these, bytes that hold nothing")) SCHEMA_AND
    SCHEMA_MEMBER("wal_size", SCHEMA_INTEGER("Bytes of its write-ahead log")) SCHEMA_AND
    SCHEMA_MEMBER("disk_free", SCHEMA_MAYBE("integer", "Bytes that are free on its disk")) SCHEMA_AND
    SCHEMA_MEMBER("full_in_s", SCHEMA_MAYBE("integer",
        "Seconds until something is full if the last 5 minutes go on; null when the backlog does not grow")) SCHEMA_AND
    SCHEMA_MEMBER("full_in", SCHEMA_TEXT("The same in words")) SCHEMA_AND
    SCHEMA_MEMBER("full_by", SCHEMA_TEXT("What will be full: backlog, file or disk")) SCHEMA_AND
    SCHEMA_MOMENT("now", "When this was asked"),
    "\"summary\",\"healthy\",\"reasons\",\"warnings\",\"ledger\",\"full_in_s\",\"limits_assumed\"");
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
