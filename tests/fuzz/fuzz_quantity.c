/* SPDX-License-Identifier: MIT */
/*
 * The small texts that somebody writes: numbers, durations, sizes, addresses,
 * query strings, idempotency keys, and an answer with its Retry-After as the
 * load generator reads it. The first byte says which it is. A text is refused,
 * or its value is within its bounds and, written down again, reads alike.
 */
#include "fuzz.h"

#include "address.h"
#include "decimal.h"
#include "http_answer.h"
#include "idempotency.h"
#include "quantity.h"
#include "query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Ids in a query, as few as make too many of them likely. */
#define ID_COUNT_MAX 5
#define ID_MAX 1000000

/** Bytes of a text in a query, likewise, with its NUL. */
#define TEXT_SIZE 9

/** Bytes of an answer's body at most. */
#define BODY_SIZE_MAX 64

typedef bool (*read_fn)(const char *text, uint64_t *ret_number);

/** What a number of a unit is. @return Whether the text may be such a number,
 *  judged by the C library and by what one of them is. */
static bool
expect(const char *text, read_fn read, uint64_t *ret_product)
{
    char one[16];
    char *unit;
    uint64_t factor;
    uint64_t number;

    errno = 0;
    number = strtoull(text, &unit, 10);
    if (*text < '0' || *text > '9' || errno != 0 || strlen(unit) > 8)
        return false;
    (void)snprintf(one, sizeof(one), "1%s", unit);
    if (!read(one, &factor))
        return false;
    return !__builtin_mul_overflow(number, factor, ret_product);
}

static void
try_quantity(const char *text, read_fn read, const char *unit)
{
    uint64_t expected = 0;
    const bool may_be = expect(text, read, &expected);
    char again[40];
    uint64_t number;
    uint64_t same;

    if (!read(text, &number)) {
        fuzz_check(!may_be);
        return;
    }
    /* Only a bare 0 has a unit of its own. */
    fuzz_check(may_be ? number == expected : strcmp(text, "0") == 0);
    (void)snprintf(again, sizeof(again), "%" PRIu64 "%s", number, unit);
    fuzz_check(read(again, &same) && same == number);
}

static void
try_address(const char *text)
{
    struct address address;
    struct address same;
    struct in_addr host;
    char again[ADDRESS_HOST_SIZE + 8];
    const char *problem = address_parse(text, &address);

    if (problem != NULL) {
        fuzz_check(fuzz_is_line(problem));
        return;
    }
    fuzz_check(inet_pton(AF_INET, address.host, &host) == 1);
    fuzz_check(address.loopback == (ntohl(host.s_addr) >> 24 == 127));
    (void)snprintf(again, sizeof(again), "%s:%u", address.host, address.port);
    fuzz_check(address_parse(again, &same) == NULL);
    fuzz_check(strcmp(same.host, address.host) == 0);
    fuzz_check(same.port == address.port && same.loopback == address.loopback);
}

/** A query as the daemon's routes ask for it. */
struct query {
    int64_t after;
    int64_t ids[ID_COUNT_MAX];
    int64_t order;
    char text[TEXT_SIZE];
    struct query_parameter parameters[4];
};

static int
read_query(const char *text, struct query *query)
{
    static const char *const orders[] = {"oldest", "newest", NULL};
    struct problem problem;

    query->parameters[0] = query_number("after", 0, INT64_MAX, &query->after);
    query->parameters[1] = (struct query_parameter){.name = "ids",
                                                    .min = 1,
                                                    .max = ID_MAX,
                                                    .numbers = query->ids,
                                                    .count_max = ID_COUNT_MAX};
    query->parameters[2] = query_word("order", orders, &query->order);
    query->parameters[3] = query_text("text", query->text, TEXT_SIZE);
    if (query_read(text, query->parameters, 4, &problem) == 0)
        return 0;
    fuzz_check(memchr(problem.text, '\0', sizeof(problem.text)) != NULL);
    fuzz_check(fuzz_is_line(problem.text));
    return -1;
}

static void
write_query(const struct query *query, FILE *out)
{
    const struct query_parameter *parameters = query->parameters;
    const char *at = query->text;
    size_t i;

    for (i = 0; i < parameters[1].count; i++)
        (void)fprintf(out, "%s%" PRId64, i == 0 ? "ids=" : "%2C",
                      query->ids[i]);
    if (parameters[0].count > 0)
        (void)fprintf(out, "%safter=%" PRId64, ftell(out) > 0 ? "&" : "",
                      query->after);
    if (parameters[2].count > 0)
        (void)fprintf(out, "%sorder=%s", ftell(out) > 0 ? "&" : "",
                      query->order == 0 ? "oldest" : "newest");
    if (parameters[3].count > 0)
        (void)fprintf(out, "%stext=", ftell(out) > 0 ? "&" : "");
    for (; parameters[3].count > 0 && *at != '\0'; at++)
        (void)fprintf(out, "%%%02X", (unsigned char)*at);
}

