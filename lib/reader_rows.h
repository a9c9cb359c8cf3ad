/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_ROWS_H
#define COLLECTOR_LIB_READER_ROWS_H

#include "buffer.h"

#include <collector/reader.h>
#include <sqlite3.h>

/** Rows of an answer, copied so that they outlive the statement. One thread. */
struct collector__rows {
    uint32_t rows_max;
    size_t bytes_max;
    size_t column_count;
    uint64_t row_count;
    /** What they count for against bytes_max. */
    size_t size;
    /** There was a row that did not fit. */
    bool more;
    /** The integer in the first column of the last row; 0 without one. */
    int64_t last_id;
    /** What is called payload is JSON, if it is. */
    bool payloads;
    /** Names, each with its NUL, and values, one after the other. */
    struct collector__buffer names;
    struct collector__buffer values;
};

void
collector__rows_init(struct collector__rows *rows, uint32_t rows_max,
                     size_t bytes_max);

void
collector__rows_clear(struct collector__rows *rows);

/**
 * Take the rows of a statement, up to the first that does not fit. A statement
 * after the first has the same columns.
 *
 * @param stopped_by  Why SQLite was made to stop; COLLECTOR_OK when it was not.
 *                    A row that it gives all the same is not taken: it may have
 *                    been counted in part.
 * @param ret_step  What SQLite said last: SQLITE_DONE, SQLITE_ROW for a row
 *                  that did not fit, or what failed.
 * @return COLLECTOR_OK (also when SQLite failed), ERR_TOO_BIG (the first row
 *         is), ERR_NOMEM.
 */
int
collector__rows_gather(struct collector__rows *rows, sqlite3_stmt *statement,
                       const int *stopped_by, int *ret_step);

/** Show them. @return COLLECTOR_OK, ERR_NOMEM. */
int
collector__rows_show(const struct collector__rows *rows, collector_row_fn show,
                     void *userdata);

#endif
