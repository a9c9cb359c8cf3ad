/* SPDX-License-Identifier: MIT */
/*
 * How a question goes, whatever it is: one at a time, the file let go before
 * the first row is shown, and one answer for all that SQLite may say.
 */
#include "reader_question.h"

#include "memory.h"
#include "options.h"
#include "reader_turn.h"
#include "utf8.h"

#include <collector/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int64_t
now_ms(void)
{
    return collector__clock_monotonic_ms(&collector__clock_system);
}

struct collector_value
collector__value_text(const char *text)
{
    struct collector_value value = {COLLECTOR_VALUE_NULL, 0, 0.0, text, 0};

    if (text != NULL) {
        value.type = COLLECTOR_VALUE_TEXT;
        value.size = strlen(text);
    }
    return value;
}

static int
bind(sqlite3_stmt *statement, int i, const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_INTEGER:
        return sqlite3_bind_int64(statement, i, value->integer);
    case COLLECTOR_VALUE_REAL:
        return sqlite3_bind_double(statement, i, value->real);
    case COLLECTOR_VALUE_TEXT:
    case COLLECTOR_VALUE_JSON:
        return sqlite3_bind_text64(statement, i, value->text, value->size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case COLLECTOR_VALUE_BLOB:
        return sqlite3_bind_blob64(statement, i, value->text, value->size,
                                   SQLITE_STATIC);
    case COLLECTOR_VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, i);
}

int
collector__values_bind(sqlite3_stmt *statement,
                       const struct collector_value *values, size_t value_count)
{
    size_t i;
    int code = SQLITE_OK;

    for (i = 0; code == SQLITE_OK && i < value_count; i++)
        code = bind(statement, (int)i + 1, &values[i]);
    return code;
}

/** Begin to read: the deadline counts from now on. */
static int
begin_reading(struct collector_reader *reader, bool trusted)
{
    int rc = COLLECTOR_OK;

    collector__guard_begin(&reader->guard, true, reader->deadline_ms);
    if (collector__reader_is_stale(reader))
        rc = collector__reader_connect(reader);
    if (rc != COLLECTOR_OK && reader->guard.stopped_by != COLLECTOR_OK)
        rc = reader->guard.stopped_by;
    reader->guard.trusted = trusted;
    return rc;
}

int
collector__question_begin(struct collector__question *question,
                          struct collector_reader *reader, bool trusted)
{
    int rc;

    memset(question, 0, sizeof(*question));
    rc = collector__reader_enter(reader);
    if (rc != COLLECTOR_OK)
        return rc;
    question->reader = reader;
    question->begun_at = now_ms();
    collector__rows_init(&question->rows, reader->rows_max, reader->bytes_max);
    question->rows.payloads = trusted;
    return begin_reading(reader, trusted);
}

int
collector__question_wait_turn(struct collector__question *question)
{
    struct collector_reader *reader = question->reader;

    collector__turn_wait(reader, reader->deadline_ms);
    return begin_reading(reader, reader->guard.trusted);
}

int
collector__question_refuse(struct collector__question *question, int rc,
                           const char *format, ...)
{
    char *problem = question->reader->guard.problem;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(problem, COLLECTOR_READER_PROBLEM_SIZE, format,
                    arguments); /* a long name is cut */
    va_end(arguments);
    return rc;
}

/** Keep SQLite's words for what is wrong, unless the guard has better ones. */
static int
quote(struct collector__question *question, int rc)
{
    const struct collector__guard *guard = &question->reader->guard;

    if (guard->problem[0] != '\0')
        return rc;
    return collector__question_refuse(question, rc, "%s",
                                      sqlite3_errmsg(guard->db));
}

int
collector__question_check(struct collector__question *question, int code)
{
    struct collector_reader *reader = question->reader;
    const bool trusted = reader->guard.trusted;
    int rc;

    /* Whatever SQLite says: when it is stopped while it counts, it gives what
     * it has counted until then for all. */
    if (reader->guard.stopped_by != COLLECTOR_OK)
        return reader->guard.stopped_by;
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return COLLECTOR_OK;
    switch (code & 0xff) {
    case SQLITE_TOOBIG:
    case SQLITE_FULL: /* of what is being sorted */
        return quote(question, COLLECTOR_ERR_TOO_BIG);
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        /* Our own statements are right: the tables are not. */
        if (trusted)
            (void)collector__database_error(&reader->database, reader->db,
                                            "a question");
        return quote(question,
                     trusted ? COLLECTOR_ERR_CORRUPT : COLLECTOR_ERR_INVALID);
    default:
        break;
    }
    rc = collector__database_error(&reader->database, reader->db, "a question");
    if (rc == COLLECTOR_ERR_NOSPACE) /* that of a temporary file */
        return collector__question_refuse(question, COLLECTOR_ERR_TOO_BIG,
                                          "there is no room for sorting it");
    /* It was ours when it was opened. */
    return rc == COLLECTOR_ERR_FOREIGN ? COLLECTOR_ERR_CORRUPT : rc;
}

