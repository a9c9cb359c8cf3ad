/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_HISTOGRAM_H
#define LOADGEN_HISTOGRAM_H

#include <stdint.h>

/** Buckets of a power of two: a value is known to 1/64 of itself. */
#define HISTOGRAM_STEPS 64

/** Enough for 64 bit. */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 59)

/** How often which duration was seen. All zero is empty. One thread. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t max;
};

void
histogram_add(struct histogram *histogram, uint64_t ns);

/** Add all that is in another one. */
void
histogram_merge(struct histogram *histogram, const struct histogram *other);

/** The smallest duration that so many percent do not exceed, in ms; 0 when it
 *  is empty. 100 is the largest, exactly. */
double
histogram_percentile_ms(const struct histogram *histogram, double percent);

#endif
