/* SPDX-License-Identifier: MIT */
/*
 * How an uploader fares: what its cycles and deliveries came to, how long it
 * rests after a failure, and whether it is healthy. Any thread may ask while
 * another one is in a step.
 */
#include "uploader.h"

#include "backoff.h"
#include "options.h"
#include "store.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

static int64_t
now_ms(const struct collector_uploader *uploader)
{
    return collector__clock_monotonic_ms(uploader->clock);
}

/** How long to rest after a failure: drawn at random, and at least as long as
 *  the receiver asked for. */
static uint32_t
rest_after_failure(const struct collector_uploader *uploader,
                   int64_t retry_after_ms, uint32_t failures)
{
    const struct collector__backoff backoff = {uploader->options.retry_base_ms,
                                               uploader->options.retry_max_ms};
    const uint32_t drawn = collector__backoff_ms(
        &backoff, failures,
        collector__random(&uploader->store->database.random));

    if (retry_after_ms > COLLECTOR_RETRY_AFTER_MS_MAX)
        retry_after_ms = COLLECTOR_RETRY_AFTER_MS_MAX;
    return retry_after_ms > drawn ? (uint32_t)retry_after_ms : drawn;
}

uint32_t
collector__uploader_note_failure(struct collector_uploader *uploader,
                                 const char *why, int64_t retry_after_ms)
{
    struct collector_uploader_stats *stats = &uploader->stats;
    uint32_t failures;
    uint32_t rest;

    (void)pthread_mutex_lock(&uploader->mutex);
    if (stats->failures_in_a_row < UINT32_MAX)
        stats->failures_in_a_row++;
    failures = stats->failures_in_a_row;
    if (failures == 1)
        stats->failing_since = collector__clock_wall_ms(uploader->clock);
    rest = rest_after_failure(uploader, retry_after_ms, failures);
    uploader->cycle_at = now_ms(uploader);
    uploader->retry_at = uploader->cycle_at + rest;
    (void)snprintf(stats->last_error, sizeof(stats->last_error), "%s", why);
    (void)pthread_mutex_unlock(&uploader->mutex);
    collector__log(&uploader->log, COLLECTOR_LOG_WARNING,
                   "upload to %s failed: %s; attempt %u, next in %u ms",
                   collector_sink_name(uploader->sink), why, failures, rest);
    return rest;
}

void
collector__uploader_note_success(struct collector_uploader *uploader,
                                 uint64_t event_count)
{
    struct collector_uploader_stats *stats = &uploader->stats;
    uint32_t failures;

    (void)pthread_mutex_lock(&uploader->mutex);
    failures = stats->failures_in_a_row;
    stats->failures_in_a_row = 0;
    stats->failing_since = 0;
    stats->last_error[0] = '\0';
    stats->events += event_count;
    if (event_count > 0)
        stats->last_success_at = collector__clock_wall_ms(uploader->clock);
    uploader->cycle_at = now_ms(uploader);
    uploader->retry_at = 0;
    (void)pthread_mutex_unlock(&uploader->mutex);
    if (failures > 0)
        collector__log(&uploader->log, COLLECTOR_LOG_INFO,
                       "upload to %s works again after %u failures",
                       collector_sink_name(uploader->sink), failures);
}

void
collector__uploader_note_cycle(struct collector_uploader *uploader)
{
    (void)pthread_mutex_lock(&uploader->mutex);
    uploader->cycle_at = now_ms(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
}

void
collector__uploader_note_pace(struct collector_uploader *uploader,
                              uint32_t wait_ms)
{
    const int64_t now = now_ms(uploader);
    int64_t rested_until;

    (void)pthread_mutex_lock(&uploader->mutex);
    rested_until = now < uploader->paced_until ? now : uploader->paced_until;
    if (rested_until > uploader->paced_at)
        uploader->stats.throttled_ms +=
            (uint64_t)(rested_until - uploader->paced_at);
    uploader->paced_at = now;
    uploader->paced_until = now + wait_ms;
    if (wait_ms > 0)
        uploader->cycle_at = uploader->paced_until; /* till then, it is well */
    (void)pthread_mutex_unlock(&uploader->mutex);
}

void
collector__uploader_note_run(struct collector_uploader *uploader, bool failed)
{
    (void)pthread_mutex_lock(&uploader->mutex);
    uploader->stats.runs++;
    if (uploader->stats.failures_in_a_row > 0)
        uploader->stats.retries++;
    if (failed)
        uploader->stats.failures++;
    (void)pthread_mutex_unlock(&uploader->mutex);
}

void
collector__uploader_note_flight(struct collector_uploader *uploader,
                                bool in_flight)
{
    (void)pthread_mutex_lock(&uploader->mutex);
    uploader->in_flight = in_flight;
    uploader->in_flight_at = now_ms(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
}

uint32_t
collector__uploader_remaining_rest(struct collector_uploader *uploader)
{
    int64_t retry_at;
    int64_t now;

    (void)pthread_mutex_lock(&uploader->mutex);
    retry_at = uploader->retry_at;
    (void)pthread_mutex_unlock(&uploader->mutex);
    now = now_ms(uploader);
    return retry_at > now ? (uint32_t)(retry_at - now) : 0;
}

static void
read_stats(struct collector_uploader *uploader,
           struct collector_uploader_stats *stats)
{
    int64_t cycle_at;
    int64_t interval_ms;

    (void)pthread_mutex_lock(&uploader->mutex);
    *stats = uploader->stats;
    cycle_at = uploader->cycle_at;
    interval_ms = uploader->options.interval_ms;
    stats->in_flight_ms =
        uploader->in_flight
            ? (uint64_t)(now_ms(uploader) - uploader->in_flight_at)
            : 0;
    (void)pthread_mutex_unlock(&uploader->mutex);
    stats->healthy =
        stats->failures_in_a_row == 0 &&
        stats->in_flight_ms <= COLLECTOR_STALL_MS &&
        now_ms(uploader) - cycle_at <= interval_ms + COLLECTOR_STALL_MS;
    stats->retry_in_ms = collector__uploader_remaining_rest(uploader);
}

void
collector_uploader_stats(struct collector_uploader *uploader,
                         struct collector_uploader_stats *ret_stats)
{
    struct collector_uploader_stats stats;

    memset(&stats, 0, sizeof(stats));
    if (collector__uploader_check(uploader) == COLLECTOR_OK)
        read_stats(uploader, &stats);
    collector__stats_copy(ret_stats, &stats, sizeof(stats));
}
