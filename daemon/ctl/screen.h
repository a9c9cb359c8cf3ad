/* SPDX-License-Identifier: MIT */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Columns of a terminal that does not say how many it has. */
#define SCREEN_WIDTH_DEFAULT 80

/** Where results go, and who reads them. */
struct screen {
    FILE *out;
    /** Somebody looks at it: control characters must not reach it. */
    bool is_terminal;
    bool has_colours;
    /** Columns of a terminal; 0: there is no end of a line. */
    size_t width;
};

/** How a piece of text looks, where there are colours. */
enum screen_style {
    SCREEN_PLAIN,
    SCREEN_HEAD,
    SCREEN_FAINT,
    SCREEN_GOOD,
    SCREEN_BAD
};

/** Look at what a stream leads to. Colours are for a terminal, unless NO_COLOR
 *  is set to anything, or TERM to dumb. */
void
screen_look(FILE *out, struct screen *ret_screen);

/** Begin a style, or end it with SCREEN_PLAIN. */
void
screen_style(const struct screen *screen, enum screen_style style);

#endif
