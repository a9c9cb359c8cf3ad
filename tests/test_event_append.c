/* SPDX-License-Identifier: MIT */
/*
 * An append promises all or nothing: a program's events are checked as strictly
 * as those from JSON, and one bad event keeps all of its append out of the
 * file. What is kept is what was given.
 */
#include "fixture.h"

#include <stdlib.h>

#define GOOD "{\"device_id\":\"d\",\"kind\":\"k\"}"

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

/** Nothing was stored, whoever looks, also after the next start. */
static void
check_empty(void)
{
    ck_assert_uint_eq(fixture_accepted(&fixture), 0);
    fixture_reopen(&fixture);
    ck_assert_uint_eq(fixture_accepted(&fixture), 0);
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT count(*) FROM event_log"), 0);
}

static int
append_one(const char *device_id, const char *kind, const char *payload,
           int64_t ts)
{
    const struct collector_event event = {device_id, kind, payload, ts};

    return collector_store_append(fixture.store, &event, 1, NULL, NULL);
}

START_TEST(test_what_is_appended_is_in_the_file)
{
    const struct collector_event events[] = {
        {"d\xc3\xa9\"", "k\n", " [ 21.4 , \" \" ] ", 5},
        {"d2", "k2", NULL, 0},
    };
    struct collector_receipt receipt;

    ck_assert_ok(
        collector_store_append(fixture.store, events, 2, NULL, &receipt));
    ck_assert_int_eq(receipt.first_id, 1);
    ck_assert_uint_eq(receipt.count, 2);
    ck_assert_int_eq(
        fixture_sql_int(&fixture,
                        "SELECT count(*) FROM event_log WHERE (id = 1"
                        " AND device_id = 'd\xc3\xa9\"'"
                        " AND kind = 'k' || char(10)"
                        " AND payload_json = '[21.4,\" \"]' AND ts = 5)"
                        " OR (id = 2 AND device_id = 'd2' AND kind = 'k2'"
                        " AND payload_json IS NULL AND ts = 1700000000000)"),
        2);
}
END_TEST

START_TEST(test_no_events_are_kept_without_an_id)
{
    struct collector_receipt receipt = {7, 7, false};

    ck_assert_ok(
        collector_store_append(fixture.store, NULL, 0, NULL, &receipt));
    ck_assert_int_eq(receipt.first_id, 0);
    ck_assert_uint_eq(receipt.count, 0);
    receipt.count = 7;
    ck_assert_ok(collector_store_append_json(
        fixture.store, "[]", 2, COLLECTOR_JSON_DOCUMENT, NULL, &receipt, NULL));
    ck_assert_uint_eq(receipt.count, 0);
    check_empty();
}
END_TEST

static const struct {
    struct collector_event event;
    int rc;
} refusals[] = {
    {{NULL, "k", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"d", NULL, NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"", "k", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"d", "", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"\xff", "k", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"d", "\xc0\x80", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k\xe2\x82", NULL, 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "\"\xff\"", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", " ", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "{", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "tru", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "plain", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "1 2", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "{} x", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "[1],", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "1}", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "[1,]", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "1e400", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "\"\\ud800\"", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "{\"\\u0000\":1}", 0}, COLLECTOR_ERR_INVALID},
    {{"d", "k", NULL, -1}, COLLECTOR_ERR_INVALID},
    {{"d", "k", "1", INT64_MIN}, COLLECTOR_ERR_INVALID},
};

START_TEST(test_a_programs_bad_event_keeps_the_good_ones_out)
{
    const struct collector_event events[] = {
        {"d", "k", "1", 0}, refusals[_i].event, {"d", "k", NULL, 0}};
    struct collector_receipt receipt = {77, 77, false};

    ck_assert_error(
        collector_store_append(fixture.store, events, 3, NULL, &receipt),
        refusals[_i].rc);
    ck_assert_int_eq(receipt.first_id, 77);
    ck_assert_uint_eq(receipt.count, 77);
    check_empty();
}
END_TEST

