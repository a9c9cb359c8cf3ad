/* SPDX-License-Identifier: MIT */
/*
 * The tool for SQL promises a model columns and rows, as many as fit; that it
 * only reads; and right names in the place of wrong ones.
 */
#include "mcp/site.h"

#include "mcp/excerpt.h"

START_TEST(test_query_has_columns_and_rows)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    answer = talk_ask(mcp_db, "query",
                      "{\"sql\":\"SELECT id, device_id, payload_json, id AS "
                      "\\\"id\\\" FROM events\"}");
    ck_assert_uint_eq(mcp_count(answer, "columns"), 4);
    ck_assert_int_eq(mcp_number(answer, "row_count"), 1);
    ck_assert(json_is_false(json_object_get(answer, "more")));
    ck_assert_int_eq(
        json_integer_value(json_array_get(mcp_at(answer, "rows", 0), 3)), 1);
    json_decref(answer);
}
END_TEST

static void
check_row_count(const char *arguments, size_t count)
{
    json_t *answer = talk_ask(mcp_db, "query", arguments);

    ck_assert_uint_eq(mcp_count(answer, "rows"), count);
    ck_assert(json_is_true(json_object_get(answer, "more")));
    json_decref(answer);
}

#define SERIES                                                                 \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT "    \
    "5000) SELECT x FROM c"

START_TEST(test_query_ends_at_its_limit)
{
    check_row_count("{\"sql\":\"" SERIES "\"}", 100);
    check_row_count("{\"sql\":\"" SERIES "\",\"limit\":7}", 7);
    check_row_count("{\"sql\":\"" SERIES "\",\"limit\":7.0}", 7);
    check_row_count("{\"sql\":\"" SERIES "\",\"limit\":1e3}", 1000);
    ck_assert_contains(
        talk_problem(mcp_db, "query", "{\"sql\":\"SELECT 1\",\"limit\":7.5}"),
        "a whole number");
    ck_assert_contains(
        talk_problem(mcp_db, "query", "{\"sql\":\"SELECT 1\",\"limit\":1001}"),
        "from 1 to 1000");
}
END_TEST

START_TEST(test_query_ends_at_64_kib)
{
    const char *answer = talk_line(
        mcp_db, "query",
        "{\"sql\":\"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT "
        "x + 1 FROM c LIMIT 500) SELECT hex(zeroblob(500)), x FROM "
        "c\",\"limit\":500}");

    ck_assert_uint_gt(strlen(answer), EXCERPT_SIZE_MAX);
    ck_assert_uint_lt(strlen(answer), 3 * EXCERPT_SIZE_MAX);
    ck_assert_contains(answer, "\"more\":true");
    ck_assert_contains(
        talk_problem(mcp_db, "query",
                     "{\"sql\":\"SELECT hex(zeroblob(40000))\"}"),
        "substr(payload_json, 1, 1000)");
}
END_TEST

START_TEST(test_what_grows_when_it_is_written_is_cut_as_well)
{
    const char *answer = talk_line(
        mcp_db, "query",
        "{\"sql\":\"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT "
        "x + 1 FROM c LIMIT 60) SELECT replace(hex(zeroblob(500)), "
        "'0', char(1)) FROM c\"}");

    ck_assert_uint_lt(strlen(answer), 3 * EXCERPT_SIZE_MAX);
    ck_assert_contains(answer, "\"row_count\":10,\"more\":true");
}
END_TEST

/** Assert that an answer is refused for its size. */
static void
check_too_large(const char *sql)
{
    ck_assert_str_eq(
        talk_problem(mcp_db, "query", support_format("{\"sql\":\"%s\"}", sql)),
        "its first row is over 65536 bytes as JSON: select fewer columns, or a "
        "part of a long text with substr(payload_json, 1, 1000)");
}

START_TEST(test_first_row_is_measured_as_it_is_written)
{
    const char *name = support_repeat("n", 40000);

    check_too_large("SELECT replace(hex(zeroblob(30000)), '0', char(1))");
    check_too_large("SELECT zeroblob(40000)");
    /* So are the names above it. */
    check_too_large(support_format(
        "WITH v AS (SELECT 1 AS %s) SELECT * FROM v AS a, v AS b", name));
    json_decref(talk_ask(mcp_db, "query",
                         support_format("{\"sql\":\"SELECT 1 AS %s\"}", name)));
}
END_TEST

