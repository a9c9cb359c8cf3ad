/* SPDX-License-Identifier: MIT */
#ifndef CTL_ELAPSED_H
#define CTL_ELAPSED_H

#include <stdint.h>

/** Bytes of a stretch of time in words, with its NUL. */
#define ELAPSED_SIZE 64

/** Put a stretch of time into words, in its two largest units: "3 hours 12
 *  minutes". What is negative counts as 0. */
const char *
elapsed_words(int64_t ms, char ret_text[ELAPSED_SIZE]);

#endif
