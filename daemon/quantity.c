/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, as people write them in options. Strict: no sign, no
 * space, no fraction, and nothing that overflows, so that a typo is never a
 * value.
 */
#include "quantity.h"

#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ms", 1},
    {"s", 1000},
    {"m", 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"d", 24 * 60 * 60 * 1000},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"KiB", 1024},
    {"MB", 1000 * 1000},
    {"MiB", 1024 * 1024},
    {"GB", 1000 * 1000 * 1000},
    {"GiB", 1024 * 1024 * 1024},
    {NULL, 0},
};

/* The digits at the start of a text; NULL when there are none, or too many. */
static const char *
read_digits(const char *text, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');

        if (number > (UINT64_MAX - digit) / 10)
            return NULL;
        number = number * 10 + digit;
    }
    if (at == text)
        return NULL;
    *ret_number = number;
    return at;
}

static bool
read_with_unit(const char *text, const struct unit *unit, uint64_t *ret_number)
{
    uint64_t number;
    const char *suffix = read_digits(text, &number);

    if (suffix == NULL)
        return false;
    for (; unit->name != NULL; unit++) {
        if (strcmp(suffix, unit->name) != 0)
            continue;
        if (number > UINT64_MAX / unit->factor)
            return false;
        *ret_number = number * unit->factor;
        return true;
    }
    return false;
}

bool
quantity_number(const char *text, uint64_t *ret_number)
{
    uint64_t number;
    const char *rest = read_digits(text, &number);

    if (rest == NULL || *rest != '\0')
        return false;
    *ret_number = number;
    return true;
}

bool
quantity_duration(const char *text, uint64_t *ret_ms)
{
    if (strcmp(text, "0") == 0) {
        *ret_ms = 0;
        return true;
    }
    return read_with_unit(text, duration_units, ret_ms);
}

bool
quantity_size(const char *text, uint64_t *ret_size)
{
    return read_with_unit(text, size_units, ret_size);
}
