/* SPDX-License-Identifier: MIT */
/*
 * Whether a store gets slower by what it keeps. A file with millions of events
 * and an empty one take turns at the same work, so that a slow second of the
 * machine hits both; what is compared is these two, and never two runs.
 */
#include "appenders.h"
#include "clock.h"
#include "fault.h"
#include "filler.h"
#include "measurement.h"
#include "median.h"
#include "progress.h"
#include "report.h"
#include "scratch.h"
#include "settler.h"
#include "storage_work.h"
#include "subject.h"

#include <collector/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Turns of each file at each size. */
#define ROUND_COUNT 4

/* Events in the larger appends. They take a part of the time that the single
 * ones have, or the empty file would not be empty for long. */
#define THOUSAND 1000
#define THOUSAND_PART 5

/* Appends for which it is counted how much is written, in a short run less:
 * enough to start the log again. */
#define WRITTEN_APPENDS 200
#define WRITTEN_APPENDS_SHORT 20

/* Openings, of which the median counts. */
#define OPEN_COUNT 3

/* Below this -duration the files are small. */
#define SHORT_MS 1000

/** What the bytes are counted of: 70 of them as JSON, as it is sent. */
static const struct collector_event sample = {
    .device_id = "pump-7",
    .kind = "temperature",
    .payload = "{\"celsius\":21.4}",
};

/** A file, and what was measured on it at one size. */
struct side {
    struct subject subject;
    /** Events that it was given, all told. */
    uint64_t confirmed;
    struct appended single;
    struct appended thousand;
    /** Fetching and marking in the uploader's batches. */
    uint64_t step_count;
    uint64_t step_ns;
};

/** One run of this measurement. */
struct growth {
    const struct options *options;
    struct scratch scratch;
    struct side grown;
    struct side empty;
};

static int
open_side(struct side *side, const struct scratch *scratch, const char *name)
{
    memset(side, 0, sizeof(*side));
    subject_init(&side->subject, scratch, name, COLLECTOR_MODE_GROUP);
    return subject_open(&side->subject);
}

/** Forget the figures of the last size. */
static void
reset(struct side *side)
{
    memset(&side->single, 0, sizeof(side->single));
    memset(&side->thousand, 0, sizeof(side->thousand));
    side->step_count = 0;
    side->step_ns = 0;
}

/** Let some threads append for a while. */
static int
append(const struct growth *growth, struct side *side, unsigned thread_count,
       unsigned batch, uint64_t ms)
{
    const struct appenders_options options = {
        .store = side->subject.store,
        .thread_count = thread_count,
        .device_count = growth->options->devices,
        .batch = batch,
    };
    struct appended *appended = batch == 1 ? &side->single : &side->thousand;
    const uint64_t before = appended->event_count;
    const int status = appenders_run(&options, ms, appended);

    side->confirmed += appended->event_count - before;
    return status;
}

/** Drain in the uploader's batches for a while, or to the end of the backlog,
 *  and then the rest in large ones. */
static int
drain(struct side *side, uint64_t ms)
{
    const uint32_t batch_count = settler_batch_count();
    const uint64_t started_ns = clock_now_ns();
    uint64_t count = 0;
    uint64_t now;
    int rc;

    do {
        rc = settler_step(side->subject.store, batch_count, &count);
        now = clock_now_ns();
        if (rc != COLLECTOR_OK)
            return fault_with("marking a batch", rc);
        if (count > 0)
            side->step_count++;
    } while (count == batch_count && now - started_ns < ms * 1000000);
    side->step_ns += now - started_ns;
    return settler_settle_all(side->subject.store);
}

/** One turn of a file. */
static int
take_turn(const struct growth *growth, struct side *side)
{
    const uint64_t ms =
        (growth->options->duration_ms + ROUND_COUNT - 1) / ROUND_COUNT;
    const uint64_t part_ms = (ms + THOUSAND_PART - 1) / THOUSAND_PART;

    if (append(growth, side, growth->options->workers, 1, ms) < 0 ||
        append(growth, side, 1, THOUSAND, part_ms) < 0)
        return -1;
    return drain(side, ms);
}

