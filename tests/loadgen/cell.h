/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_CELL_H
#define LOADGEN_CELL_H

#include "scratch.h"

#include <collector/store.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** One cell of a table: a fresh store, and appenders on it. One thread. */
struct cell;

/** What makes it differ from the others. */
struct cell_options {
    enum collector_write_mode mode;
    bool indexed;
    /** An uploader's shape of work goes on beside the appends. */
    bool settled;
    unsigned worker_count;
    unsigned device_count;
    /** Events in an append. */
    unsigned batch;
};

/**
 * Open a store of its own in a scratch directory, which stays the caller's.
 *
 * @return NULL after the reason was said.
 */
struct cell *
cell_open(const struct scratch *scratch, const struct cell_options *options);

/** Load it for so long, and add that to its figures. 0, or -1 after the reason
 *  was said. */
int
cell_run(struct cell *cell, uint64_t duration_ms);

/** See that all events that were confirmed are there, and no others. 0, or -1
 *  after the difference was said. */
int
cell_check(const struct cell *cell);

/** Its options and figures, as report.h takes them. NULL without memory. */
json_t *
cell_describe(const struct cell *cell);

/** NULL is fine. */
void
cell_free(struct cell *cell);

#endif
