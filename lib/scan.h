/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SCAN_H
#define COLLECTOR_LIB_SCAN_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/** A piece of somebody's text; not NUL-terminated. text NULL: absent. */
struct collector__span {
    const char *text;
    size_t size;
};

/** One member of an object. The name is raw: in quotes, escapes untouched. */
struct collector__member {
    struct collector__span name;
    struct collector__span value;
};

/** A place in a JSON text. */
struct collector__cursor {
    const char *at;
    const char *end;
};

/** What a scanning step found. */
enum collector__scan {
    /** What was asked for. */
    COLLECTOR_SCAN_OK,
    /** The end of the array or object. */
    COLLECTOR_SCAN_END,
    /** Not JSON. */
    COLLECTOR_SCAN_MALFORMED,
    /** Nested deeper than allowed. */
    COLLECTOR_SCAN_TOO_DEEP
};

/** The levels that any scan can follow. */
#define COLLECTOR_SCAN_DEPTH_MAX 64

/** Step over white space. */
void
collector__scan_space(struct collector__cursor *cursor);

/** Step over white space and one given character, if it stands there. */
enum collector__scan
collector__scan_character(struct collector__cursor *cursor, char character);

/**
 * Step to the next element of an array, or member of an object, whose opening
 * bracket is behind the cursor.
 *
 * @param closing  ']' or '}'.
 * @param first    Whether it is the first one: no comma before it.
 * @return OK: the cursor is before the element. END: it is behind the closing
 *         bracket. MALFORMED.
 */
enum collector__scan
collector__scan_next(struct collector__cursor *cursor, char closing,
                     bool first);

/**
 * Step over one value. Brackets and quotes are matched; what is between them
 * is not judged.
 *
 * @param depth_max  Levels of arrays and objects, at most
 *                   COLLECTOR_SCAN_DEPTH_MAX.
 * @param ret_value  Set on OK only; without the white space around it.
 */
enum collector__scan
collector__scan_value(struct collector__cursor *cursor, unsigned depth_max,
                      struct collector__span *ret_value);

/** Step over one `"name": value`. Otherwise like collector__scan_value(). */
enum collector__scan
collector__scan_member(struct collector__cursor *cursor, unsigned depth_max,
                       struct collector__member *ret_member);

/**
 * Add a value to a buffer without insignificant white space.
 *
 * @return COLLECTOR_OK, ERR_INVALID (a string without an end), ERR_TOO_BIG,
 *         ERR_NOMEM.
 */
int
collector__scan_compact(struct collector__span value,
                        struct collector__buffer *buffer);

#endif
