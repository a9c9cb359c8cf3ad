/* SPDX-License-Identifier: MIT */
/*
 * The tools promise a model the rows that are there, no number changed, never
 * more than fits, and words to mend a question by that can't be answered.
 */
#include "mcp/site.h"

#include "mcp/dictionary.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(test_numbers_in_payloads_stay_as_they_are)
{
    const char *answer;

    mcp_append("a", "k", "{\"x\":21.40,\"y\":1234567890123456789012345}", 0);
    answer = talk_line(mcp_db, "search_events", "{}");
    ck_assert_contains(
        answer, "\"payload\":{\"x\":21.40,\"y\":1234567890123456789012345}");
    ck_assert_contains(answer, "\\\"payload\\\":{\\\"x\\\":21.40,\\\"y\\\":"
                               "1234567890123456789012345}");
    ck_assert_contains(talk_line(mcp_db, "query",
                                 "{\"sql\":\"SELECT 1e300, 0.1, "
                                 "9223372036854775807, x'00ff'\"}"),
                       "[[1e+300,0.1,9223372036854775807,\"00ff\"]]");
}
END_TEST

/** Ask for events; how many there are. */
static size_t
search(const char *arguments)
{
    json_t *answer = talk_ask(mcp_db, "search_events", arguments);
    const size_t count = mcp_count(answer, "events");

    ck_assert_uint_eq((size_t)mcp_number(answer, "event_count"), count);
    json_decref(answer);
    return count;
}

static void
append_some(void)
{
    mcp_append("pump-7", "temperature", "{\"celsius\":21}", 60000);
    mcp_append("pump-8", "alarm", "{\"text\":\"Overheat 100%\"}", 7200000);
    mcp_append("pump-7", "start", NULL, 1000);
}

START_TEST(test_events_are_found_by_what_they_hold)
{
    append_some();
    ck_assert_uint_eq(search("{}"), 3);
    ck_assert_uint_eq(search("{\"device_id\":\"pump-7\"}"), 2);
    ck_assert_uint_eq(search("{\"device_id\":\"pump\"}"), 0);
    ck_assert_uint_eq(search("{\"kind\":\"alarm\"}"), 1);
    ck_assert_uint_eq(search("{\"text\":\"oVERHEAT\"}"), 1);
    ck_assert_uint_eq(search("{\"text\":\"100%\"}"), 1);
    ck_assert_uint_eq(search("{\"text\":\"%\"}"), 1);
    ck_assert_uint_eq(search("{\"device_id\":\"pump-7\",\"kind\":\"alarm\"}"),
                      0);
}
END_TEST

START_TEST(test_events_are_found_by_time)
{
    append_some();
    ck_assert_uint_eq(search("{\"since\":\"1h\"}"), 2);
    ck_assert_uint_eq(search("{\"since\":\"30s\"}"), 1);
    ck_assert_uint_eq(search("{\"until\":\"1h\"}"), 1);
    ck_assert_uint_eq(search("{\"since\":\"1d\",\"until\":\"30s\"}"), 2);
    ck_assert_uint_eq(search("{\"since\":\"2020-01-31\"}"), 3);
    ck_assert_uint_eq(search("{\"since\":1e12}"), 3);
    ck_assert_uint_eq(search("{\"until\":\"2020-01-31T12:00:00+01:00\"}"), 0);
    ck_assert_uint_eq(search(support_format("{\"since\":%lld}",
                                            (long long)mcp_now_ms() - 90000)),
                      2);
}
END_TEST

