/* SPDX-License-Identifier: MIT */
/*
 * collectorctl query promises to answer in each format, and that a parameter is
 * compared as what it is written as: a number, or a text.
 */
#include "ctl.h"
#include "fixture.h"

static struct fixture fixture;

static void
setup(void)
{
    fixture_init(&fixture);
}

static void
teardown(void)
{
    fixture_close(&fixture);
}

START_TEST(test_sql_is_answered_in_each_format)
{
    static const char sql[] = "SELECT ?1 AS a, ?2 AS b, NULL AS n,"
                              " x'00ff' AS c, typeof(?3) AS t";

    ck_assert_str_eq(ctl_prints(fixture.path, "query", sql, "7", "x,y", "007"),
                     "a  b    n  c        t\n7  x,y     x'00ff'  text\n");
    ck_assert_str_eq(
        ctl_prints(fixture.path, "query", sql, "--", "-7", "-format", "2.5"),
        " a  b        n  c        t\n-7  -format     x'00ff'  real\n");
}
END_TEST

START_TEST(test_sql_is_answered_as_json_and_csv)
{
    static const char sql[] = "SELECT ?1 AS a, ?2 AS b, NULL AS n, x'ff' AS c";

    ck_assert_str_eq(
        ctl_prints("-format", "csv", fixture.path, "query", sql, "7", "x,y"),
        "a,b,n,c\r\n7,\"x,y\",,\"ff\"\r\n");
    ck_assert_str_eq(
        ctl_prints(fixture.path, "query", "-format", "ndjson", sql, "2.5", ""),
        "{\"a\":2.5,\"b\":\"\",\"n\":null,\"c\":\"ff\"}\n");
    ck_assert_str_eq(ctl_prints(fixture.path, "query", "-format", "json",
                                "SELECT 1 AS a UNION SELECT 2"),
                     "[{\"a\":1},\n {\"a\":2}]\n");
    ck_assert_str_eq(ctl_prints(fixture.path, "query", "SELECT 1 WHERE 0",
                                "-format", "json"),
                     "[]\n");
}
END_TEST

START_TEST(test_a_parameter_is_what_it_is_written_as)
{
    static const struct {
        const char *text;
        const char *row;
    } parameters[] = {
        {"0", "integer,0"},
        {"-7", "integer,-7"},
        {"9223372036854775807", "integer,9223372036854775807"},
        {"9223372036854775808", "real,9.223372036854776e+18"},
        {"0.10", "real,0.1"},
        {"-1.50", "real,-1.5"},
        {"1e3", "real,1000.0"},
        {"1E-2", "real,0.01"},
        {"2.5e+1", "real,25.0"},
        {"007", "text,007"},
        {"-", "text,-"},
        {"+7", "text,+7"},
        {".5", "text,.5"},
        {"5.", "text,5."},
        {"1e", "text,1e"},
        {"1e+", "text,1e+"},
        {"1.e3", "text,1.e3"},
        {"0x10", "text,0x10"},
        {"inf", "text,inf"},
        {"7 ", "text,\"7 \""},
        {"1.2.3", "text,1.2.3"},
    };
    size_t i;

    for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++)
        ck_assert_str_eq(ctl_prints(fixture.path, "query", "-format", "csv",
                                    "SELECT typeof(?1) AS t, ?1 AS v", "--",
                                    parameters[i].text),
                         support_format("t,v\r\n%s\r\n", parameters[i].row));
}
END_TEST

START_TEST(test_a_question_may_begin_with_a_comment)
{
    static const char *const comments[] = {"-- all\n", "--\n", "--\tall\n"};
    const char *sql = support_format("%sSELECT 1 AS a", comments[_i]);

    ck_assert_str_eq(ctl_prints(fixture.path, "query", "-format", "csv", sql),
                     "a\r\n1\r\n");
    ck_assert_str_eq(ctl_prints("query", fixture.path, sql, "-format", "csv"),
                     "a\r\n1\r\n");
    ck_assert_int_eq(ctl(fixture.path, "query", "--all\nSELECT 1"), 2);
    ck_assert_contains(ctl_err, "is not an option");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_query");
    TCase *tcase = support_add_case(suite, "query", setup, teardown);

    tcase_add_test(tcase, test_sql_is_answered_in_each_format);
    tcase_add_test(tcase, test_sql_is_answered_as_json_and_csv);
    tcase_add_test(tcase, test_a_parameter_is_what_it_is_written_as);
    tcase_add_loop_test(tcase, test_a_question_may_begin_with_a_comment, 0, 3);
    return support_run_suite(suite);
}
