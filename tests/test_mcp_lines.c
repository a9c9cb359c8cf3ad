/* SPDX-License-Identifier: MIT */
/*
 * A line promises to cost no more than a line may, and what is none, or no
 * message, to be answered in the words of JSON-RPC: the next one is read as if
 * it had not been.
 */
#include "mcp/talk.h"

#include "mcp/outlet.h"
#include "mcp/rpc.h"

#include <stdlib.h>

START_TEST(test_what_is_no_json_is_a_parse_error)
{
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi",
        "{",
        "]",
        "nonsense",
        "{}{}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xed\xa0\x80\"}",
        "\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        "{\"id\":99999999999999999999,\"method\":\"ping\"}",
        "\"",
        "\"\\",
        "Content-Length: 40",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        talk_refused(lines[i], RPC_PARSE_ERROR);
}
END_TEST

START_TEST(test_what_is_no_message_is_an_invalid_request)
{
    static const char *const lines[] = {
        "1",
        "null",
        "true",
        "\"ping\"",
        "{}",
        "[]",
        "[1]",
        "{\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\\u0000ng\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        talk_refused(lines[i], RPC_INVALID_REQUEST);
}
END_TEST

START_TEST(test_methods_that_are_not_there_are_not_found)
{
    talk_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}",
                 RPC_METHOD_NOT_FOUND);
    talk_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}",
                 RPC_METHOD_NOT_FOUND);
    talk_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"PING\"}",
                 RPC_METHOD_NOT_FOUND);
    talk_refused("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                 "\"notifications/cancelled\"}",
                 RPC_METHOD_NOT_FOUND);
}
END_TEST

START_TEST(test_params_of_the_wrong_form_are_invalid_params)
{
    static const char *const lines[] = {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
        "\"cursor\":\"2\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
        "call\",\"params\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
        "\"name\":7}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"drop_table\"}}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
        "\"name\":\"query\",\"arguments\":[]}}",
    };
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        talk_refused(lines[i], RPC_INVALID_PARAMS);
}
END_TEST

START_TEST(test_what_would_take_a_large_tree_is_refused_before_it_is_parsed)
{
    const char *deep = support_repeat("[", RPC_DEPTH_MAX);
    const char *shut = support_repeat("]", RPC_DEPTH_MAX);

    talk_refused(support_format("%s%s", support_repeat("[", 100000),
                                support_repeat("]", 100000)),
                 RPC_INVALID_REQUEST);
    talk_refused(support_repeat("{\"a\":", 100000), RPC_INVALID_REQUEST);
    talk_refused(support_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                "\"ping\",\"params\":{\"a\":%s%s}}",
                                deep, shut),
                 RPC_INVALID_REQUEST);
    talk_refused(support_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                "\"ping\",\"params\":{\"a\":[%s1]}}",
                                support_repeat("1,", RPC_VALUE_COUNT_MAX)),
                 RPC_INVALID_REQUEST);
    /* What stands in texts is no bracket. */
    ck_assert_contains(
        talk_between(support_format("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                    "\"ping\",\"params\":{\"a\":\"\\\"%s,\"}}",
                                    support_repeat("[", 20000))),
        "\"result\":{}");
}
END_TEST

/** A ping of so many bytes. */
static const char *
ping_of(size_t size)
{
    const char *head = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"";

    return support_format("%s%s}", head,
                          support_repeat(" ", size - strlen(head) - 1));
}

START_TEST(test_lines_are_taken_up_to_the_limit)
{
    ck_assert_contains(talk_between(ping_of(RPC_LINE_SIZE_MAX)),
                       "\"result\":{}");
    ck_assert_contains(talk_between(support_format("%s\r", ping_of(4096))),
                       "\"result\":{}");
}
END_TEST

START_TEST(test_longer_lines_are_skipped)
{
    talk_refused(ping_of(RPC_LINE_SIZE_MAX + 1), RPC_INVALID_REQUEST);
    talk_refused(support_format("%s%s", ping_of(RPC_LINE_SIZE_MAX + 4096),
                                ping_of(RPC_LINE_SIZE_MAX * 2)),
                 RPC_INVALID_REQUEST);
    ck_assert_uint_eq(
        support_occurrences(
            talk_text(TALK_NO_FILE,
                      support_format("%s%s", TALK_HELLO("2025-11-25"),
                                     ping_of(RPC_LINE_SIZE_MAX * 3))),
            "\n"),
        2);
}
END_TEST

START_TEST(test_line_without_an_end_is_the_last)
{
    static const char ping[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";

    ck_assert_contains(talk_text(TALK_NO_FILE, ping), "\"result\":{}");
    ck_assert_contains(talk(TALK_NO_FILE, ping, sizeof(ping) - 5), "-32700");
    ck_assert_str_eq(talk_text(TALK_NO_FILE, ""), "");
    ck_assert_str_eq(talk_text(TALK_NO_FILE, "\n\r\n  "), "");
}
END_TEST

START_TEST(test_nul_bytes_are_no_json)
{
    static const char bytes[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\0\n\0\n" TALK_PING;

    ck_assert_uint_eq(
        support_occurrences(talk(TALK_NO_FILE, bytes, sizeof(bytes) - 1),
                            "-32700"),
        2);
}
END_TEST

START_TEST(test_answer_is_one_line_whatever_is_between_its_values)
{
    char text[] = "{\n\"a\":\r\n1}";
    FILE *file = tmpfile();
    struct outlet *outlet = outlet_new(fileno(file), -1);
    char line[32] = "";

    outlet_write(outlet, text, strlen(text));
    ck_assert_int_eq(outlet_error(outlet), 0);
    outlet_free(outlet);
    rewind(file);
    ck_assert(fgets(line, sizeof(line), file) != NULL);
    ck_assert_str_eq(line, "{ \"a\":  1}\n");
    (void)fclose(file);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp_lines");
    TCase *tcase = support_add_case(suite, "errors", NULL, NULL);

    tcase_add_test(tcase, test_what_is_no_json_is_a_parse_error);
    tcase_add_test(tcase, test_what_is_no_message_is_an_invalid_request);
    tcase_add_test(tcase, test_methods_that_are_not_there_are_not_found);
    tcase_add_test(tcase, test_params_of_the_wrong_form_are_invalid_params);
    tcase_add_test(
        tcase,
        test_what_would_take_a_large_tree_is_refused_before_it_is_parsed);

    tcase = support_add_case(suite, "lines", NULL, NULL);
    tcase_add_test(tcase, test_lines_are_taken_up_to_the_limit);
    tcase_add_test(tcase, test_longer_lines_are_skipped);
    tcase_add_test(tcase, test_line_without_an_end_is_the_last);
    tcase_add_test(tcase, test_nul_bytes_are_no_json);
    tcase_add_test(tcase,
                   test_answer_is_one_line_whatever_is_between_its_values);
    return support_run_suite(suite);
}
