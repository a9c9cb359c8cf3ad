/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_MEASUREMENT_H
#define LOADGEN_MEASUREMENT_H

#include "options.h"

/*
 * The measurements. Each prints what it found on stdout, and says on stderr
 * what kept it from measuring. They return the program's exit status: 0, or 1
 * when something failed or did not add up.
 */

/** Load a collector over HTTP, then prove that nothing was lost. */
int
measure_target(const struct options *options);

/** Answer POST /events without parsing or storing, until killed. */
int
measure_floor(const struct options *options);

/** Be an upstream that counts what it gets, until killed. */
int
measure_counter(const struct options *options);

/** Single durable events through the library, by write mode and index. */
int
measure_bench(const struct options *options);

/** The same, while an uploader's shape of work goes on beside it. */
int
measure_contention(const struct options *options);

/** Batches of 20 through the library. */
int
measure_disjoint(const struct options *options);

/** What appending and draining cost with millions of rows kept. */
int
measure_growth(const struct options *options);

/** A backlog into a webhook, and both at once. */
int
measure_drain(const struct options *options);

#endif
