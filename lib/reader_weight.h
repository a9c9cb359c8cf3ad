/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_WEIGHT_H
#define COLLECTOR_LIB_READER_WEIGHT_H

#include <stdbool.h>
#include <stddef.h>

/** Tokens that a statement may unfold to: more than there can be in one in
 *  which no name stands for anything, and some 20 MiB for SQLite. */
#define COLLECTOR_WEIGHT_MAX 100000

/** Names that may stand for something, those of views included. */
#define COLLECTOR_WEIGHT_NAMES_MAX 64

/**
 * Find out whether a statement stays small when each name that a WITH gives to
 * a SELECT is replaced by it, and those in it likewise.
 *
 * @param texts  text_count of them, which may use each other's names; such as
 *               "a AS (SELECT 1" for each view, and the statement. What is
 *               open at the end of one ends there.
 * @return COLLECTOR_OK, ERR_INVALID (it does not, or there are more names, or
 *         one that can't be read), ERR_NOMEM.
 */
int
collector__weight_check(const char *const *texts, size_t text_count);

#endif
