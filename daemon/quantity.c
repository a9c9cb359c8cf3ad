/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, as people write them in options. Strict: no sign, no
 * space, no fraction, and nothing that overflows, so that a typo is never a
 * value.
 */
#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
    /* Numbers are written in it. */
    bool written;
};

static const struct unit duration_units[] = {
    {"ms", 1, true},
    {"s", 1000, true},
    {"m", 60 * 1000, true},
    {"h", 60 * 60 * 1000, true},
    {"d", 24 * 60 * 60 * 1000, false},
    {NULL, 0, false},
};

static const struct unit size_units[] = {
    {"", 1, true},
    {"B", 1, false},
    {"kB", 1000, false},
    {"KiB", 1024, true},
    {"MB", 1000 * 1000, false},
    {"MiB", 1024 * 1024, true},
    {"GB", 1000 * 1000 * 1000, false},
    {"GiB", 1024 * 1024 * 1024, true},
    {NULL, 0, false},
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

static void
write_with_unit(uint64_t number, const struct unit *unit,
                char ret_text[QUANTITY_SIZE])
{
    const struct unit *best = unit;

    for (; unit->name != NULL; unit++) {
        if (unit->written && number >= unit->factor &&
            number % unit->factor == 0)
            best = unit; /* they grow */
    }
    (void)snprintf(ret_text, QUANTITY_SIZE, "%" PRIu64 "%s",
                   number / best->factor, best->name);
}

void
quantity_write_duration(uint64_t ms, char ret_text[QUANTITY_SIZE])
{
    write_with_unit(ms, duration_units, ret_text);
}

void
quantity_write_size(uint64_t size, char ret_text[QUANTITY_SIZE])
{
    write_with_unit(size, size_units, ret_text);
}
