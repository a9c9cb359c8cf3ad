/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_REPORT_H
#define LOADGEN_REPORT_H

#include "options.h"

#include <jansson.h>
#include <stddef.h>

/** One column of a table: a member of each cell's object. The most telling
 *  ones are shown: 100 columns of a terminal are enough for any table. */
struct report_column {
    const char *key;
    /** In ASCII: a byte is a column. */
    const char *title;
    /** Digits behind the point of a number. */
    int digits;
};

/**
 * Print cells as a table, or, with -json, as one object on one line:
 * {"measurement": name, "workers": …, "machine": {…}, "cells": […]}.
 *
 * @param cells  Objects; a member that is absent or null is "-" in the table.
 *               Stolen.
 * @return 0, or 1 when there was no memory for it, which is said on stderr, or
 *         when stdout can't be written to.
 */
int
report_print(const struct options *options, const char *name,
             const struct report_column *columns, size_t column_count,
             json_t *cells);

#endif
