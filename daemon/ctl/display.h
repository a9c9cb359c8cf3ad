/* SPDX-License-Identifier: MIT */
#ifndef CTL_DISPLAY_H
#define CTL_DISPLAY_H

#include <stddef.h>
#include <stdio.h>

/** What becomes of what a terminal would obey. */
enum display_escape {
    /** \n, \x1b, \u202e: for people. */
    DISPLAY_WORDS,
    /** \u001b, which in a JSON string means the same as before; the ends of
     *  lines stay. */
    DISPLAY_JSON
};

/** Take all text for UTF-8, whatever the environment says. Before any other of
 *  these functions; without it, only ASCII is text. */
void
display_set_up(void);

/**
 * Write a text so that whatever it holds is only seen: control characters,
 * those that turn the direction of writing, and bytes that are no UTF-8 are
 * escaped. The stream remembers that it has failed.
 */
void
display_write(FILE *out, const char *text, size_t size,
              enum display_escape escape);

/** Columns that a text from display_write() takes on a terminal. */
size_t
display_width(const char *text);

/**
 * How much of a text from display_write() there is room for.
 *
 * @param ret_width  Set to the columns that it takes, at most width_max.
 * @return Its bytes.
 */
size_t
display_fit(const char *text, size_t width_max, size_t *ret_width);

#endif
