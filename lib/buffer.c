/* SPDX-License-Identifier: MIT */
/* A text that grows by doubling, and never beyond its maximum. */
#include "buffer.h"

#include "memory.h"

#include <collector/error.h>
#include <string.h>

/* Small enough for one short event, so that growth is seldom. */
#define CAPACITY_MIN 256

/* Digits of the largest number, and its sign. */
#define NUMBER_SIZE_MAX 20

void
collector__buffer_init(struct collector__buffer *buffer, size_t size_max)
{
    memset(buffer, 0, sizeof(*buffer));
    buffer->size_max = size_max;
}

int
collector__buffer_reserve(struct collector__buffer *buffer, size_t size)
{
    size_t capacity = buffer->capacity;
    size_t needed;
    char *data;

    if (size > buffer->size_max - buffer->size)
        return COLLECTOR_ERR_TOO_BIG;
    needed = buffer->size + size;
    if (needed <= capacity && buffer->data != NULL)
        return COLLECTOR_OK;
    if (capacity < CAPACITY_MIN)
        capacity = CAPACITY_MIN;
    while (capacity < needed)
        capacity *= 2;
    data = collector__memory_resize(buffer->data, capacity);
    if (data == NULL)
        return COLLECTOR_ERR_NOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return COLLECTOR_OK;
}

int
collector__buffer_add(struct collector__buffer *buffer, const void *data,
                      size_t size)
{
    const int rc = collector__buffer_reserve(buffer, size);

    if (rc != COLLECTOR_OK)
        return rc;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return COLLECTOR_OK;
}

int
collector__buffer_add_text(struct collector__buffer *buffer, const char *text)
{
    return collector__buffer_add(buffer, text, strlen(text));
}

int
collector__buffer_add_number(struct collector__buffer *buffer, int64_t number)
{
    char digits[NUMBER_SIZE_MAX];
    char *const end = digits + sizeof(digits);
    char *start = end;
    uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        *--start = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--start = '-';
    return collector__buffer_add(buffer, start, (size_t)(end - start));
}

void
collector__buffer_clear(struct collector__buffer *buffer)
{
    const size_t size_max = buffer->size_max;

    collector__memory_free(buffer->data);
    collector__buffer_init(buffer, size_max);
}
