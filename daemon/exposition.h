/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_EXPOSITION_H
#define DAEMON_EXPOSITION_H

#include <stddef.h>
#include <stdint.h>

/** The media type of the format: version 0.0.4 of Prometheus' text. */
#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/** Metrics as text, while they are written. One thread. */
struct exposition;

/** What a metric is. */
enum exposition_kind {
    EXPOSITION_COUNTER,
    EXPOSITION_GAUGE,
    EXPOSITION_HISTOGRAM
};

/** A label and its value; both borrowed for a call. */
struct exposition_label {
    const char *name;
    const char *value;
};

/** NULL when memory is out. */
struct exposition *
exposition_new(void);

/** Begin a metric: its samples follow. */
void
exposition_begin(struct exposition *out, enum exposition_kind kind,
                 const char *name, const char *help);

/**
 * Write a sample of the metric that was begun.
 *
 * @param suffix    Of a histogram's samples, such as "_sum"; "" otherwise.
 * @param decimals  How many of number's digits stand behind the point: 3 makes
 *                  seconds of milliseconds.
 */
void
exposition_sample(struct exposition *out, const char *suffix,
                  const struct exposition_label *labels, size_t label_count,
                  uint64_t number, unsigned decimals);

/**
 * All that was written, ended by NUL; yours to free. It is no more than what
 * was asked for: there is no limit of its own.
 *
 * @return NULL when memory ran out on the way; then *ret_size is not set.
 */
char *
exposition_finish(struct exposition *out, size_t *ret_size);

#endif
