/* SPDX-License-Identifier: MIT */
/*
 * What a collector answers becomes rows of the columns that were asked for:
 * payloads byte for byte, and nothing of what is no answer.
 */
#include "rows.h"

#include "ctl/json_rows.h"
#include "ctl/stats_row.h"

static const char *const names[] = {"id", "device_id", "payload", "at"};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static const char *noted;

static int
show(const char *json)
{
    struct span value;

    noted = "";
    if (!span_value(json, strlen(json), &value))
        return -1;
    return json_rows_show_array(value, names, NAME_COUNT, rows_note, &noted);
}

START_TEST(test_members_are_columns_in_the_order_asked_for)
{
    ck_assert_int_eq(show(" [ {\"at\" : 1.5, \"other\":[1,{\"id\":9}],"
                          "\"device_id\":\"a\\u00e9\\\"\", \"id\":7} ,{}] \n"),
                     0);
    ck_assert_str_eq(noted,
                     "id=i7 device_id=ta\xC3\xA9\" payload=null at=r1.5\n"
                     "id=null device_id=null payload=null at=null\n");
    ck_assert_int_eq(show("[]"), 0);
    ck_assert_str_eq(noted, "");
}
END_TEST

START_TEST(test_payloads_are_as_they_were_sent)
{
    static const char *const payloads[] = {
        "21.40",
        "1234567890123456789012345",
        "{\"a\":1,\"a\":[21.40,null]}",
        "\"\\u00e9\\\"]\"",
        "null",
        "[[[[]]]]",
    };
    size_t i;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        ck_assert_int_eq(
            show(support_format("[{\"id\":1,\"payload\":%s}]", payloads[i])),
            0);
        ck_assert_str_eq(
            noted, support_format("id=i1 device_id=null payload=j%s at=null\n",
                                  payloads[i]));
    }
}
END_TEST

START_TEST(test_a_payload_that_is_no_json_is_a_text)
{
    ck_assert_int_eq(show("[{\"payload\":1e400}]"), 0);
    ck_assert_str_eq(noted, "id=null device_id=null payload=t1e400 at=null\n");
}
END_TEST

START_TEST(test_other_values_are_what_they_are)
{
    ck_assert_int_eq(show("[{\"id\":true,\"device_id\":false,"
                          "\"at\":9223372036854775807}]"),
                     0);
    ck_assert_str_eq(noted, "id=i1 device_id=i0 payload=null"
                            " at=i9223372036854775807\n");
    ck_assert_int_eq(show("[{\"id\":9223372036854775808,\"at\":{\"x\":1.0}}]"),
                     0);
    ck_assert_str_eq(noted, "id=r9.22337e+18 device_id=null payload=null"
                            " at=j{\"x\":1.0}\n");
}
END_TEST

START_TEST(test_what_is_no_answer_is_refused)
{
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "7",
        "\"text\"",
        "[7]",
        "[[]]",
        "[{}",
        "[{}}",
        "[{}] x",
        "[{} {}]",
        "[{},]",
        "[{\"id\"}]",
        "[{\"id\":}]",
        "[{\"id\":nope}]",
        "[{\"id\":1 \"at\":2}]",
        "[{id:1}]",
        "[{7:1}]",
        "[{\"id\":\"\\ud800\"}]",
        "[{\"id\":\"open}]",
        "[{\"id\":[1}]}]",
        "<html>",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(show(texts[i]) == -1, "taken: %s", texts[i]);
}
END_TEST

START_TEST(test_depth_has_a_limit)
{
    const char *open = support_repeat("[", SPAN_DEPTH_MAX);
    const char *close = support_repeat("]", SPAN_DEPTH_MAX);
    struct span value;
    const char *text = support_format("%s%s", open, close);

    ck_assert(span_value(text, strlen(text), &value));
    text = support_format("[%s%s]", open, close);
    ck_assert(!span_value(text, strlen(text), &value));
}
END_TEST

static int
end_at_once(void *userdata, const struct collector_row *row)
{
    (void)row;
    ++*(int *)userdata;
    return 7;
}

START_TEST(test_whoever_shows_can_end_it)
{
    static const char json[] = "[{\"id\":1},{\"id\":2}]";
    struct span value;
    int count = 0;

    ck_assert(span_value(json, sizeof(json) - 1, &value));
    ck_assert_int_eq(
        json_rows_show_array(value, names, NAME_COUNT, end_at_once, &count), 7);
    ck_assert_int_eq(count, 1);
}
END_TEST

static int
show_stats(const char *json)
{
    noted = "";
    return stats_row_show(json, strlen(json), rows_note, &noted);
}

START_TEST(test_stats_become_a_row)
{
    ck_assert_int_eq(
        show_stats("{\"ledger\":{\"accepted\":3,\"delivered\":2},\"uploader\":"
                   "{\"last_success_at\":0,\"failing_since\":5,\"sink\":"
                   "\"log\"},\"store\":{\"file_size\":4096}}"),
        0);
    ck_assert_contains(noted, "accepted=i3 delivered=i2 dead=null");
    ck_assert_contains(noted, "last_success_at=null failing_since=i5");
    ck_assert_contains(noted, "file_size=i4096 sink=tlog");
    ck_assert_int_eq(show_stats("{\"ledger\":{\"accepted\":\"3\"}}"), -1);
    ck_assert_int_eq(show_stats("[]"), -1);
    ck_assert_int_eq(show_stats("<html>"), -1);
    ck_assert_str_eq(noted, "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("json_rows");
    TCase *tcase = support_add_case(suite, "json_rows", NULL, NULL);

    tcase_add_test(tcase, test_members_are_columns_in_the_order_asked_for);
    tcase_add_test(tcase, test_payloads_are_as_they_were_sent);
    tcase_add_test(tcase, test_a_payload_that_is_no_json_is_a_text);
    tcase_add_test(tcase, test_other_values_are_what_they_are);
    tcase_add_test(tcase, test_what_is_no_answer_is_refused);
    tcase_add_test(tcase, test_depth_has_a_limit);
    tcase_add_test(tcase, test_whoever_shows_can_end_it);
    tcase_add_test(tcase, test_stats_become_a_row);
    return support_run_suite(suite);
}
