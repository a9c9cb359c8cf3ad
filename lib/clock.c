/* SPDX-License-Identifier: MIT */
/*
 * Wall and monotonic milliseconds. Nothing else in the library asks the system
 * for the time, so that whoever supplies a clock controls all of it.
 */
#include "clock.h"

#include <time.h>

static int64_t
read_ms(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now); /* can't fail: POSIX requires both clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
system_wall_ms(void *userdata)
{
    (void)userdata;
    return read_ms(CLOCK_REALTIME);
}

static int64_t
system_monotonic_ms(void *userdata)
{
    (void)userdata;
    return read_ms(CLOCK_MONOTONIC);
}

const struct collector_clock collector__clock_system = {
    .wall_ms = system_wall_ms,
    .monotonic_ms = system_monotonic_ms,
};

int64_t
collector__clock_wall_ms(const struct collector_clock *clock)
{
    const int64_t now = clock->wall_ms(clock->userdata);

    return now > 0 ? now : 1;
}

int64_t
collector__clock_monotonic_ms(const struct collector_clock *clock)
{
    return clock->monotonic_ms(clock->userdata);
}
