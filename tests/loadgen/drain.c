/* SPDX-License-Identifier: MIT */
/*
 * The whole way out: a store, the uploader on its thread, the webhook sink, and
 * an upstream that counts, over loopback. First a backlog and nothing else, by
 * batch size; then appends and the uploader against each other.
 */
#include "appenders.h"
#include "clock.h"
#include "console.h"
#include "counter.h"
#include "fault.h"
#include "filler.h"
#include "measurement.h"
#include "progress.h"
#include "report.h"
#include "scratch.h"
#include "settler.h"
#include "subject.h"

#include <collector/error.h>
#include <collector/uploader.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Events of the backlog, and in a short run. */
#define BACKLOG_COUNT 1000000
#define BACKLOG_COUNT_SHORT 100000
#define SHORT_MS 2000

/* Between two looks at how far it is. */
#define LOOK_NS 1000000

/* Between two looks at the store, which reads its file for it. */
#define BACKLOG_LOOK_NS 10000000

/* Without a single event in that time it is over. */
#define STALL_NS 30000000000

/* An uploader that stops has nothing left to send. */
#define STOP_MS 10000

/* There is one uploader. */
#define UPSTREAM_THREADS 2

/** One run of this measurement. */
struct drain {
    const struct options *options;
    struct scratch scratch;
    struct subject subject;
    struct counter *counter;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    /** Events confirmed so far: all of them have to arrive. */
    uint64_t confirmed;
    /** What came of the appends beside the uploader, and the backlog then. */
    struct appended appended;
    uint64_t backlog_max;
};

static int
open_sink(struct drain *drain)
{
    struct collector_webhook_options options;
    char url[64];
    int rc;

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
                   counter_port(drain->counter)); /* it fits */
    collector_webhook_options_init(&options);
    options.url = url;
    rc = collector_sink_webhook_new(&options, &drain->sink);
    return rc == COLLECTOR_OK ? 0 : fault_with("the webhook sink", rc);
}

static int
open_all(struct drain *drain)
{
    static const struct address loopback = {.host = "127.0.0.1"};

    subject_init(&drain->subject, &drain->scratch, "drain",
                 COLLECTOR_MODE_GROUP);
    if (subject_open(&drain->subject) < 0 ||
        counter_start(&loopback, UPSTREAM_THREADS, &drain->counter) < 0)
        return -1;
    return open_sink(drain);
}

static void
close_all(struct drain *drain)
{
    collector_uploader_free(drain->uploader);
    collector_sink_free(drain->sink);
    counter_stop(drain->counter);
    subject_close(&drain->subject);
}

static int
start_uploader(struct drain *drain, uint32_t batch)
{
    struct collector_uploader_options options;
    int rc;

    collector_uploader_options_init(&options);
    if (batch > 0)
        options.batch_count_max = batch;
    options.log = console_forward;
    rc = collector_uploader_new(drain->subject.store, drain->sink, &options,
                                &drain->uploader);
    if (rc == COLLECTOR_OK)
        rc = collector_uploader_start(drain->uploader);
    return rc == COLLECTOR_OK ? 0 : fault_with("the uploader", rc);
}

static void
look_later(long ns)
{
    const struct timespec rest = {.tv_nsec = ns};

    (void)nanosleep(&rest, NULL); /* shorter is fine */
}

/** Wait until all that was confirmed has arrived. */
static int
wait_for_arrival(struct drain *drain)
{
    uint64_t progress_ns = clock_now_ns();
    struct counter_figures figures;
    uint64_t seen = 0;

    for (;;) {
        counter_read(drain->counter, &figures);
        if (figures.event_count >= drain->confirmed)
            return 0;
        if (figures.event_count > seen)
            progress_ns = clock_now_ns();
        else if (clock_now_ns() - progress_ns > STALL_NS)
            return fault("%" PRIu64 " events never arrived",
                         drain->confirmed - figures.event_count);
        seen = figures.event_count;
        progress_say("draining: %" PRIu64 " left", drain->confirmed - seen);
        look_later(LOOK_NS);
    }
}

