/* SPDX-License-Identifier: MIT */
/*
 * The write modes beside each other. They take turns, several times: a slow
 * second of the machine hits all of them, and the ratios stay fair.
 */
#include "measurement.h"

#include "cell.h"
#include "fault.h"
#include "progress.h"
#include "report.h"
#include "scratch.h"

#include <stdio.h>
#include <string.h>

/* Turns of each cell. */
#define ROUND_COUNT 4

/* Three modes, with and without an index. */
#define CELL_COUNT_MAX 6

/** What tells one of these measurements from the others. */
struct bench {
    const char *name;
    /** Each mode also with an index. */
    bool both_ways;
    bool settled;
    /** Events in an append, unless -batch says otherwise. */
    unsigned batch;
    const struct report_column *columns;
    size_t column_count;
};

/** Its cells, in the order of the table. */
struct bench_run {
    const struct bench *bench;
    const struct options *options;
    struct scratch scratch;
    size_t cell_count;
    struct cell *cells[CELL_COUNT_MAX];
};

static int
open_cell(struct bench_run *run, enum collector_write_mode mode, bool indexed)
{
    const struct options *options = run->options;
    const struct cell_options cell_options = {
        .mode = mode,
        .indexed = indexed,
        .settled = run->bench->settled,
        .worker_count = options->workers,
        .device_count = options->devices,
        .batch = options->batch > 0 ? options->batch : run->bench->batch,
    };

    run->cells[run->cell_count] = cell_open(&run->scratch, &cell_options);
    return run->cells[run->cell_count++] != NULL ? 0 : -1;
}

/** Open the cells that are asked for, the baseline first. */
static int
open_cells(struct bench_run *run)
{
    static const enum collector_write_mode modes[] = {
        COLLECTOR_MODE_SERIALIZED,
        COLLECTOR_MODE_CONCURRENT,
        COLLECTOR_MODE_GROUP,
    };
    const int way_count = run->bench->both_ways ? 2 : 1;
    size_t i;
    int way;

    for (way = 0; way < way_count; way++)
        for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
            if ((run->options->mode < 0 ||
                 run->options->mode == (int)modes[i]) &&
                open_cell(run, modes[i], way > 0) < 0)
                return -1;
    return 0;
}

static int
take_turns(struct bench_run *run)
{
    const uint64_t slice_ms =
        (run->options->duration_ms + ROUND_COUNT - 1) / ROUND_COUNT;
    int round;
    size_t i;

    for (round = 0; round < ROUND_COUNT; round++) {
        for (i = 0; i < run->cell_count; i++) {
            progress_say("%s: round %d of %d, cell %zu of %zu",
                         run->bench->name, round + 1, ROUND_COUNT, i + 1,
                         run->cell_count);
            if (cell_run(run->cells[i], slice_ms) < 0)
                return -1;
        }
    }
    progress_clear();
    return 0;
}

/** The cell of the serialized mode with the same index; NULL without one. */
static const json_t *
baseline_of(const json_t *cell, const json_t *cells)
{
    const json_t *indexed = json_object_get(cell, "indexed");
    const json_t *other;
    size_t i;

    json_array_foreach(cells, i, other)
    {
        const char *mode = json_string_value(json_object_get(other, "mode"));

        if (strcmp(mode, options_mode_word(COLLECTOR_MODE_SERIALIZED)) == 0 &&
            json_equal(json_object_get(other, "indexed"), indexed))
            return other;
    }
    return NULL;
}

/** Add a member that is another one's ratio to the baseline: null without. */
static int
add_ratio(json_t *cells, const char *ratio_key, const char *key)
{
    json_t *cell;
    size_t i;

    json_array_foreach(cells, i, cell)
    {
        const double base =
            json_number_value(json_object_get(baseline_of(cell, cells), key));
        const double own = json_number_value(json_object_get(cell, key));

        if (json_object_set_new(cell, ratio_key,
                                base > 0 ? json_real(own / base)
                                         : json_null()) < 0)
            return fault("out of memory");
    }
    return 0;
}

/** Add the ratios to what the cells say. */
static int
compare(json_t *cells)
{
    if (add_ratio(cells, "ratio", "events_per_s") < 0)
        return -1;
    return add_ratio(cells, "p99_ratio", "p99_ms");
}

/** Check the cells, and have them described. NULL after the reason was said. */
static json_t *
describe_cells(const struct bench_run *run)
{
    json_t *cells = json_array();
    size_t i;

    for (i = 0; i < run->cell_count; i++) {
        if (cell_check(run->cells[i]) < 0)
            goto out;
        if (json_array_append_new(cells, cell_describe(run->cells[i])) < 0) {
            (void)fault("out of memory");
            goto out;
        }
    }
    if (compare(cells) == 0)
        return cells;
out:
    json_decref(cells);
    return NULL;
}

static int
measure(const struct bench *bench, const struct options *options)
{
    struct bench_run run = {.bench = bench, .options = options};
    json_t *cells = NULL;
    int status = 1;
    size_t i;

    if (scratch_make(options->directory, &run.scratch) < 0)
        return 1;
    if (open_cells(&run) == 0 && take_turns(&run) == 0)
        cells = describe_cells(&run);
    for (i = 0; i < run.cell_count; i++)
        cell_free(run.cells[i]);
    scratch_remove(&run.scratch);
    if (cells != NULL)
        status = report_print(options, bench->name, bench->columns,
                              bench->column_count, cells);
    return status;
}

#define COLUMNS(table)                                                         \
    .columns = (table), .column_count = sizeof(table) / sizeof((table)[0])

/** Of what is appended alone, whatever the batch. */
static const struct report_column append_columns[] = {
    {"mode", "mode", 0},
    {"indexed", "index", 0},
    {"batch", "batch", 0},
    {"events_per_s", "events/s", 0},
    {"ratio", "ratio", 2},
    {"p50_ms", "p50 ms", 3},
    {"p99_ms", "p99 ms", 3},
    {"commits", "commits", 0},
    {"conflicts", "conflicts", 0},
    {"syncs_per_event", "syncs/event", 3},
    {"written_per_event", "bytes/event", 0},
};

int
measure_bench(const struct options *options)
{
    static const struct bench bench = {.name = "bench",
                                       .both_ways = true,
                                       .batch = 1,
                                       COLUMNS(append_columns)};

    return measure(&bench, options);
}

int
measure_contention(const struct options *options)
{
    static const struct report_column columns[] = {
        {"mode", "mode", 0},           {"events_per_s", "events/s", 0},
        {"ratio", "ratio", 2},         {"p50_ms", "p50 ms", 3},
        {"p95_ms", "p95 ms", 3},       {"p99_ms", "p99 ms", 3},
        {"p99_ratio", "p99 ratio", 2}, {"max_ms", "max ms", 1},
        {"conflicts", "conflicts", 0}, {"drained_per_s", "drained/s", 0},
    };
    static const struct bench bench = {
        .name = "contention", .settled = true, .batch = 1, COLUMNS(columns)};

    return measure(&bench, options);
}

int
measure_disjoint(const struct options *options)
{
    static const struct bench bench = {
        .name = "disjoint", .batch = 20, COLUMNS(append_columns)};

    return measure(&bench, options);
}
