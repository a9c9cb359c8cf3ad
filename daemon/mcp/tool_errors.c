/* SPDX-License-Identifier: MIT */
/*
 * What went wrong lately, all of it in one answer: with deliveries, with events
 * that were refused or dropped, with the file, and what devices themselves call
 * an error. Nobody has to know where each of these is kept.
 */
#include "elapsed.h"
#include "lead.h"
#include "schema.h"
#include "tool.h"
#include "utc.h"

#include <inttypes.h>
#include <string.h>

#define SINCE_MS_DEFAULT (60 * 60 * 1000)

/* Rows of a list at most: those are the latest. */
#define ROWS "50"

/* The latest events that are looked through for errors of devices. */
#define EVENTS_LOOKED_AT "200000"

/* clang-format off */
/* What devices call an error: one of these words in the kind of their event,
 * with what else it may end in. A question may have eight patterns. */
#define WORD(word, endings) \
    "' ' || lower(kind) || ' ' GLOB '*[-._/: ]" word "[-._/: " endings "]*'"

#define KINDS \
    "(" WORD("error", "s") " OR " WORD("fault", "s") " OR " \
    WORD("fail", "seiu") " OR " WORD("alarm", "s") ")"
/* clang-format on */

/* The same for a model. */
#define KINDS_IN_WORDS                                                         \
    "error, errors, fault, faults, fail, fails, failed, failing, failure, "    \
    "failures, alarm or alarms as a word of its own, between . _ - / : and "   \
    "spaces"

#define EVENTS                                                                 \
    " FROM event_log WHERE id > (SELECT max(id) FROM event_log) "              \
    "- " EVENTS_LOOKED_AT " AND ts >= ?1 AND " KINDS

/* One that the upstream has not answered since goes on: its next attempt is
 * still to come, also when events had to make room meanwhile. */
#define GOES_ON                                                                \
    "id > (SELECT coalesce(max(id), 0) FROM upload_runs"                       \
    " WHERE status IN ('success', 'dead'))"
#define OUTAGES                                                                \
    " FROM upload_runs WHERE status = 'error'"                                 \
    " AND (finished_at >= ?1 OR " GOES_ON ")"

/* One list of the answer. */
struct part {
    const char *name;
    /** What one and several are called in the sentence. */
    const char *one;
    const char *several;
    /** How many there are, and the rows, since ?1. */
    const char *count_sql;
    const char *rows_sql;
    /** It is in files of newer schemas only, with this table. */
    const char *table;
};

static const struct part parts[] = {
    {"outages", "outage of the upstream", "outages of the upstream",
     "SELECT count(*)" OUTAGES,
     "SELECT started_at, finished_at, attempts, error, first_id, last_id,"
     " " GOES_ON " AS ongoing" OUTAGES " ORDER BY id DESC LIMIT " ROWS,
     NULL},
    {"dead_letters", "event that the upstream refused for good",
     "events that the upstream refused for good",
     "SELECT count(*) FROM dead_letters WHERE at >= ?1",
     "SELECT d.event_id, e.device_id, e.kind, d.at, d.status, d.reason,"
     " d.attempts, d.replayed_as"
     " FROM dead_letters d LEFT JOIN event_log e ON e.id = d.event_id"
     " WHERE d.at >= ?1 ORDER BY d.event_id DESC LIMIT " ROWS,
     NULL},
    {"drops", "drop of undelivered events for want of room",
     "drops of undelivered events for want of room",
     "SELECT count(*) FROM upload_runs"
     " WHERE status = 'dropped' AND finished_at >= ?1",
     "SELECT started_at, finished_at, event_count, first_id, last_id, error"
     " FROM upload_runs WHERE status = 'dropped' AND finished_at >= ?1"
     " ORDER BY id DESC LIMIT " ROWS,
     NULL},
    {"quarantines", "damaged file that was put aside",
     "damaged files that were put aside",
     "SELECT count(*) FROM quarantines WHERE at >= ?1",
     "SELECT at, path, reason, salvaged, lost, finished_at FROM quarantines"
     " WHERE at >= ?1 ORDER BY id DESC LIMIT " ROWS,
     "quarantines"},
    {"device_errors", "event of a device that reports an error",
     "events of devices that report an error", "SELECT count(*)" EVENTS,
     "SELECT id, device_id, kind, substr(payload_json, 1, 1000) AS"
     " payload_text, ts" EVENTS " ORDER BY id DESC LIMIT " ROWS,
     NULL},
};

#define PART_COUNT (sizeof(parts) / sizeof(*parts))

/* What is known of one. */
struct finding {
    int64_t count;
    /** The question for it took too long: it is not known, or not all of it. */
    bool late;
};

/** How many there are: none when the file has no table of them. */
static int
count_part(struct tool_call *call, const struct part *part, int64_t since,
           struct finding *ret_finding)
{
    int rc;

