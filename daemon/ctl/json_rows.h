/* SPDX-License-Identifier: MIT */
#ifndef CTL_JSON_ROWS_H
#define CTL_JSON_ROWS_H

#include "span.h"

#include <collector/reader.h>
#include <stddef.h>

/** Columns of a row at most. */
#define JSON_ROWS_COLUMNS_MAX 16

/**
 * Show an object of JSON as a row.
 *
 * The payload is handed on as it was sent; so is what is an array or an object.
 * true and false are 1 and 0. A member that is not there is null, and others
 * than those that are asked for are left out.
 *
 * @param names  name_count of them, at most JSON_ROWS_COLUMNS_MAX.
 * @param show   What it returns is returned.
 * @return -1 when it is no such object, or when out of memory.
 */
int
json_rows_show_object(struct span object, const char *const *names,
                      size_t name_count, collector_row_fn show, void *userdata);

/** The same of an array of them, until show returns something else than 0. */
int
json_rows_show_array(struct span array, const char *const *names,
                     size_t name_count, collector_row_fn show, void *userdata);

#endif