/** Stop the uploader, and see that what it sent is just what was confirmed. */
static int
end_uploader(struct drain *drain)
{
    struct collector_store_stats stats;
    struct counter_figures figures;

    (void)collector_uploader_stop(drain->uploader, STOP_MS); /* can't fail */
    collector_uploader_free(drain->uploader);
    drain->uploader = NULL;
    progress_clear();
    counter_read(drain->counter, &figures);
    subject_stats(&drain->subject, &stats);
    if (figures.event_count != drain->confirmed || figures.gap_count > 0 ||
        stats.delivered != drain->confirmed)
        return fault("%" PRIu64 " events were confirmed; %" PRIu64
                     " arrived with %" PRIu64 " gaps, %" PRIu64
                     " are delivered in the ledger",
                     drain->confirmed, figures.event_count, figures.gap_count,
                     stats.delivered);
    return subject_check(&drain->subject, drain->confirmed);
}

/** What arrived since then, as members of a row. NULL without memory. */
static json_t *
describe_arrivals(struct drain *drain, const struct counter_figures *before,
                  uint64_t ns)
{
    struct counter_figures now;
    double request_count;
    uint64_t event_count;

    counter_read(drain->counter, &now);
    event_count = now.event_count - before->event_count;
    request_count = (double)(now.request_count - before->request_count);
    return json_pack(
        "{s:I, s:I, s:f, s:f, s:f, s:I, s:I}", "events",
        (json_int_t)event_count, "requests", (json_int_t)request_count,
        "delivered_per_s", clock_rate(event_count, ns), "events_per_request",
        request_count > 0 ? (double)event_count / request_count : 0,
        "bytes_per_request",
        request_count > 0
            ? (double)(now.body_size - before->body_size) / request_count
            : 0,
        "gaps", (json_int_t)now.gap_count, "duplicates",
        (json_int_t)(now.duplicate_count - before->duplicate_count));
}

/** Drain a backlog in batches of that size. */
static int
drain_backlog(struct drain *drain, uint32_t batch, json_t **ret_cell)
{
    const uint64_t count = drain->options->duration_ms < SHORT_MS
                               ? BACKLOG_COUNT_SHORT
                               : BACKLOG_COUNT;
    struct counter_figures before;
    uint64_t started_ns;
    uint64_t ns;

    if (filler_fill(&drain->subject, drain->options->devices, count, false) < 0)
        return -1;
    drain->confirmed += count;
    counter_read(drain->counter, &before);
    started_ns = clock_now_ns();
    if (start_uploader(drain, batch) < 0 || wait_for_arrival(drain) < 0)
        return -1;
    ns = clock_now_ns() - started_ns;
    if (end_uploader(drain) < 0)
        return -1;
    *ret_cell = describe_arrivals(drain, &before, ns);
    if (*ret_cell == NULL ||
        json_object_set_new(*ret_cell, "load", json_string("backlog")) < 0 ||
        json_object_set_new(*ret_cell, "batch", json_integer(batch)) < 0)
        return fault("out of memory");
    return 0;
}

/** Append for the duration, and watch the backlog meanwhile. */
static int
append_beside(struct drain *drain)
{
    const struct appenders_options options = {
        .store = drain->subject.store,
        .thread_count = drain->options->workers,
        .device_count = drain->options->devices,
        .batch = drain->options->batch > 0 ? drain->options->batch : 1,
    };
    struct collector_store_stats stats;
    struct appenders *appenders = NULL;
    int status;

    if (appenders_start(&options, drain->options->duration_ms, &appenders) < 0)
        return -1;
    while (appenders_running(appenders)) {
        subject_stats(&drain->subject, &stats);
        if (stats.pending > drain->backlog_max)
            drain->backlog_max = stats.pending;
        progress_say("appending: %" PRIu64 " events, backlog %" PRIu64,
                     appenders_event_count(appenders), stats.pending);
        look_later(BACKLOG_LOOK_NS);
    }
    status = appenders_join(appenders, &drain->appended);
    drain->confirmed += drain->appended.event_count;
    return status;
}

