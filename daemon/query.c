/* SPDX-License-Identifier: MIT */
/*
 * Query strings. A typo must never be taken for the absence of a parameter:
 * where none means all, that would be the worst reading of it.
 */
#include "query.h"

#include "quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Digits of the largest number, and a NUL. */
#define NUMBER_SIZE 20

/* Of a name or a value that is shown in a problem. */
#define SHOWN_SIZE_MAX 32

/* A comma as some clients write it. */
#define ENCODED_COMMA_SIZE 3

static int
shown_size(size_t size)
{
    return (int)(size < SHOWN_SIZE_MAX ? size : SHOWN_SIZE_MAX);
}

/* The size of the comma at the start of a text; 0 when there is none. */
static size_t
comma_size(const char *text, size_t size)
{
    if (size >= 1 && *text == ',')
        return 1;
    if (size >= ENCODED_COMMA_SIZE &&
        (memcmp(text, "%2C", ENCODED_COMMA_SIZE) == 0 ||
         memcmp(text, "%2c", ENCODED_COMMA_SIZE) == 0))
        return ENCODED_COMMA_SIZE;
    return 0;
}

static int
read_number(struct query_parameter *parameter, const char *text, size_t size,
            struct problem *ret_problem)
{
    char digits[NUMBER_SIZE];
    uint64_t number;

    if (parameter->count == parameter->count_max)
        return problem_say(ret_problem, "%s: expected at most %zu number%s",
                           parameter->name, parameter->count_max,
                           parameter->count_max == 1 ? "" : "s");
    (void)snprintf(digits, sizeof(digits), "%.*s", (int)size, text);
    if (size >= sizeof(digits) || !quantity_number(digits, &number) ||
        number > INT64_MAX || (int64_t)number < parameter->min ||
        (int64_t)number > parameter->max)
        return problem_say(ret_problem,
                           "%s: expected a number from %" PRId64 " to %" PRId64
                           " instead of \"%.*s\"",
                           parameter->name, parameter->min, parameter->max,
                           shown_size(size), text);
    parameter->numbers[parameter->count++] = (int64_t)number;
    return 0;
}

static int
read_numbers(struct query_parameter *parameter, const char *text, size_t size,
             struct problem *ret_problem)
{
    const char *end = text + size;
    const char *at = text;

    for (; at < end; at++) {
        size_t comma = comma_size(at, (size_t)(end - at));

        if (comma == 0)
            continue;
        if (read_number(parameter, text, (size_t)(at - text), ret_problem) < 0)
            return -1;
        text = at + comma;
        at = text - 1;
    }
    return read_number(parameter, text, (size_t)(end - text), ret_problem);
}

static struct query_parameter *
find(struct query_parameter *parameters, size_t parameter_count,
     const char *name, size_t size)
{
    size_t i;

    for (i = 0; i < parameter_count; i++) {
        if (strlen(parameters[i].name) == size &&
            memcmp(parameters[i].name, name, size) == 0)
            return &parameters[i];
    }
    return NULL;
}

/* One name and its value, size bytes together. */
static int
read_pair(const char *pair, size_t size, struct query_parameter *parameters,
          size_t parameter_count, struct problem *ret_problem)
{
    const char *assign = memchr(pair, '=', size);
    size_t name_size = assign != NULL ? (size_t)(assign - pair) : size;
    struct query_parameter *parameter =
        find(parameters, parameter_count, pair, name_size);

    if (parameter == NULL)
        return problem_say(ret_problem, "there is no parameter \"%.*s\"",
                           shown_size(name_size), pair);
    if (assign == NULL)
        return problem_say(ret_problem, "%s: expected a value",
                           parameter->name);
    if (parameter->count > 0)
        return problem_say(ret_problem, "%s is there twice", parameter->name);
    return read_numbers(parameter, assign + 1, size - name_size - 1,
                        ret_problem);
}

int
query_read(const char *query, struct query_parameter *parameters,
           size_t parameter_count, struct problem *ret_problem)
{
    if (query == NULL || *query == '\0')
        return 0;
    for (;;) {
        size_t size = strcspn(query, "&");

        if (read_pair(query, size, parameters, parameter_count, ret_problem) <
            0)
            return -1;
        if (query[size] == '\0')
            return 0;
        query += size + 1;
    }
}
