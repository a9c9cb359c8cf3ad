/* SPDX-License-Identifier: MIT */
#ifndef CTL_PRINTOUT_H
#define CTL_PRINTOUT_H

#include "flags.h"
#include "screen.h"

#include <collector/reader.h>
#include <stdbool.h>
#include <stdint.h>

/** Rows on their way to standard output, in the format that was asked for. */
struct printout;

/** How they are shown. */
enum printout_kind {
    /** What somebody asked for in SQL: numbers stay numbers. */
    PRINTOUT_PLAIN,
    /** Moments are written as such in a table. */
    PRINTOUT_MOMENTS
};

/** @return NULL when out of memory, which was said. */
struct printout *
printout_new(const struct flags *flags, enum printout_kind kind);

/** Where it goes. */
const struct screen *
printout_screen(const struct printout *printout);

/** Show a row, in a table when it is flushed: a collector_row_fn, its userdata
 * is a printout. Not 0 when nothing more can be written. */
int
printout_show(void *userdata, const struct collector_row *row);

/** Have all rows so far written. 0, or -1 when that can't be. */
int
printout_flush(struct printout *printout);

/**
 * End it: close the array, and write below a table on a terminal how much there
 * was.
 *
 * @param answer   NULL for no such line.
 * @param go_on    How to see more, where there is more; said on stderr when no
 *                 terminal shows it.
 * @return COMMAND_DONE, or COMMAND_FAILED when not all could be written, which
 *         was said.
 */
enum command_status
printout_end(struct printout *printout, const struct collector_answer *answer,
             const char *go_on);

/** NULL is fine. */
void
printout_free(struct printout *printout);

#endif
