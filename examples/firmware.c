/* SPDX-License-Identifier: MIT */
/*
 * A day of a sensor on a battery, simulated, on one thread: an event a minute,
 * a modem that often finds no network, and a power budget, so that batches are
 * large and seldom. Nobody knows the time until NTP says it at noon: events
 * carry their boot and uptime, and are dated afterwards.
 */
#include <collector/collector.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, NOON = 720 };

/* Energy in mJ: what a minute brings, what looking for the network takes, and
 * what has to be there before the modem is woken; 8 bytes are sent for one. */
enum { INCOME = 150, SEARCH = 2000, BATCH_BYTES = 16 * 1024 };
enum { NEEDED = SEARCH + BATCH_BYTES / 8 };

struct board {
    int64_t uptime_ms, booted_at; /* booted_at: ms since 1970; 0 is unknown */
    int64_t spent;
    uint32_t noise, attempts;
    int64_t undated, undated_boot; /* at the other end of the network */
};

static int64_t
wall_ms(void *userdata)
{
    const struct board *board = userdata;

    /* Never guess: nobody could tell a wrong ts from a right one. */
    return board->booted_at > 0 ? board->booted_at + board->uptime_ms : 0;
}

static int64_t
monotonic_ms(void *userdata)
{
    return ((const struct board *)userdata)->uptime_ms;
}

/** A number in a payload that this program wrote. */
static int64_t
number(const struct collector_event *event, const char *name)
{
    const char *at = strstr(event->payload, name);

    return at != NULL ? strtoll(at + strlen(name), NULL, 10) : 0;
}

/** The receiver: a boot's first event with a time dates those before it. */
static void
arrive(struct board *board, const struct collector_event *event)
{
    const int64_t boot = number(event, "\"boot\":");

    if (boot != board->undated_boot)
        board->undated = 0; /* those before it are never dated */
    board->undated_boot = boot;
    if (event->ts == 1) { /* the library's stamp when the clock says 0 */
        board->undated++;
    } else if (board->undated > 0) {
        (void)printf(
            "%" PRId64 " events had no time: add their uptime to %" PRId64 "\n",
            board->undated, event->ts - number(event, "\"uptime_ms\":"));
        board->undated = 0;
    }
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct board *board = userdata;
    const char *text;
    size_t size;
    size_t i;
    int rc = collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, &size);

    if (rc != COLLECTOR_OK)
        return rc; /* nothing was sent: it is tried again */
    board->attempts++;
    board->spent += SEARCH;
    board->noise = board->noise * 1664525U + 1013904223U;
    if (board->noise % 1024 < 400) {
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error), "no network");
        return COLLECTOR_OK;
    }
    board->spent += (int64_t)size / 8;
    for (i = 0; i < collector_batch_count(batch); i++)
        arrive(board, collector_batch_event(batch, i));
    return COLLECTOR_OK;
}

/** Ids are never used twice, so the ledger at its start names a boot. */
static int
live_a_day(struct board *board, uint64_t boot, struct collector_store *store,
           struct collector_uploader *uploader)
{
    char payload[80];
    const struct collector_event event = {"sensor-1", "level", payload, 0};
    int64_t budget = 0;
    int64_t rest_until = 0;
    int rc = COLLECTOR_OK;
    int minute;

    for (minute = 1; minute <= DAY_MINUTES && rc == COLLECTOR_OK; minute++) {
        const int64_t spent = board->spent;
        struct collector_drain drain = {0};

        board->uptime_ms += MINUTE_MS;
        board->booted_at = minute < NOON ? 0 : INT64_C(1767225600000);
        (void)snprintf(payload, sizeof(payload), /* it fits */
                       "{\"boot\":%" PRIu64 ",\"uptime_ms\":%" PRId64 "}", boot,
                       board->uptime_ms);
        rc = collector_store_append(store, &event, 1, NULL, NULL);
        if (rc == COLLECTOR_OK)
            rc = collector_store_maintain(store);
        budget += INCOME;
        if (rc != COLLECTOR_OK || budget < NEEDED ||
            board->uptime_ms < rest_until)
            continue;
        rc = collector_uploader_drain(uploader, &drain);
        budget -= board->spent - spent;
        rest_until = board->uptime_ms + drain.wait_ms;
    }
    return rc;
}

int
main(void)
{
    struct board board = {.noise = 1};
    const struct collector_clock clock = {wall_ms, monotonic_ms, &board};
    const struct collector_sink_ops ops = {sizeof(ops), deliver, NULL, NULL};
    struct collector_store_options options;
    struct collector_uploader_options pace;
    struct collector_store_stats stats = {.size = sizeof(stats)};
    struct collector_store *store = NULL;
    struct collector_sink *sink = NULL;
    struct collector_uploader *uploader = NULL;
    int rc;

    collector_store_options_init(&options);
    options.path = "firmware.sqlite";
    options.clock = &clock;
    options.size_max = 4 * 1024 * 1024; /* what is oldest makes room */
    options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    collector_uploader_options_init(&pace);
    pace.batch_bytes_max = BATCH_BYTES;
    pace.retry_base_ms = MINUTE_MS;
    pace.retry_max_ms = 60 * MINUTE_MS;
    rc = collector_store_open(&options, &store);
    if (rc == COLLECTOR_OK)
        rc = collector_sink_new("modem", &ops, &board, &sink);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_new(store, sink, &pace, &uploader);
    if (rc == COLLECTOR_OK) {
        collector_store_stats(store, &stats);
        rc = live_a_day(&board, stats.accepted, store, uploader);
        collector_store_stats(store, &stats);
        (void)printf("%" PRIu32 " attempts took %" PRId64 " of %d mJ\n"
                     "%" PRIu64 " accepted = %" PRIu64 " delivered + %" PRIu64
                     " dead + %" PRIu64 " dropped + %" PRIu64 " pending\n",
                     board.attempts, board.spent, INCOME * DAY_MINUTES,
                     stats.accepted, stats.delivered, stats.dead, stats.dropped,
                     stats.pending);
    }
    if (rc != COLLECTOR_OK)
        (void)fprintf(stderr, "firmware: %s\n", collector_error_text(rc));
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return rc == COLLECTOR_OK ? 0 : 1;
}
