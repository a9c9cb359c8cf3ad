/* SPDX-License-Identifier: MIT */
/* The ids that were given: 16 bytes a request, since a minute of load has
 * millions of them. */
#include "receipts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPTS_COUNT_FIRST 4096

/** More digits than an id may have, and fewer than 64 bits hold. */
#define DIGIT_COUNT_MAX 18

/** How far a body is read. */
struct cursor {
    const char *at;
    const char *end;
};

static void
skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at != '\0' &&
           strchr(" \t\r\n", *cursor->at) != NULL)
        cursor->at++;
}

static bool
take(struct cursor *cursor, const char *token)
{
    const size_t size = strlen(token);

    skip_space(cursor);
    if ((size_t)(cursor->end - cursor->at) < size ||
        memcmp(cursor->at, token, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

static bool
take_number(struct cursor *cursor, int64_t *ret_number)
{
    const char *start;
    int64_t number = 0;

    skip_space(cursor);
    for (start = cursor->at;
         cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9' &&
         cursor->at - start < DIGIT_COUNT_MAX;
         cursor->at++)
        number = number * 10 + (*cursor->at - '0');
    *ret_number = number;
    return cursor->at > start;
}

/** Read ids up to the bracket behind them. */
static const char *
take_ids(struct cursor *cursor, unsigned count, int64_t *ret_first_id)
{
    int64_t first_id = 0;
    int64_t id;
    unsigned i;

    for (i = 0; i < count; i++) {
        if ((i > 0 && !take(cursor, ",")) || !take_number(cursor, &id))
            return "ids are missing";
        if (i == 0)
            first_id = id;
        if (id < 1 || id != first_id + i)
            return "the ids do not follow one another";
    }
    if (!take(cursor, "]"))
        return "there are more ids than events";
    *ret_first_id = first_id;
    return NULL;
}

const char *
receipts_read(const char *body, size_t size, unsigned count,
              int64_t *ret_first_id)
{
    struct cursor cursor = {body, body + size};
    const char *problem;
    int64_t accepted;
    int64_t first_id;

    if (!take(&cursor, "{") || !take(&cursor, "\"accepted\"") ||
        !take(&cursor, ":") || !take_number(&cursor, &accepted))
        return "it does not say how many were accepted";
    if (accepted != count)
        return "it is not for as many events as were sent";
    if (!take(&cursor, ",") || !take(&cursor, "\"ids\"") ||
        !take(&cursor, ":") || !take(&cursor, "["))
        return "it has no ids";
    problem = take_ids(&cursor, count, &first_id);
    if (problem != NULL)
        return problem;
    if (!take(&cursor, "}"))
        return "it has no end";
    skip_space(&cursor);
    if (cursor.at != cursor.end)
        return "something follows it";
    *ret_first_id = first_id;
    return NULL;
}

/** Make room for more. 0, or -1. */
static int
reserve(struct receipts *receipts, size_t count)
{
    size_t capacity = receipts->capacity;
    struct receipt *all;

    if (count <= capacity)
        return 0;
    if (count > RECEIPTS_COUNT_MAX)
        return -1;
    if (capacity == 0)
        capacity = RECEIPTS_COUNT_FIRST;
    while (capacity < count)
        capacity *= 2;
    all = realloc(receipts->all, capacity * sizeof(*all));
    if (all == NULL)
        return -1;
    receipts->all = all;
    receipts->capacity = capacity;
    return 0;
}

int
receipts_add(struct receipts *receipts, const struct receipt *receipt)
{
    if (reserve(receipts, receipts->count + 1) != 0)
        return -1;
    receipts->all[receipts->count++] = *receipt;
    return 0;
}

int
receipts_move(struct receipts *from, struct receipts *to)
{
    if (to->count == 0) {
        receipts_release(to);
        *to = *from;
        *from = (struct receipts){.all = NULL}; /* handed over */
        return 0;
    }
    if (reserve(to, to->count + from->count) != 0)
        return -1;
    if (from->count > 0)
        memcpy(to->all + to->count, from->all,
               from->count * sizeof(from->all[0]));
    to->count += from->count;
    receipts_release(from);
    return 0;
}

static int
compare(const void *a, const void *b)
{
    const int64_t left = ((const struct receipt *)a)->first_id;
    const int64_t right = ((const struct receipt *)b)->first_id;

    return (left > right) - (left < right);
}

void
receipts_sort(struct receipts *receipts)
{
    if (receipts->count > 0)
        qsort(receipts->all, receipts->count, sizeof(receipts->all[0]),
              compare);
}

void
receipts_release(struct receipts *receipts)
{
    free(receipts->all);
    *receipts = (struct receipts){.all = NULL};
}
