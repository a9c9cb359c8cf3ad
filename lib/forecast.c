/* SPDX-License-Identifier: MIT */
/*
 * The trend is a line of least squares through the window. A line between the
 * window's ends would do for a level that rises evenly, but a backlog saws: it
 * rises with each append and falls with each batch, and two ends tell more of
 * where in a tooth they fell than of the minute between them. All samples count
 * here, so that the teeth cancel out; and what rises in a window by no more
 * than the teeth stand out from the line is no trend. (Standard errors, as one
 * would take them for noise, say too little: a tooth is many samples that
 * agree.)
 */
#include "forecast.h"

#include <stdbool.h>

/* How often the rise within the window must exceed the deviation from the line.
 * A saw that goes nowhere reaches 1.1 with teeth of up to a third of the window
 * and 1.7 with teeth of half of it, wherever the window falls. */
#define RISE_MIN 2.0

/* A line through the samples: level over time, both counted from the latest
 * sample, so that numbers stay small and keep their digits. */
struct line {
    /** A level per ms. */
    double slope;
    /** How far the samples are from the line: the mean of the squares. */
    double variance;
};

static const struct collector__forecast_sample *
sample_at(const struct collector__forecast *forecast, size_t i)
{
    return &forecast->samples[(forecast->first + i) % COLLECTOR_FORECAST_COUNT];
}

/** Forget what has left the window, and the oldest if there is no room. */
static void
trim(struct collector__forecast *forecast, int64_t now_ms)
{
    while (forecast->count > 0 &&
           (forecast->count == COLLECTOR_FORECAST_COUNT ||
            now_ms - sample_at(forecast, 0)->at_ms >
                COLLECTOR_FORECAST_WINDOW_MS)) {
        forecast->first = (forecast->first + 1) % COLLECTOR_FORECAST_COUNT;
        forecast->count--;
    }
}

void
collector__forecast_add(struct collector__forecast *forecast, int64_t now_ms,
                        uint64_t level)
{
    size_t end;

    if (forecast->count > 0 && now_ms < forecast->latest.at_ms)
        forecast->count = 0;
    forecast->latest.at_ms = now_ms;
    forecast->latest.level = level;
    if (forecast->count > 0 &&
        now_ms - sample_at(forecast, forecast->count - 1)->at_ms <
            COLLECTOR_FORECAST_STEP_MS)
        return;
    trim(forecast, now_ms);
    end = (forecast->first + forecast->count) % COLLECTOR_FORECAST_COUNT;
    forecast->samples[end] = forecast->latest;
    forecast->count++;
}

/** a - b, also where it is negative. */
static double
difference(uint64_t a, uint64_t b)
{
    return a >= b ? (double)(a - b) : -(double)(b - a);
}

/** The sums of least squares; count is COLLECTOR_FORECAST_COUNT_MIN at least,
 *  and no two samples have the same time. */
static struct line
fit(const struct collector__forecast *forecast)
{
    const double count = (double)forecast->count;
    const struct collector__forecast_sample *base = &forecast->latest;
    double t_mean = 0;
    double y_mean = 0;
    double tt = 0;
    double ty = 0;
    double yy = 0;
    struct line line;
    size_t i;

    for (i = 0; i < forecast->count; i++) {
        t_mean += (double)(sample_at(forecast, i)->at_ms - base->at_ms) / count;
        y_mean +=
            difference(sample_at(forecast, i)->level, base->level) / count;
    }
    for (i = 0; i < forecast->count; i++) {
        const struct collector__forecast_sample *sample =
            sample_at(forecast, i);
        const double t = (double)(sample->at_ms - base->at_ms) - t_mean;
        const double y = difference(sample->level, base->level) - y_mean;

        tt += t * t;
        ty += t * y;
        yy += y * y;
    }
    line.slope = ty / tt;
    line.variance = (yy - ty * line.slope) / (count - 2);
    return line;
}

/** Whether the level rises by more than it saws. */
static bool
is_rising(const struct line *line, int64_t span_ms)
{
    const double rise = line->slope * (double)span_ms;

    return rise > 0 && rise * rise > RISE_MIN * RISE_MIN * line->variance;
}

uint64_t
collector__forecast_ms(const struct collector__forecast *forecast,
                       uint64_t limit)
{
    const struct collector__forecast_sample *latest = &forecast->latest;
    struct line line;
    int64_t span_ms;
    double ms;

    if (forecast->count < COLLECTOR_FORECAST_COUNT_MIN ||
        latest->level >= limit)
        return 0;
    span_ms = sample_at(forecast, forecast->count - 1)->at_ms -
              sample_at(forecast, 0)->at_ms;
    if (span_ms < COLLECTOR_FORECAST_SPAN_MS_MIN)
        return 0;
    line = fit(forecast);
    if (!is_rising(&line, span_ms))
        return 0;
    ms = difference(limit, latest->level) / line.slope;
    if (ms >= (double)COLLECTOR_FORECAST_MS_MAX)
        return COLLECTOR_FORECAST_MS_MAX;
    return ms < 1 ? 1 : (uint64_t)ms;
}
