/* SPDX-License-Identifier: MIT */
/*
 * Arguments are strict: one that is not known, or is not what it has to be, is
 * refused and never left out, or the answer would be to another question.
 */
#include "arguments.h"

#include "ctl/moment.h"
#include "quantity.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a moment or a duration as text, at most. */
#define TIME_SIZE_MAX 40

/* The longest duration. */
#define DURATION_MS_MAX (INT64_C(3650) * 24 * 60 * 60 * 1000)

/* Up to 2^53 a double is one whole number, and not several. */
#define WHOLE_MAX 9007199254740992.0

/* Of a list of names in a problem. */
#define NAMES_SIZE 256

/** The names in an object, or an array, one behind the other. */
static void
list_names(const json_t *properties, char ret_text[NAMES_SIZE])
{
    const char *name;
    json_t *schema;
    size_t size = 0;

    ret_text[0] = '\0';
    json_object_foreach((json_t *)properties, name, schema)
    {
        const int count = snprintf(ret_text + size, NAMES_SIZE - size, "%s%s",
                                   size > 0 ? ", " : "", name);

        if (count < 0 || (size_t)count >= NAMES_SIZE - size)
            return;
        size += (size_t)count;
    }
}

static int
refuse_unknown(const struct arguments *arguments, const json_t *properties,
               const char *name)
{
    char names[NAMES_SIZE];

    list_names(properties, names);
    if (names[0] == '\0')
        return problem_say(arguments->problem,
                           "there is no argument \"%.64s\"; this tool takes "
                           "none",
                           name);
    return problem_say(arguments->problem,
                       "there is no argument \"%.64s\"; there are: %s", name,
                       names);
}

static int
fit(const struct arguments *arguments, const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)arguments->members, name, value)
    {
        if (json_object_get(properties, name) == NULL)
            return refuse_unknown(arguments, properties, name);
    }
    json_array_foreach(required, i, value)
    {
        name = json_string_value(value);
        if (json_object_get(arguments->members, name) == NULL)
            return problem_say(arguments->problem,
                               "the argument \"%s\" is required", name);
    }
    return 0;
}

int
arguments_fit(const struct arguments *arguments, const char *schema)
{
    json_t *tree = json_loads(schema, 0, NULL);
    int rc = -1;

    if (tree == NULL)
        (void)problem_say(arguments->problem, "out of memory");
    else
        rc = fit(arguments, tree);
    json_decref(tree);
    return rc;
}

int
arguments_text(const struct arguments *arguments, const char *name,
               size_t size_max, const char **ret_text)
{
    const json_t *value = json_object_get(arguments->members, name);
    const char *text = json_string_value(value);
    const size_t size = json_string_length(value);

    if (value == NULL)
        return 0;
    if (text == NULL)
        return problem_say(arguments->problem, "\"%s\" has to be a text", name);
    if (size == 0 || size > size_max || strlen(text) != size)
        return problem_say(arguments->problem,
                           "\"%s\" has to be a text of 1 to %zu bytes, without "
                           "NUL; leave it out for any",
                           name, size_max);
    *ret_text = text;
    return 0;
}

/** Take a whole number, which may be written with a fraction of zero as well:
 *  for JSON Schema 3.0 is an integer. */
static bool
read_whole(const json_t *value, int64_t *ret_number)
{
    const double real = json_real_value(value); /* 0 of what is none */

    if (json_is_integer(value)) {
        *ret_number = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || real < -WHOLE_MAX || real > WHOLE_MAX ||
        (double)(int64_t)real != real)
        return false;
    *ret_number = (int64_t)real;
    return true;
}

int
arguments_number(const struct arguments *arguments, const char *name,
                 int64_t min, int64_t max, int64_t *ret_number)
{
    const json_t *value = json_object_get(arguments->members, name);
    int64_t number = 0;

    if (value == NULL)
        return 0;
    if (!read_whole(value, &number) || number < min || number > max)
        return problem_say(arguments->problem,
                           "\"%s\" has to be a whole number from %lld to %lld",
                           name, (long long)min, (long long)max);
    *ret_number = number;
    return 0;
}

/** The text of a moment or a duration; NULL when it is none. */
static const char *
time_text(const json_t *value)
{
    const char *text = json_string_value(value);
    const size_t size = json_string_length(value);

    return size <= TIME_SIZE_MAX && text != NULL && strlen(text) == size ? text
                                                                         : NULL;
}

int
arguments_moment(const struct arguments *arguments, const char *name,
                 int64_t *ret_ms)
{
    const json_t *value = json_object_get(arguments->members, name);
    const char *text = time_text(value);
    int64_t ms = 0;

    if (value == NULL)
        return 0;
    if (read_whole(value, &ms) && ms >= 0) {
        *ret_ms = ms;
        return 0;
    }
    if (text == NULL || !moment_read(text, arguments->now_ms, ret_ms))
        return problem_say(arguments->problem,
                           "\"%s\" has to be a moment: a duration before now "
                           "such as \"90s\", \"10m\", \"1h\" or \"7d\", a date "
                           "such as \"2026-01-31T12:00:00Z\", or milliseconds "
                           "since 1970",
                           name);
    return 0;
}

int
arguments_duration(const struct arguments *arguments, const char *name,
                   int64_t *ret_ms)
{
    const json_t *value = json_object_get(arguments->members, name);
    const char *text = time_text(value);
    uint64_t ms;

    if (value == NULL)
        return 0;
    if (text == NULL || !quantity_duration(text, &ms) || ms == 0 ||
        ms > DURATION_MS_MAX)
        return problem_say(arguments->problem,
                           "\"%s\" has to be a duration such as \"90s\", "
                           "\"10m\", \"1h\" or \"7d\", up to 3650d",
                           name);
    *ret_ms = (int64_t)ms;
    return 0;
}