/** Have the grown and an empty file take turns; who begins changes. */
static int
take_turns(struct growth *growth)
{
    int round;
    int i;

    for (round = 0; round < ROUND_COUNT; round++) {
        for (i = 0; i < 2; i++) {
            struct side *side =
                (round + i) % 2 == 0 ? &growth->grown : &growth->empty;

            progress_say("growth: round %d of %d", round + 1, ROUND_COUNT);
            if (take_turn(growth, side) < 0)
                return -1;
        }
    }
    progress_clear();
    return 0;
}

/** Append in batches of a thousand, and deliver them likewise. */
static int
append_and_deliver(struct side *side, int append_count)
{
    struct collector_event events[THOUSAND];
    uint64_t count;
    int rc = COLLECTOR_OK;
    int i;

    for (i = 0; i < THOUSAND; i++)
        events[i] = sample;
    for (i = 0; rc == COLLECTOR_OK && i < append_count; i++) {
        rc = collector_store_append(side->subject.store, events, THOUSAND, NULL,
                                    NULL);
        if (rc == COLLECTOR_OK)
            rc = settler_step(side->subject.store, THOUSAND, &count);
    }
    side->confirmed += (uint64_t)append_count * THOUSAND;
    return rc == COLLECTOR_OK ? 0 : fault_with("append", rc);
}

/**
 * Count what is written for small events that are appended and delivered, from
 * a clean open to a clean close. The file is closed then.
 */
static int
measure_written(const struct growth *growth, struct side *side,
                json_t **ret_per_event)
{
    const int append_count = growth->options->duration_ms < SHORT_MS
                                 ? WRITTEN_APPENDS_SHORT
                                 : WRITTEN_APPENDS;
    struct storage_work work = {.sync_count = 0};
    struct storage_work before;
    int status = -1;

    subject_close(&side->subject);
    storage_work_read(&before);
    if (subject_open(&side->subject) == 0)
        status = append_and_deliver(side, append_count);
    subject_close(&side->subject);
    storage_work_add_since(&work, &before);
    if (status == 0)
        *ret_per_event =
            storage_work_per_event(&work, (uint64_t)append_count * THOUSAND);
    return status;
}

/** Open a closed file again and again. It is open afterwards. */
static int
measure_open(struct side *side, double *ret_ms)
{
    double times[OPEN_COUNT];
    uint64_t started_ns;
    int i;

    for (i = 0; i < OPEN_COUNT; i++) {
        subject_close(&side->subject);
        started_ns = clock_now_ns();
        if (subject_open(&side->subject) < 0)
            return -1;
        times[i] = (double)(clock_now_ns() - started_ns) / 1e6;
    }
    *ret_ms = median_of(times, OPEN_COUNT);
    return 0;
}

/** Bytes of a closed file for each event in it. */
static double
file_size_per_event(const struct side *side)
{
    struct stat about;

    if (stat(side->subject.path, &about) != 0 || side->confirmed == 0)
        return 0;
    return (double)about.st_size / (double)side->confirmed;
}

static double
rate(const struct appended *appended)
{
    return clock_rate(appended->event_count, appended->ns);
}

/** Milliseconds for each batch that was drained. */
static double
step_ms(const struct side *side)
{
    return side->step_count > 0
               ? (double)side->step_ns / 1e6 / (double)side->step_count
               : 0;
}

static double
ratio(double own, double base)
{
    return base > 0 ? own / base : 0;
}

/** The row of a size, of which the file's own figures are still missing. */
static json_t *
describe(const struct growth *growth, uint64_t kept_count)
{
    const struct side *grown = &growth->grown;
    const struct side *empty = &growth->empty;

    return json_pack(
        "{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "kept",
        (json_int_t)kept_count, "single_per_s", rate(&grown->single),
        "single_per_s_empty", rate(&empty->single), "single_ratio",
        ratio(rate(&grown->single), rate(&empty->single)), "thousand_per_s",
        rate(&grown->thousand), "thousand_per_s_empty", rate(&empty->thousand),
        "thousand_ratio", ratio(rate(&grown->thousand), rate(&empty->thousand)),
        "drain_ms", step_ms(grown), "drain_ms_empty", step_ms(empty),
        "drain_ratio", ratio(step_ms(empty), step_ms(grown)));
}

