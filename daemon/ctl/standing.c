/* SPDX-License-Identifier: MIT */
/*
 * A judgement by the file alone, for whoever can't ask the collector or wants
 * more than it says. What it costs is bounded, however many events there are.
 */
#include "standing.h"

#include "option.h"
#include "owner.h"
#include "place.h"
#include "quantity.h"
#include "row_member.h"
#include "utc.h"

#include <collector/error.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* A backlog that is younger is a delivery that has not begun. */
#define PENDING_MS_MAX (60 * 1000)

/* Less than the reserve and a log of a collector. */
#define DISK_FREE_MIN (32 * 1024 * 1024)

/* A log starts again at a quarter of that, unless it is held. */
#define WAL_SIZE_MAX (64 * 1024 * 1024)

/* How the library shares -max-size out. The log gets a quarter, or with an
 * index on the devices half of a small file, and starts again at an eighth,
 * unless it is held. No append is taken that needs much more than an eighth. */
#define INDEXED_LOG_SIZE_MAX (64 * 1024 * 1024)
#define LOG_PART 8
#define REQUEST_PART 8

/* What it wants to find free for an append: its bytes more than once, since
 * pages are half empty, and some pages besides. */
#define COPIES 2
#define INDEXED_COPIES 3
#define APPEND_SIZE_FIXED (8 * 4096)

/* The longest forecast is ten years: beyond that it is never. */
#define FORECAST_MS_MAX (INT64_C(3650) * 24 * 60 * 60 * 1000)

__attribute__((format(printf, 2, 3))) static void
say(struct standing_sentences *sentences, const char *format, ...)
{
    const size_t i = sentences->count;
    va_list arguments;

    va_start(arguments, format);
    if (i < STANDING_SENTENCE_COUNT_MAX) {
        (void)vsnprintf(sentences->text[i], STANDING_SENTENCE_SIZE, format,
                        arguments);
        sentences->count++;
    }
    va_end(arguments);
}

/** A moment, in a file that may be of somebody else's making: what can't be one
 *  is 0. */
static int64_t
moment_of(const struct collector_row *row, const char *name)
{
    const int64_t ms = row_member_integer(row, name);

    return ms > 0 ? ms : 0;
}

static int
take_ledger(void *userdata, const struct collector_row *row)
{
    struct standing *standing = userdata;

    standing->accepted = row_member_integer(row, "accepted");
    standing->delivered = row_member_integer(row, "delivered");
    standing->dead = row_member_integer(row, "dead");
    standing->dropped = row_member_integer(row, "dropped");
    standing->pending = row_member_integer(row, "pending");
    standing->oldest_pending_ts = moment_of(row, "oldest_pending_ts");
    standing->last_success_at = moment_of(row, "last_success_at");
    standing->failing_since = moment_of(row, "failing_since");
    standing->dead_letters = row_member_integer(row, "dead_letters");
    standing->devices = row_member_integer(row, "devices");
    standing->file_size = row_member_integer(row, "file_size");
    standing->free_size = row_member_integer(row, "free_size");
    (void)snprintf(standing->last_error, sizeof(standing->last_error), "%s",
                   row_member_text(row, "last_error"));
    /* One that a collector was started on has a name of its own. */
    if (*row_member_text(row, "collector_id") == '\0')
        (void)snprintf(standing->snapshot_of, sizeof(standing->snapshot_of),
                       "%s", row_member_text(row, "snapshot_of"));
    return 1;
}

static int
take_state(void *userdata, const struct collector_row *row)
{
    struct standing *standing = userdata;

    standing->kept = row_member_integer(row, "kept");
    standing->request_count = row_member_integer(row, "request_count");
    standing->indexed = row_member_integer(row, "indexed") != 0;
    standing->dead_in_a_row = row_member_integer(row, "dead_in_a_row");
    standing->storage_faults = row_member_integer(row, "storage_faults");
    return 1;
}

