/* SPDX-License-Identifier: MIT */
#ifndef MCP_MOMENT_H
#define MCP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/** Bytes of a stretch of time in words, with its NUL. */
#define MOMENT_WORDS_SIZE 64

/**
 * Read a moment: ms since 1970; a date of ISO 8601, with or without a time, in
 * UTC unless it says otherwise; "now"; or a duration such as 10m, which is so
 * long ago.
 *
 * @param ret_ms  Set on success only.
 * @return Whether the text is one.
 */
bool
moment_read(const char *text, int64_t now_ms, int64_t *ret_ms);

/** Put a stretch of time into words, in its two largest units: "3 hours 12
 *  minutes". */
const char *
moment_words(int64_t ms, char ret_text[MOMENT_WORDS_SIZE]);

#endif