    *ret_finding = (struct finding){.count = 0};
    if (part->table != NULL && !tool_has_table(call, part->table))
        return 0;
    rc = tool_numbers(call, part->count_sql, &since, 1, &ret_finding->count, 1);
    ret_finding->late = rc < 0 && inquiry_took_too_long(call->inquiry);
    return ret_finding->late ? 0 : rc;
}

/** A list that was not counted is left out. */
static int
write_part(struct tool_call *call, const struct part *part, int64_t since,
           struct finding *finding)
{
    struct excerpt excerpt;
    int rc;

    if (finding->late)
        return 0;
    if (finding->count <= 0) {
        (void)fprintf(call->out, ",\"%s\":[],\"%s_count\":0", part->name,
                      part->name);
        return 0;
    }
    (void)putc(',', call->out);
    rc = tool_write_rows(call, part->name, part->rows_sql, &since, 1, &excerpt);
    finding->late = rc < 0 && inquiry_took_too_long(call->inquiry);
    (void)fprintf(call->out, ",\"%s_count\":%" PRId64, part->name,
                  finding->count);
    return finding->late ? 0 : rc;
}

/** Write the names of the lists that took too long. */
static void
write_late(FILE *out, const struct finding findings[PART_COUNT])
{
    const char *separator = "";
    size_t i;

    (void)fputs(",\"left_out\":[", out);
    for (i = 0; i < PART_COUNT; i++) {
        if (!findings[i].late)
            continue;
        (void)fprintf(out, "%s\"%s\"", separator, parts[i].name);
        separator = ",";
    }
    (void)putc(']', out);
}

/** Add what was counted: ": 2 outages of the upstream, 1 …", or that it is
 *  none, and what was not. */
static void
add_counts(FILE *out, const struct finding findings[PART_COUNT])
{
    const char *separator = ": ";
    size_t i;

    for (i = 0; i < PART_COUNT; i++) {
        if (findings[i].late || findings[i].count <= 0)
            continue;
        (void)fprintf(out, "%s%" PRId64 " %s", separator, findings[i].count,
                      findings[i].count == 1 ? parts[i].one : parts[i].several);
        separator = ", ";
    }
    if (*separator == ':')
        (void)fputs(" nothing went wrong", out);
    for (i = 0; i < PART_COUNT; i++) {
        if (findings[i].late)
            (void)fprintf(out, "; it took too long to look for %s",
                          parts[i].several);
    }
}

/** Write it in a sentence: "In the last 1 hour: 2 outages of the upstream". */
static void
write_summary(struct tool_call *call, const struct standing *standing,
              int64_t since, const struct finding findings[PART_COUNT])
{
    char text[LEAD_SUMMARY_SIZE] = "";
    char words[ELAPSED_SIZE];
    char moment[UTC_SIZE];
    FILE *out = fmemopen(text, sizeof(text), "w");

    if (out == NULL)
        return;
    (void)fprintf(out, "In the last %s",
                  elapsed_words(call->now_ms - since, words));
    add_counts(out, findings);
    if (standing->failing_since > 0)
        (void)fprintf(out, "; deliveries have failed since %s (%s)",
                      utc_write(standing->failing_since, moment),
                      standing->last_error);
    (void)fclose(out);
    lead_write_summary(call->out, standing, text);
}

static int
write_errors(struct tool_call *call, const struct standing *standing,
             int64_t since, struct finding findings[PART_COUNT])
{
    size_t i;

    (void)putc('{', call->out);
    write_summary(call, standing, since, findings);
    for (i = 0; i < PART_COUNT; i++) {
        if (write_part(call, &parts[i], since, &findings[i]) < 0)
            return -1;
    }
    write_late(call->out, findings);
    (void)fprintf(call->out, ",\"storage_faults_ever\":%" PRId64 ",",
                  standing->storage_faults);
    tool_write_moment(call->out, "since", since);
    (void)putc(',', call->out);
    tool_write_moment(call->out, "now", call->now_ms);
    (void)putc('}', call->out);
    return 0;
}

static int
find_errors(struct tool_call *call)
{
    struct finding findings[PART_COUNT];
    struct standing standing;
    int64_t since = call->now_ms - SINCE_MS_DEFAULT;
    size_t i;

    if (arguments_moment(&call->arguments, "since", &since) < 0)
        return -1;
    if (since > call->now_ms)
        return problem_say(&call->problem, "\"since\" has to be before now");
    if (inquiry_open(call->inquiry, TOOL_ROW_COUNT_MAX, TOOL_BYTES_MAX,
                     &call->problem) < 0 ||
        tool_glance(call, &standing) < 0 ||
        tool_numbers(call, "SELECT storage_faults FROM state", NULL, 0,
                     &standing.storage_faults, 1) < 0)
        return -1;
    for (i = 0; i < PART_COUNT; i++) {
        if (count_part(call, &parts[i], since, &findings[i]) < 0)
            return -1;
    }
    return write_errors(call, &standing, since, findings);
}

