/* SPDX-License-Identifier: MIT */
/*
 * The last hour of the ledger, for curves of it. It costs a look at the store
 * now and then, and memory that was taken at the start: no file, and nothing
 * that grows.
 */
#include "history.h"

#include "utc.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* What the two clocks may be apart before one of them counts as set: more than
 * a clock that is slowly corrected gains between two samples. */
#define DRIFT_MS_MAX 2000

struct sample {
    int64_t at; /* ms since 1970 */
    uint64_t accepted;
    uint64_t delivered;
    uint64_t dead;
    uint64_t dropped;
    uint64_t pending;
};

struct history {
    pthread_mutex_t lock;
    /* Ever taken: each stands at its number, modulo the room. */
    uint64_t count;
    struct sample samples[HISTORY_SAMPLE_COUNT];
    /* Between the clock since boot and what the samples say. */
    int64_t offset_ms;
    int64_t due_at; /* ms since boot; of the thread that adds */
};

struct history *
history_new(void)
{
    struct history *history = calloc(1, sizeof(*history));

    if (history != NULL)
        (void)pthread_mutex_init(&history->lock,
                                 NULL); /* can't fail on Linux */
    return history;
}

static uint64_t
oldest_of(const struct history *history)
{
    return history->count > HISTORY_SAMPLE_COUNT
               ? history->count - HISTORY_SAMPLE_COUNT
               : 0;
}

static struct sample *
sample_at(struct history *history, uint64_t number)
{
    return &history->samples[number % HISTORY_SAMPLE_COUNT];
}

/* Follow a clock that was set. */
static void
shift(struct history *history, int64_t by_ms)
{
    uint64_t i;

    for (i = oldest_of(history); i < history->count; i++)
        sample_at(history, i)->at += by_ms;
    history->offset_ms += by_ms;
}

void
history_add(struct history *history, int64_t monotonic_ms, int64_t wall_ms,
            const struct collector_store_stats *stats)
{
    int64_t drift_ms;

    (void)pthread_mutex_lock(&history->lock);
    drift_ms = wall_ms - monotonic_ms - history->offset_ms;
    if (history->count == 0 || llabs(drift_ms) > DRIFT_MS_MAX)
        shift(history, drift_ms);
    *sample_at(history, history->count++) = (struct sample){
        .at = monotonic_ms + history->offset_ms,
        .accepted = stats->accepted,
        .delivered = stats->delivered,
        .dead = stats->dead,
        .dropped = stats->dropped,
        .pending = stats->pending,
    };
    (void)pthread_mutex_unlock(&history->lock);
}

/* Of a clock that goes on while the machine sleeps: else a suspend would look
 * like a clock that was set. */
static int64_t
since_boot_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now); /* can't fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
history_step(struct history *history, struct collector_store *store)
{
    const int64_t now_ms = since_boot_ms();
    struct collector_store_stats stats = {.size = sizeof(stats)};

    if (now_ms >= history->due_at) {
        collector_store_stats(store, &stats);
        history_add(history, now_ms, utc_now_ms(), &stats);
        /* As evenly as it can be, and never twice to make up for a stall. */
        history->due_at += HISTORY_STEP_MS;
        if (history->due_at <= now_ms)
            history->due_at = now_ms + HISTORY_STEP_MS;
    }
    return (int)(history->due_at - now_ms);
}

static void
write_sample(const struct sample *sample, bool first, FILE *out)
{
    (void)fprintf(out,
                  "%s[%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                  ",%" PRIu64 "]",
                  first ? "" : ",", sample->at, sample->accepted,
                  sample->delivered, sample->dead, sample->dropped,
                  sample->pending);
}

void
history_write(struct history *history, int64_t after, FILE *out)
{
    bool first = true;
    uint64_t i;

    (void)putc('[', out);
    (void)pthread_mutex_lock(&history->lock);
    i = oldest_of(history);
    if (history->count > 0 &&
        after > sample_at(history, history->count - 1)->at)
        after = INT64_MIN;
    for (; i < history->count; i++) {
        if (sample_at(history, i)->at <= after)
            continue;
        write_sample(sample_at(history, i), first, out);
        first = false;
    }
    (void)pthread_mutex_unlock(&history->lock);
    (void)putc(']', out);
}

void
history_free(struct history *history)
{
    if (history == NULL)
        return;
    (void)pthread_mutex_destroy(&history->lock);
    free(history);
}
