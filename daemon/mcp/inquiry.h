/* SPDX-License-Identifier: MIT */
#ifndef MCP_INQUIRY_H
#define MCP_INQUIRY_H

#include "problem.h"

#include <collector/reader.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * What the tools ask of the file: a reader that is open for one call, so that a
 * file which was replaced meanwhile is asked under its name. One thread asks;
 * any may interrupt it.
 */
struct inquiry;

/** @param path         Borrowed.
 *  @param deadline_ms  How long one question may keep the file.
 *  @return NULL when out of memory. */
struct inquiry *
inquiry_new(const char *path, uint32_t deadline_ms);

/** Begin one that no interruption from before ends. */
void
inquiry_begin(struct inquiry *inquiry);

/** End the question that is asked, and refuse those that come next. */
void
inquiry_interrupt(struct inquiry *inquiry);

/** End it: let the file go. */
void
inquiry_end(struct inquiry *inquiry);

/**
 * Have the file open, for answers of at most that many rows and bytes. Once in
 * an inquiry, before anything is asked.
 *
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
inquiry_open(struct inquiry *inquiry, uint32_t rows_max, size_t bytes_max,
             struct problem *ret_problem);

/** What is open. */
struct collector_reader *
inquiry_reader(const struct inquiry *inquiry);

/** Ask in SQL, with whole numbers for ?1, ?2 … Otherwise as inquiry_open(). */
int
inquiry_sql(struct inquiry *inquiry, const char *sql, const int64_t *numbers,
            size_t number_count, collector_row_fn show, void *userdata,
            struct collector_answer *ret_answer, struct problem *ret_problem);

/** Whether the last question in SQL had no answer because it took too long: the
 *  next one may have one. */
bool
inquiry_took_too_long(const struct inquiry *inquiry);

/** Put into words, for a model to correct itself, why a question has no answer.
 *  Returns -1. */
int
inquiry_explain(struct inquiry *inquiry, int rc,
                const struct collector_answer *answer,
                struct problem *ret_problem);

/** Free it. NULL is fine. */
void
inquiry_free(struct inquiry *inquiry);

#endif
