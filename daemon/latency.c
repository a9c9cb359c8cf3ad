/* SPDX-License-Identifier: MIT */
/*
 * Times in buckets with fixed bounds, chosen for what waits for an fsync: half
 * a millisecond on a good disk, some on a bad one, seconds on one that is busy
 * or about to fail.
 */
#include "latency.h"

#include <time.h>

static const struct {
    uint64_t us;
    const char *seconds;
} bounds[LATENCY_BUCKET_COUNT] = {
    {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"},     {5000, "0.005"},
    {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},      {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},       {2500000, "2.5"},
    {5000000, "5"},   {10000000, "10"}, {UINT64_MAX, "+Inf"},
};

uint64_t
latency_now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail on Linux */
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void
latency_note_since(struct latency *latency, uint64_t began_ns)
{
    latency_note(latency, latency_now_ns() - began_ns);
}

void
latency_note(struct latency *latency, uint64_t ns)
{
    size_t bucket = 0;

    while (bucket < LATENCY_BUCKET_COUNT - 1 &&
           ns > bounds[bucket].us * UINT64_C(1000))
        bucket++;
    atomic_fetch_add_explicit(&latency->counts[bucket], 1,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&latency->sum_ns, ns, memory_order_relaxed);
}

uint64_t
latency_count(const struct latency *latency, size_t bucket)
{
    return atomic_load_explicit(&latency->counts[bucket], memory_order_relaxed);
}

uint64_t
latency_sum_ns(const struct latency *latency)
{
    return atomic_load_explicit(&latency->sum_ns, memory_order_relaxed);
}

const char *
latency_bound(size_t bucket)
{
    return bounds[bucket].seconds;
}
