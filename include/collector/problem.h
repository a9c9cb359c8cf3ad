/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_PROBLEM_H
#define COLLECTOR_PROBLEM_H

#include <stdint.h>

/** What is wrong with a JSON text, or with options. */
struct collector_problem {
    /** Which event or header, counted from 0; -1 when the text as a whole, or
     *  another option, is wrong. */
    int64_t index;
    /** In words, such as "device_id is required". */
    char text[160];
};

#endif
