/* SPDX-License-Identifier: MIT */
#ifndef CTL_QUESTION_H
#define CTL_QUESTION_H

#include <collector/reader.h>
#include <stdbool.h>
#include <stdint.h>

/** What a file and a collector can both be asked. */
enum question_kind {
    QUESTION_EVENTS,
    QUESTION_EVENT,
    QUESTION_DEVICES,
    QUESTION_RUNS,
    QUESTION_DEAD_LETTERS
};

/** Rows that a collector answers at a time at most. */
#define QUESTION_PAGE_MAX 1000

/** One question, for a page of rows. Zeroed, it is for the first of them. */
struct question {
    enum question_kind kind;
    /** Of events. */
    struct collector_event_filter filter;
    /** Which event. */
    int64_t id;
    /** Begin behind this id, or of runs before it; of events, see filter. */
    int64_t from_id;
    /** Of devices: last seen before it, ms since 1970; 0 for all. */
    int64_t seen_before;
    /** Of runs; NULL for all. */
    const char *status;
    /** Rows at most, up to QUESTION_PAGE_MAX; a file may have more to say. */
    uint64_t page_max;
};

/** The columns of its answer: as include/collector/reader.h has them. */
struct question_columns {
    const char *const *names;
    size_t count;
};

struct question_columns
question_columns(enum question_kind kind);

/** Ask for what comes behind this row. */
void
question_go_on(struct question *question, int64_t next_id);

/** Whether this row lies behind where the question begins, in its direction. */
bool
question_moves_on(const struct question *question, int64_t next_id);

#endif
