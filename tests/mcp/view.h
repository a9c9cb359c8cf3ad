/* SPDX-License-Identifier: MIT */
#ifndef MCP_VIEW_H
#define MCP_VIEW_H

/*
 * How a live file is judged by itself alone, on a disk that has as much left as
 * a test says. One thread, one at a time.
 */
#include "site.h"

#include "ctl/standing.h"

#include <stdbool.h>
#include <stdint.h>

/** A disk with less than that left is short. */
#define VIEW_DISK_FREE_MIN (32 * 1024 * 1024)

/** What every disk seems to have left for this program: plenty, to begin with.
 */
extern int64_t view_disk_free;

/** As mcp_setup(). */
void
view_setup(void);

/** Look at the file with these limits. */
struct standing
view_look(int64_t backlog_max, int64_t size_max);

/** Whether one of the sentences has these words. */
bool
view_says(const struct standing_sentences *sentences, const char *words);

/** 300 events in five minutes, none of which was delivered. */
void
view_fill(void);

#endif
