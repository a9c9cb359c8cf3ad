/* SPDX-License-Identifier: MIT */
/* Durations in buckets that grow with them: exact to 1.6 %, whatever the
 *  range, in a fixed amount of memory. */
#include "histogram.h"

#define STEP_BITS 6

static unsigned
bucket_of(uint64_t ns)
{
    unsigned power;

    if (ns < HISTOGRAM_STEPS)
        return (unsigned)ns;
    power = 63 - (unsigned)__builtin_clzll(ns) - STEP_BITS;
    return (power << STEP_BITS) + (unsigned)(ns >> power);
}

/** The largest duration of a bucket. */
static uint64_t
top_of(unsigned bucket)
{
    unsigned power;

    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    power = (bucket >> STEP_BITS) - 1;
    return (((uint64_t)(bucket & (HISTOGRAM_STEPS - 1)) + HISTOGRAM_STEPS + 1)
            << power) -
           1;
}

void
histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->counts[bucket_of(ns)]++;
    histogram->total++;
    if (ns > histogram->max)
        histogram->max = ns;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    unsigned i;

    for (i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] += other->counts[i];
    histogram->total += other->total;
    if (other->max > histogram->max)
        histogram->max = other->max;
}

double
histogram_percentile_ms(const struct histogram *histogram, double percent)
{
    const double wanted = (double)histogram->total * percent / 100;
    uint64_t seen = 0;
    uint64_t ns = histogram->max;
    unsigned i;

    for (i = 0; i < HISTOGRAM_BUCKETS && percent < 100; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted) {
            ns = top_of(i);
            break;
        }
    }
    return (double)(ns < histogram->max ? ns : histogram->max) / 1e6;
}
