/* SPDX-License-Identifier: MIT */
#ifndef CTL_TEST_H
#define CTL_TEST_H
/*
 * collectorctl as a process: the program that the variable COLLECTORCTL names.
 * One thread, one run at a time.
 */
#include "process.h"
#include "support.h"

/** Run it with these arguments to its end, and return its exit status. */
#define ctl(...) ctl_end(process_spawn("COLLECTORCTL", __VA_ARGS__, NULL))

/** Assert that it ends with 0, having said nothing on stderr, and return what
 *  it printed. */
#define ctl_prints(...)                                                        \
    ctl_end_well(process_spawn("COLLECTORCTL", __VA_ARGS__, NULL))

/** What the last run wrote to stdout and to stderr: texts of support.h. */
extern const char *ctl_out;
extern const char *ctl_err;

/** Wait for the end of one, free it, and return its status. */
int
ctl_end(struct daemon *run);

/** The same, where all has to be well; returns what it printed. */
const char *
ctl_end_well(struct daemon *run);

#endif
