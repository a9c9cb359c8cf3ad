/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_H
#define CAPTURE_H
/*
 * What is written to a stream, as text. One thread, one capture at a time.
 */
#include <stdio.h>

/** A stream whose bytes are kept. */
FILE *
capture_begin(void);

/** Close it, and return what was written, as text of support.h. Fails the test
 *  when that holds a NUL. */
const char *
capture_end(void);

#endif
