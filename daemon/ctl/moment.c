/* SPDX-License-Identifier: MIT */
/* Moments as people write them, strictly: a typo is no moment; and where rows
 * have some. */
#include "moment.h"

#include "quantity.h"

#include <string.h>
#include <time.h>

/* What is being read. */
struct cursor {
    const char *at;
};

/* Exactly so many digits, as a number within bounds. */
static bool
take_digits(struct cursor *cursor, int count, int min, int max, int *ret_number)
{
    int number = 0;

    for (; count > 0; count--) {
        if (*cursor->at < '0' || *cursor->at > '9')
            return false;
        number = number * 10 + (*cursor->at++ - '0');
    }
    *ret_number = number;
    return number >= min && number <= max;
}

static bool
take_char(struct cursor *cursor, char wanted)
{
    if (*cursor->at != wanted)
        return false;
    cursor->at++;
    return true;
}

/* A date that there is: timegm() would make the 1st of March of the 30th of
 * February. */
static bool
take_date(struct cursor *cursor, struct tm *tm)
{
    struct tm same;

    if (!take_digits(cursor, 4, 1970, 9999, &tm->tm_year) ||
        !take_char(cursor, '-') ||
        !take_digits(cursor, 2, 1, 12, &tm->tm_mon) ||
        !take_char(cursor, '-') || !take_digits(cursor, 2, 1, 31, &tm->tm_mday))
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon--;
    same = *tm;
    return timegm(&same) >= 0 && same.tm_mday == tm->tm_mday;
}

/* Of the digits behind the point three count, and the rest is left out. */
static bool
take_fraction(struct cursor *cursor, int *ret_ms)
{
    int weight = 100;

    *ret_ms = 0;
    if (!take_char(cursor, '.'))
        return true;
    if (*cursor->at < '0' || *cursor->at > '9')
        return false;
    for (; *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
        *ret_ms += (*cursor->at - '0') * weight;
        weight /= 10;
    }
    return true;
}

static bool
take_time(struct cursor *cursor, struct tm *tm, int *ret_ms)
{
    if (!take_digits(cursor, 2, 0, 23, &tm->tm_hour) ||
        !take_char(cursor, ':') || !take_digits(cursor, 2, 0, 59, &tm->tm_min))
        return false;
    if (!take_char(cursor, ':'))
        return true;
    return take_digits(cursor, 2, 0, 60, &tm->tm_sec) &&
           take_fraction(cursor, ret_ms);
}

/* Z, +01:00, or nothing, which is UTC. */
static bool
take_offset(struct cursor *cursor, int *ret_minutes)
{
    const int sign = *cursor->at == '-' ? -1 : 1;
    int hours;
    int minutes;

    *ret_minutes = 0;
    if (take_char(cursor, 'Z') || *cursor->at == '\0')
        return true;
    if (!take_char(cursor, '+') && !take_char(cursor, '-'))
        return false;
    if (!take_digits(cursor, 2, 0, 23, &hours) || !take_char(cursor, ':') ||
        !take_digits(cursor, 2, 0, 59, &minutes))
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static bool
read_date(const char *text, int64_t *ret_ms)
{
    struct cursor cursor = {text};
    struct tm tm = {.tm_isdst = 0};
    int offset_min = 0;
    int part_ms = 0;
    int64_t ms;

    if (!take_date(&cursor, &tm))
        return false;
    if ((take_char(&cursor, 'T') || take_char(&cursor, ' ')) &&
        (!take_time(&cursor, &tm, &part_ms) ||
         !take_offset(&cursor, &offset_min)))
        return false;
    ms = ((int64_t)timegm(&tm) - offset_min * 60) * 1000 + part_ms;
    if (*cursor.at != '\0' || ms < 0)
        return false;
    *ret_ms = ms;
    return true;
}

/* Behind something else. */
static bool
ends_in(const char *name, const char *end)
{
    const size_t size = strlen(name);
    const size_t end_size = strlen(end);

    return size > end_size && strcmp(name + size - end_size, end) == 0;
}

bool
moment_read(const char *text, int64_t now_ms, int64_t *ret_ms)
{
    uint64_t number;

    if (quantity_number(text, &number) && number <= INT64_MAX)
        *ret_ms = (int64_t)number;
    else if (quantity_duration(text, &number) && number <= INT64_MAX)
        *ret_ms = now_ms > (int64_t)number ? now_ms - (int64_t)number : 0;
    else
        return read_date(text, ret_ms);
    return true;
}

bool
moment_is_column(const char *name)
{
    if (name == NULL)
        return false;
    return strcmp(name, "ts") == 0 || strcmp(name, "at") == 0 ||
           ends_in(name, "_ts") || ends_in(name, "_at") ||
           ends_in(name, "_since");
}