START_TEST(test_a_programs_names_and_payload_have_the_same_limits)
{
    const char *payload = support_format("\"%s\"", support_repeat("p", 65534));

    ck_assert_error(append_one(support_repeat("d", 257), "k", NULL, 0),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_error(append_one("d", support_repeat("k", 129), NULL, 0),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_error(
        append_one("d", "k",
                   support_format("\"%s\"", support_repeat("p", 65535)), 0),
        COLLECTOR_ERR_TOO_BIG);
    check_empty();
    ck_assert_ok(append_one(support_repeat("d", 256), support_repeat("k", 128),
                            payload, INT64_MAX));
    ck_assert_str_eq(
        support_sql_text(fixture.path, "SELECT payload_json FROM event_log"),
        payload);
}
END_TEST

START_TEST(test_10000_structs_are_taken_and_10001_refused)
{
    struct collector_event *events = support_alloc(10001 * sizeof(*events));
    struct collector_receipt receipt;
    size_t i;

    for (i = 0; i < 10001; i++) {
        events[i].device_id = "d";
        events[i].kind = "k";
    }
    ck_assert_error(
        collector_store_append(fixture.store, events, 10001, NULL, NULL),
        COLLECTOR_ERR_TOO_BIG);
    check_empty();
    ck_assert_ok(
        collector_store_append(fixture.store, events, 10000, NULL, &receipt));
    ck_assert_uint_eq(receipt.count, 10000);
}
END_TEST

START_TEST(test_texts_of_1_mib_are_taken_and_one_byte_more_refused)
{
    /* 16 × 64 KiB with their NULs, the last one cut to fit exactly. */
    struct collector_event events[16];
    const char *longest =
        support_format("\"%s\"", support_repeat("p", 65536 - 2 - 5));
    const char *longer =
        support_format("\"%s\"", support_repeat("p", 65536 - 2 - 4));
    size_t i;

    for (i = 0; i < 16; i++)
        events[i] = (struct collector_event){"d", "k", longest, 0};
    events[15].payload = longer;
    ck_assert_error(
        collector_store_append(fixture.store, events, 16, NULL, NULL),
        COLLECTOR_ERR_TOO_BIG);
    check_empty();
    events[15].payload = longest;
    ck_assert_ok(collector_store_append(fixture.store, events, 16, NULL, NULL));
}
END_TEST

static const struct {
    const char *text;
    enum collector_json_form form;
    int64_t index;
} bad_texts[] = {
    {"[" GOOD "," GOOD ",{\"device_id\":\"d\"}]", COLLECTOR_JSON_DOCUMENT, 2},
    {"[" GOOD "," GOOD "] x", COLLECTOR_JSON_DOCUMENT, -1},
    {"[" GOOD "," GOOD, COLLECTOR_JSON_DOCUMENT, 2},
    {GOOD "\n" GOOD "\n{\"device_id\":\"d\",", COLLECTOR_JSON_LINES, 2},
    {GOOD "\n" GOOD " " GOOD "\n", COLLECTOR_JSON_LINES, 1},
    {"", COLLECTOR_JSON_LINES, -1},
};

START_TEST(test_a_refused_text_stores_nothing)
{
    struct collector_receipt receipt = {77, 77, false};
    struct collector_problem problem = {-99, ""};

    ck_assert_error(collector_store_append_json(
                        fixture.store, bad_texts[_i].text,
                        strlen(bad_texts[_i].text), bad_texts[_i].form, NULL,
                        &receipt, &problem),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, bad_texts[_i].index);
    ck_assert_str_ne(problem.text, "");
    ck_assert_int_eq(receipt.first_id, 77);
    ck_assert_uint_eq(receipt.count, 77);
    check_empty();
}
END_TEST

START_TEST(test_a_good_text_is_in_the_file_and_names_no_problem)
{
    static const char text[] =
        "[{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":{ \"t\" : 21.40 }},"
        "{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":null}," GOOD "]";
    struct collector_problem problem = {-99, "untouched"};
    struct collector_receipt receipt;

    ck_assert_ok(collector_store_append_json(fixture.store, text, strlen(text),
                                             COLLECTOR_JSON_DOCUMENT, NULL,
                                             &receipt, &problem));
    ck_assert_int_eq(problem.index, -99);
    ck_assert_str_eq(problem.text, "untouched");
    ck_assert_int_eq(receipt.first_id, 1);
    ck_assert_uint_eq(receipt.count, 3);
    ck_assert_str_eq(support_sql_text(fixture.path,
                                      "SELECT group_concat(coalesce("
                                      "payload_json, 'none'), ' ')"
                                      " FROM event_log"),
                     "{\"t\":21.40} null none");
}
END_TEST

START_TEST(test_a_text_over_1_mib_stores_nothing)
{
    const size_t size = COLLECTOR_APPEND_TEXT_SIZE_MAX + 1;
    char *text = support_alloc(size);
    struct collector_problem problem = {-99, ""};

    memset(text, ' ', size);
    memcpy(text, GOOD, strlen(GOOD));
    ck_assert_error(collector_store_append_json(fixture.store, text, size,
                                                COLLECTOR_JSON_DOCUMENT, NULL,
                                                NULL, &problem),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_int_eq(problem.index, -1);
    check_empty();
    ck_assert_ok(collector_store_append_json(fixture.store, text, size - 1,
                                             COLLECTOR_JSON_DOCUMENT, NULL,
                                             NULL, NULL));
}
END_TEST

START_TEST(test_bad_arguments_are_refused)
{
    const struct collector_event event = {"d", "k", NULL, 0};
    struct collector_store *store = fixture.store;

    ck_assert_error(collector_store_append(NULL, &event, 1, NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_append(store, NULL, 1, NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_append_json(NULL, GOOD, strlen(GOOD),
                                                COLLECTOR_JSON_DOCUMENT, NULL,
                                                NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_append_json(store, NULL, 1,
                                                COLLECTOR_JSON_DOCUMENT, NULL,
                                                NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_append_json(
                        store, GOOD, strlen(GOOD),
                        (enum collector_json_form)(COLLECTOR_JSON_LINES + 1),
                        NULL, NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    check_empty();
}
END_TEST

START_TEST(test_no_text_at_all_is_an_empty_one)
{
    struct collector_problem problem = {7, ""};
    struct collector_problem of_empty = {7, ""};
    const enum collector_json_form form = (enum collector_json_form)_i;

    ck_assert_error(collector_store_append_json(fixture.store, NULL, 0, form,
                                                "key", NULL, &problem),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_append_json(fixture.store, "", 0, form,
                                                "key", NULL, &of_empty),
                    COLLECTOR_ERR_INVALID);
    ck_assert_str_eq(problem.text, of_empty.text);
    ck_assert_str_ne(problem.text, "bad argument");
    check_empty();
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("event_append");
    TCase *structs = tcase_create("structs");
    TCase *texts = tcase_create("texts");

    tcase_add_checked_fixture(structs, setup, teardown);
    tcase_add_test(structs, test_what_is_appended_is_in_the_file);
    tcase_add_test(structs, test_no_events_are_kept_without_an_id);
    tcase_add_loop_test(structs,
                        test_a_programs_bad_event_keeps_the_good_ones_out, 0,
                        ROWS(refusals));
    tcase_add_test(structs,
                   test_a_programs_names_and_payload_have_the_same_limits);
    tcase_add_test(structs, test_10000_structs_are_taken_and_10001_refused);
    tcase_add_test(structs,
                   test_texts_of_1_mib_are_taken_and_one_byte_more_refused);
    suite_add_tcase(suite, structs);
    tcase_add_checked_fixture(texts, setup, teardown);
    tcase_add_loop_test(texts, test_a_refused_text_stores_nothing, 0,
                        ROWS(bad_texts));
    tcase_add_test(texts, test_a_good_text_is_in_the_file_and_names_no_problem);
    tcase_add_test(texts, test_a_text_over_1_mib_stores_nothing);
    tcase_add_loop_test(texts, test_no_text_at_all_is_an_empty_one,
                        COLLECTOR_JSON_DOCUMENT, COLLECTOR_JSON_LINES + 1);
    tcase_add_test(texts, test_bad_arguments_are_refused);
    suite_add_tcase(suite, texts);
    return support_run_suite(suite);
}