/** Add what only this kind of load has to its row. */
static int
describe_appends(const struct drain *drain, uint64_t backlog_end,
                 uint64_t empty_ns, json_t *cell)
{
    const struct appended *appended = &drain->appended;
    json_t *more;
    int rc;

    more =
        json_pack("{s:s, s:i, s:I, s:f, s:f, s:I, s:I, s:f}", "load", "appends",
                  "batch", (int)settler_batch_count(), "appended",
                  (json_int_t)appended->event_count, "appended_per_s",
                  clock_rate(appended->event_count, appended->ns), "p99_ms",
                  histogram_percentile_ms(&appended->latency, 99),
                  "backlog_max", (json_int_t)drain->backlog_max, "backlog_end",
                  (json_int_t)backlog_end, "empty_ms", (double)empty_ns / 1e6);
    rc = json_object_update(cell, more); /* fails for NULL */
    json_decref(more);
    return rc == 0 ? 0 : fault("out of memory");
}

/** Append and drain at once, with the uploader's defaults. */
static int
drain_beside_appends(struct drain *drain, json_t **ret_cell)
{
    struct collector_store_stats stats;
    struct counter_figures before;
    uint64_t ended_ns;

    counter_read(drain->counter, &before);
    if (start_uploader(drain, 0) < 0 || append_beside(drain) < 0)
        return -1;
    ended_ns = clock_now_ns();
    *ret_cell = describe_arrivals(drain, &before, drain->appended.ns);
    if (*ret_cell == NULL)
        return fault("out of memory");
    subject_stats(&drain->subject, &stats);
    if (stats.pending > drain->backlog_max)
        drain->backlog_max = stats.pending;
    if (wait_for_arrival(drain) < 0 ||
        describe_appends(drain, stats.pending, clock_now_ns() - ended_ns,
                         *ret_cell) < 0)
        return -1;
    return end_uploader(drain);
}

/** The rows of the table, each checked before the next is begun. */
static int
measure(struct drain *drain, json_t *cells)
{
    static const uint32_t batches[] = {200, 1000, 5000, 10000};
    const size_t batch_count = sizeof(batches) / sizeof(batches[0]);
    json_t *cell = NULL;
    size_t i;
    int rc;

    if (open_all(drain) < 0)
        return -1;
    for (i = 0; i <= batch_count; i++) {
        cell = NULL;
        rc = i < batch_count ? drain_backlog(drain, batches[i], &cell)
                             : drain_beside_appends(drain, &cell);
        if (rc < 0) {
            json_decref(cell);
            return -1;
        }
        if (json_array_append_new(cells, cell) < 0)
            return fault("out of memory");
    }
    return 0;
}

int
measure_drain(const struct options *options)
{
    static const struct report_column columns[] = {
        {"load", "load", 0},
        {"batch", "batch", 0},
        {"delivered_per_s", "delivered/s", 0},
        {"events_per_request", "events/request", 0},
        {"appended_per_s", "appended/s", 0},
        {"p99_ms", "p99 ms", 3},
        {"backlog_max", "backlog max", 0},
        {"backlog_end", "at end", 0},
        {"empty_ms", "ms to empty", 0},
    };
    struct drain drain = {.options = options};
    json_t *cells = json_array();
    int status;

    if (scratch_make(options->directory, &drain.scratch) < 0) {
        json_decref(cells);
        return 1;
    }
    status = measure(&drain, cells);
    close_all(&drain);
    scratch_remove(&drain.scratch);
    if (status == 0)
        return report_print(options, "drain", columns,
                            sizeof(columns) / sizeof(columns[0]), cells);
    json_decref(cells);
    return 1;
}
