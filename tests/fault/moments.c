/* SPDX-License-Identifier: MIT */
/* When the power is cut. */
#include "moments.h"

#include <stdlib.h>

static int
compare_moments(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a;
    const size_t right = *(const size_t *)b;

    return (left > right) - (left < right);
}

static size_t
draw_moment(const struct tape *tape, unsigned *seed)
{
    size_t moment = (size_t)rand_r(seed) % (tape->count + 1);

    if (rand_r(seed) % 2 == 0)
        return moment;
    while (moment < tape->count && tape->entries[moment].kind != TAPE_SYNC)
        moment++;
    return moment;
}

void
moments_draw(size_t moments[], size_t count, const struct tape *tape,
             unsigned *seed)
{
    size_t i;

    for (i = 0; i < count; i++)
        moments[i] = draw_moment(tape, seed);
    qsort(moments, count, sizeof(moments[0]), compare_moments);
}
