/* SPDX-License-Identifier: MIT */
/*
 * A reader answers one question at a time, in SQL, with names, types and all of
 * the values; says when there is more than it may tell; gives up in time; and
 * has told nothing before it has let go of the file.
 */
#include "fixture.h"
#include "reading.h"

#include <pthread.h>

#define FOREVER                                                                \
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"

static struct fixture fixture;
static struct collector_reader *reader;

static void
setup(void)
{
    fixture_init(&fixture);
    fixture_append(&fixture, 5);
    reader = reading_open(fixture.path);
}

static void
teardown(void)
{
    collector_reader_free(reader);
    fixture_close(&fixture);
}

/** Have another reader ask. */
static void
open_with(const struct collector_reader_options *options)
{
    collector_reader_free(reader);
    reader = NULL;
    ck_assert_ok(collector_reader_open(options, &reader));
}

static void
assert_answer(const char *sql, const char *expected)
{
    const struct reading reading = reading_query(reader, sql);

    ck_assert_msg(reading.rc == COLLECTOR_OK, "%s: %s", sql,
                  reading.answer.problem);
    ck_assert_str_eq(reading.text, expected);
    ck_assert_str_eq(reading.answer.problem, "");
    ck_assert(!reading.answer.more);
    ck_assert_int_eq(reading.answer.next_id, 0);
}

static void
assert_refused(const char *sql, int rc, const char *problem)
{
    const struct reading reading = reading_query(reader, sql);

    ck_assert_error(reading.rc, rc);
    ck_assert_str_eq(reading.text, "");
    ck_assert_str_eq(reading.answer.problem, problem);
    ck_assert_uint_eq(reading.answer.row_count, 0);
}

START_TEST(test_defaults_are_those_of_the_header)
{
    struct collector_reader_options options;

    memset(&options, 0xff, sizeof(options));
    collector_reader_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_uint_eq(options.rows_max, 1000);
    ck_assert_uint_eq(options.deadline_ms, 5000);
    ck_assert_uint_eq(options.bytes_max, 1024 * 1024);
    ck_assert_ptr_null(options.path);
    ck_assert_ptr_null(options.vfs);
    ck_assert(options.log == NULL);
    collector_reader_options_init(NULL);
}
END_TEST

START_TEST(test_options_out_of_their_limits_are_refused)
{
    struct collector_reader_options good = reading_options(fixture.path);
    struct collector_reader_options bad[9];
    struct collector_reader *none = NULL;
    size_t i;

    for (i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].path = NULL;
    bad[1].path = "";
    bad[2].rows_max = 0;
    bad[3].rows_max = COLLECTOR_READER_ROWS_MAX + 1;
    bad[4].bytes_max = 0;
    bad[5].bytes_max = COLLECTOR_READER_BYTES_MAX + 1;
    bad[6].deadline_ms = 0;
    bad[7].deadline_ms = COLLECTOR_READER_DEADLINE_MS_MAX + 1;
    bad[8].size = 0;
    for (i = 0; i < 9; i++)
        ck_assert_error(collector_reader_open(&bad[i], &none),
                        COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_reader_open(NULL, &none), COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_reader_open(&good, NULL), COLLECTOR_ERR_INVALID);
    ck_assert_ptr_null(none);
    good.rows_max = COLLECTOR_READER_ROWS_MAX;
    good.bytes_max = COLLECTOR_READER_BYTES_MAX;
    good.deadline_ms = COLLECTOR_READER_DEADLINE_MS_MAX;
    ck_assert_ok(collector_reader_open(&good, &none));
    collector_reader_free(none);
}
END_TEST

