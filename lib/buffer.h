/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_BUFFER_H
#define COLLECTOR_LIB_BUFFER_H

#include <stddef.h>
#include <stdint.h>

/** A text that grows up to a maximum it was born with. Zeroed is empty. */
struct collector__buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t size_max;
};

/** Start empty, with a maximum. Nothing is allocated yet. */
void
collector__buffer_init(struct collector__buffer *buffer, size_t size_max);

/**
 * Make room for so many more bytes, so that adding them can't move the data.
 *
 * @return COLLECTOR_OK, ERR_TOO_BIG (past the maximum), ERR_NOMEM.
 */
int
collector__buffer_reserve(struct collector__buffer *buffer, size_t size);

/** Add bytes. As collector__buffer_reserve(). */
int
collector__buffer_add(struct collector__buffer *buffer, const void *data,
                      size_t size);

/** Add a NUL-terminated text, without its NUL. Likewise. */
int
collector__buffer_add_text(struct collector__buffer *buffer, const char *text);

/** Add a number in digits. Likewise. */
int
collector__buffer_add_number(struct collector__buffer *buffer, int64_t number);

/** Release the data; the buffer is empty, and keeps its maximum. */
void
collector__buffer_clear(struct collector__buffer *buffer);

#endif
