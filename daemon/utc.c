/* SPDX-License-Identifier: MIT */
/* Moments for people and for log files, in UTC wherever the box stands. */
#include "utc.h"

#include <stdio.h>
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
utc_write_now(char ret_text[UTC_SIZE])
{
    struct timespec now = {.tv_nsec = 0};
    size_t size;

    (void)clock_gettime(CLOCK_REALTIME, &now); /* it exists */
    (void)utc_write((int64_t)now.tv_sec * 1000, ret_text);
    size = strlen(ret_text);
    if (size > 0)
        (void)snprintf(ret_text + size - 1, UTC_SIZE - size + 1, ".%03ldZ",
                       now.tv_nsec / 1000000);
    return ret_text;
}