START_TEST(test_query_only_reads)
{
    static const char *const harmful[] = {
        "DELETE FROM event_log",
        "UPDATE state SET delivered = 1",
        "DROP TABLE event_log",
        "PRAGMA user_version = 7",
        "ATTACH '/tmp/x' AS x",
        "VACUUM INTO '/tmp/x'",
        "SELECT 1; DELETE FROM event_log",
        "SELECT load_extension('x')",
        "BEGIN",
        "",
        " ",
        "-- nothing",
    };
    size_t i;

    mcp_append("a", "k", NULL, 0);
    for (i = 0; i < sizeof(harmful) / sizeof(*harmful); i++)
        ck_assert_uint_gt(strlen(talk_problem(
                              mcp_db, "query",
                              support_format("{\"sql\":\"%s\"}", harmful[i]))),
                          0);
    ck_assert_int_eq(support_sql_int(mcp_db, "SELECT count(*) FROM events"), 1);
}
END_TEST

START_TEST(test_nobody_is_invited_to_change_something_else)
{
    static const char *const changes[] = {
        "DELETE FROM events",
        "DELETE FROM event_log",
        " \\n delete FROM nope",
        "UPDATE events SET id = 1",
        "UPDATE event_log SET nope = 1",
        "INSERT INTO nope VALUES (1)",
        "ALTER TABLE events ADD x",
        "WITH x AS (SELECT 1) DELETE FROM events",
    };
    const char *problem;
    size_t i;

    for (i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        problem = talk_problem(mcp_db, "query",
                               support_format("{\"sql\":\"%s\"}", changes[i]));
        ck_assert_uint_eq(support_occurrences(problem, "this only reads"), 1);
        ck_assert_ptr_null(strstr(problem, "there are:"));
        ck_assert_ptr_null(strstr(problem, " has:"));
    }
    ck_assert_ptr_null(
        strstr(talk_problem(mcp_db, "query",
                            "{\"sql\":\"SELECT updated FROM events\"}"),
               "this only reads"));
}
END_TEST

START_TEST(test_wrong_names_are_answered_with_right_ones)
{
    ck_assert_str_eq(talk_problem(mcp_db, "query",
                                  "{\"sql\":\"SELECT device FROM EVENTS\"}"),
                     "no such column: device; events has: id, device_id, kind, "
                     "payload_json, ts, uploaded_at");
    ck_assert_contains(
        talk_problem(mcp_db, "query",
                     "{\"sql\":\"SELECT x FROM backlog JOIN ledger\"}"),
        "backlog has: id, device_id, kind, payload_json, ts; ledger has: "
        "accepted");
    ck_assert_contains(
        talk_problem(mcp_db, "query", "{\"sql\":\"SELECT 1 FROM event\"}"),
        "no such table: event; there are: events, event_log, backlog");
    ck_assert_contains(
        talk_problem(mcp_db, "describe_table", "{\"table\":\"event\"}"),
        "no such table: event; there are: backlog, dead_letters");
    ck_assert_contains(
        talk_problem(mcp_db, "query", "{\"sql\":\"SELECT FROM events\"}"),
        "syntax error");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp_query");
    TCase *tcase = support_add_case(suite, "query", mcp_setup, mcp_teardown);

    tcase_add_test(tcase, test_query_has_columns_and_rows);
    tcase_add_test(tcase, test_query_ends_at_its_limit);
    tcase_add_test(tcase, test_query_ends_at_64_kib);
    tcase_add_test(tcase, test_what_grows_when_it_is_written_is_cut_as_well);
    tcase_add_test(tcase, test_first_row_is_measured_as_it_is_written);
    tcase_add_test(tcase, test_query_only_reads);
    tcase_add_test(tcase, test_nobody_is_invited_to_change_something_else);
    tcase_add_test(tcase, test_wrong_names_are_answered_with_right_ones);
    return support_run_suite(suite);
}
