/* SPDX-License-Identifier: MIT */
/*
 * What is wrong, in words that name the figures. A reason means that events are
 * not kept or not delivered right now, and somebody should look; a warning that
 * this may come, or that something mends itself.
 */
#include "health.h"

#include "answer.h"
#include "json_text.h"
#include "utc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Of one sentence; the longest part is an upstream's error. */
#define SENTENCE_SIZE (COLLECTOR_DELIVERY_ERROR_SIZE + 192)

__attribute__((format(printf, 2, 3))) static void
say(json_t *sentences, const char *format, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    (void)json_array_append_new(sentences, json_text(sentence));
}

/* The sink has been at one batch for longer than any that works. */
static bool
is_hung(const struct collector_uploader_stats *stats)
{
    return stats->in_flight_ms > COLLECTOR_STALL_MS;
}

bool
health_is_stuck(const struct collector_uploader_stats *stats)
{
    return is_hung(stats) || (!stats->healthy && stats->failures_in_a_row == 0);
}

static void
say_stalled(const struct status *status, int64_t now_ms, json_t *reasons)
{
    const int64_t last_at = status->uploader.last_success_at;
    const uint64_t pending = status->store.pending;
    const char *ending = pending == 1 ? "" : "s";

    if (last_at > 0 && last_at < now_ms)
        say(reasons,
            "nothing delivered for %" PRId64 " s: the uploader is stuck, with "
            "%" PRIu64 " event%s pending",
            (now_ms - last_at) / 1000, pending, ending);
    else
        say(reasons,
            "nothing delivered yet: the uploader is stuck, with %" PRIu64
            " event%s pending",
            pending, ending);
}

/* @return Whether events are being delivered. */
static bool
judge_uploader(const struct status *status, int64_t now_ms, json_t *reasons)
{
    const struct collector_uploader_stats *stats = &status->uploader;
    char since[UTC_SIZE];

    if (is_hung(stats))
        say(reasons,
            "nothing delivered for %" PRIu64 " s: a delivery has been under "
            "way for so long",
            stats->in_flight_ms / 1000);
    else if (stats->failures_in_a_row > 0)
        say(reasons,
            "deliveries have failed since %s (%" PRIu32 " in a row: %s)",
            utc_write(stats->failing_since, since), stats->failures_in_a_row,
            stats->last_error);
    else if (!stats->healthy)
        say_stalled(status, now_ms, reasons);
    return stats->healthy;
}

static bool
has_room(const struct status *status)
{
    const struct collector_store_stats *stats = &status->store;

    return !status->refusing &&
           (stats->backlog_max == 0 || stats->pending < stats->backlog_max);
}

static void
say_full(const struct collector_store_stats *stats, json_t *reasons)
{
    char events[64] = "";
    char bytes[64] = "";

    if (stats->backlog_max > 0)
        (void)snprintf(events, sizeof(events),
                       ", %" PRIu64 " of %" PRIu64 " events", stats->pending,
                       stats->backlog_max);
    if (stats->size_max > 0)
        (void)snprintf(bytes, sizeof(bytes),
                       ", %" PRIu64 " of %" PRIu64 " bytes", stats->file_size,
                       stats->size_max);
    if (stats->overflow == COLLECTOR_OVERFLOW_DROP_OLDEST)
        say(reasons,
            "the buffer is full%s%s: the oldest events are dropped, %" PRIu64
            " so far",
            events, bytes, stats->dropped);
    else
        say(reasons, "the buffer is full%s%s: events are refused", events,
            bytes);
}

/* @return Whether the storage works. */
static bool
judge_storage(const struct collector_store_stats *stats, json_t *reasons)
{
    if (stats->disk_full)
        say(reasons,
            "the disk is full: events are refused; %" PRIu64 " bytes are ours",
            stats->file_size);
    if (!stats->storage_ok)
        say(reasons,
            "the storage is failing: since the last commit that failed, one "
            "of %" PRIu64 " since the start, none has worked",
            stats->commit_failures);
    return stats->storage_ok && !stats->disk_full;
}

/* @return Whether the receiver is believed when it refuses an event, or has
 *         none to refuse. */
static bool
judge_dead_letters(const struct collector_store_stats *stats, json_t *reasons,
                   json_t *warnings)
{
    const bool broken = stats->dead_in_a_row >= COLLECTOR_DEAD_IN_A_ROW_MAX;

    if (broken && stats->pending > 0)
        say(reasons,
            "the last %" PRIu64 " events were refused for good: the upstream "
            "is taken for broken, and no more are given up",
            stats->dead_in_a_row);
    else if (stats->dead_in_a_row > 0)
        say(warnings,
            "the last %" PRIu64 " event%s refused for good, of %" PRIu64
            " dead letter%s",
            stats->dead_in_a_row, stats->dead_in_a_row == 1 ? " was" : "s were",
            stats->dead_letter_count, stats->dead_letter_count == 1 ? "" : "s");
    return !broken || stats->pending == 0;
}

static void
warn(const struct collector_store_stats *stats, json_t *warnings)
{
    if (stats->wal_pinned_ms > 0)
        say(warnings,
            "a reader has held the log for %" PRIu64 " s: it can't shrink, "
            "and has %" PRIu64 " bytes",
            stats->wal_pinned_ms / 1000, stats->wal_size);
    if (stats->salvaging)
        say(warnings,
            "a damaged file is being salvaged: %" PRIu64 " event%s so far",
            stats->salvaged, stats->salvaged == 1 ? "" : "s");
}

void
health_judge(const struct status *status, int64_t now_ms,
             struct health *ret_health)
{
    struct health health = {.ok = true};

    health.reasons = json_array();
    health.warnings = json_array();
    health.backlog_ok = has_room(status);
    if (!health.backlog_ok)
        say_full(&status->store, health.reasons);
    if (!judge_uploader(status, now_ms, health.reasons))
        health.ok = false;
    if (!judge_storage(&status->store, health.reasons))
        health.ok = false;
    if (!judge_dead_letters(&status->store, health.reasons, health.warnings))
        health.ok = false;
    warn(&status->store, health.warnings);
    health.ok = health.ok && health.backlog_ok;
    *ret_health = health;
}
