/* SPDX-License-Identifier: MIT */
/*
 * Query strings. A typo must never be taken for the absence of a parameter:
 * where none means all, that would be the worst reading of it.
 */
#include "query.h"

#include "answer.h"
#include "quantity.h"
#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Digits of the largest number, and a NUL. */
#define NUMBER_SIZE 20

/* Of a name or a value that is shown in a problem. */
#define SHOWN_SIZE_MAX 32

/* A comma as some clients write it. */
#define ENCODED_COMMA_SIZE 3

/* %XX */
#define ESCAPE_SIZE 3

/* All words of a parameter, as they are listed in a problem. */
#define WORDS_SIZE 128

struct query_parameter
query_number(const char *name, int64_t min, int64_t max, int64_t *number)
{
    return (struct query_parameter){.name = name,
                                    .min = min,
                                    .max = max,
                                    .numbers = number,
                                    .count_max = 1};
}

struct query_parameter
query_word(const char *name, const char *const *words, int64_t *number)
{
    return (struct query_parameter){
        .name = name, .words = words, .numbers = number, .count_max = 1};
}

struct query_parameter
query_text(const char *name, char *text, size_t size)
{
    return (struct query_parameter){
        .name = name, .text = text, .text_size = size, .count_max = 1};
}

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

static int
refuse_word(const struct query_parameter *parameter, const char *text,
            size_t size, struct problem *ret_problem)
{
    char words[WORDS_SIZE] = "";
    size_t used = 0;
    size_t i;

    for (i = 0; parameter->words[i] != NULL && used < sizeof(words); i++)
        used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
                                 i > 0 ? " or " : "", parameter->words[i]);
    return problem_say(ret_problem, "%s: expected %s instead of \"%.*s\"",
                       parameter->name, words, shown_size(size), text);
}

static int
read_word(struct query_parameter *parameter, const char *text, size_t size,
          struct problem *ret_problem)
{
    size_t i;

    for (i = 0; parameter->words[i] != NULL; i++) {
        if (strlen(parameter->words[i]) == size &&
            memcmp(parameter->words[i], text, size) == 0) {
            parameter->numbers[0] = (int64_t)i;
            parameter->count = 1;
            return 0;
        }
    }
    return refuse_word(parameter, text, size, ret_problem);
}

/* What a hexadecimal digit stands for; -1 when it is none. */
static int
digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The next byte of a text, and how many it is written with; 0 when it is not
 * written well. */
static size_t
decode(const char *at, const char *end, char *ret_byte)
{
    int high;
    int low;

    if (*at != '%') {
        *ret_byte = *at;
        if (*at == '+')
            *ret_byte = ' ';
        return 1;
    }
    high = end - at >= ESCAPE_SIZE ? digit_value(at[1]) : -1;
    low = high >= 0 ? digit_value(at[2]) : -1;
    if (low < 0)
        return 0;
    *ret_byte = (char)(high << 4 | low);
    return ESCAPE_SIZE;
}

static int
read_text(struct query_parameter *parameter, const char *text, size_t size,
          struct problem *ret_problem)
{
    const char *name = parameter->name;
    const char *end = text + size;
    const char *at = text;
    size_t used = 0;

    if (size == 0)
        return problem_say(ret_problem, "%s: expected a value", name);
    while (at < end) {
        const size_t step = decode(at, end, &parameter->text[used]);

        if (step == 0)
            return problem_say(ret_problem,
                               "%s: expected two hexadecimal digits behind %%",
                               name);
        if (parameter->text[used] == '\0')
            return problem_say(ret_problem, "%s: there is a NUL in it", name);
        used++;
        if (used == parameter->text_size)
            return problem_say(ret_problem, "%s: expected at most %zu bytes",
                               name, parameter->text_size - 1);
        at += step;
    }
    parameter->text[used] = '\0';
    parameter->count = 1;
    if (!utf8_is_valid(parameter->text, used))
        return problem_say(ret_problem, "%s: expected UTF-8", name);
    return 0;
}

static int
read_value(struct query_parameter *parameter, const char *text, size_t size,
           struct problem *ret_problem)
{
    if (parameter->words != NULL)
        return read_word(parameter, text, size, ret_problem);
    if (parameter->text != NULL)
        return read_text(parameter, text, size, ret_problem);
    return read_numbers(parameter, text, size, ret_problem);
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
    return read_value(parameter, assign + 1, size - name_size - 1, ret_problem);
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

int
query_take(struct request *request, struct query_parameter *parameters,
           size_t parameter_count)
{
    struct problem problem;

    if (query_read(request->query, parameters, parameter_count, &problem) == 0)
        return 0;
    answer_error(request, 400, NULL, problem.text);
    return -1;
}
