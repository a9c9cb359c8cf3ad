/* SPDX-License-Identifier: MIT */
#ifndef MCP_LINES_H
#define MCP_LINES_H

#include <stddef.h>

/** Lines that come in over a descriptor. One thread. */
struct lines;

/** What comes next. */
enum lines_step {
    LINES_LINE,
    /** The rest of a line has not come yet. */
    LINES_WAIT,
    /** A line was longer than it may be, and was skipped. */
    LINES_TOO_LONG,
    LINES_END
};

/** @param size_max  Bytes of a line at most. NULL when out of memory. */
struct lines *
lines_new(int fd, size_t size_max);

/** Read what is there, waiting for some if there is nothing. -1 when that
 *  fails, or memory is out; errno says why. */
int
lines_read(struct lines *lines);

/**
 * The next one that is there. What stands behind the last line feed, at the end
 * of the input, is a line as well.
 *
 * @param ret_line  Set for a line only, without its end; valid until
 *                  lines_read().
 */
enum lines_step
lines_next(struct lines *lines, const char **ret_line, size_t *ret_size);

/** NULL is fine. */
void
lines_free(struct lines *lines);

#endif
