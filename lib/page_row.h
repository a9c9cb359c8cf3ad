/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_PAGE_ROW_H
#define COLLECTOR_LIB_PAGE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a row of ours at most: an event's texts, and what surrounds them.
 */
#define COLLECTOR_PAGE_ROW_SIZE_MAX (70 * 1024)

/** Columns of a row of ours at most. */
#define COLLECTOR_PAGE_COLUMN_COUNT_MAX 16

/** A page of a database, as read from a file that can't be trusted. */
struct collector__page {
    const unsigned char *data;
    uint32_t size;
};

/** A row in a leaf of a table, as far as it lies in that page. */
struct collector__page_cell {
    int64_t id;
    /** Bytes of the whole row. */
    size_t size;
    const unsigned char *local;
    size_t local_size;
    /** Where the rest is; 0 when there is none. */
    uint32_t overflow_page;
};

/** What is in a row: each column's type, size and place. */
struct collector__page_columns {
    size_t count;
    uint64_t types[COLLECTOR_PAGE_COLUMN_COUNT_MAX];
    size_t offsets[COLLECTOR_PAGE_COLUMN_COUNT_MAX];
    size_t sizes[COLLECTOR_PAGE_COLUMN_COUNT_MAX];
};

/** The rows in a page; 0 when it is no leaf of a table. */
uint32_t
collector__page_cell_count(struct collector__page page);

/** The i-th row of a leaf. @return Whether it lies within the page, and may be
 *  a row of ours. */
bool
collector__page_cell(struct collector__page page, uint32_t i,
                     struct collector__page_cell *ret_cell);

/**
 * What a row holds.
 *
 * @param row  The first available bytes of row_size: its header at least.
 * @return Whether the header makes sense, and adds up to row_size.
 */
bool
collector__page_columns(const unsigned char *row, size_t available,
                        size_t row_size,
                        struct collector__page_columns *ret_columns);

bool
collector__page_column_is_null(const struct collector__page_columns *columns,
                               size_t i);
bool
collector__page_column_is_text(const struct collector__page_columns *columns,
                               size_t i);
bool
collector__page_column_is_integer(const struct collector__page_columns *columns,
                                  size_t i);

/** The value of an integer column. */
int64_t
collector__page_column_integer(const struct collector__page_columns *columns,
                               const unsigned char *row, size_t i);

#endif
