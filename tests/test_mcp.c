/* SPDX-License-Identifier: MIT */
/*
 * The server promises to speak the protocol as it is written, whatever a client
 * sends: each request has one answer, a notification none, and a line that is
 * neither ends nothing.
 */
#include "mcp/talk.h"

#include "mcp/rpc.h"

#include <stdlib.h>

#define HELLO TALK_HELLO("2025-11-25")

START_TEST(test_version_of_the_client_is_spoken_when_it_is_known)
{
    ck_assert_contains(talk_text(TALK_NO_FILE, TALK_HELLO("2024-11-05")),
                       "\"protocolVersion\":\"2024-11-05\"");
    ck_assert_contains(talk_text(TALK_NO_FILE, TALK_HELLO("2025-03-26")),
                       "\"protocolVersion\":\"2025-03-26\"");
    ck_assert_contains(talk_text(TALK_NO_FILE, TALK_HELLO("2025-06-18")),
                       "\"protocolVersion\":\"2025-06-18\"");
    ck_assert_contains(talk_text(TALK_NO_FILE, TALK_HELLO("2025-11-25")),
                       "\"protocolVersion\":\"2025-11-25\"");
}
END_TEST

START_TEST(test_any_other_version_gets_the_latest)
{
    static const char *const asked[] = {"2026-07-28", "1.0", "", "2025-11-25 "};
    size_t i;

    for (i = 0; i < sizeof(asked) / sizeof(*asked); i++)
        ck_assert_contains(
            talk_text(TALK_NO_FILE,
                      support_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                     "\"initialize\",\"params\":{"
                                     "\"protocolVersion\":\"%s\"}}\n",
                                     asked[i])),
            "\"protocolVersion\":\"2025-11-25\"");
}
END_TEST

START_TEST(test_server_says_who_it_is_and_what_it_is_for)
{
    const char *answer = talk_text(TALK_NO_FILE, HELLO);

    ck_assert_contains(answer, "\"serverInfo\":{\"name\":\"collectorctl\"");
    ck_assert_contains(answer, "\"capabilities\":{\"tools\":{");
    ck_assert_contains(answer, "\"instructions\":\"A collector on this");
    ck_assert_contains(answer, collector_version());
}
END_TEST

START_TEST(test_initialize_needs_a_version_and_comes_once)
{
    ck_assert_contains(talk_text(TALK_NO_FILE,
                                 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                 "\"initialize\",\"params\":{}}\n"),
                       "-32602");
    ck_assert_contains(
        talk_text(TALK_NO_FILE,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                  "\"initialize\",\"params\":{\"protocolVersion\":"
                  "7}}\n"),
        "-32602");
    talk_refused(TALK_HELLO("2025-11-25"), RPC_INVALID_REQUEST);
}
END_TEST

START_TEST(test_before_initialize_only_a_ping_is_answered)
{
    const char *answers = talk_text(
        TALK_NO_FILE,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"buffer_status\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"server/discover\"}\n"
        "[" TALK_PING_MESSAGE "]\n" TALK_PING HELLO);

    ck_assert_uint_eq(support_occurrences(answers, "\"code\":-32600"), 3);
    ck_assert_uint_eq(support_occurrences(answers, "\"code\":-32601"), 1);
    ck_assert_contains(answers, TALK_PONG "{\"jsonrpc\":\"2.0\",\"id\":0,"
                                          "\"result\"");
}
END_TEST

START_TEST(test_notifications_and_responses_are_not_answered)
{
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":{\"requestId\":77}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
        "\"params\":[1]}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"nonsense\",\"params\":7}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"tools/list\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":1,\"message\":"
        "\"\"}}",
        "",
        " \t ",
        "\r",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        ck_assert_str_eq(talk_between(lines[i]), "");
}
END_TEST

