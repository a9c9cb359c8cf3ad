/* SPDX-License-Identifier: MIT */
#ifndef CTL_STATS_ROW_H
#define CTL_STATS_ROW_H

#include <collector/reader.h>
#include <stddef.h>

/**
 * Show what GET /stats answers as one row. What the ledger of a file has too is
 * called the same here; what is not there is null.
 *
 * @return 0, or -1 when it is not what a collector answers.
 */
int
stats_row_show(const char *text, size_t size, collector_row_fn show,
               void *userdata);

#endif
