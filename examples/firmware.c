/* SPDX-License-Identifier: MIT */
/*
 * A day of a sensor on a battery, simulated, on one thread: an event a minute,
 * a modem that often finds no network, and a power budget, so that batches are
 * large and seldom. Nobody knows the time until NTP says it at noon. Events
 * carry their boot and uptime: those that are stamped 1, before noon, are dated
 * at the other end, by the first one of their boot that has a time.
 */
#include <collector/collector.h>
#include <err.h>
#include <inttypes.h>
#include <stdio.h>

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, NOON = 720 };

/* Energy in mJ: what a minute brings, what looking for the network takes, and
 * what has to be there before the modem is woken; 8 bytes are sent for one. */
enum { INCOME = 150, SEARCH = 2000, BATCH_BYTES = 16 * 1024 };
enum { NEEDED = SEARCH + BATCH_BYTES / 8 };

struct board {
    int64_t uptime_ms, booted_at; /* booted_at: ms since 1970; 0 is unknown */
    int64_t spent;
    uint32_t noise, attempts;
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

/** The modem; standard output is the other end. @return Whether all of it has
 *  arrived. */
static int
transmit(struct board *board, const char *text, size_t size)
{
    board->attempts++;
    board->spent += SEARCH;
    board->noise = board->noise * 1664525U + 1013904223U;
    if (board->noise % 1024 < 400)
        return 0;
    board->spent += (int64_t)size / 8;
    return fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0;
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    const char *text;
    size_t size;
    int rc = collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, &size);

    if (rc == COLLECTOR_OK && !transmit(userdata, text, size)) {
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error), "no network");
    }
    return rc; /* all but COLLECTOR_OK is tried again, too */
}

/** Go on, or end: a watchdog would start the firmware again. */
static void
must(int rc, const char *what)
{
    if (rc != COLLECTOR_OK)
        errx(1, "%s: %s", what, collector_error_text(rc));
}

/** Ids are never used twice, so how many there are at its start names a boot.
 */
static void
live_a_day(struct board *board, uint64_t boot, struct collector_store *store,
           struct collector_uploader *uploader)
{
    char payload[80];
    const struct collector_event event = {"sensor-1", "level", payload, 0};
    struct collector_drain drain;
    int64_t rest_until = 0;
    int minute;

    for (minute = 1; minute <= DAY_MINUTES; minute++) {
        board->uptime_ms += MINUTE_MS;
        board->booted_at = minute < NOON ? 0 : INT64_C(1767225600000);
        (void)snprintf(payload, sizeof(payload), /* it fits */
                       "{\"boot\":%" PRIu64 ",\"uptime_ms\":%" PRId64 "}", boot,
                       board->uptime_ms);
        must(collector_store_append(store, &event, 1, NULL, NULL), "append");
        must(collector_store_maintain(store), "maintain");
        if (minute * INCOME - board->spent < NEEDED ||
            board->uptime_ms < rest_until)
            continue;
        must(collector_uploader_drain(uploader, &drain), "drain");
        rest_until = board->uptime_ms + drain.wait_ms;
    }
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
    struct collector_store *store;
    struct collector_sink *sink;
    struct collector_uploader *uploader;

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
    must(collector_store_open(&options, &store), options.path);
    must(collector_sink_new("modem", &ops, &board, &sink), "sink");
    must(collector_uploader_new(store, sink, &pace, &uploader), "uploader");
    collector_store_stats(store, &stats);
    live_a_day(&board, stats.accepted, store, uploader);
    collector_store_stats(store, &stats);
    (void)printf("%" PRIu32 " attempts took %" PRId64 " of %d mJ\n"
                 "%" PRIu64 " accepted = %" PRIu64 " delivered + %" PRIu64
                 " dead + %" PRIu64 " dropped + %" PRIu64 " pending\n",
                 board.attempts, board.spent, INCOME * DAY_MINUTES,
                 stats.accepted, stats.delivered, stats.dead, stats.dropped,
                 stats.pending);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    collector_store_free(store);
    return 0;
}
