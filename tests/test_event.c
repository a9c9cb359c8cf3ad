/* SPDX-License-Identifier: MIT */
/*
 * An event in JSON promises two things: its payload is kept as it was written,
 * but for white space between tokens; and whatever is not an event exactly as
 * documented is refused, with the place and the reason.
 */
#include "event.h"
#include "support.h"

#include <stdlib.h>

#define NOW INT64_C(1700000000000)
#define UNTOUCHED (-99)

static struct collector__event_list list;
static struct collector_problem problem;

static void
teardown(void)
{
    collector__event_list_clear(&list);
}

/** Parse a copy without a byte to spare, which is gone afterwards. */
static int
parse_bytes(const char *text, size_t size)
{
    char *copy = malloc(size);
    int rc;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, text, size);
    collector__event_list_clear(&list);
    problem.index = UNTOUCHED;
    rc = collector__event_list_parse(copy, size, COLLECTOR_JSON_DOCUMENT, NOW,
                                     &list, &problem);
    free(copy);
    ck_assert((rc == COLLECTOR_OK) == (problem.index == UNTOUCHED));
    return rc;
}

static int
parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

/** An event with the required members, and these. */
static int
parse_with(const char *members)
{
    return parse(
        support_format("{\"device_id\":\"d\",\"kind\":\"k\",%s}", members));
}

/** Refused, alone and as the fourth event of an array, for the same reason. */
static void
check_refused(const char *text, int rc, const char *reason)
{
    static const char good[] = "{\"device_id\":\"d\",\"kind\":\"k\"}";

    ck_assert_error(parse(text), rc);
    ck_assert_int_eq(problem.index, 0);
    ck_assert_str_eq(problem.text, reason);
    ck_assert_error(
        parse(support_format("[%s,%s,%s,%s]", good, good, good, text)), rc);
    ck_assert_int_eq(problem.index, 3);
    ck_assert_str_eq(problem.text, reason);
}

