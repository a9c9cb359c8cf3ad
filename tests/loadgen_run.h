/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_RUN_H
#define LOADGEN_RUN_H

/*
 * The load generator as a process: the program that the variable LOADGEN
 * names, started by process_spawn(). One thread, one run at a time.
 */
#include "process.h"

#include <stdbool.h>
#include <stdint.h>

/** What a run left behind; texts are of support.h. */
struct loadgen_run {
    int status;
    const char *out;
    const char *err;
};

/** Wait for the end of a run, and free its process. */
struct loadgen_run
loadgen_end(struct daemon *process);

/** Read what -target printed with -json. Fails the test when it is not that. */
void
loadgen_parse(const struct loadgen_run *run);

/** The same for the measurement of that name. */
void
loadgen_parse_as(const struct loadgen_run *run, const char *measurement);

/** Cells that were parsed last. */
unsigned
loadgen_cell_count(void);

/** A number of the i-th cell that was parsed last, found by names with dots
 *  between them. Fails the test when it is missing. */
double
loadgen_number(unsigned cell, const char *path);

/** Whether it is there and null. */
bool
loadgen_is_null(unsigned cell, const char *path);

/** A text or a truth likewise. */
const char *
loadgen_text(unsigned cell, const char *path);
bool
loadgen_bool(unsigned cell, const char *path);

/** Whether that cell is proved, and the run has said nothing else. */
bool
loadgen_is_proved(const struct loadgen_run *run);

#endif