START_TEST(test_what_is_no_time_is_refused)
{
    static const char *const bad[] = {
        "\"yesterday\"", "\"\"", "\"10\\u0000m\"", "-1",      "1.5",
        "1e17",          "null", "\"2026-02-30\"", "\"-1h\"", "[]",
        "true"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_contains(
            talk_problem(mcp_db, "search_events",
                         support_format("{\"since\":%s}", bad[i])),
            "\"since\" has to be a moment");
    ck_assert_contains(talk_problem(mcp_db, "search_events",
                                    "{\"since\":\"1m\",\"until\":\"1h\"}"),
                       "later than");
    ck_assert_contains(
        talk_problem(mcp_db, "search_events", "{\"cursor\":\"abc\"}"),
        "next_cursor");
}
END_TEST

START_TEST(test_pages_have_every_event_once)
{
    const char *arguments = "{\"limit\":9}";
    int64_t expected = 40;
    json_t *answer;
    size_t i;

    for (i = 0; i < 40; i++)
        mcp_append("a", "k", NULL, 0);
    for (;;) {
        answer = talk_ask(mcp_db, "search_events", arguments);
        for (i = 0; i < mcp_count(answer, "events"); i++)
            ck_assert_int_eq(mcp_number(mcp_at(answer, "events", i), "id"),
                             expected--);
        if (json_is_null(json_object_get(answer, "next_cursor")))
            break;
        arguments = support_format("{\"limit\":9,\"cursor\":\"%s\"}",
                                   mcp_text(answer, "next_cursor"));
        json_decref(answer);
        mcp_append("late", "k", NULL, 0); /* is on no later page */
    }
    json_decref(answer);
    ck_assert_int_eq(expected, 0);
}
END_TEST

START_TEST(test_page_ends_at_64_kib_and_has_one_event_at_least)
{
    const char *payload = support_format("\"%s\"", support_repeat("x", 65000));
    json_t *answer;

    mcp_append("a", "k", payload, 0);
    mcp_append("a", "k", payload, 0);
    answer = talk_ask(mcp_db, "search_events", "{}");
    ck_assert_uint_eq(mcp_count(answer, "events"), 1);
    ck_assert_str_eq(mcp_text(answer, "next_cursor"), "2");
    json_decref(answer);
    answer = talk_ask(mcp_db, "search_events", "{\"cursor\":\"2\"}");
    ck_assert_uint_eq(mcp_count(answer, "events"), 1);
    ck_assert(json_is_null(json_object_get(answer, "next_cursor")));
    json_decref(answer);
}
END_TEST

START_TEST(test_events_say_what_became_of_them)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    answer = talk_ask(mcp_db, "search_events", "{}");
    ck_assert_str_eq(mcp_text(mcp_at(answer, "events", 0), "fate"), "pending");
    ck_assert_str_eq(mcp_text(mcp_at(answer, "events", 1), "fate"),
                     "delivered");
    ck_assert_contains(mcp_text(mcp_at(answer, "events", 1), "ts_iso"), "T");
    json_decref(answer);
}
END_TEST

START_TEST(test_answer_is_one_line_whatever_somebody_wrote_into_the_file)
{
    mcp_append("a", "k", NULL, 0);
    mcp_teardown();
    support_sql_exec(mcp_db, "UPDATE event_log SET kind = 'x' || char(10) || "
                             "'y', payload_json = '{' || char(10) || '}'");
    ck_assert_contains(talk_line(mcp_db, "search_events", "{}"),
                       "\"kind\":\"x\\ny\"");
    support_sql_exec(mcp_db, "UPDATE event_log SET device_id = x'ff00', "
                             "payload_json = '{\"a\":'");
    ck_assert_contains(talk_line(mcp_db, "search_events", "{}"),
                       "\"payload\":\"{\\\"a\\\":\"");
}
END_TEST

START_TEST(test_numbers_that_nobody_would_write_do_no_harm)
{
    static const char *const tools[] = {"list_tables", "search_events",
                                        "offline_devices", "recent_errors",
                                        "buffer_status"};
    static const char *const numbers[] = {
        "-9223372036854775808", "9223372036854775807", "-1", "1e300", "'x'"};
    size_t i;
    size_t j;

    mcp_append("a", "error", NULL, 0);
    mcp_deliver();
    mcp_append("a", "error", NULL, 0);
    mcp_teardown();
    for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        support_sql_exec(
            mcp_db,
            support_format("UPDATE event_log SET ts = %s; UPDATE device_state "
                           "SET last_seen_at = %s; UPDATE upload_runs SET "
                           "started_at = %s, finished_at = %s, event_count = "
                           "%s, attempts = %s",
                           numbers[i], numbers[i], numbers[i], numbers[i],
                           numbers[i], numbers[i]));
        for (j = 0; j < sizeof(tools) / sizeof(*tools); j++)
            json_decref(talk_call(mcp_db, tools[j], "{}"));
    }
}
END_TEST

START_TEST(test_every_table_and_column_is_in_the_dictionary)
{
    const struct dictionary_table *table;
    const struct dictionary_column *column;
    size_t i;

    for (i = 0; (table = dictionary_at(i)) != NULL; i++) {
        size_t count = 0;

        for (column = table->columns; column->name != NULL; column++, count++)
            ck_assert_msg(
                support_sql_int(
                    mcp_db, support_format(
                                "SELECT count(*) FROM pragma_table_info('%s') "
                                "WHERE name = '%s' AND type IN ('%s', '')",
                                table->name, column->name, column->type)) == 1,
                "%s has no %s %s", table->name, column->type, column->name);
        ck_assert_int_eq(
            support_sql_int(mcp_db, support_format("SELECT count(*) FROM "
                                                   "pragma_table_info('%s')",
                                                   table->name)),
            (int64_t)count);
    }
    ck_assert_int_eq(support_sql_int(mcp_db,
                                     "SELECT count(*) FROM sqlite_schema WHERE "
                                     "type IN ('table', 'view') AND name NOT "
                                     "LIKE 'sqlite_%'"),
                     (int64_t)i);
}
END_TEST