/* clang-format off */
static const char input[] = SCHEMA_OBJECT(
    SCHEMA_WHEN("since", "\"default\":\"1h\",", "From when on"),
    "");

#define COUNT(name) SCHEMA_INTEGER(name "_count", "How many there are in all")

#define IDS \
SCHEMA_INTEGER("first_id", "Its first event") "," \
SCHEMA_INTEGER("last_id", "Its last event")

static const char output[] = SCHEMA_OBJECT(
    SCHEMA_TEXT("summary", "The answer in a sentence") ","
    SCHEMA_ARRAY("outages", "Deliveries that failed, the latest first",
        SCHEMA_OBJECT(
        SCHEMA_MOMENT("started_at", "The first attempt that failed") ","
        SCHEMA_MOMENT("finished_at", "The latest one") ","
        SCHEMA_INTEGER("attempts", "How often it was tried") ","
        SCHEMA_MAYBE("error", "string", "Why it failed") ","
        SCHEMA_INTEGER("ongoing",
            "1 when it goes on: nothing was delivered since") ","
        IDS,
        "\"started_at\",\"finished_at\",\"attempts\"")) ","
    COUNT("outages") ","
    SCHEMA_ARRAY("dead_letters", "Events refused for good, the latest first",
        SCHEMA_OBJECT(
        SCHEMA_INTEGER("event_id", "Which event") ","
        SCHEMA_MAYBE("device_id", "string", "Who reported it") ","
        SCHEMA_MAYBE("kind", "string", "What sort of event it is") ","
        SCHEMA_MOMENT("at", "When it was refused") ","
        SCHEMA_MAYBE("status", "integer", "HTTP status") ","
        SCHEMA_MAYBE("reason", "string", "What the upstream said") ","
        SCHEMA_INTEGER("attempts", "How often it was sent") ","
        SCHEMA_MAYBE("replayed_as", "integer",
            "Its id when it was appended again"),
        "\"event_id\",\"at\"")) ","
    COUNT("dead_letters") ","
    SCHEMA_ARRAY("drops", "Events that had to make room", SCHEMA_OBJECT(
        SCHEMA_MOMENT("started_at", "The first") ","
        SCHEMA_MOMENT("finished_at", "The last") ","
        SCHEMA_INTEGER("event_count", "Events that were dropped") ","
        SCHEMA_MAYBE("error", "string", "Why") ","
        IDS,
        "\"event_count\"")) ","
    COUNT("drops") ","
    SCHEMA_ARRAY("quarantines", "Damaged files", SCHEMA_OBJECT(
        SCHEMA_MOMENT("at", "When it was put aside") ","
        SCHEMA_TEXT("path", "Where it is") ","
        SCHEMA_TEXT("reason", "What was wrong with it") ","
        SCHEMA_INTEGER("salvaged", "Events taken over") ","
        SCHEMA_INTEGER("lost", "Events lost, at least") ","
        SCHEMA_MOMENT("finished_at", "When all was taken over"),
        "\"at\",\"path\",\"reason\"")) ","
    COUNT("quarantines") ","
    SCHEMA_ARRAY("device_errors",
        "Events whose kind has " KINDS_IN_WORDS ", the latest first",
        SCHEMA_OBJECT(
        SCHEMA_INTEGER("id", "Which event") ","
        SCHEMA_TEXT("device_id", "Who reported it") ","
        SCHEMA_TEXT("kind", "What sort of event it is") ","
        SCHEMA_MAYBE("payload_text", "string",
            "Its payload as text, the first 1000 characters") ","
        SCHEMA_MOMENT("ts", "When it happened"),
        "\"id\",\"device_id\",\"kind\",\"ts\"")) ","
    COUNT("device_errors") ","
    SCHEMA_TEXTS("left_out",
        "Lists above that are not here, or end early, because it took too long "
        "to look for them") ","
    SCHEMA_INTEGER("storage_faults_ever",
        "Commits that failed since the file was made; when is not known") ","
    SCHEMA_MOMENT("since", "From when on") ","
    SCHEMA_MOMENT("now", "When this was asked"),
    "\"summary\",\"left_out\"");
/* clang-format on */

const struct tool tool_recent_errors = {
    .name = "recent_errors",
    .title = "Recent errors",
    .description =
        "What went wrong lately (in the last hour unless you say otherwise), "
        "all in one answer: outages of the upstream with their reasons, events "
        "it refused for good (dead letters), events dropped for want of room, "
        "damaged files, and events in which devices report an error (those "
        "whose kind has " KINDS_IN_WORDS
        ", among the latest 200000 events; for other words, and words in "
        "payloads, use search_events). Answers "
        "\"what went wrong in the last hour?\" in one call. Each list has the "
        "latest 50, and its _count says how many there are; what takes too "
        "long "
        "to look for is left out, and left_out says so. Whether all is well "
        "right now says buffer_status.",
    .input = input,
    .output = output,
    .run = find_errors,
};
