/* SPDX-License-Identifier: MIT */
/* A store under one kind of load. It can be loaded in slices, so that several
 * cells take turns and share the machine's good and bad seconds. */
#include "cell.h"

#include "appenders.h"
#include "clock.h"
#include "fault.h"
#include "options.h"
#include "settler.h"
#include "storage_work.h"
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>

struct cell {
    struct cell_options options;
    struct subject subject;
    struct appended appended;
    struct storage_work work;
    uint64_t settled_count;
};

struct cell *
cell_open(const struct scratch *scratch, const struct cell_options *options)
{
    struct cell *cell = calloc(1, sizeof(*cell));
    char name[32];

    if (cell == NULL) {
        (void)fault("out of memory");
        return NULL;
    }
    cell->options = *options;
    (void)snprintf(name, sizeof(name), "%s%s", options_mode_word(options->mode),
                   options->indexed ? "-indexed" : ""); /* it fits */
    subject_init(&cell->subject, scratch, name, options->mode);
    cell->subject.indexed = options->indexed;
    cell->subject.connection_count = options->worker_count;
    if (subject_open(&cell->subject) == 0)
        return cell;
    cell_free(cell);
    return NULL;
}

/** Append, with the uploader's shape beside it or without. */
static int
load(struct cell *cell, uint64_t duration_ms)
{
    const struct appenders_options options = {
        .store = cell->subject.store,
        .thread_count = cell->options.worker_count,
        .device_count = cell->options.device_count,
        .batch = cell->options.batch,
    };
    struct settler *settler = NULL;
    int status;

    if (cell->options.settled) {
        settler = settler_start(cell->subject.store);
        if (settler == NULL)
            return -1;
    }
    status = appenders_run(&options, duration_ms, &cell->appended);
    if (settler_stop(settler, &cell->settled_count) < 0)
        status = -1;
    return status;
}

int
cell_run(struct cell *cell, uint64_t duration_ms)
{
    struct storage_work before;
    int status;

    storage_work_read(&before);
    status = load(cell, duration_ms);
    storage_work_add_since(&cell->work, &before);
    return status;
}

int
cell_check(const struct cell *cell)
{
    if (cell->appended.event_count == 0)
        return fault("%s: nothing was kept", cell->subject.path);
    return subject_check(&cell->subject, cell->appended.event_count);
}

static double
per(uint64_t count, uint64_t whole)
{
    return whole > 0 ? (double)count / (double)whole : 0;
}

json_t *
cell_describe(const struct cell *cell)
{
    const struct appended *appended = &cell->appended;
    const struct histogram *latency = &appended->latency;
    const uint64_t count = appended->event_count;
    struct collector_store_stats stats;

    subject_stats(&cell->subject, &stats);
    return json_pack(
        "{s:s, s:b, s:i, s:I, s:f, s:f, s:f, s:f, s:f, s:I, s:f, s:I, s:f, "
        "s:I, s:I, s:o, s:o}",
        "mode", options_mode_word(cell->options.mode), "indexed",
        cell->options.indexed, "batch", (int)cell->options.batch, "events",
        (json_int_t)count, "events_per_s", clock_rate(count, appended->ns),
        "p50_ms", histogram_percentile_ms(latency, 50), "p95_ms",
        histogram_percentile_ms(latency, 95), "p99_ms",
        histogram_percentile_ms(latency, 99), "max_ms",
        histogram_percentile_ms(latency, 100), "commits",
        (json_int_t)stats.commits, "events_per_commit",
        per(count, stats.commits), "syncs", (json_int_t)cell->work.sync_count,
        "syncs_per_event", per(cell->work.sync_count, count), "conflicts",
        (json_int_t)stats.commit_conflicts, "busy",
        (json_int_t)appended->busy_count, "written_per_event",
        storage_work_per_event(&cell->work, count), "drained_per_s",
        cell->options.settled
            ? json_real(clock_rate(cell->settled_count, appended->ns))
            : json_null());
}

void
cell_free(struct cell *cell)
{
    if (cell == NULL)
        return;
    subject_close(&cell->subject);
    free(cell);
}