/** Add what is written, the size and the time to open to a row. */
static int
describe_file(struct growth *growth, json_t *cell)
{
    json_t *written = NULL;
    double file_size;
    double open_ms;

    if (measure_written(growth, &growth->grown, &written) < 0)
        return -1;
    file_size = file_size_per_event(&growth->grown);
    if (json_object_set_new(cell, "written_per_event", written) < 0 ||
        measure_open(&growth->grown, &open_ms) < 0)
        return -1;
    if (json_object_set_new(cell, "open_ms", json_real(open_ms)) < 0 ||
        json_object_set_new(cell, "file_size_per_event", json_real(file_size)) <
            0)
        return fault("out of memory");
    return 0;
}

/** Fill the grown file up to so many events, and measure it. */
static int
measure_size(struct growth *growth, uint64_t event_count, json_t *cells)
{
    struct side *grown = &growth->grown;
    uint64_t kept_count = grown->confirmed;
    char name[32];
    json_t *cell;

    if (event_count > kept_count) {
        if (filler_fill(&grown->subject, growth->options->devices,
                        event_count - kept_count, true) < 0)
            return -1;
        kept_count = event_count;
        grown->confirmed = event_count;
    }
    (void)snprintf(name, sizeof(name), "empty-%zu",
                   json_array_size(cells)); /* it fits */
    reset(grown);
    if (open_side(&growth->empty, &growth->scratch, name) < 0 ||
        take_turns(growth) < 0 ||
        subject_check(&growth->empty.subject, growth->empty.confirmed) < 0)
        return -1;
    subject_close(&growth->empty.subject);
    cell = describe(growth, kept_count);
    if (json_array_append_new(cells, cell) < 0)
        return fault("out of memory");
    if (describe_file(growth, cell) < 0)
        return -1;
    return subject_check(&grown->subject, grown->confirmed);
}

static int
measure(struct growth *growth, json_t *cells)
{
    static const uint64_t sizes[] = {0, 1000000, 5000000, 10000000};
    static const uint64_t short_sizes[] = {0, 10000, 50000, 100000};
    const uint64_t *counts =
        growth->options->duration_ms < SHORT_MS ? short_sizes : sizes;
    const size_t size_count = growth->options->long_run ? 4 : 3;
    size_t i;

    if (open_side(&growth->grown, &growth->scratch, "grown") < 0)
        return -1;
    for (i = 0; i < size_count; i++)
        if (measure_size(growth, counts[i], cells) < 0)
            return -1;
    return 0;
}

int
measure_growth(const struct options *options)
{
    static const struct report_column columns[] = {
        {"kept", "kept", 0},
        {"single_per_s", "single/s", 0},
        {"single_ratio", "ratio", 2},
        {"thousand_per_s", "by 1000/s", 0},
        {"thousand_ratio", "ratio", 2},
        {"drain_ms", "drain ms", 3},
        {"drain_ratio", "ratio", 2},
        {"open_ms", "open ms", 1},
        {"file_size_per_event", "file B/event", 1},
        {"written_per_event", "written B/event", 1},
    };
    struct growth *growth = calloc(1, sizeof(*growth));
    json_t *cells = json_array();
    int status = 1;

    if (growth == NULL ||
        scratch_make(options->directory, &growth->scratch) < 0)
        goto out;
    growth->options = options;
    status = measure(growth, cells) == 0 ? 0 : 1;
    subject_close(&growth->grown.subject);
    subject_close(&growth->empty.subject);
    scratch_remove(&growth->scratch);
    if (status == 0) {
        status = report_print(options, "growth", columns,
                              sizeof(columns) / sizeof(columns[0]), cells);
        cells = NULL; /* stolen */
    }
out:
    json_decref(cells);
    free(growth);
    return status;
}
