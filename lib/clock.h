/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_CLOCK_H
#define COLLECTOR_LIB_CLOCK_H

#include <collector/clock.h>

/** The system's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC. */
extern const struct collector_clock collector__clock_system;

/** Milliseconds since 1970-01-01 UTC; may jump. 1 for a clock that is not set
 *  yet and says less: 0 means absent wherever a time is kept, and a timestamp
 *  is never negative. */
int64_t
collector__clock_wall_ms(const struct collector_clock *clock);

/** Milliseconds since some fixed moment; never goes back. */
int64_t
collector__clock_monotonic_ms(const struct collector_clock *clock);

#endif