START_TEST(test_options_of_a_newer_version_are_refused)
{
    struct {
        struct collector_reader_options known;
        size_t unknown;
    } newer = {reading_options(fixture.path), 0};
    struct collector_reader *other = NULL;

    newer.known.size = sizeof(newer);
    ck_assert_ok(collector_reader_open(&newer.known, &other));
    collector_reader_free(other);
    newer.unknown = 1;
    ck_assert_error(collector_reader_open(&newer.known, &other),
                    COLLECTOR_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(test_values_come_as_what_they_are)
{
    const struct reading reading = reading_query(
        reader, "SELECT NULL AS a, 9223372036854775807 AS \"b c\", -1.5,"
                " 'it''s', x'00ff', '' AS e, x'' AS f");

    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.text,
                     "NULL|9223372036854775807|-1.5|it's|x'00ff'||x''\n");
    ck_assert_str_eq(reading.names, "a|b c|-1.5|'it''s'|x'00ff'|e|f");
    ck_assert_uint_eq(reading.answer.column_count, 7);
    ck_assert_uint_eq(reading.answer.row_count, 1);
}
END_TEST

START_TEST(test_parameters_are_bound)
{
    const struct collector_value values[] = {
        {COLLECTOR_VALUE_INTEGER, 7, 0, NULL, 0},
        {COLLECTOR_VALUE_REAL, 0, 0.5, NULL, 0},
        {COLLECTOR_VALUE_TEXT, 0, 0, "texture", 4},
        {COLLECTOR_VALUE_BLOB, 0, 0, "\1\2", 2},
        {COLLECTOR_VALUE_JSON, 0, 0, "[]", 2},
        {COLLECTOR_VALUE_NULL, 0, 0, NULL, 0}};
    struct reading reading = reading_of(
        query, reader, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, typeof(?5)", values, 6);

    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.text, "7|0.5|text|x'0102'|[]|NULL|text\n");
    reading = reading_of(query, reader, "SELECT ?1, ?2", values, 1);
    ck_assert_error(reading.rc, COLLECTOR_ERR_INVALID);
    ck_assert_str_eq(reading.answer.problem,
                     "it has 2 parameters, and 1 value was given");
    reading = reading_of(query, reader, "SELECT ?1", NULL, 0);
    ck_assert_error(reading.rc, COLLECTOR_ERR_INVALID);
    ck_assert_str_eq(reading.answer.problem,
                     "it has 1 parameter, and 0 values were given");
    reading = reading_of(query, reader, "SELECT ?1", NULL, 1);
    ck_assert_error(reading.rc, COLLECTOR_ERR_INVALID);
}
END_TEST

START_TEST(test_what_is_no_question_is_refused_in_words)
{
    const int rc = COLLECTOR_ERR_INVALID;

    assert_refused("", rc, "there is no question");
    assert_refused(" -- nothing", rc, "there is no question");
    assert_refused(";", rc, "there is no question");
    assert_refused("SELEC 1", rc, "near \"SELEC\": syntax error");
    assert_refused("SELECT * FROM nowhere", rc, "no such table: nowhere");
    assert_refused("SELECT x FROM state", rc, "no such column: x");
    assert_refused("SELECT \"text\"", rc, "no such column: text");
    assert_refused("SELECT 1; SELECT 2", rc, "one statement at a time");
    assert_refused("SELECT 1; nonsense", rc, "one statement at a time");
    assert_refused("EXPLAIN SELECT 1", rc,
                   "only SELECT, and EXPLAIN QUERY PLAN of it");
    assert_refused("SELECT abs(-9223372036854775807 - 1)", rc,
                   "integer overflow");
    assert_refused("SELECT [a\n\177b\377]", rc, "no such column: a  b?");
    assert_refused("SELECT [\303\244]", rc, "no such column: \303\244");
    ck_assert_error(reading_query(reader, NULL).rc, rc);
    ck_assert_error(reading_query(NULL, "SELECT 1").rc, rc);
    assert_answer("SELECT 1; -- and no more", "1\n");
    assert_answer("VALUES (1), (2)", "1\n2\n");
    assert_answer("WITH a AS (SELECT 3) SELECT * FROM a;;", "3\n");
    assert_answer("SELECT 1 WHERE 0", "");
    assert_answer("EXPLAIN QUERY PLAN SELECT * FROM event_log",
                  "2|0|0|SCAN event_log\n");
}
END_TEST

START_TEST(test_rows_end_at_their_cap)
{
    struct collector_reader_options options = reading_options(fixture.path);
    struct reading reading;

    options.rows_max = 5;
    open_with(&options);
    assert_answer("SELECT id FROM event_log", "1\n2\n3\n4\n5\n");
    fixture_append(&fixture, 1);
    reading = reading_query(reader, "SELECT id FROM event_log");
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.text, "1\n2\n3\n4\n5\n");
    ck_assert(reading.answer.more);
    ck_assert_uint_eq(reading.answer.row_count, 5);
    ck_assert_int_eq(reading.answer.next_id, 0);
}
END_TEST

