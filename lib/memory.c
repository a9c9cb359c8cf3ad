/* SPDX-License-Identifier: MIT */
/*
 * The library's own memory. Nothing else in it asks the C library for any, so
 * that whoever supplies an allocator has all of it.
 */
#include "memory.h"

#include <collector/error.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
system_allocate(void *userdata, size_t size)
{
    (void)userdata;
    return malloc(size);
}

static void *
system_resize(void *userdata, void *memory, size_t size)
{
    (void)userdata;
    return realloc(memory, size);
}

static void
system_release(void *userdata, void *memory)
{
    (void)userdata;
    free(memory);
}

static struct collector_allocator current = {
    .allocate = system_allocate,
    .resize = system_resize,
    .release = system_release,
};

/* Whether memory was taken: what one allocator gave, no other can take back. */
static _Atomic bool used;

int
collector_allocator_set(const struct collector_allocator *allocator)
{
    if (allocator == NULL || allocator->allocate == NULL ||
        allocator->resize == NULL || allocator->release == NULL)
        return COLLECTOR_ERR_INVALID;
    if (atomic_load(&used))
        return COLLECTOR_ERR_BUSY;
    current = *allocator;
    return COLLECTOR_OK;
}

void *
collector__memory_new(size_t size)
{
    void *memory;

    /* Most often it is set, and threads need not fight over its cache line. */
    if (!atomic_load_explicit(&used, memory_order_relaxed))
        atomic_store(&used, true);
    memory = current.allocate(current.userdata, size);
    if (memory == NULL)
        errno = ENOMEM; /* as where the C library says it */
    return memory;
}

void *
collector__memory_zeroed(size_t size)
{
    void *memory = collector__memory_new(size);

    return memory != NULL ? memset(memory, 0, size) : NULL;
}

void *
collector__memory_resize(void *memory, size_t size)
{
    if (memory == NULL)
        return collector__memory_new(size);
    return current.resize(current.userdata, memory, size);
}

void
collector__memory_free(void *memory)
{
    const int error = errno; /* of whatever is being cleaned up after */

    if (memory != NULL)
        current.release(current.userdata, memory);
    errno = error;
}

char *
collector__memory_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = collector__memory_new(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

char *
collector__memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;
    int size;

    va_start(arguments, format);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size < 0)
        return NULL;
    text = collector__memory_new((size_t)size + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments); /* it fits */
    va_end(arguments);
    return text;
}
