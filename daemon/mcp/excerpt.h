/* SPDX-License-Identifier: MIT */
#ifndef MCP_EXCERPT_H
#define MCP_EXCERPT_H

#include <collector/reader.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Bytes of the rows in an answer at most, as JSON. One row more, when it is
 *  the first of its list and no bare one, so that no event is too large to be
 *  shown. */
#define EXCERPT_SIZE_MAX (64 * 1024)

/** Columns of a row that is written as an object at most: our own questions
 *  have fewer. */
#define EXCERPT_COLUMN_COUNT_MAX 32

/** A JSON array of rows that is being written. Set out and left. */
struct excerpt {
    FILE *out;
    /** Bytes that may still be written, of all arrays of an answer. */
    size_t *left;
    /** Rows written so far. */
    size_t count;
    /** There was no room for a row. */
    bool full;
    /** The first column of the last row that was written, if it is a whole
     *  number. */
    int64_t last_id;
    /** Rows are arrays of values, and not objects. Not even the first has more
     *  room than there is, together with the names of the columns. */
    bool bare;
    /** The names of the columns, as a JSON array, if rows are bare; yours. */
    char *names;
};

/**
 * A collector_row_fn that writes an element; its userdata is a struct excerpt.
 * In an object a moment (moment_is_column()) has the same in ISO 8601 beside
 * it: ts_iso for ts.
 */
int
excerpt_show(void *userdata, const struct collector_row *row);

#endif
