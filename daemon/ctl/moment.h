/* SPDX-License-Identifier: MIT */
#ifndef CTL_MOMENT_H
#define CTL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * Read a moment: a duration, which is so long ago, such as 10m or 24h; a date
 * and perhaps a time, such as 2026-01-31, 2026-01-31T12:00Z or
 * 2026-01-31T12:00:00.125+01:00 (without an offset it is UTC); or digits, ms
 * since 1970.
 *
 * @param now_ms  What durations count from, ms since 1970.
 * @param ret_ms  Milliseconds since 1970, not negative; set on success only.
 * @return Whether it is one.
 */
bool
moment_read(const char *text, int64_t now_ms, int64_t *ret_ms);

/** Whether a column of that name is one of moments, ms since 1970: it is called
 *  ts or at, or ends in _ts, _at or _since. NULL is none. */
bool
moment_is_column(const char *name);

#endif
