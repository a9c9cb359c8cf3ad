/* SPDX-License-Identifier: MIT */
/* Stretches of time for whoever has no use for milliseconds. */
#include "elapsed.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define MS_PER_S 1000
#define MS_PER_MINUTE (60 * MS_PER_S)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)

const char *
elapsed_words(int64_t ms, char ret_text[ELAPSED_SIZE])
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{MS_PER_DAY, "day"},
                 {MS_PER_HOUR, "hour"},
                 {MS_PER_MINUTE, "minute"},
                 {MS_PER_S, "second"}};
    const size_t last = sizeof(units) / sizeof(*units) - 1;
    int64_t count;
    int64_t rest;
    size_t i = 0;
    int size;

    while (i < last && ms < units[i].ms)
        i++;
    count = ms > 0 ? ms / units[i].ms : 0;
    size = snprintf(ret_text, ELAPSED_SIZE, "%" PRId64 " %s%s", count,
                    units[i].name, count == 1 ? "" : "s");
    if (i == last)
        return ret_text;
    rest = ms % units[i].ms / units[i + 1].ms;
    if (rest > 0 && size > 0 && size < ELAPSED_SIZE)
        (void)snprintf(ret_text + size, ELAPSED_SIZE - (size_t)size,
                       " %" PRId64 " %s%s", rest, units[i + 1].name,
                       rest == 1 ? "" : "s");
    return ret_text;
}
