/* SPDX-License-Identifier: MIT */
#ifndef CTL_STOP_H
#define CTL_STOP_H

#include <collector/reader.h>
#include <stdbool.h>

/** From here on, SIGINT and SIGTERM ask for an end instead of being one: for
 *  what goes on by itself, or has something to clean up. */
void
stop_watch(void);

bool
stop_is_asked(void);

/** What is to be interrupted then; NULL for nothing. */
void
stop_set_reader(struct collector_reader *reader);

/**
 * Rest, but not when a stop is asked for, or when nobody reads standard output
 * any more.
 *
 * @return Whether to go on.
 */
bool
stop_rest(int ms);

#endif
