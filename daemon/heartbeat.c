/* SPDX-License-Identifier: MIT */
/*
 * What only a restart mends is to keep the watchdog hungry, and nothing else:
 * a server that answers nobody, as when appends hang and take all its threads
 * along; a store that can't be read, which hangs the one who asks; an uploader
 * that hangs, be it in the sink or in the store. An upstream that is gone is
 * none of these.
 */
#include "heartbeat.h"

#include "console.h"
#include "health.h"
#include "probe.h"
#include "supervisor.h"
#include "worker.h"

#include <inttypes.h>
#include <stdlib.h>

/* How often a service manager without a watchdog is told how it goes. */
#define TELL_INTERVAL_MS 10000

/* Between two looks at a question that is out. */
#define LOOK_MS 10

/* Before the next question when one has failed. */
#define RETRY_MS 200

/* When there is nothing to do for long. */
#define REST_MS_MAX 1000

struct heartbeat {
    struct heartbeat_options options;
    struct probe probe;
    /* There is a watchdog: what it hears is worth a question. */
    bool watched;
    /* Somebody wants to hear anything at all. */
    bool wanted;
    int64_t interval_ms;
    /* Monotonic: when to begin the next one. */
    int64_t due_at;
    /* That it is not fed was logged. */
    bool starving;
};

struct heartbeat *
heartbeat_new(const struct heartbeat_options *options)
{
    struct heartbeat *heartbeat = calloc(1, sizeof(*heartbeat));
    const uint64_t watchdog_ms = supervisor_watchdog_ms();

    if (heartbeat == NULL)
        return NULL;
    heartbeat->options = *options;
    heartbeat->probe.fd = -1;
    heartbeat->wanted = supervisor_exists();
    heartbeat->watched = heartbeat->wanted && watchdog_ms > 0;
    heartbeat->interval_ms =
        heartbeat->watched ? (int64_t)watchdog_ms : TELL_INTERVAL_MS;
    heartbeat->due_at = worker_now_ms();
    return heartbeat;
}

static void
starve(struct heartbeat *heartbeat, const char *why)
{
    if (heartbeat->watched && !heartbeat->starving)
        console_log(COLLECTOR_LOG_ERROR,
                    "%s: the watchdog does not hear of us any more", why);
    heartbeat->starving = true;
}

static void
tell(struct heartbeat *heartbeat)
{
    struct collector_store_stats store = {.size = sizeof(store)};
    struct collector_uploader_stats uploader = {.size = sizeof(uploader)};
    const char *feed = heartbeat->watched ? "WATCHDOG=1\n" : "";

    /* A store that hangs is to hang this thread, too. */
    collector_store_stats(heartbeat->options.store, &store);
    collector_uploader_stats(heartbeat->options.uploader, &uploader);
    if (health_is_stuck(&uploader)) {
        starve(heartbeat, "the uploader is stuck");
        supervisor_tell("STATUS=The uploader is stuck");
        return;
    }
    heartbeat->starving = false;
    if (uploader.failures_in_a_row > 0)
        supervisor_tell("%sSTATUS=Keeping events, %" PRIu64 " pending; %" PRIu32
                        " deliveries in a row failed",
                        feed, store.pending, uploader.failures_in_a_row);
    else
        supervisor_tell("%sSTATUS=Keeping and delivering events, %" PRIu64
                        " pending",
                        feed, store.pending);
}

/* A question is out. */
static void
look(struct heartbeat *heartbeat, int64_t now_ms)
{
    switch (probe_look(&heartbeat->probe)) {
    case PROBE_ANSWERED:
        tell(heartbeat);
        break;
    case PROBE_FAILED: /* as a client that is let go may ask again */
        heartbeat->due_at = now_ms + RETRY_MS;
        break;
    case PROBE_WAITS:
        if (now_ms < heartbeat->due_at)
            break;
        starve(heartbeat, "no answer from /livez");
        probe_end(&heartbeat->probe);
        break;
    }
}

/* Nothing is out, and it is time. */
static void
begin(struct heartbeat *heartbeat, int64_t now_ms)
{
    heartbeat->due_at = now_ms + heartbeat->interval_ms;
    if (!heartbeat->watched) {
        tell(heartbeat);
        return;
    }
    probe_begin(&heartbeat->probe, &heartbeat->options.address);
    if (heartbeat->probe.fd < 0)
        heartbeat->due_at = now_ms + RETRY_MS;
}

static int
rest_ms(const struct heartbeat *heartbeat, int64_t now_ms)
{
    const int64_t left_ms = heartbeat->due_at - now_ms;

    if (heartbeat->probe.fd >= 0)
        return LOOK_MS;
    if (left_ms > REST_MS_MAX)
        return REST_MS_MAX;
    return left_ms > 0 ? (int)left_ms : 1;
}

int
heartbeat_step(struct heartbeat *heartbeat)
{
    const int64_t now_ms = worker_now_ms();

    if (!heartbeat->wanted)
        return REST_MS_MAX;
    if (heartbeat->probe.fd >= 0)
        look(heartbeat, now_ms);
    else if (now_ms >= heartbeat->due_at)
        begin(heartbeat, now_ms);
    return rest_ms(heartbeat, now_ms);
}

void
heartbeat_free(struct heartbeat *heartbeat)
{
    if (heartbeat == NULL)
        return;
    probe_end(&heartbeat->probe);
    free(heartbeat);
}
