/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_FORECAST_H
#define COLLECTOR_LIB_FORECAST_H

#include <stddef.h>
#include <stdint.h>

/** What the trend is taken from: the last minute. */
#define COLLECTOR_FORECAST_WINDOW_MS 60000

/** Between two samples that are kept, at least. */
#define COLLECTOR_FORECAST_STEP_MS 1000

/** Samples of a window at most, both of its ends included. */
#define COLLECTOR_FORECAST_COUNT                                               \
    (COLLECTOR_FORECAST_WINDOW_MS / COLLECTOR_FORECAST_STEP_MS + 1)

/** A shorter stretch, or fewer samples, is an accident and not a trend. */
#define COLLECTOR_FORECAST_SPAN_MS_MIN 10000
#define COLLECTOR_FORECAST_COUNT_MIN 3

/** The longest answer: it still is a positive number where they are signed. */
#define COLLECTOR_FORECAST_MS_MAX INT64_MAX

/** A level at a moment. */
struct collector__forecast_sample {
    int64_t at_ms;
    uint64_t level;
};

/** Where a level is going. Zeroed is one that knows nothing. One thread. */
struct collector__forecast {
    /** The oldest first; count of them, from first on, in a ring. */
    struct collector__forecast_sample samples[COLLECTOR_FORECAST_COUNT];
    size_t first;
    size_t count;
    /** The last that was added, whether it was kept or not. */
    struct collector__forecast_sample latest;
};

/**
 * Tell it the level. Call it as often as you like.
 *
 * @param now_ms  Monotonic; if it goes back, all that was known is forgotten.
 */
void
collector__forecast_add(struct collector__forecast *forecast, int64_t now_ms,
                        uint64_t level);

/**
 * How long it takes the level to reach the limit if the window's trend goes on,
 * in ms, 1 at least. 0 when there is no limit (0), when it was reached already,
 * and when the level does not come nearer to it, or can't be said to: what is
 * filled and drained again and again goes nowhere.
 */
uint64_t
collector__forecast_ms(const struct collector__forecast *forecast,
                       uint64_t limit);

#endif
