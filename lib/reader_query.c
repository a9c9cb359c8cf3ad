/* SPDX-License-Identifier: MIT */
/* Questions in SQL: one statement that only reads, or none at all. */
#include "memory.h"
#include "reader_question.h"
#include "reader_turn.h"
#include "reader_weight.h"

#include <collector/error.h>
#include <string.h>

/* What the names of the views stand for, as a WITH would say it, each with a
 * byte behind it that divides it from the next: what is open at its end, be it
 * a comment, swallows nothing of that. A name with a quote in it can be written
 * in ways that are not looked for; it is said in a way that can't be read, as
 * is what has one of those bytes, or a NUL, where SQLite stops to read. */
#define VIEWS                                                                  \
    "SELECT group_concat(CASE WHEN name GLOB '*[\"''`]*'"                      \
    " OR instr(name || sql, char(0)) OR instr(name || sql, char(1))"           \
    " THEN '\"\"\"\"' ELSE '\"' || name || '\" AS (' || sql END, char(1))"     \
    " FROM sqlite_schema WHERE type = 'view'"
#define DIVIDER "\1"

/** Whether there is another statement behind the first. */
static bool
has_more(sqlite3 *db, const char *tail)
{
    sqlite3_stmt *statement = NULL;
    bool more = false;

    /* A comment is none, and is compiled to nothing. */
    if (tail != NULL && *tail != '\0')
        more =
            sqlite3_prepare_v2(db, tail, -1, &statement, &tail) != SQLITE_OK ||
            statement != NULL || *tail != '\0';
    (void)sqlite3_finalize(statement); /* it never ran */
    return more;
}

/** See that a statement does nothing but to answer. */
static int
check_statement(struct collector__question *question, sqlite3_stmt *statement,
                const char *tail, size_t parameter_count)
{
    const int wanted = sqlite3_bind_parameter_count(statement);

    if (statement == NULL)
        return collector__question_refuse(question, COLLECTOR_ERR_INVALID,
                                          "there is no question");
    if (has_more(question->reader->db, tail))
        return collector__question_refuse(question, COLLECTOR_ERR_INVALID,
                                          "one statement at a time");
    if (!sqlite3_stmt_readonly(statement) ||
        sqlite3_column_count(statement) == 0 ||
        sqlite3_stmt_isexplain(statement) == 1)
        return collector__question_refuse(
            question, COLLECTOR_ERR_INVALID,
            "only SELECT, and EXPLAIN QUERY PLAN of it");
    if ((size_t)wanted != parameter_count)
        return collector__question_refuse(
            question, COLLECTOR_ERR_INVALID,
            "it has %d parameter%s, and %zu value%s given", wanted,
            wanted == 1 ? "" : "s", parameter_count,
            parameter_count == 1 ? " was" : "s were");
    return COLLECTOR_OK;
}

/** See that it does not unfold to more than can be compiled. */
static int
check_weight(struct collector__question *question, const char *sql)
{
    const char *texts[1 + COLLECTOR_WEIGHT_NAMES_MAX] = {sql};
    size_t count = 1;
    char *views = NULL;
    char *rest;
    int rc;

    rc = collector__question_text(question, VIEWS, &views);
    if (rc != COLLECTOR_OK)
        return rc;
    rest = views;
    while (rest != NULL && count < sizeof(texts) / sizeof(texts[0]))
        texts[count++] = strsep(&rest, DIVIDER);
    rc = rest == NULL ? collector__weight_check(texts, count)
                      : COLLECTOR_ERR_INVALID;
    collector__memory_free(views);
    if (rc != COLLECTOR_ERR_INVALID)
        return rc;
    return collector__question_refuse(question, rc,
                                      "it is too complicated: its names stand"
                                      " for too much");
}

/** Compile a question. */
static int
prepare(struct collector__question *question, const char *sql,
        size_t parameter_count, sqlite3_stmt **ret_statement)
{
    struct collector__guard *guard = &question->reader->guard;
    const size_t size = strnlen(sql, COLLECTOR_READER_SQL_SIZE_MAX + 1);
    const char *tail = NULL;
    int code;
    int rc;

    if (size > COLLECTOR_READER_SQL_SIZE_MAX)
        return collector__question_refuse(question, COLLECTOR_ERR_TOO_BIG,
                                          "it is over %d bytes",
                                          COLLECTOR_READER_SQL_SIZE_MAX);
    rc = check_weight(question, sql);
    if (rc != COLLECTOR_OK)
        return rc;
    guard->functions_cost = 0; /* of what was asked about the views */
    code = sqlite3_prepare_v2(question->reader->db, sql, (int)size + 1,
                              ret_statement, &tail);
    guard->functions_cost = 0; /* SQLite may compile it once more */
    rc = collector__question_check(question, code);
    if (rc == COLLECTOR_OK)
        rc = check_statement(question, *ret_statement, tail, parameter_count);
    return rc;
}

static int
gather(struct collector__question *question, sqlite3_stmt *statement,
       int *ret_step)
{
    const int rc =
        collector__rows_gather(&question->rows, statement,
                               &question->reader->guard.stopped_by, ret_step);

    if (rc == COLLECTOR_ERR_TOO_BIG)
        return collector__question_refuse(question, rc,
                                          "its first row is over %zu bytes",
                                          question->rows.bytes_max);
    return rc;
}

static int
ask(struct collector__question *question, const char *sql,
    const struct collector_value *parameters, size_t parameter_count)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_OK;
    int rc;

    rc = prepare(question, sql, parameter_count, &statement);
    if (rc == COLLECTOR_OK)
        rc = collector__question_check(
            question,
            collector__values_bind(statement, parameters, parameter_count));
    if (rc == COLLECTOR_OK)
        rc = gather(question, statement, &step);
    if (rc == COLLECTOR_OK)
        rc = collector__question_check(question, step);
    /* All rows that it may have are here: whether there is another one does
     * not matter so much. */
    if (rc == COLLECTOR_ERR_TIMEOUT &&
        question->rows.row_count == question->rows.rows_max) {
        question->more = true;
        rc = COLLECTOR_OK;
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

/** It was in the way of the owner: ask it as if for the first time. */
static int
ask_again(struct collector__question *question, const char *sql,
          const struct collector_value *parameters, size_t parameter_count)
{
    struct collector__rows *rows = &question->rows;
    int rc;

    collector__rows_clear(rows);
    collector__rows_init(rows, rows->rows_max, rows->bytes_max);
    rc = collector__question_wait_turn(question);
    return rc == COLLECTOR_OK ? ask(question, sql, parameters, parameter_count)
                              : rc;
}

int
collector_reader_query(struct collector_reader *reader, const char *sql,
                       const struct collector_value *parameters,
                       size_t parameter_count, collector_row_fn show,
                       void *userdata, struct collector_answer *ret_answer)
{
    struct collector__question question;
    int rc = collector__question_begin(&question, reader, false);

    if (rc == COLLECTOR_OK &&
        (sql == NULL || (parameters == NULL && parameter_count > 0)))
        rc = COLLECTOR_ERR_INVALID;
    if (rc == COLLECTOR_OK) {
        reader->guard.turn_at = question.begun_at + COLLECTOR_TURN_SHORT_MS;
        rc = ask(&question, sql, parameters, parameter_count);
        if (reader->guard.stopped_by == COLLECTOR_ERR_BUSY)
            rc = ask_again(&question, sql, parameters, parameter_count);
    }
    return collector__question_end(&question, rc, show, userdata, ret_answer);
}
