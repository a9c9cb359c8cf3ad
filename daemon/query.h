/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_QUERY_H
#define DAEMON_QUERY_H

#include "problem.h"

#include <stddef.h>
#include <stdint.h>

/** A parameter that a request may have: whole numbers, with commas between. */
struct query_parameter {
    const char *name;
    /** Each number lies between these. */
    int64_t min;
    int64_t max;
    /** Where they go: room for count_max. */
    int64_t *numbers;
    size_t count_max;
    /** How many there are; 0 when the parameter is absent. */
    size_t count;
};

/**
 * Read what stands behind the question mark, such as after=7&limit=100. Strict:
 * a parameter that is not known, stands there twice, or has no value is
 * refused, like anything that is not a number within its bounds.
 *
 * @param query        NULL for none.
 * @param parameters   parameter_count of them, with count 0. On failure their
 *                     numbers and counts are of no use.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
query_read(const char *query, struct query_parameter *parameters,
           size_t parameter_count, struct problem *ret_problem);

#endif
