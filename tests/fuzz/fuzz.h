/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * What every target uses. A target is one function, which is given bytes and
 * aborts when a promise is broken; libFuzzer draws the bytes, or replay.c reads
 * them from files. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is done once, before the first input. A target may do without. */
int
LLVMFuzzerInitialize(int *argc, char ***argv);

/** Try one input. Returns 0. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Abort, and say why, unless something is as it was promised. */
#define fuzz_check(condition)                                                  \
    do {                                                                       \
        if (!(condition))                                                      \
            fuzz_fail(#condition, __FILE__, __LINE__);                         \
    } while (0)

_Noreturn void
fuzz_fail(const char *condition, const char *file, int line);

/** The bytes with a NUL behind them, so that a sanitizer sees one too many;
 *  yours to free. */
char *
fuzz_text(const uint8_t *data, size_t size);

/** Whether a text can be logged and answered: one line of UTF-8, not empty. */
bool
fuzz_is_line(const char *text);

#endif
