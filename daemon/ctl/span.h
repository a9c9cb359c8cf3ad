/* SPDX-License-Identifier: MIT */
#ifndef CTL_SPAN_H
#define CTL_SPAN_H

#include <stdbool.h>
#include <stddef.h>

/** Levels of arrays and objects in a value at most. */
#define SPAN_DEPTH_MAX 128

/** A piece of JSON text: a value as it was sent, without white space around
 *  it. Whoever has the text owns it. */
struct span {
    const char *text;
    size_t size;
};

/**
 * Find the first value in a text, and nothing but white space behind it.
 *
 * A number or a word is only cut out here: whoever uses it has to look at it.
 *
 * @param ret_value  Set on success only.
 */
bool
span_value(const char *text, size_t size, struct span *ret_value);

/** A walk through the members of an object, or the elements of an array. */
struct span_walk {
    const char *at;
    const char *end;
    bool has_begun;
    /** It is no JSON; the walk is over. */
    bool is_broken;
};

/** Begin behind the bracket that an array or object begins with; of any other
 *  value the walk is broken. */
struct span_walk
span_walk(struct span container);

/**
 * Go to the next member or element.
 *
 * @param ret_name   Its name with its quotes, for members; NULL for an array.
 * @return False at the end, and when it is no JSON.
 */
bool
span_next(struct span_walk *walk, struct span *ret_name,
          struct span *ret_value);

#endif
