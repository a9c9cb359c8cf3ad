/* SPDX-License-Identifier: MIT */
/* Moments for people and for log files, in UTC wherever the box stands. */
#include "utc.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *
utc_write(int64_t ms, char ret_text[UTC_SIZE])
{
    const time_t seconds = (time_t)(ms / 1000);
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(ret_text, UTC_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        ret_text[0] = '\0';
    return ret_text;
}

int64_t
utc_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *
utc_write_ms(int64_t ms, char ret_text[UTC_SIZE])
{
    const int part = (int)(ms % 1000);
    const bool is_early = part < 0 && ms > INT64_MIN + 1000; /* before 1970 */
    size_t size;

    (void)utc_write(is_early ? ms - 1000 : ms, ret_text);
    size = strlen(ret_text);
    if (size > 0)
        (void)snprintf(ret_text + size - 1, UTC_SIZE - size + 1, ".%03dZ",
                       is_early ? part + 1000 : abs(part));
    return ret_text;
}

const char *
utc_write_now(char ret_text[UTC_SIZE])
{
    return utc_write_ms(utc_now_ms(), ret_text);
}
