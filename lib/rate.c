/* SPDX-License-Identifier: MIT */
/*
 * A cap on how much goes out a second. Over any span of time no more is given
 * than the rate allows, and one second's worth: a function of the bucket, the
 * time and the amount.
 */
#include "rate.h"

#include <stdbool.h>

/* Tokens are counted in thousandths, which drop in whole numbers each ms. */
#define PARTS 1000

/* Debt beyond that is forgiven: what is computed with it stays within 64 bits,
 * and it would take longer than a device lasts. */
#define LEVEL_MIN (INT64_MIN / 2)

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/** What a full bucket holds. */
static int64_t
capacity(const struct collector__rate *rate)
{
    return (int64_t)rate->per_s * PARTS;
}

static int64_t
parts_of(uint64_t amount)
{
    const uint64_t max = COLLECTOR_RATE_MAX * PARTS;

    return (int64_t)(amount < max ? amount * PARTS : max * PARTS);
}

/** What drops in between the two times, up to what there is room for. */
static int64_t
dropped(const struct collector__rate *rate, int64_t now_ms)
{
    const int64_t room = capacity(rate) - rate->level;
    const int64_t per_ms = (int64_t)rate->per_s;
    const bool long_ago =
        rate->at_ms < 0 && now_ms > INT64_MAX + rate->at_ms; /* else it fits */

    if (now_ms <= rate->at_ms)
        return 0;
    if (long_ago || now_ms - rate->at_ms > room / per_ms)
        return room;
    return (now_ms - rate->at_ms) * per_ms;
}

void
collector__rate_refill(struct collector__rate *rate, uint64_t per_s,
                       int64_t now_ms)
{
    const bool is_new = rate->per_s == 0;

    rate->per_s = per_s < COLLECTOR_RATE_MAX ? per_s : COLLECTOR_RATE_MAX;
    if (is_new)
        rate->level = capacity(rate);
    rate->level = least(rate->level, capacity(rate));
    if (rate->per_s > 0)
        rate->level += dropped(rate, now_ms);
    rate->at_ms = now_ms;
}

uint32_t
collector__rate_wait_ms(const struct collector__rate *rate, uint64_t amount)
{
    const int64_t per_ms = (int64_t)rate->per_s;
    int64_t missing;

    if (per_ms == 0)
        return 0;
    missing = least(parts_of(amount), capacity(rate)) - rate->level;
    if (missing <= 0)
        return 0;
    return (uint32_t)least((missing - 1) / per_ms + 1, UINT32_MAX);
}

void
collector__rate_take(struct collector__rate *rate, uint64_t amount)
{
    if (rate->per_s == 0)
        return;
    rate->level -= parts_of(amount);
    if (rate->level < LEVEL_MIN)
        rate->level = LEVEL_MIN;
}
