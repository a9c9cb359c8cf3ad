/* SPDX-License-Identifier: MIT */
#ifndef ROWS_H
#define ROWS_H
/*
 * Rows to try things on, made of literals, and of rows a text to compare.
 */
#include "support.h"

#include <collector/reader.h>

#define ROWS_NULL                                                              \
    (struct collector_value)                                                   \
    {                                                                          \
        .type = COLLECTOR_VALUE_NULL                                           \
    }
#define ROWS_INTEGER(number)                                                   \
    (struct collector_value)                                                   \
    {                                                                          \
        .type = COLLECTOR_VALUE_INTEGER, .integer = number                     \
    }
#define ROWS_REAL(number)                                                      \
    (struct collector_value)                                                   \
    {                                                                          \
        .type = COLLECTOR_VALUE_REAL, .real = number                           \
    }
#define ROWS_BYTES(kind, literal)                                              \
    (struct collector_value)                                                   \
    {                                                                          \
        .type = COLLECTOR_VALUE_##kind, .text = literal,                       \
        .size = sizeof(literal) - 1                                            \
    }
#define ROWS_TEXT(literal) ROWS_BYTES(TEXT, literal)
#define ROWS_JSON(literal) ROWS_BYTES(JSON, literal)
#define ROWS_BLOB(literal) ROWS_BYTES(BLOB, literal)

/** A row of these values, with names "a", "b" and so on if names is NULL. */
#define ROWS_ROW(column_names, ...)                                            \
    rows_row(column_names, (struct collector_value[]){__VA_ARGS__},            \
             sizeof((struct collector_value[]){__VA_ARGS__}) /                 \
                 sizeof(struct collector_value))

/** Of values that live as long as the row does. */
struct collector_row
rows_row(const char *const *names, const struct collector_value *values,
         size_t count);

/** A collector_row_fn that adds a row to a text, whose address its userdata is:
 *  "name=i7 other=t\"text\"" and a line end. The text is of support.h. */
int
rows_note(void *userdata, const struct collector_row *row);

#endif