START_TEST(test_rows_of_the_next_questions_can_be_capped_anew)
{
    struct collector_reader_options options = reading_options(fixture.path);

    open_with(&options);
    ck_assert_ok(collector_reader_set_rows_max(reader, 2));
    assert_answer("SELECT id FROM event_log LIMIT 2", "1\n2\n");
    ck_assert(reading_query(reader, "SELECT id FROM event_log").answer.more);
    ck_assert_error(collector_reader_set_rows_max(reader, 0),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_reader_set_rows_max(reader, COLLECTOR_READER_ROWS_MAX + 1),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_reader_set_rows_max(NULL, 1),
                    COLLECTOR_ERR_INVALID);
    ck_assert_uint_eq(
        reading_query(reader, "SELECT id FROM event_log").answer.row_count, 2);
    ck_assert_ok(
        collector_reader_set_rows_max(reader, COLLECTOR_READER_ROWS_MAX));
    ck_assert(!reading_query(reader, "SELECT id FROM event_log").answer.more);
}
END_TEST

/** Eight bytes a value, and those of its text. */
START_TEST(test_bytes_end_at_their_cap)
{
    struct collector_reader_options options = reading_options(fixture.path);
    struct reading reading;

    options.bytes_max = 3 * (8 + 8 + 10);
    open_with(&options);
    assert_answer("SELECT id, '0123456789' FROM event_log WHERE id < 4",
                  "1|0123456789\n2|0123456789\n3|0123456789\n");
    reading = reading_query(reader, "SELECT id, '0123456789' FROM event_log");
    ck_assert_ok(reading.rc);
    ck_assert(reading.answer.more);
    ck_assert_uint_eq(reading.answer.row_count, 3);
    reading = reading_query(reader, "SELECT id, '01234567890' FROM event_log");
    ck_assert_uint_eq(reading.answer.row_count, 2);
    reading = reading_query(reader, "SELECT NULL FROM event_log a, event_log");
    ck_assert_uint_eq(reading.answer.row_count, 9);
    assert_refused("SELECT hex(zeroblob(40))", COLLECTOR_ERR_TOO_BIG,
                   "its first row is over 78 bytes");
}
END_TEST

START_TEST(test_sql_of_more_than_its_limit_is_refused)
{
    char *sql = support_repeat(" ", COLLECTOR_READER_SQL_SIZE_MAX);

    memcpy(sql, "SELECT 1", 8);
    assert_answer(sql, "1\n");
    assert_refused(support_format("%s ", sql), COLLECTOR_ERR_TOO_BIG,
                   "it is over 65536 bytes");
}
END_TEST

START_TEST(test_question_ends_at_its_deadline)
{
    struct collector_reader_options options = reading_options(fixture.path);
    struct reading reading;

    options.deadline_ms = 20;
    open_with(&options);
    reading = reading_query(reader, FOREVER " SELECT max(n) FROM c");
    ck_assert_error(reading.rc, COLLECTOR_ERR_TIMEOUT);
    ck_assert_uint_ge(reading.answer.elapsed_ms, 20);
    ck_assert_str_eq(reading.answer.problem, "");
    reading_set_deadline(reader, SUPPORT_WAIT_MS);
    assert_answer("SELECT 1", "1\n");
}
END_TEST

/** All rows that it may have are there. */
START_TEST(test_no_deadline_spoils_rows_up_to_their_cap)
{
    struct collector_reader_options options = reading_options(fixture.path);
    struct reading reading;

    options.deadline_ms = 500; /* for two rows */
    options.rows_max = 2;
    open_with(&options);
    reading = reading_query(reader, FOREVER
                            " SELECT n FROM c WHERE n < 3 OR n > 1000000000");
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.text, "1\n2\n");
    ck_assert(reading.answer.more);
}
END_TEST

struct asking {
    pthread_t thread;
    _Atomic bool done;
    struct reading reading;
};

static void *
ask_forever(void *userdata)
{
    struct asking *asking = userdata;

    asking->reading = reading_query(reader, FOREVER " SELECT max(n) FROM c");
    atomic_store(&asking->done, true);
    return NULL;
}

/** Whether the question was interrupted: it may not have begun yet. */
static bool
interrupt(struct asking *asking)
{
    collector_reader_interrupt(reader);
    return atomic_load(&asking->done);
}