START_TEST(test_tables_are_listed_and_described)
{
    json_t *answer;
    json_t *table;
    size_t i;

    mcp_append("a", "k", NULL, 0);
    answer = talk_ask(mcp_db, "list_tables", "{}");
    ck_assert_uint_eq(mcp_count(answer, "tables"), 11);
    json_array_foreach(json_object_get(answer, "tables"), i, table)
    {
        json_t *described = talk_ask(
            mcp_db, "describe_table",
            support_format("{\"table\":\"%s\"}", mcp_text(table, "name")));

        ck_assert_uint_gt(strlen(mcp_text(table, "purpose")), 0);
        ck_assert_uint_gt(
            strlen(mcp_text(mcp_at(described, "columns", 0), "meaning")), 0);
        ck_assert_contains(mcp_text(mcp_at(described, "schema", 0), "sql"),
                           "CREATE");
        if (strcmp(mcp_text(table, "name"), "backlog") == 0)
            ck_assert_int_eq(mcp_number(table, "row_count"), 1);
        json_decref(described);
    }
    json_decref(answer);
    answer = talk_ask(mcp_db, "schema_dump", "{}");
    ck_assert_uint_gt(mcp_count(answer, "schema"), 11);
    json_decref(answer);
}
END_TEST

static const char *const files[] = {"v1.sqlite", "v2.sqlite", "v2_first.sqlite",
                                    "v3.sqlite"};

/** A copy of such a file, where SQLite may put others beside it. */
static const char *
copy_of(const char *name)
{
    const char *path = support_path(support_dir_new(), "old.sqlite");
    FILE *from = fopen(support_path(getenv("SCHEMAS"), name), "re");
    FILE *to = fopen(path, "we");
    int byte;

    ck_assert(from != NULL && to != NULL);
    while ((byte = getc(from)) != EOF)
        (void)putc(byte, to);
    ck_assert_int_eq(fclose(to), 0);
    (void)fclose(from);
    return path;
}

START_TEST(test_files_of_older_versions_can_be_asked)
{
    static const char *const tools[] = {"list_tables",   "schema_dump",
                                        "search_events", "offline_devices",
                                        "recent_errors", "buffer_status"};
    const char *path = copy_of(files[_i]);
    size_t i;

    for (i = 0; i < sizeof(tools) / sizeof(*tools); i++)
        json_decref(talk_ask(path, tools[i], "{}"));
    json_decref(talk_ask(path, "describe_table", "{\"table\":\"devices\"}"));
}
END_TEST

START_TEST(test_file_that_comes_goes_and_comes_again_is_read_when_it_is_there)
{
    mcp_append("a", "k", NULL, 0);
    mcp_teardown();
    ck_assert_uint_eq(search("{}"), 1);
    ck_assert_int_eq(unlink(mcp_db), 0);
    ck_assert_str_eq(
        talk_problem(mcp_db, "search_events", "{}"),
        support_format("%s can't be read: No such file or directory", mcp_db));
    ck_assert_int_eq(mkdir(mcp_db, 0700), 0);
    ck_assert_str_eq(talk_problem(mcp_db, "search_events", "{}"),
                     support_format("%s is no file", mcp_db));
    ck_assert_int_eq(rmdir(mcp_db), 0);
    support_write_file(mcp_db, support_repeat("no database", 400));
    ck_assert_contains(talk_problem(mcp_db, "search_events", "{}"),
                       "not a collector's file");
    ck_assert_int_eq(unlink(mcp_db), 0);
    support_sql_create(mcp_db, "CREATE TABLE t(x)");
    ck_assert_contains(talk_problem(mcp_db, "search_events", "{}"),
                       "not a collector's file");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp_tools");
    TCase *tcase = support_add_case(suite, "numbers", mcp_setup, mcp_teardown);

    tcase_add_test(tcase, test_numbers_in_payloads_stay_as_they_are);

    tcase = support_add_case(suite, "search", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_events_are_found_by_what_they_hold);
    tcase_add_test(tcase, test_events_are_found_by_time);
    tcase_add_test(tcase, test_what_is_no_time_is_refused);
    tcase_add_test(tcase, test_pages_have_every_event_once);
    tcase_add_test(tcase, test_page_ends_at_64_kib_and_has_one_event_at_least);
    tcase_add_test(tcase, test_events_say_what_became_of_them);
    tcase_add_test(
        tcase, test_answer_is_one_line_whatever_somebody_wrote_into_the_file);

    tcase = support_add_case(suite, "file", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_numbers_that_nobody_would_write_do_no_harm);
    tcase_add_test(tcase, test_every_table_and_column_is_in_the_dictionary);
    tcase_add_test(tcase, test_tables_are_listed_and_described);
    tcase_add_loop_test(tcase, test_files_of_older_versions_can_be_asked, 0, 4);
    tcase_add_test(
        tcase,
        test_file_that_comes_goes_and_comes_again_is_read_when_it_is_there);
    return support_run_suite(suite);
}