static const struct {
    const char *sent;
    const char *kept;
} payloads[] = {
    {"21.4", "21.4"},
    {"1e2", "1e2"},
    {"1E+2", "1E+2"},
    {"-0", "-0"},
    {"0.10", "0.10"},
    {"1e-400", "1e-400"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "9223372036854775808"},
    {"1234567890123456789012345", "1234567890123456789012345"},
    {"-1234567890123456789012345", "-1234567890123456789012345"},
    {"0.1234567890123456789012345", "0.1234567890123456789012345"},
    {"null", "null"},
    {"true", "true"},
    {"\"\"", "\"\""},
    {"{}", "{}"},
    {"[]", "[]"},
    {"\"\\u00e9\\n\\/\\\"\\\\\"", "\"\\u00e9\\n\\/\\\"\\\\\""},
    {"\"\\u0000\"", "\"\\u0000\""},
    {"\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\""},
    {"\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\xa1\"",
     "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x8c\xa1\""},
    {"\"\x7f\"", "\"\x7f\""},
    {"{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}"},
    {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"},
    {"{\"device_id\":\"x\",\"ts\":-1}", "{\"device_id\":\"x\",\"ts\":-1}"},
    {"{\"a\":[{\"b\":[[],{}]}]}", "{\"a\":[{\"b\":[[],{}]}]}"},
    {" [ 1 ,\t\"a b\" ,\r\n{ \"c d\" : 2 } ] ", "[1,\"a b\",{\"c d\":2}]"},
    {" 7 ", "7"},
    {"\" ] } \"", "\" ] } \""},
};

START_TEST(test_a_payload_is_kept_as_written)
{
    ck_assert_ok(
        parse_with(support_format("\"payload\":%s", payloads[_i].sent)));
    ck_assert_uint_eq(list.event_count, 1);
    ck_assert_str_eq(list.events[0].payload, payloads[_i].kept);
}
END_TEST

START_TEST(test_an_absent_payload_is_none)
{
    ck_assert_ok(parse("{\"device_id\":\"d\",\"kind\":\"k\"}"));
    ck_assert_ptr_null(list.events[0].payload);
}
END_TEST

START_TEST(test_names_are_unescaped)
{
    ck_assert_ok(parse("{\"device_id\":\"a\\u00e9\\\"\\n\","
                       "\"kind\":\"\\ud83d\\ude00\"}"));
    ck_assert_str_eq(list.events[0].device_id, "a\xc3\xa9\"\n");
    ck_assert_str_eq(list.events[0].kind, "\xf0\x9f\x98\x80");
}
END_TEST

START_TEST(test_an_escaped_spelling_is_the_same_name)
{
    ck_assert_ok(parse("{\"device\\u005fid\":\"d\",\"k\\u0069nd\":\"k\","
                       "\"p\\u0061yload\":[1],\"\\u0074s\":5}"));
    ck_assert_str_eq(list.events[0].device_id, "d");
    ck_assert_str_eq(list.events[0].kind, "k");
    ck_assert_str_eq(list.events[0].payload, "[1]");
    ck_assert_int_eq(list.events[0].ts, 5);
}
END_TEST

START_TEST(test_unknown_members_are_ignored)
{
    ck_assert_ok(parse("{\"x\":[1,{}],\"device_id\":\"d\",\"x\":null,"
                       "\"kind\":\"k\",\"Device_ID\":3,\"payload \":1,"
                       "\"id\":9,\"\":{}}"));
    ck_assert_uint_eq(list.event_count, 1);
    ck_assert_ptr_null(list.events[0].payload);
    ck_assert_int_eq(list.events[0].ts, NOW);
}
END_TEST

static const struct {
    const char *text;
    const char *reason;
} refusals[] = {
    {"{}", "device_id is required"},
    {"{\"kind\":\"k\"}", "device_id is required"},
    {"{\"device_id\":\"d\"}", "kind is required"},
    {"{\"device_id\":\"\",\"kind\":\"k\"}", "device_id is empty"},
    {"{\"device_id\":\"d\",\"kind\":\"\"}", "kind is empty"},
    {"{\"device_id\":1,\"kind\":\"k\"}", "device_id must be a string"},
    {"{\"device_id\":null,\"kind\":\"k\"}", "device_id must be a string"},
    {"{\"device_id\":[\"d\"],\"kind\":\"k\"}", "device_id must be a string"},
    {"{\"device_id\":\"d\",\"kind\":true}", "kind must be a string"},
    {"{\"device_id\":\"d\",\"kind\":{}}", "kind must be a string"},
    {"{\"device_id\":\"a\\u0000b\",\"kind\":\"k\"}", "device_id contains NUL"},
    {"{\"device_id\":\"d\",\"kind\":\"\\u0000\"}", "kind contains NUL"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"device_id\":\"a\"}",
     "device_id stands twice"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"device\\u005fid\":\"b\"}",
     "device_id stands twice"},
    {"{\"d\\u0065vice_id\":\"a\",\"kind\":\"k\",\"device_id\":\"b\"}",
     "device_id stands twice"},
    {"{\"kind\":\"a\",\"device_id\":\"d\",\"kind\":\"b\"}",
     "kind stands twice"},
    {"{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":1,\"payload\":1}",
     "payload stands twice"},
    {"{\"device_id\":\"d\",\"kind\":\"k\",\"ts\":1,\"t\\u0073\":1}",
     "ts stands twice"},
};

START_TEST(test_an_event_against_the_rules_is_refused)
{
    check_refused(refusals[_i].text, COLLECTOR_ERR_INVALID,
                  refusals[_i].reason);
}
END_TEST

static const struct {
    const char *members;
    const char *reason;
} malformed[] = {
    {"\"payload\":1e400", "a number is out of range"},
    {"\"payload\":[-1e400]", "a number is out of range"},
    {"\"unknown\":1e400", "a number is out of range"},
    {"\"payload\":\"\xff\"", "invalid UTF-8"},
    {"\"payload\":\"\xc0\x80\"", "invalid UTF-8"},
    {"\"payload\":\"\xed\xa0\x80\"", "invalid UTF-8"},
    {"\"payload\":\"\xe2\x82\"", "invalid UTF-8"},
    {"\"payload\":\"\xf4\x90\x80\x80\"", "invalid UTF-8"},
    {"\"\xff\":1", "invalid UTF-8"},
    {"\"payload\":{\"\\u0000\":1}", "NUL in a member's name"},
    {"\"payload\":\"\\ud800\"", "malformed JSON"},
    {"\"payload\":\"\\udc00\"", "malformed JSON"},
    {"\"payload\":\"\\ud800x\"", "malformed JSON"},
    {"\"payload\":\"\\ud800\\u0041\"", "malformed JSON"},
    {"\"payload\":\"\n\"", "malformed JSON"},
    {"\"payload\":\"\x1f\"", "malformed JSON"},
    {"\"payload\":\"\\x\"", "malformed JSON"},
    {"\"payload\":\"\\u12\"", "malformed JSON"},
    {"\"payload\":tru", "malformed JSON"},
    {"\"payload\":NULL", "malformed JSON"},
    {"\"payload\":NaN", "malformed JSON"},
    {"\"payload\":Infinity", "malformed JSON"},
    {"\"payload\":01", "malformed JSON"},
    {"\"payload\":1.", "malformed JSON"},
    {"\"payload\":.5", "malformed JSON"},
    {"\"payload\":+1", "malformed JSON"},
    {"\"payload\":'a'", "malformed JSON"},
    {"\"payload\":[1,]", "malformed JSON"},
    {"\"payload\":[1 2]", "malformed JSON"},
    {"\"payload\":1 2", "malformed JSON"},
    {"\"payload\":{\"a\":1,}", "malformed JSON"},
    {"\"payload\":{\"a\"}", "malformed JSON"},
    {"\"payload\":{1:2}", "malformed JSON"},
    {"\"payload\":[1:2]", "malformed JSON"},
    {"\"payload\":", "malformed JSON"},
    {"\"payload\":1,", "malformed JSON"},
    {"\"payload\"", "malformed JSON"},
    {"/**/\"payload\":1", "malformed JSON"},
    {"\"ts\":01", "malformed JSON"},
    {"\"ts\":+1", "malformed JSON"},
};

START_TEST(test_what_is_not_json_is_refused)
{
    check_refused(support_format("{\"device_id\":\"d\",\"kind\":\"k\",%s}",
                                 malformed[_i].members),
                  COLLECTOR_ERR_INVALID, malformed[_i].reason);
}
END_TEST

START_TEST(test_a_nul_byte_anywhere_is_refused)
{
    static const char text[] =
        "{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":[ 1 ,\"a\",true]} ";
    const size_t size = strlen(text);
    char with_nul[sizeof(text)];
    size_t at;

    ck_assert_ok(parse(text));
    for (at = 0; at <= size; at++) {
        memcpy(with_nul, text, at);
        with_nul[at] = '\0';
        memcpy(with_nul + at + 1, text + at, size - at);
        ck_assert_error(parse_bytes(with_nul, size + 1), COLLECTOR_ERR_INVALID);
    }
}
END_TEST

START_TEST(test_names_reach_their_limits_and_no_further)
{
    static const char form[] = "{\"device_id\":\"%s\",\"kind\":\"%s\"}";
    const char *longest = support_repeat("d", 256);
    const char *longest_kind = support_repeat("k", 128);

    ck_assert_int_eq(COLLECTOR_DEVICE_ID_SIZE_MAX, 256);
    ck_assert_int_eq(COLLECTOR_KIND_SIZE_MAX, 128);
    ck_assert_ok(parse(support_format(form, longest, longest_kind)));
    ck_assert_str_eq(list.events[0].device_id, longest);
    ck_assert_str_eq(list.events[0].kind, longest_kind);
    check_refused(support_format(form, support_repeat("d", 257), "k"),
                  COLLECTOR_ERR_TOO_BIG, "device_id is over 256 bytes");
    check_refused(support_format(form, "d", support_repeat("k", 129)),
                  COLLECTOR_ERR_TOO_BIG, "kind is over 128 bytes");
}
END_TEST

START_TEST(test_names_are_measured_in_bytes_of_what_they_say)
{
    static const char form[] = "{\"device_id\":\"%s\",\"kind\":\"k\"}";

    ck_assert_ok(parse(support_format(form, support_repeat("\\u0041", 256))));
    ck_assert_str_eq(list.events[0].device_id, support_repeat("A", 256));
    ck_assert_ok(parse(support_format(form, support_repeat("\xc3\xa9", 128))));
    check_refused(support_format(form, support_repeat("\xc3\xa9", 129)),
                  COLLECTOR_ERR_TOO_BIG, "device_id is over 256 bytes");
    check_refused(support_format(form, support_repeat("\\u00e9", 129)),
                  COLLECTOR_ERR_TOO_BIG, "device_id is over 256 bytes");
}
END_TEST

START_TEST(test_a_payload_reaches_its_limit_and_no_further)
{
    static const char form[] = "{\"device_id\":\"d\",\"kind\":\"k\","
                               "\"payload\":\"%s\"}";
    const char *longest = support_repeat("p", 65536 - 2);

    ck_assert_int_eq(COLLECTOR_PAYLOAD_SIZE_MAX, 65536);
    ck_assert_ok(parse(support_format(form, longest)));
    ck_assert_uint_eq(strlen(list.events[0].payload), 65536);
    check_refused(support_format(form, support_repeat("p", 65536 - 1)),
                  COLLECTOR_ERR_TOO_BIG, "payload is over 65536 bytes");
}
END_TEST

START_TEST(test_white_space_does_not_count_for_the_limit)
{
    ck_assert_ok(parse_with(support_format("\"payload\":[%s\"%s\"]",
                                           support_repeat(" ", 100000),
                                           support_repeat("p", 65536 - 4))));
    ck_assert_uint_eq(strlen(list.events[0].payload), 65536);
}
END_TEST

static const struct {
    const char *ts;
    int64_t kept;
} stamps[] = {
    {"0", NOW},
    {"1", 1},
    {" 1500000000001 ", INT64_C(1500000000001)},
    {"9223372036854775807", INT64_MAX},
};

START_TEST(test_ts_is_kept_and_0_is_now)
{
    ck_assert_ok(parse_with(support_format("\"ts\":%s", stamps[_i].ts)));
    ck_assert_int_eq(list.events[0].ts, stamps[_i].kept);
}
END_TEST

START_TEST(test_an_absent_ts_is_now)
{
    ck_assert_ok(parse("{\"device_id\":\"d\",\"kind\":\"k\"}"));
    ck_assert_int_eq(list.events[0].ts, NOW);
}
END_TEST

static const char *const wrong_stamps[] = {
    "-1",
    "-0",
    "1.0",
    "1e3",
    "1E3",
    "0.0",
    "\"1\"",
    "\"\"",
    "null",
    "true",
    "[]",
    "[1]",
    "{}",
    "0e0",
    "-9223372036854775808",
    "9223372036854775808",
    "9223372036854775810",
    "92233720368547758070",
    "1234567890123456789012345",
};

START_TEST(test_ts_that_is_no_integer_in_range_is_refused)
{
    check_refused(
        support_format("{\"device_id\":\"d\",\"kind\":\"k\",\"ts\":%s}",
                       wrong_stamps[_i]),
        COLLECTOR_ERR_INVALID,
        "ts must be an integer of milliseconds since 1970");
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("event");
    TCase *fidelity = tcase_create("fidelity");
    TCase *rules = tcase_create("rules");

    tcase_add_checked_fixture(fidelity, NULL, teardown);
    tcase_add_loop_test(fidelity, test_a_payload_is_kept_as_written, 0,
                        ROWS(payloads));
    tcase_add_test(fidelity, test_an_absent_payload_is_none);
    tcase_add_test(fidelity, test_names_are_unescaped);
    tcase_add_test(fidelity, test_an_escaped_spelling_is_the_same_name);
    tcase_add_loop_test(fidelity, test_ts_is_kept_and_0_is_now, 0,
                        ROWS(stamps));
    tcase_add_test(fidelity, test_an_absent_ts_is_now);
    suite_add_tcase(suite, fidelity);
    tcase_add_checked_fixture(rules, NULL, teardown);
    tcase_add_test(rules, test_unknown_members_are_ignored);
    tcase_add_loop_test(rules, test_an_event_against_the_rules_is_refused, 0,
                        ROWS(refusals));
    tcase_add_loop_test(rules, test_what_is_not_json_is_refused, 0,
                        ROWS(malformed));
    tcase_add_test(rules, test_a_nul_byte_anywhere_is_refused);
    tcase_add_test(rules, test_names_reach_their_limits_and_no_further);
    tcase_add_test(rules, test_names_are_measured_in_bytes_of_what_they_say);
    tcase_add_test(rules, test_a_payload_reaches_its_limit_and_no_further);
    tcase_add_test(rules, test_white_space_does_not_count_for_the_limit);
    tcase_add_loop_test(rules, test_ts_that_is_no_integer_in_range_is_refused,
                        0, ROWS(wrong_stamps));
    suite_add_tcase(suite, rules);
    return support_run_suite(suite);
}
