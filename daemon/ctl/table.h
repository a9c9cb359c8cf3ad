/* SPDX-License-Identifier: MIT */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "screen.h"

#include <collector/reader.h>
#include <stdbool.h>

/**
 * Rows below each other, each column as wide as its widest cell; on a terminal
 * no wider than that, cells being cut. It may be written in parts: columns then
 * never get narrower.
 */
struct table;

/** @return NULL when out of memory. */
struct table *
table_new(const struct screen *screen, bool has_moments);

/** Keep a row's cells. 0, or -1 when out of memory, or when it has other
 *  columns than the first one. */
int
table_add(struct table *table, const struct collector_row *row);

/** Write what has been added, the names first if they have not been. */
void
table_flush(struct table *table);

void
table_free(struct table *table);

#endif