/** A text is what a parser of another make takes for one. */
static void
check_text(const char *text)
{
    json_t *string = json_string(text); /* NULL unless it is UTF-8 */

    fuzz_check(string != NULL);
    fuzz_check(json_string_length(string) > 0);
    fuzz_check(json_string_length(string) < TEXT_SIZE);
    json_decref(string);
}

static void
try_query(const char *text)
{
    struct query query;
    struct query same;
    char again[256] = "";
    FILE *out = NULL;
    size_t i;

    if (read_query(text, &query) < 0)
        return;
    fuzz_check(query.parameters[0].count <= 1);
    fuzz_check(query.parameters[1].count <= ID_COUNT_MAX);
    fuzz_check(query.parameters[0].count == 0 || query.after >= 0);
    for (i = 0; i < query.parameters[1].count; i++)
        fuzz_check(query.ids[i] >= 1 && query.ids[i] <= ID_MAX);
    if (query.parameters[3].count > 0)
        check_text(query.text);
    out = fmemopen(again, sizeof(again), "w");
    fuzz_check(out != NULL);
    write_query(&query, out);
    fuzz_check(fclose(out) == 0);
    fuzz_check(read_query(again, &same) == 0);
    fuzz_check(same.parameters[0].count == query.parameters[0].count);
    fuzz_check(same.parameters[1].count == query.parameters[1].count);
    fuzz_check(query.parameters[0].count == 0 || same.after == query.after);
    fuzz_check(same.parameters[2].count == query.parameters[2].count);
    fuzz_check(query.parameters[2].count == 0 || same.order == query.order);
    fuzz_check(same.parameters[3].count == query.parameters[3].count);
    fuzz_check(query.parameters[3].count == 0 ||
               strcmp(same.text, query.text) == 0);
    fuzz_check(memcmp(same.ids, query.ids,
                      query.parameters[1].count * sizeof(query.ids[0])) == 0);
}

static void
try_key(const char *key)
{
    const size_t size = strlen(key);

    fuzz_check(
        collector__idempotency_key_is_valid(key) ==
        (size <= COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX && fuzz_is_line(key)));
}

/** An answer that came whole was part of one before its last byte came. */
static void
try_answer(const char *bytes, size_t size)
{
    struct http_answer answer = {.problem = NULL};
    struct http_answer part;

    switch (http_answer_parse(bytes, size, BODY_SIZE_MAX, &answer)) {
    case HTTP_ANSWER_PART:
        return;
    case HTTP_ANSWER_MALFORMED:
        fuzz_check(fuzz_is_line(answer.problem));
        return;
    case HTTP_ANSWER_WHOLE:
        break;
    }
    fuzz_check(answer.status >= 200 && answer.status <= 599);
    fuzz_check(answer.retry_s <= HTTP_RETRY_S_MAX);
    fuzz_check(answer.body_size <= BODY_SIZE_MAX);
    fuzz_check(answer.body > bytes);
    fuzz_check(answer.body + answer.body_size == bytes + size);
    for (; size > 0; size--)
        fuzz_check(http_answer_parse(bytes, size - 1, BODY_SIZE_MAX, &part) ==
                   HTTP_ANSWER_PART);
}

static void
try_decimal(const uint8_t *data, size_t size)
{
    char text[DECIMAL_SIZE_MAX + 1];
    char expected[DECIMAL_SIZE_MAX + 1];
    uint64_t number = 0;

    memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
    *decimal_write(text, number) = '\0';
    (void)snprintf(expected, sizeof(expected), "%" PRIu64, number);
    fuzz_check(strcmp(text, expected) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size < 1)
        return 0;
    text = fuzz_text(data + 1, size - 1);
    switch (data[0]) {
    case 'n':
        try_quantity(text, quantity_number, "");
        break;
    case 'd':
        try_quantity(text, quantity_duration, "ms");
        break;
    case 's':
        try_quantity(text, quantity_size, "B");
        break;
    case 'a':
        try_address(text);
        break;
    case 'q':
        try_query(text);
        break;
    case 'k':
        try_key(text);
        break;
    case 'r':
        try_answer((const char *)data + 1, size - 1);
        break;
    case 'w':
        try_decimal(data + 1, size - 1);
        break;
    default:
        break; /* nothing of ours */
    }
    free(text);
    return 0;
}