START_TEST(test_question_can_be_interrupted)
{
    struct collector_reader_options options = reading_options(fixture.path);
    struct asking asking = {.done = false};

    options.deadline_ms = COLLECTOR_READER_DEADLINE_MS_MAX;
    open_with(&options);
    collector_reader_interrupt(NULL);
    collector_reader_interrupt(reader);
    assert_answer("SELECT 1", "1\n");
    ck_assert_int_eq(pthread_create(&asking.thread, NULL, ask_forever, &asking),
                     0);
    ck_assert_eventually(interrupt(&asking));
    ck_assert_int_eq(pthread_join(asking.thread, NULL), 0);
    ck_assert_error(asking.reading.rc, COLLECTOR_ERR_CANCELLED);
    assert_answer("SELECT 1", "1\n");
}
END_TEST

static int
ask_again(void *userdata, const struct collector_row *row)
{
    struct reading *reading = userdata;

    (void)row;
    *reading = reading_query(reader, "SELECT 1");
    return 1;
}

START_TEST(test_one_question_at_a_time)
{
    struct reading second;
    struct collector_answer answer = {.size = sizeof(answer)};

    ck_assert_ok(collector_reader_query(reader, "VALUES (1), (2)", NULL, 0,
                                        ask_again, &second, &answer));
    ck_assert_error(second.rc, COLLECTOR_ERR_BUSY);
    ck_assert_uint_eq(answer.row_count, 2);
    assert_answer("SELECT 1", "1\n");
}
END_TEST

/** Append, and move the log to the main file, all of it, which nobody can who
 *  meets a reader. */
static int
append_meanwhile(void *userdata, const struct collector_row *row)
{
    int *shown = userdata;

    (void)row;
    fixture_append(&fixture, 1);
    support_sql_exec(fixture.path, "PRAGMA wal_checkpoint(TRUNCATE)");
    ck_assert_int_eq(support_file_size(support_format("%s-wal", fixture.path)),
                     0);
    return ++*shown == 3;
}

/** Whoever shows rows may write: what is asked was let go of. And ends it. */
START_TEST(test_rows_are_shown_when_the_file_was_let_go)
{
    struct collector_answer answer = {.size = sizeof(answer)};
    int shown = 0;

    ck_assert_ok(collector_reader_query(reader, "SELECT id FROM event_log",
                                        NULL, 0, append_meanwhile, &shown,
                                        &answer));
    ck_assert_int_eq(shown, 3);
    ck_assert_uint_eq(answer.row_count, 5);
    assert_answer("SELECT count(*) FROM event_log", "8\n");
}
END_TEST

START_TEST(test_nobody_has_to_look_at_the_answer)
{
    struct collector_answer older = {.size = sizeof(size_t), .row_count = 77};

    ck_assert_ok(
        collector_reader_query(reader, "SELECT 1", NULL, 0, NULL, NULL, NULL));
    ck_assert_ok(collector_reader_query(reader, "SELECT 1", NULL, 0, NULL, NULL,
                                        &older));
    ck_assert_uint_eq(older.row_count, 77);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader");
    TCase *tcase = support_add_case(suite, "open", setup, teardown);

    tcase_add_test(tcase, test_defaults_are_those_of_the_header);
    tcase_add_test(tcase, test_options_out_of_their_limits_are_refused);
    tcase_add_test(tcase, test_options_of_a_newer_version_are_refused);
    tcase = support_add_case(suite, "query", setup, teardown);
    tcase_add_test(tcase, test_values_come_as_what_they_are);
    tcase_add_test(tcase, test_parameters_are_bound);
    tcase_add_test(tcase, test_what_is_no_question_is_refused_in_words);
    tcase_add_test(tcase, test_rows_end_at_their_cap);
    tcase_add_test(tcase, test_rows_of_the_next_questions_can_be_capped_anew);
    tcase_add_test(tcase, test_bytes_end_at_their_cap);
    tcase_add_test(tcase, test_sql_of_more_than_its_limit_is_refused);
    tcase_add_test(tcase, test_question_ends_at_its_deadline);
    tcase_add_test(tcase, test_no_deadline_spoils_rows_up_to_their_cap);
    tcase_add_test(tcase, test_question_can_be_interrupted);
    tcase_add_test(tcase, test_one_question_at_a_time);
    tcase_add_test(tcase, test_rows_are_shown_when_the_file_was_let_go);
    tcase_add_test(tcase, test_nobody_has_to_look_at_the_answer);
    return support_run_suite(suite);
}
