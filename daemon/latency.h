/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LATENCY_H
#define DAEMON_LATENCY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** Of them the last has no upper bound. */
#define LATENCY_BUCKET_COUNT 15

/** How long something took, each time. Any thread. */
struct latency {
    _Atomic uint64_t counts[LATENCY_BUCKET_COUNT];
    _Atomic uint64_t sum_ns;
};

/** Nanoseconds on a clock that only goes forward. */
uint64_t
latency_now_ns(void);

/** It has taken so long since that moment. */
void
latency_note_since(struct latency *latency, uint64_t began_ns);

/** The same, in nanoseconds. */
void
latency_note(struct latency *latency, uint64_t ns);

/** How often it took as long as a bucket's bound, or less, but longer than the
 *  one's before. */
uint64_t
latency_count(const struct latency *latency, size_t bucket);

uint64_t
latency_sum_ns(const struct latency *latency);

/** A bucket's bound as text, in seconds. */
const char *
latency_bound(size_t bucket);

#endif
