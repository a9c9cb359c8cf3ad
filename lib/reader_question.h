/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_READER_QUESTION_H
#define COLLECTOR_LIB_READER_QUESTION_H

#include "reader.h"
#include "reader_rows.h"

/** One question, from when it is asked until its rows are shown. */
struct collector__question {
    struct collector_reader *reader;
    struct collector__rows rows;
    /** Monotonic ms. */
    int64_t begun_at;
    int64_t elapsed_ms;
    /** What collector_answer says. */
    bool more;
    int64_t next_id;
};

/**
 * Begin a question: the reader is this thread's until it ends, also when this
 * fails.
 *
 * @param trusted  It is the library's own.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_FORK, ERR_BUSY, or as
 *         collector__reader_connect().
 */
int
collector__question_begin(struct collector__question *question,
                          struct collector_reader *reader, bool trusted);

/**
 * Let the owner of the file go first, if it asks for that, and begin again: the
 * deadline counts from then on.
 *
 * @return As collector__question_begin().
 */
int
collector__question_wait_turn(struct collector__question *question);

/** Say what is wrong with a question, and return rc. */
int __attribute__((format(printf, 3, 4)))
collector__question_refuse(struct collector__question *question, int rc,
                           const char *format, ...);

/**
 * Translate what SQLite said of a statement: why the question was made to end,
 * or what is wrong with it.
 *
 * @param code  Of SQLite.
 * @return COLLECTOR_OK for a row or the end of them, or an error.
 */
int
collector__question_check(struct collector__question *question, int code);

/**
 * Ask one of the library's own statements, and keep its rows.
 *
 * @param values  value_count of them, for ?1, ?2 …: integers, texts and NULL.
 * @return COLLECTOR_OK, ERR_TOO_BIG, ERR_TIMEOUT, ERR_CANCELLED, ERR_BUSY,
 *         ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
int
collector__question_ask(struct collector__question *question, const char *sql,
                        const struct collector_value *values,
                        size_t value_count);

/** The integer in the first column of the first row of one of the library's own
 *  statements; 0 without a row. As collector__question_ask(). */
int
collector__question_number(struct collector__question *question,
                           const char *sql, int64_t *ret_integer);

/** The text in there; NULL without one. Yours to free. Likewise. */
int
collector__question_text(struct collector__question *question, const char *sql,
                         char **ret_text);

/**
 * Let go of the file, show the rows, and say what became of the question.
 *
 * @param rc  What became of it so far.
 * @return rc, or ERR_NOMEM.
 */
int
collector__question_end(struct collector__question *question, int rc,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer);

/** An integer as a parameter. */
static inline struct collector_value
collector__value_integer(int64_t integer)
{
    const struct collector_value value = {COLLECTOR_VALUE_INTEGER, integer, 0.0,
                                          NULL, 0};

    return value;
}

/** A text as a parameter; NULL for NULL. */
struct collector_value
collector__value_text(const char *text);

/** Bind values to a statement. @return What SQLite says. */
int
collector__values_bind(sqlite3_stmt *statement,
                       const struct collector_value *values,
                       size_t value_count);

#endif
