/* SPDX-License-Identifier: MIT */
#ifndef CTL_CELL_H
#define CTL_CELL_H

#include <collector/reader.h>
#include <stdbool.h>

/**
 * A value as people read it, with all that a terminal would obey escaped.
 *
 * @param name  Its column: a whole number is written as a moment if
 *              moment_is_column(). NULL: it is what it is.
 * @return Yours to free; "" for what is not there; NULL when out of memory.
 */
char *
cell_text(const char *name, const struct collector_value *value);

/** Whether it is a number, and stands at the right of its column. */
bool
cell_is_number(const char *name, const struct collector_value *value);

#endif