static int
ask_state(struct collector_reader *reader, struct standing *standing,
          struct collector_answer *ret_answer)
{
    static const char sql[] =
        "WITH ends AS (SELECT (SELECT min(id) FROM event_log) AS first_id,"
        "   (SELECT max(id) FROM event_log) AS last_id)"
        " SELECT coalesce(last_id - first_id + 1, 0) AS kept,"
        " coalesce((SELECT event_count FROM idempotency"
        "   WHERE first_id = (SELECT max(first_id) FROM idempotency)"
        "   AND first_id + event_count > last_id), 1) AS request_count,"
        " EXISTS (SELECT 1 FROM sqlite_schema"
        "   WHERE name = 'event_log_device') AS indexed,"
        " dead_in_a_row, storage_faults FROM state, ends";

    return collector_reader_query(reader, sql, NULL, 0, take_state, standing,
                                  ret_answer);
}

/** Rates are worth no more than that: what takes too long is left unknown. */
static int
ask_rates(struct collector_reader *reader, int64_t now_ms,
          struct standing *standing, struct collector_answer *ret_answer)
{
    const int rc = flow_measure(reader, now_ms, &standing->flow, ret_answer);

    return rc == COLLECTOR_ERR_TIMEOUT ? COLLECTOR_OK : rc;
}

static void
measure_room(const char *path, struct standing *standing)
{
    struct statvfs system;

    standing->disk_free = -1;
    if (statvfs(path, &system) == 0)
        standing->disk_free = (int64_t)(system.f_bavail * system.f_frsize);
    standing->wal_size = place_log_size(path);
}

/** One of collectord's defaults. */
static int64_t
default_of(const char *name)
{
    const struct option *option = option_find(name, strlen(name));
    uint64_t value = 0;

    if (option != NULL)
        (void)quantity_size(option->value, &value); /* ours are right */
    return (int64_t)value;
}

static void
find_limits(const struct standing_limits *limits, struct standing *standing)
{
    standing->limits = *limits;
    if (limits->backlog_max < 0) {
        standing->limits.backlog_max = default_of("max-backlog");
        standing->assumed = true;
    }
    if (limits->size_max < 0) {
        standing->limits.size_max = default_of("max-size");
        standing->assumed = true;
    }
}

/** Note when something is full, unless something else is sooner. @param room
 *  Events that still fit. */
static void
note_end(struct standing *standing, enum standing_end end, double room,
         double growth)
{
    const double ms = room > 0 ? room / growth * 1000 : 1;

    if (ms >= (double)FORECAST_MS_MAX || (standing->full_by != STANDING_NEVER &&
                                          ms >= (double)standing->full_in_ms))
        return;
    standing->full_in_ms = ms < 1 ? 1 : (int64_t)ms;
    standing->full_by = end;
}

/** The backlog is as old as a delivery that works lets it become. Nobody
 *  delivers a snapshot's. */
static bool
is_late(const struct standing *standing, int64_t now_ms)
{
    return standing->snapshot_of[0] == '\0' && standing->pending > 0 &&
           now_ms - standing->oldest_pending_ts > PENDING_MS_MAX;
}

static double
used_size(const struct standing *standing)
{
    return (double)(standing->file_size - standing->free_size);
}

/** Bytes of an event in the file, on average; 0 for an empty one. */
static double
event_size(const struct standing *standing)
{
    return standing->kept > 0 ? used_size(standing) / (double)standing->kept
                              : 0;
}

/** Bytes of -max-size that hold events; the rest is for the log. */
static double
event_share(const struct standing *standing)
{
    const double size_max = (double)standing->limits.size_max;

    if (!standing->indexed || size_max / 4 >= INDEXED_LOG_SIZE_MAX)
        return size_max / 4 * 3;
    return size_max / 2 <= INDEXED_LOG_SIZE_MAX
               ? size_max / 2
               : size_max - INDEXED_LOG_SIZE_MAX;
}

/** What is delivered makes room for what comes: only a backlog that grows fills
 *  anything. */