int
collector__question_ask(struct collector__question *question, const char *sql,
                        const struct collector_value *values,
                        size_t value_count)
{
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_OK;
    int code;
    int rc;

    code = sqlite3_prepare_v2(question->reader->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = collector__values_bind(statement, values, value_count);
    rc = collector__question_check(question, code);
    if (rc == COLLECTOR_OK)
        rc = collector__rows_gather(&question->rows, statement,
                                    &question->reader->guard.stopped_by, &step);
    if (rc == COLLECTOR_OK)
        rc = collector__question_check(question, step);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc;
}

/** Step to the first row of one of the library's own statements. */
static int
ask_first(struct collector__question *question, const char *sql,
          sqlite3_stmt **ret_statement)
{
    int code;

    code =
        sqlite3_prepare_v2(question->reader->db, sql, -1, ret_statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*ret_statement);
    return collector__question_check(question, code);
}

int
collector__question_number(struct collector__question *question,
                           const char *sql, int64_t *ret_integer)
{
    sqlite3_stmt *statement = NULL;
    int64_t integer = 0;
    int rc;

    rc = ask_first(question, sql, &statement);
    if (rc == COLLECTOR_OK) /* 0 without a row */
        integer = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    if (rc == COLLECTOR_OK)
        *ret_integer = integer;
    return rc;
}

int
collector__question_text(struct collector__question *question, const char *sql,
                         char **ret_text)
{
    sqlite3_stmt *statement = NULL;
    const char *text = NULL;
    char *copy = NULL;
    int rc;

    rc = ask_first(question, sql, &statement);
    if (rc == COLLECTOR_OK)
        text = (const char *)sqlite3_column_text(statement, 0);
    if (text != NULL) {
        copy = collector__memory_text(text);
        rc = copy != NULL ? COLLECTOR_OK : COLLECTOR_ERR_NOMEM;
    } else if (rc == COLLECTOR_OK &&
               sqlite3_column_type(statement, 0) == SQLITE_TEXT) {
        rc = COLLECTOR_ERR_NOMEM;
    }
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    if (rc == COLLECTOR_OK)
        *ret_text = copy;
    return rc;
}

/** Make one line of UTF-8 of words in which pieces of a question may be. */
static void
make_line(char *words)
{
    const bool is_text = collector__utf8_is_valid(words, strlen(words));
    unsigned char *at;

    for (at = (unsigned char *)words; *at != '\0'; at++) {
        if (*at < ' ' || *at == 0x7f)
            *at = ' ';
        else if (*at >= 0x80 && !is_text)
            *at = '?';
    }
}

/** Say what became of a question. */
static void
answer(const struct collector__question *question, int rc,
       struct collector_answer *ret_answer)
{
    struct collector_answer all = {.size = sizeof(all)};

    if (ret_answer == NULL)
        return;
    if (rc == COLLECTOR_OK) {
        all.column_count = question->rows.column_count;
        all.row_count = question->rows.row_count;
        all.more = question->more || question->rows.more;
        if (all.more)
            all.next_id = question->next_id;
    }
    all.elapsed_ms = (uint64_t)question->elapsed_ms;
    if (rc == COLLECTOR_ERR_INVALID || rc == COLLECTOR_ERR_TOO_BIG) {
        if (question->reader != NULL)
            (void)snprintf(all.problem, sizeof(all.problem), "%s",
                           question->reader->guard.problem);
        make_line(all.problem);
    }
    collector__stats_copy(ret_answer, &all, sizeof(all));
}

/** What became of it, now that no more is read. */
static int
judge(struct collector__question *question, int rc)
{
    struct collector_reader *reader = question->reader;

    if (reader == NULL)
        return rc;
    question->elapsed_ms = now_ms() - question->begun_at;
    if (reader->db == NULL)
        return rc;
    /* It is kept for questions that may never come. */
    (void)sqlite3_db_release_memory(reader->db);
    /* What was read may be from before and after: it is to be asked again. */
    if (reader->immutable && collector__reader_is_stale(reader))
        return COLLECTOR_ERR_BUSY;
    return rc;
}

int
collector__question_end(struct collector__question *question, int rc,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer)
{
    rc = judge(question, rc);
    if (rc == COLLECTOR_OK)
        rc = collector__rows_show(&question->rows, show, userdata);
    answer(question, rc, ret_answer);
    if (question->reader != NULL) {
        collector__rows_clear(&question->rows);
        collector__guard_leave(&question->reader->guard);
    }
    return rc;
}
