/* SPDX-License-Identifier: MIT */
/* Moments as people and models write and read them. */
#include "moment.h"

#include "quantity.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_PER_S 1000
#define MS_PER_MINUTE (60 * MS_PER_S)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)

/* The end of the year 9999, which is as far as four digits go. */
#define MOMENT_MAX INT64_C(253402300799999)

/** So many digits, at a place that is moved behind them. -1 if they are not
 *  there. */
static int
take_digits(const char **at, int count)
{
    int value = 0;

    for (; count > 0; count--, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool
take_character(const char **at, char character)
{
    if (**at != character)
        return false;
    (*at)++;
    return true;
}

static bool
take_date(const char **at, struct tm *date)
{
    date->tm_year = take_digits(at, 4) - 1900;
    if (!take_character(at, '-'))
        return false;
    date->tm_mon = take_digits(at, 2) - 1;
    if (!take_character(at, '-'))
        return false;
    date->tm_mday = take_digits(at, 2);
    return date->tm_year >= 70 && date->tm_mon >= 0 && date->tm_mon < 12 &&
           date->tm_mday >= 1 && date->tm_mday <= 31;
}

/** Hours and minutes, with or without seconds and their fractions. */
static bool
take_time(const char **at, struct tm *date, int *ret_ms)
{
    int scale = 100;

    date->tm_hour = take_digits(at, 2);
    if (!take_character(at, ':'))
        return false;
    date->tm_min = take_digits(at, 2);
    if (take_character(at, ':')) {
        date->tm_sec = take_digits(at, 2);
        if (take_character(at, '.') && (**at < '0' || **at > '9'))
            return false;
        for (; **at >= '0' && **at <= '9'; (*at)++, scale /= 10)
            *ret_ms += (**at - '0') * scale;
    }
    return date->tm_hour >= 0 && date->tm_hour < 24 && date->tm_min >= 0 &&
           date->tm_min < 60 && date->tm_sec >= 0 && date->tm_sec < 60;
}

/** Z, +HH:MM, or nothing, which is UTC. */
static bool
take_zone(const char **at, int64_t *ret_ms)
{
    const char sign = **at;
    int hours;
    int minutes;

    if (sign == '\0' || take_character(at, 'Z') || take_character(at, 'z'))
        return true;
    if (!take_character(at, '+') && !take_character(at, '-'))
        return false;
    hours = take_digits(at, 2);
    (void)take_character(at, ':'); /* which may be left out */
    minutes = take_digits(at, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_ms = (hours * INT64_C(60) + minutes) * MS_PER_MINUTE;
    if (sign == '-')
        *ret_ms = -*ret_ms;
    return true;
}

static bool
read_iso(const char *text, int64_t *ret_ms)
{
    struct tm date = {.tm_hour = 0};
    const char *at = text;
    int64_t zone_ms = 0;
    int day;
    int ms = 0;

    if (!take_date(&at, &date))
        return false;
    if (take_character(&at, 'T') || take_character(&at, 't') ||
        take_character(&at, ' ')) {
        if (!take_time(&at, &date, &ms) || !take_zone(&at, &zone_ms))
            return false;
    }
    day = date.tm_mday;
    *ret_ms = (int64_t)timegm(&date) * MS_PER_S + ms - zone_ms;
    return *at == '\0' && date.tm_mday == day; /* the 30th of February */
}

bool
moment_read(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    uint64_t value;
    int64_t ms;

    if (strcmp(text, "now") == 0) {
        *ret_ms = now_ms;
        return true;
    }
    if (quantity_number(text, &value)) {
        if (value > (uint64_t)MOMENT_MAX)
            return false;
        *ret_ms = (int64_t)value;
        return true;
    }
    if (quantity_duration(text, &value)) {
        if (value > (uint64_t)now_ms)
            return false;
        *ret_ms = now_ms - (int64_t)value;
        return true;
    }
    if (!read_iso(text, &ms))
        return false;
    *ret_ms = ms;
    return true;
}

const char *
moment_words(int64_t ms, char ret_text[MOMENT_WORDS_SIZE])
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
    size = snprintf(ret_text, MOMENT_WORDS_SIZE, "%" PRId64 " %s%s", count,
                    units[i].name, count == 1 ? "" : "s");
    if (i == last)
        return ret_text;
    rest = ms % units[i].ms / units[i + 1].ms;
    if (rest > 0 && size > 0 && size < MOMENT_WORDS_SIZE)
        (void)snprintf(ret_text + size, MOMENT_WORDS_SIZE - (size_t)size,
                       " %" PRId64 " %s%s", rest, units[i + 1].name,
                       rest == 1 ? "" : "s");
    return ret_text;
}
