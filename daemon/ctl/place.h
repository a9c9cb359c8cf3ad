/* SPDX-License-Identifier: MIT */
#ifndef CTL_PLACE_H
#define CTL_PLACE_H

#include <stdint.h>

/** Where a file is: its lock and its log are beside that, and not beside a
 *  link. As it was given when that can't be told; NULL when out of memory.
 *  Yours to free. */
char *
place_of(const char *path);

/** Bytes of the log beside a place; 0 when there is none. */
int64_t
place_log_size(const char *place);

#endif
