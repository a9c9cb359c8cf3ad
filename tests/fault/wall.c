/* SPDX-License-Identifier: MIT */
/* Whoever asks moves it on, or has it jump, as its seed says. */
#include "wall.h"

#include <stdlib.h>

#define SECOND_MS INT64_C(1000)
#define YEAR_MS (INT64_C(366) * 24 * 3600 * SECOND_MS)

/** What is worse than a year off. */
static const int64_t extremes[] = {
    0,
    1,
    -1,
    INT64_MIN,
    INT64_MIN + 1,
    INT64_MAX,
    INT64_MAX - 1,
    INT64_C(253402300800000) /* the year 10000 */};

static int64_t
jump(struct wall *wall)
{
    static const int64_t spans[] = {10 * SECOND_MS, 24 * 3600 * SECOND_MS,
                                    30 * YEAR_MS};
    const unsigned kind = (unsigned)rand_r(&wall->seed) % (wall->wild ? 5 : 4);
    const int64_t offset = (int64_t)rand_r(&wall->seed) * rand_r(&wall->seed);
    const int64_t base =
        wall->now > 0 && wall->now < 200 * YEAR_MS ? wall->now : 55 * YEAR_MS;

    if (kind == 4)
        return extremes[(unsigned)rand_r(&wall->seed) %
                        (sizeof(extremes) / sizeof(extremes[0]))];
    if (kind == 3)
        return -(offset % YEAR_MS);
    return base + offset % (2 * spans[kind]) - spans[kind];
}

void
wall_init(struct wall *wall, bool jumps, unsigned seed)
{
    (void)pthread_mutex_init(&wall->lock, NULL); /* can't fail on Linux */
    wall->jumps = jumps;
    wall->wild = seed % 2 == 0;
    wall->seed = seed;
    wall->now = INT64_C(1700000000000);
    wall->latest = 1;
}

int64_t
wall_read(void *userdata)
{
    struct wall *wall = userdata;
    int64_t now;

    (void)pthread_mutex_lock(&wall->lock);
    if (wall->jumps && rand_r(&wall->seed) % 2 == 0) {
        wall->now = jump(wall);
        wall->jump_count++;
    } else if (wall->now < INT64_MAX) {
        wall->now++;
    }
    now = wall->now;
    if (now > wall->latest)
        wall->latest = now;
    (void)pthread_mutex_unlock(&wall->lock);
    return now;
}