START_TEST(test_ids_come_back_as_they_are)
{
    static const char *const ids[] = {
        "1",
        "-1",
        "0",
        "9223372036854775807",
        "\"\"",
        "\"a b\"",
        "\"\\u0000\"",
        "\"\\\"\\\\\"",
        "\"\xc3\xa4\xe2\x82\xac\"",
    };
    size_t i;

    for (i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        ck_assert_str_eq(
            talk_between(support_format(
                "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}", ids[i])),
            support_format("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}\n",
                           ids[i]));
    talk_refused(support_format("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":"
                                "\"ping\"}",
                                support_repeat("i", RPC_ID_SIZE_MAX + 1)),
                 RPC_INVALID_REQUEST);
}
END_TEST

START_TEST(test_two_requests_of_one_id_have_two_answers)
{
    ck_assert_uint_eq(
        support_occurrences(talk_text(TALK_NO_FILE, HELLO TALK_PING TALK_PING),
                            TALK_PONG),
        2);
}
END_TEST

/** What a client of the version that has batches is answered. */
static const char *
answer_to_batch(const char *version, const char *batch)
{
    const char *answers = talk_text(
        TALK_NO_FILE, support_format("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":"
                                     "\"initialize\",\"params\":{"
                                     "\"protocolVersion\":\"%s\"}}\n%s\n",
                                     version, batch));

    return strchr(answers, '\n') + 1;
}

START_TEST(test_batch_is_answered_in_a_batch)
{
    const char *answer = answer_to_batch(
        "2025-03-26",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"},"
        "7,{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"nonsense\"},"
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"initialize\",\"params\":{"
        "\"protocolVersion\":\"2025-03-26\"}},"
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"buffer_status\"}}]");
    json_t *batch = json_loads(answer, 0, NULL);

    ck_assert_uint_eq(json_array_size(batch), 6);
    ck_assert_contains(answer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    ck_assert_contains(answer, "\"id\":null,\"error\":{\"code\":-32600");
    ck_assert_contains(answer, "\"id\":3,\"error\":{\"code\":-32601");
    ck_assert_contains(answer, "\"id\":4,\"error\":{\"code\":-32600");
    ck_assert_contains(answer, "\"isError\":true");
    json_decref(batch);
}
END_TEST

START_TEST(test_batch_of_nothing_to_answer_has_no_answer)
{
    ck_assert_str_eq(answer_to_batch("2025-03-26",
                                     "[{\"jsonrpc\":\"2.0\",\"method\":"
                                     "\"notifications/initialized\"}]"),
                     "");
    ck_assert_contains(answer_to_batch("2025-03-26", "[]"), "-32600");
    ck_assert_contains(
        answer_to_batch("2025-03-26",
                        support_format("[%s1]", support_repeat("1,", 100))),
        "-32600");
}
END_TEST

START_TEST(test_other_versions_have_no_batches)
{
    static const char *const others[] = {"2024-11-05", "2025-06-18",
                                         "2025-11-25"};
    size_t i;

    for (i = 0; i < sizeof(others) / sizeof(*others); i++)
        ck_assert_contains(
            answer_to_batch(others[i], "[" TALK_PING_MESSAGE "]"),
            "\"id\":null,\"error\":{\"code\":-32600");
}
END_TEST

START_TEST(test_all_that_was_asked_before_the_end_is_answered)
{
    const char *call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                       "\"tools/call\",\"params\":{\"name\":\"list_tables\"}}"
                       "\n";

    ck_assert_uint_eq(
        support_occurrences(
            talk_text(TALK_NO_FILE,
                      support_format("%s%s", HELLO, support_repeat(call, 200))),
            "\"isError\":true"),
        200);
}
END_TEST

/** The tools, as the protocol lists them; yours. */
static json_t *
tool_list(void)
{
    const char *answer = talk_between(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
        "\"_meta\":{\"progressToken\":1}}}");
    json_t *tree = json_loads(answer, 0, NULL);
    json_t *tools =
        json_incref(json_object_get(json_object_get(tree, "result"), "tools"));

    json_decref(tree);
    return tools;
}

START_TEST(test_tools_are_listed_with_all_that_a_model_needs)
{
    static const char *const members[] = {"name", "title", "description"};
    json_t *tools = tool_list();
    json_t *tool;
    size_t i;
    size_t j;

    ck_assert_uint_eq(json_array_size(tools), 8);
    json_array_foreach(tools, i, tool)
    {
        const json_t *annotations = json_object_get(tool, "annotations");

        for (j = 0; j < 3; j++)
            ck_assert_uint_gt(
                json_string_length(json_object_get(tool, members[j])), 0);
        ck_assert(json_is_true(json_object_get(annotations, "readOnlyHint")));
        ck_assert(
            json_is_false(json_object_get(annotations, "destructiveHint")));
        ck_assert(json_is_true(json_object_get(annotations, "idempotentHint")));
        ck_assert(json_is_false(json_object_get(annotations, "openWorldHint")));
    }
    json_decref(tools);
}
END_TEST

/** Assert that a schema is one of an object that has these members only, and
 *  describes each. */
static void
check_schema(const json_t *schema)
{
    const json_t *properties = json_object_get(schema, "properties");
    json_t *required;
    json_t *property;
    const char *name;
    size_t i;

    ck_assert_str_eq(json_string_value(json_object_get(schema, "type")),
                     "object");
    ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
    json_array_foreach(json_object_get(schema, "required"), i, required)
        ck_assert_msg(
            json_object_get(properties, json_string_value(required)) != NULL,
            "%s is required, and not there", json_string_value(required));
    json_object_foreach((json_t *)properties, name, property)
        ck_assert_msg(json_object_get(property, "description") != NULL ||
                          json_object_get(property, "properties") != NULL,
                      "%s is not described", name);
}

START_TEST(test_schemas_are_strict)
{
    json_t *tools = tool_list();
    json_t *tool;
    size_t i;

    json_array_foreach(tools, i, tool)
    {
        check_schema(json_object_get(tool, "inputSchema"));
        check_schema(json_object_get(tool, "outputSchema"));
    }
    json_decref(tools);
}
END_TEST

/** A value that fits no argument. */
static void
check_argument(const json_t *tool, const char *name)
{
    const char *tool_name = json_string_value(json_object_get(tool, "name"));
    const bool needs_sql =
        strcmp(tool_name, "query") == 0 && strcmp(name, "sql") != 0;
    const char *arguments = support_format(
        "{%s\"%s\":true}", needs_sql ? "\"sql\":\"SELECT 1\"," : "", name);

    ck_assert_contains(talk_problem(TALK_NO_FILE, tool_name, arguments),
                       support_format("\"%s\" has to be", name));
}

START_TEST(test_every_argument_of_a_schema_is_looked_at)
{
    json_t *tools = tool_list();
    json_t *tool;
    json_t *property;
    const char *name;
    size_t i;

    json_array_foreach(tools, i, tool)
    {
        json_object_foreach(
            json_object_get(json_object_get(tool, "inputSchema"), "properties"),
            name, property) check_argument(tool, name);
        ck_assert_contains(
            talk_problem(TALK_NO_FILE,
                         json_string_value(json_object_get(tool, "name")),
                         "{\"nonsense\":1}"),
            "there is no argument \"nonsense\"");
    }
    json_decref(tools);
}
END_TEST

START_TEST(test_arguments_that_are_required_are_missed)
{
    ck_assert_contains(talk_problem(TALK_NO_FILE, "query", "{}"),
                       "the argument \"sql\" is required");
    ck_assert_contains(talk_problem(TALK_NO_FILE, "describe_table", "{}"),
                       "the argument \"table\" is required");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp");
    TCase *tcase = support_add_case(suite, "session", NULL, NULL);

    tcase_add_test(tcase,
                   test_version_of_the_client_is_spoken_when_it_is_known);
    tcase_add_test(tcase, test_any_other_version_gets_the_latest);
    tcase_add_test(tcase, test_server_says_who_it_is_and_what_it_is_for);
    tcase_add_test(tcase, test_initialize_needs_a_version_and_comes_once);
    tcase_add_test(tcase, test_before_initialize_only_a_ping_is_answered);
    tcase_add_test(tcase, test_notifications_and_responses_are_not_answered);
    tcase_add_test(tcase, test_ids_come_back_as_they_are);
    tcase_add_test(tcase, test_two_requests_of_one_id_have_two_answers);
    tcase_add_test(tcase, test_all_that_was_asked_before_the_end_is_answered);

    tcase = support_add_case(suite, "batches", NULL, NULL);
    tcase_add_test(tcase, test_batch_is_answered_in_a_batch);
    tcase_add_test(tcase, test_batch_of_nothing_to_answer_has_no_answer);
    tcase_add_test(tcase, test_other_versions_have_no_batches);

    tcase = support_add_case(suite, "tools", NULL, NULL);
    tcase_add_test(tcase, test_tools_are_listed_with_all_that_a_model_needs);
    tcase_add_test(tcase, test_schemas_are_strict);
    tcase_add_test(tcase, test_every_argument_of_a_schema_is_looked_at);
    tcase_add_test(tcase, test_arguments_that_are_required_are_missed);
    return support_run_suite(suite);
}
