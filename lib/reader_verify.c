/* SPDX-License-Identifier: MIT */
/*
 * Checking a file. Each check is one statement, and so sees the file as it is
 * at one moment, in which all that it compares was committed; between two of
 * them the file is let go.
 */
#include "reader_checks.h"
#include "reader_question.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* What an integrity_check says when nothing is wrong. */
#define WHOLE_WORD "ok"

/** Whether what SQLite said is about the file, and not about the moment. */
static bool
is_damage(int rc)
{
    return rc == COLLECTOR_ERR_CORRUPT || rc == COLLECTOR_ERR_FOREIGN ||
           rc == COLLECTOR_ERR_TOO_BIG;
}

static int
add_row(struct collector__question *question, const char *name,
        const char *detail)
{
    const struct collector_value values[] = {
        collector__value_text(name), collector__value_integer(detail == NULL),
        collector__value_text(detail)};

    return collector__question_ask(
        question, "SELECT ?1 AS \"check\", ?2 AS ok, ?3 AS detail", values, 3);
}

/** What a check found: words of its statement, or of SQLite. */
static const char *
detail_of(struct collector__question *question, sqlite3_stmt *statement,
          int code)
{
    const char *detail = NULL;

    if (code == SQLITE_ROW)
        detail = (const char *)sqlite3_column_text(statement, 0);
    else if (code != SQLITE_DONE)
        detail = sqlite3_errmsg(question->reader->db);
    return detail != NULL && strcmp(detail, WHOLE_WORD) == 0 ? NULL : detail;
}

static int
run(struct collector__question *question, const struct collector__check *check)
{
    struct collector__guard *guard = &question->reader->guard;
    sqlite3_stmt *statement = NULL;
    char words[COLLECTOR_READER_PROBLEM_SIZE];
    const char *detail;
    int code;
    int rc;

    code = sqlite3_prepare_v2(question->reader->db, check->sql, -1, &statement,
                              NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    detail = detail_of(question, statement, code);
    if (detail != NULL)
        (void)snprintf(words, sizeof(words), "%s", detail); /* cut is fine */
    rc = collector__question_check(question, code);
    if (is_damage(rc) && guard->stopped_by == COLLECTOR_OK)
        rc = COLLECTOR_OK;
    (void)sqlite3_finalize(statement); /* repeats the error of the step */
    return rc == COLLECTOR_OK
               ? add_row(question, check->name, detail != NULL ? words : NULL)
               : rc;
}

/** Whether a check is for this file, and for this time. */
static bool
applies(size_t i, int64_t version, bool whole)
{
    const struct collector__check *check = &collector__checks[i];
    const bool replaced = i + 1 < collector__check_count &&
                          strcmp(check[1].name, check->name) == 0 &&
                          check[1].version_min <= version;

    return check->version_min <= version && !replaced &&
           (whole || !check->whole);
}

/** Run the checks. */
static int
run_all(struct collector__question *question, bool whole)
{
    int64_t version = 0;
    size_t i;
    int rc;

    rc = collector__question_number(question, "PRAGMA user_version", &version);
    for (i = 0; rc == COLLECTOR_OK && i < collector__check_count; i++) {
        if (applies(i, version, whole))
            rc = run(question, &collector__checks[i]);
    }
    return rc;
}

int
collector_reader_verify(struct collector_reader *reader, bool whole,
                        collector_row_fn show, void *userdata,
                        struct collector_answer *ret_answer)
{
    struct collector__question question;
    int rc = collector__question_begin(&question, reader, true);

    /* However little a reader asks for, it gets to know what is wrong. */
    collector__rows_init(&question.rows, (uint32_t)collector__check_count,
                         COLLECTOR_READER_BYTES_MAX);
    if (rc == COLLECTOR_OK)
        rc = collector__question_wait_turn(&question);
    if (rc == COLLECTOR_OK)
        rc = run_all(&question, whole);
    return collector__question_end(&question, rc, show, userdata, ret_answer);
}