static void
forecast(struct standing *standing, int64_t now_ms)
{
    const double growth =
        standing->flow.arrival_rate - standing->flow.settled_rate;
    const double pending = (double)standing->pending;
    const double size = event_size(standing);

    if (growth <= 0 || !is_late(standing, now_ms))
        return;
    if (standing->limits.backlog_max > 0)
        note_end(standing, STANDING_BACKLOG,
                 (double)standing->limits.backlog_max - pending, growth);
    if (size <= 0)
        return;
    if (standing->limits.size_max > 0)
        note_end(standing, STANDING_FILE,
                 event_share(standing) / size - pending, growth);
    if (standing->disk_free >= 0)
        note_end(standing, STANDING_DISK,
                 (double)(standing->disk_free + standing->file_size) / size -
                     pending,
                 growth);
}

static void
judge_delivery(struct standing *standing, int64_t now_ms)
{
    const char *ending = standing->pending == 1 ? "" : "s";
    char since[UTC_SIZE];

    if (standing->failing_since > 0)
        say(&standing->reasons, "deliveries have failed since %s (%s)",
            utc_write(standing->failing_since, since), standing->last_error);
    else if (is_late(standing, now_ms) && standing->last_success_at == 0)
        say(&standing->reasons,
            "nothing was delivered yet, with %" PRId64
            " event%s pending: does the collector run?",
            standing->pending, ending);
    else if (is_late(standing, now_ms) &&
             now_ms - standing->last_success_at > PENDING_MS_MAX)
        say(&standing->reasons,
            "nothing was delivered since %s, with %" PRId64
            " event%s pending: does the collector run?",
            utc_write(standing->last_success_at, since), standing->pending,
            ending);
    if (standing->dead_in_a_row >= COLLECTOR_DEAD_IN_A_ROW_MAX &&
        standing->pending > 0)
        say(&standing->reasons,
            "the last %" PRId64
            " events were refused for good: the upstream is taken for broken",
            standing->dead_in_a_row);
}

/** Bytes in use that nothing gives way in: what is settled does, for what
 *  comes. */
static double
held_size(const struct standing *standing)
{
    const double settled = (double)(standing->kept - standing->pending);

    return used_size(standing) -
           (settled > 0 ? settled * event_size(standing) : 0);
}

/** Bytes that an append like the last may need, as far as the file tells. */
static double
append_size(const struct standing *standing)
{
    const int copies = standing->indexed ? INDEXED_COPIES : COPIES;

    return copies * (double)standing->request_count * event_size(standing) +
           APPEND_SIZE_FIXED;
}

/** Whether a reader has the log take what an append would need. One that alone
 *  is larger than it may be is from before that limit. */
static bool
is_log_full(const struct standing *standing)
{
    const double size_max = (double)standing->limits.size_max;
    const double log_size = (double)standing->wal_size;
    const double need = append_size(standing);
    double main_size = held_size(standing) + need;

    if (log_size <= size_max / LOG_PART + need ||
        (log_size > size_max && log_size <= WAL_SIZE_MAX))
        return false;
    if (main_size < (double)standing->file_size)
        main_size = (double)standing->file_size;
    return main_size + log_size + need + APPEND_SIZE_FIXED > size_max;
}

/** Whether events are refused for -max-size, or soon will be. */
static void
judge_size(struct standing *standing)
{
    const double left = event_share(standing) - held_size(standing);

    if (left < append_size(standing) || is_log_full(standing))
        say(&standing->reasons,
            "the buffer is full, %" PRId64 " of %" PRId64 " bytes",
            standing->file_size + standing->wal_size,
            standing->limits.size_max);
    else if (left < event_share(standing) / REQUEST_PART)
        say(&standing->warnings,
            "the buffer has room for only %" PRId64
            " bytes: what needs more is refused",
            (int64_t)left);
}

/** Whether events are refused. Said before all else, as a collector does: each
 *  of them is lost unless its sender keeps it. */
