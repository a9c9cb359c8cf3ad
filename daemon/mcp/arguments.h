/* SPDX-License-Identifier: MIT */
#ifndef MCP_ARGUMENTS_H
#define MCP_ARGUMENTS_H

#include "problem.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What a tool was called with. Each function leaves what it returns as it was
 * where an argument is absent, and puts into words, for a model to correct
 * itself, what is wrong with one. They return 0, or -1 for that.
 */
struct arguments {
    /** An object, or NULL for none; borrowed. */
    const json_t *members;
    /** What "10m" is counted from, ms since 1970. */
    int64_t now_ms;
    struct problem *problem;
};

/** See that all are in a schema's properties, and those that it requires are
 *  there. */
int
arguments_fit(const struct arguments *arguments, const char *schema);

/** A text without NULs, that is not empty. @param ret_text  Borrowed. */
int
arguments_text(const struct arguments *arguments, const char *name,
               size_t size_max, const char **ret_text);

/** A whole number. */
int
arguments_number(const struct arguments *arguments, const char *name,
                 int64_t min, int64_t max, int64_t *ret_number);

/** A moment, as moment_read() takes it; or a number, which is ms since 1970. */
int
arguments_moment(const struct arguments *arguments, const char *name,
                 int64_t *ret_ms);

/** A duration such as 10m. */
int
arguments_duration(const struct arguments *arguments, const char *name,
                   int64_t *ret_ms);

#endif
