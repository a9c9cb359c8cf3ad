/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_CHECKS_H
#define COLLECTOR_LIB_READER_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

/** Something that holds in every file of ours, at any moment. */
struct collector__check {
    const char *name;
    /** Only files of this schema and later ones promise it; they promise it as
     *  the last check of this name says. */
    int version_min;
    /** It looks at more of each event than its id. */
    bool whole;
    /** Answers with what is wrong, in words; with NULL, or not at all, when
     *  nothing is. */
    const char *sql;
};

extern const struct collector__check collector__checks[];
extern const size_t collector__check_count;

#endif
