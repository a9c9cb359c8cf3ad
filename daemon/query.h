/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include "problem.h"
#include "request.h"

#include <stddef.h>
#include <stdint.h>

/** A parameter that a request may have: whole numbers, with commas between; or
 *  a word; or a text. */
struct query_parameter {
    const char *name;
    /** Each number lies between these. */
    int64_t min;
    int64_t max;
    /** Where they go: room for count_max. */
    int64_t *numbers;
    size_t count_max;
    /** Of a word: those that it may be, ended by NULL. Its place in there is
     *  the number. NULL for others. */
    const char *const *words;
    /** Of a text: where it goes, decoded and with a NUL: room for text_size
     *  bytes. NULL for others. */
    char *text;
    size_t text_size;
    /** How many there are; 0 when the parameter is absent. */
    size_t count;
};

/** A parameter of one number. */
struct query_parameter
query_number(const char *name, int64_t min, int64_t max, int64_t *number);

/** A parameter of one of these words, ended by NULL. */
struct query_parameter
query_word(const char *name, const char *const *words, int64_t *number);

/** A parameter of any text, of less than size bytes. */
struct query_parameter
query_text(const char *name, char *text, size_t size);

/**
 * Read what stands behind the question mark, such as after=7&limit=100. Strict:
 * a parameter that is not known, stands there twice, or has no value is
 * refused, like anything that is not a number within its bounds, or one of the
 * words. In a text, %XX is a byte and + a space; what is no such escape, not
 * UTF-8, or has a NUL, is refused.
 *
 * @param query        NULL for none.
 * @param parameters   parameter_count of them, with count 0. On failure what
 *                     was read into them is of no use.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
query_read(const char *query, struct query_parameter *parameters,
           size_t parameter_count, struct problem *ret_problem);

/**
 * Read a request's.
 *
 * @return 0, or -1 after it was answered that something is wrong with it.
 */
int
query_take(struct request *request, struct query_parameter *parameters,
           size_t parameter_count);

#endif