static void
judge_limits(struct standing *standing)
{
    const int64_t backlog_max = standing->limits.backlog_max;

    if (backlog_max > 0 && standing->pending >= backlog_max)
        say(&standing->reasons,
            "the buffer is full, %" PRId64 " of %" PRId64 " events",
            standing->pending, backlog_max);
    if (standing->limits.size_max > 0)
        judge_size(standing);
}

static void
judge_room(struct standing *standing)
{
    if (standing->disk_free >= 0 && standing->disk_free < DISK_FREE_MIN)
        say(&standing->reasons, "the disk has only %" PRId64 " bytes left",
            standing->disk_free);
    if (standing->full_by != STANDING_NEVER)
        say(&standing->warnings,
            "the %s will be full in %" PRId64 " s if the last %" PRId64
            " s go on",
            standing_end_name(standing->full_by), standing->full_in_ms / 1000,
            standing->flow.window_ms / 1000);
    if (standing->wal_size > WAL_SIZE_MAX)
        say(&standing->warnings,
            "the write-ahead log has %" PRId64
            " bytes: a reader may keep it from shrinking",
            standing->wal_size);
}

static void
warn(struct standing *standing)
{
    if (!standing->owner_seen && standing->snapshot_of[0] == '\0')
        say(&standing->warnings,
            "no collector was seen that has the file open: it does not run, or "
            "is in another container");
    if (standing->flow.window_ms == 0)
        say(&standing->warnings,
            "it took too long to tell how fast events come and go: when "
            "something is full is not known");
    if (standing->dead_letters > 0)
        say(&standing->warnings,
            "%" PRId64 " dead letter%s kept: the upstream refused %s for good",
            standing->dead_letters,
            standing->dead_letters == 1 ? " is" : "s are",
            standing->dead_letters == 1 ? "that event" : "those events");
    if (standing->storage_faults > 0)
        say(&standing->warnings,
            "commits have failed %" PRId64 " time%s since the file was made",
            standing->storage_faults, standing->storage_faults == 1 ? "" : "s");
}

int
standing_glance(struct collector_reader *reader, const char *path,
                struct standing *ret_standing,
                struct collector_answer *ret_answer)
{
    char *place = place_of(path);
    int rc = COLLECTOR_ERR_NOMEM;

    *ret_answer = (struct collector_answer){.size = sizeof(*ret_answer)};
    memset(ret_standing, 0, sizeof(*ret_standing));
    if (place != NULL)
        rc = collector_reader_ledger(reader, take_ledger, ret_standing,
                                     ret_answer);
    if (rc == COLLECTOR_OK) {
        ret_standing->owner_seen = owner_is_seen(place);
        measure_room(place, ret_standing);
    }
    free(place);
    return rc;
}

int
standing_look(struct collector_reader *reader, const char *path,
              const struct standing_limits *limits, int64_t now_ms,
              struct standing *ret_standing,
              struct collector_answer *ret_answer)
{
    int rc = standing_glance(reader, path, ret_standing, ret_answer);

    if (rc == COLLECTOR_OK)
        rc = ask_state(reader, ret_standing, ret_answer);
    if (rc == COLLECTOR_OK)
        rc = ask_rates(reader, now_ms, ret_standing, ret_answer);
    if (rc != COLLECTOR_OK)
        return rc;
    find_limits(limits, ret_standing);
    forecast(ret_standing, now_ms);
    judge_limits(ret_standing);
    judge_delivery(ret_standing, now_ms);
    judge_room(ret_standing);
    warn(ret_standing);
    ret_standing->ok = ret_standing->reasons.count == 0;
    return COLLECTOR_OK;
}

const char *
standing_end_name(enum standing_end end)
{
    switch (end) {
    case STANDING_BACKLOG:
        return "backlog";
    case STANDING_FILE:
        return "file";
    case STANDING_DISK:
        return "disk";
    case STANDING_NEVER:
        break;
    }
    return "never";
}
