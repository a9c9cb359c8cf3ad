/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_MEMORY_H
#define COLLECTOR_LIB_MEMORY_H

#include <collector/allocator.h>
#include <stddef.h>

/** size bytes that hold anything; NULL with errno when there are none. Give all
 *  that comes from here back with collector__memory_free(). */
void *
collector__memory_new(size_t size);

/** size bytes of zeros; likewise. */
void *
collector__memory_zeroed(size_t size);

/** Make memory larger or smaller; NULL when that can't be, and then the old
 *  memory stays. Of NULL, new memory. */
void *
collector__memory_resize(void *memory, size_t size);

/** Give memory back, and leave errno as it is. NULL is fine. */
void
collector__memory_free(void *memory);

/** A copy of a text; NULL without memory. */
char *
collector__memory_text(const char *text);

/** A text as printf() would write it; likewise. */
char *
collector__memory_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
