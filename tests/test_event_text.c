/* SPDX-License-Identifier: MIT */
/*
 * A text of events promises to be taken whole or not at all: one object, one
 * array, or one object a line, with nothing behind it, within the limits of
 * count, size and depth. No input needs more stack than a small thread has.
 */
#include "event.h"
#include "support.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#define NOW INT64_C(1700000000000)
#define UNTOUCHED (-99)
#define EVENT "{\"device_id\":\"d\",\"kind\":\"k\"}"

/* Instrumented frames are several times larger than those that ship. */
#define STACK_SIZE (64 * 1024)
#define STACK_SIZE_INSTRUMENTED (512 * 1024)

static struct collector__event_list list;
static struct collector_problem problem;

static void
teardown(void)
{
    collector__event_list_clear(&list);
}

/** Parse a copy without a byte to spare. */
static int
parse(const char *text, size_t size, enum collector_json_form form)
{
    char *copy = malloc(size);
    int rc;

    ck_assert(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, text, size);
    collector__event_list_clear(&list);
    problem.index = UNTOUCHED;
    rc = collector__event_list_parse(copy, size, form, NOW, &list, &problem);
    free(copy);
    ck_assert((rc == COLLECTOR_OK) == (problem.index == UNTOUCHED));
    if (rc != COLLECTOR_OK)
        ck_assert_uint_eq(list.event_count, 0);
    return rc;
}

static int
parse_document(const char *text)
{
    return parse(text, strlen(text), COLLECTOR_JSON_DOCUMENT);
}

static int
parse_lines(const char *text)
{
    return parse(text, strlen(text), COLLECTOR_JSON_LINES);
}

static const struct {
    const char *text;
    size_t event_count;
} documents[] = {
    {EVENT, 1},         {" \t\r\n" EVENT "\r\n ", 1},
    {"[]", 0},          {" [ ] \n", 0},
    {"[" EVENT "]", 1}, {"[ " EVENT " , " EVENT "\n,\n" EVENT " ] ", 3},
};

START_TEST(test_a_document_is_an_object_or_an_array)
{
    ck_assert_ok(parse_document(documents[_i].text));
    ck_assert_uint_eq(list.event_count, documents[_i].event_count);
}
END_TEST

START_TEST(test_events_keep_the_order_of_the_array)
{
    ck_assert_ok(parse_document("[{\"device_id\":\"a\",\"kind\":\"x\"},"
                                "{\"device_id\":\"b\",\"kind\":\"y\"}]"));
    ck_assert_str_eq(list.events[0].device_id, "a");
    ck_assert_str_eq(list.events[1].device_id, "b");
    ck_assert_str_eq(list.events[1].kind, "y");
}
END_TEST

static const struct {
    const char *text;
    int64_t index;
} no_documents[] = {
    {"", -1},
    {" \r\n\t", -1},
    {"1", -1},
    {"null", -1},
    {"\"a\"", -1},
    {"device", -1},
    {"}", -1},
    {"]", -1},
    {"\xef\xbb\xbf" EVENT, -1},
    {EVENT "x", -1},
    {EVENT " " EVENT, -1},
    {EVENT "," EVENT, -1},
    {EVENT "]", -1},
    {EVENT "\n" EVENT "\n", -1},
    {"[] []", -1},
    {"[]]", -1},
    {"[" EVENT "] 1", -1},
    {"[" EVENT "]" EVENT, -1},
    {"[,]", 0},
    {"[," EVENT "]", 0},
    {"[1]", 0},
    {"[null]", 0},
    {"[\"a\"]", 0},
    {"[[]]", 0},
    {"[[" EVENT "]]", 0},
    {"[{}]", 0},
    {"[" EVENT ",]", 1},
    {"[" EVENT ",,]", 1},
    {"[" EVENT " " EVENT "]", 1},
    {"[" EVENT ",1]", 1},
    {"[" EVENT "," EVENT ",[]]", 2},
    {"[" EVENT "," EVENT "}", 2},
    {"[" EVENT, 1},
    {"[" EVENT ",", 1},
    {"[" EVENT ",{", 1},
    {"[", 0},
    {"{", 0},
};

START_TEST(test_what_is_no_document_is_refused)
{
    ck_assert_error(parse_document(no_documents[_i].text),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, no_documents[_i].index);
    ck_assert_str_ne(problem.text, "");
}
END_TEST

START_TEST(test_a_document_cut_anywhere_is_refused)
{
    static const char text[] =
        "[{\"device_id\":\"d\\\"\",\"kind\":\"k\",\"ts\":12,"
        "\"payload\":{\"a\":[1,\"}\\\\\"]}}," EVENT "]";
    size_t size;

    for (size = 0; size < strlen(text); size++)
        ck_assert_error(parse(text, size, COLLECTOR_JSON_DOCUMENT),
                        COLLECTOR_ERR_INVALID);
    ck_assert_ok(parse_document(text));
}
END_TEST

static const struct {
    const char *text;
    size_t event_count;
} lines[] = {
    {EVENT, 1},
    {EVENT "\n", 1},
    {EVENT "\n" EVENT, 2},
    {EVENT "\r\n" EVENT "\r\n", 2},
    {"\n\n" EVENT "\n \t\r\n\n" EVENT "\n\n", 2},
    {"  " EVENT " \t\n", 1},
    {"{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":\"a\\nb\"}\n", 1},
};

START_TEST(test_lines_are_one_event_each)
{
    ck_assert_ok(parse_lines(lines[_i].text));
    ck_assert_uint_eq(list.event_count, lines[_i].event_count);
}
END_TEST

static const struct {
    const char *text;
    int64_t index;
} no_lines[] = {
    {"", -1},
    {"\n\r\n  \n", -1},
    {EVENT EVENT "\n", 0},
    {EVENT " " EVENT "\n", 0},
    {EVENT "\n" EVENT "," EVENT "\n", 1},
    {EVENT "\n" EVENT " x", 1},
    {"[" EVENT "]\n", 0},
    {"[]", 0},
    {EVENT "\n1\n", 1},
    {EVENT "\n\n\n{\"device_id\":\"d\"}\n", 1},
    {"{\"device_id\":\"d\",\n\"kind\":\"k\"}\n", 0},
    {EVENT "\n" EVENT "\n{\"device_id\":\"d\",\"ki", 2},
    {EVENT "\n" EVENT "\n{", 2},
};

START_TEST(test_lines_against_the_rules_are_refused)
{
    ck_assert_error(parse_lines(no_lines[_i].text), COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, no_lines[_i].index);
    ck_assert_str_ne(problem.text, "");
}
END_TEST

START_TEST(test_a_truncated_last_line_is_refused_whole)
{
    static const char text[] = EVENT "\n" EVENT;
    const size_t first = strlen(EVENT "\n");
    size_t size;

    for (size = first + 1; size < strlen(text); size++) {
        ck_assert_error(parse(text, size, COLLECTOR_JSON_LINES),
                        COLLECTOR_ERR_INVALID);
        ck_assert_int_eq(problem.index, 1);
    }
}
END_TEST

START_TEST(test_10000_events_are_taken_and_10001_refused)
{
    char *text = support_repeat("," EVENT, 10001);
    const size_t size = strlen(text);

    ck_assert_int_eq(COLLECTOR_APPEND_COUNT_MAX, 10000);
    text[0] = '[';
    ck_assert_error(parse_document(support_format("%s]", text)),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_int_eq(problem.index, -1);
    ck_assert_str_eq(problem.text, "more than 10000 events");
    text[size - strlen("," EVENT)] = ']';
    ck_assert_ok(parse(text, size - strlen(EVENT), COLLECTOR_JSON_DOCUMENT));
    ck_assert_uint_eq(list.event_count, 10000);
}
END_TEST

START_TEST(test_10000_lines_are_taken_and_10001_refused)
{
    char *text = support_repeat("\n" EVENT "\n", 10001);
    const size_t size = strlen(text);

    ck_assert_error(parse(text, size, COLLECTOR_JSON_LINES),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_int_eq(problem.index, -1);
    ck_assert_ok(
        parse(text, size - strlen("\n" EVENT "\n"), COLLECTOR_JSON_LINES));
    ck_assert_uint_eq(list.event_count, 10000);
}
END_TEST

START_TEST(test_a_text_of_1_mib_is_taken_and_one_byte_more_refused)
{
    char *text = support_repeat(" ", 1024 * 1024 + 1);
    const size_t size = strlen(text);

    ck_assert_int_eq(COLLECTOR_APPEND_TEXT_SIZE_MAX, 1024 * 1024);
    memcpy(text + 1000, EVENT, strlen(EVENT));
    ck_assert_ok(parse(text, size - 1, COLLECTOR_JSON_DOCUMENT));
    ck_assert_uint_eq(list.event_count, 1);
    ck_assert_ok(parse(text, size - 1, COLLECTOR_JSON_LINES));
    ck_assert_error(parse(text, size, COLLECTOR_JSON_DOCUMENT),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_int_eq(problem.index, -1);
    ck_assert_error(parse(text, size, COLLECTOR_JSON_LINES),
                    COLLECTOR_ERR_TOO_BIG);
}
END_TEST

START_TEST(test_a_mib_of_empty_objects_is_refused_at_the_first)
{
    char *text = support_repeat("{},", 1024 * 1024 / 3);
    const size_t size = strlen(text);

    ck_assert_error(parse(text, size, COLLECTOR_JSON_DOCUMENT),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, 0);
    text = support_repeat(",{}", 1024 * 1024 / 3);
    text[0] = '[';
    ck_assert_error(parse(text, size, COLLECTOR_JSON_DOCUMENT),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, 0);
}
END_TEST

/** What a small thread does. */
struct job {
    const char *text;
    enum collector_json_form form;
    int rc;
};

static void *
run_job(void *userdata)
{
    struct job *job = userdata;

    problem.index = UNTOUCHED;
    job->rc = collector__event_list_parse(job->text, strlen(job->text),
                                          job->form, NOW, &list, &problem);
    return NULL;
}

/** The size wanted, or what the processor's threads have at least. */
static size_t
small_stack_size(void)
{
    const size_t size =
        support_is_sanitized() ? STACK_SIZE_INSTRUMENTED : STACK_SIZE;
    const size_t size_min = (size_t)PTHREAD_STACK_MIN;

    return size > size_min ? size : size_min;
}

static void
run_on_small_stack(void *(*run)(void *), void *userdata)
{
    pthread_attr_t attributes;
    pthread_t thread;

    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, small_stack_size()),
                     0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, run, userdata), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(pthread_attr_destroy(&attributes), 0);
}

/** Brackets so deep, closed again. */
static const char *
nested(const char *opening, const char *closing, size_t depth)
{
    return support_format("%s1%s", support_repeat(opening, depth),
                          support_repeat(closing, depth));
}

static int
parse_on_small_stack(const char *text, enum collector_json_form form)
{
    struct job job = {text, form, 1};

    collector__event_list_clear(&list);
    run_on_small_stack(run_job, &job);
    return job.rc;
}

static const char *const nesting_members[] = {"payload", "unknown", "ts"};

static const char *
deep_event(const char *member, size_t depth)
{
    return support_format("{\"device_id\":\"d\",\"kind\":\"k\",\"%s\":%s}",
                          member, nested("[", "]", depth));
}

START_TEST(test_depth_64_fits_a_small_stack)
{
    const char *objects = nested("{\"a\":", "}", 64);

    ck_assert_int_eq(COLLECTOR_PAYLOAD_DEPTH_MAX, 64);
    ck_assert_ok(parse_on_small_stack(deep_event("payload", 64),
                                      COLLECTOR_JSON_DOCUMENT));
    ck_assert_str_eq(list.events[0].payload, nested("[", "]", 64));
    ck_assert_ok(
        parse_on_small_stack(deep_event("unknown", 64), COLLECTOR_JSON_LINES));
    ck_assert_ok(parse_on_small_stack(
        support_format("[{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":%s}]",
                       objects),
        COLLECTOR_JSON_DOCUMENT));
    ck_assert_str_eq(list.events[0].payload, objects);
}
END_TEST

START_TEST(test_deeper_than_64_is_refused_on_a_small_stack)
{
    static const size_t depths[] = {65, 1000, 100000};
    const char *member = nesting_members[_i];
    size_t i;

    for (i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        ck_assert_error(parse_on_small_stack(deep_event(member, depths[i]),
                                             COLLECTOR_JSON_DOCUMENT),
                        COLLECTOR_ERR_INVALID);
        ck_assert_str_eq(problem.text, "JSON is nested deeper than 64 levels");
        ck_assert_error(parse_on_small_stack(deep_event(member, depths[i]),
                                             COLLECTOR_JSON_LINES),
                        COLLECTOR_ERR_INVALID);
    }
}
END_TEST

START_TEST(test_a_document_of_brackets_is_refused_on_a_small_stack)
{
    ck_assert_error(
        parse_on_small_stack(nested("[", "]", 100000), COLLECTOR_JSON_DOCUMENT),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(parse_on_small_stack(nested("{\"a\":", "}", 100000),
                                         COLLECTOR_JSON_DOCUMENT),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(
        parse_on_small_stack(nested("[", "", 100000), COLLECTOR_JSON_LINES),
        COLLECTOR_ERR_INVALID);
}
END_TEST

static void *
copy_deep_payload(void *userdata)
{
    struct job *job = userdata;
    const struct collector_event event = {"d", "k", job->text, 0};

    job->rc = collector__event_list_copy(&event, 1, NOW, &list, &problem);
    return NULL;
}

START_TEST(test_a_programs_payload_is_bounded_likewise)
{
    struct job fits = {nested("[", "]", 64), COLLECTOR_JSON_DOCUMENT, 1};
    struct job deep = {nested("[", "]", 65), COLLECTOR_JSON_DOCUMENT, 1};
    struct job abyss = {nested("[", "]", 100000), COLLECTOR_JSON_DOCUMENT, 1};

    run_on_small_stack(copy_deep_payload, &fits);
    ck_assert_ok(fits.rc);
    collector__event_list_clear(&list);
    run_on_small_stack(copy_deep_payload, &deep);
    ck_assert_error(deep.rc, COLLECTOR_ERR_INVALID);
    run_on_small_stack(copy_deep_payload, &abyss);
    ck_assert_error(abyss.rc, COLLECTOR_ERR_INVALID);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

#define PADDED "{\"device_id\":\"d\",\"kind\":\"k\",\"x\":\"%*s\"}"

START_TEST(test_members_beside_the_payload_are_bounded)
{
    const int around = (int)strlen(support_format(PADDED, 0, ""));
    const char *text =
        support_format(PADDED, COLLECTOR_EVENT_REST_SIZE_MAX - around, "");

    ck_assert_ok(parse(text, strlen(text), COLLECTOR_JSON_DOCUMENT));
    text =
        support_format(PADDED, COLLECTOR_EVENT_REST_SIZE_MAX - around + 1, "");
    ck_assert_error(parse(text, strlen(text), COLLECTOR_JSON_DOCUMENT),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_int_eq(problem.index, 0);
    ck_assert_contains(problem.text, "beside payload");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("event_text");
    TCase *document = tcase_create("document");
    TCase *ndjson = tcase_create("lines");
    TCase *limits = tcase_create("limits");

    tcase_add_checked_fixture(document, NULL, teardown);
    tcase_add_loop_test(document, test_a_document_is_an_object_or_an_array, 0,
                        ROWS(documents));
    tcase_add_test(document, test_events_keep_the_order_of_the_array);
    tcase_add_loop_test(document, test_what_is_no_document_is_refused, 0,
                        ROWS(no_documents));
    tcase_add_test(document, test_a_document_cut_anywhere_is_refused);
    suite_add_tcase(suite, document);
    tcase_add_checked_fixture(ndjson, NULL, teardown);
    tcase_add_loop_test(ndjson, test_lines_are_one_event_each, 0, ROWS(lines));
    tcase_add_loop_test(ndjson, test_lines_against_the_rules_are_refused, 0,
                        ROWS(no_lines));
    tcase_add_test(ndjson, test_a_truncated_last_line_is_refused_whole);
    suite_add_tcase(suite, ndjson);
    tcase_add_checked_fixture(limits, NULL, teardown);
    tcase_add_test(limits, test_10000_events_are_taken_and_10001_refused);
    tcase_add_test(limits, test_10000_lines_are_taken_and_10001_refused);
    tcase_add_test(limits,
                   test_a_text_of_1_mib_is_taken_and_one_byte_more_refused);
    tcase_add_test(limits, test_a_mib_of_empty_objects_is_refused_at_the_first);
    tcase_add_test(limits, test_depth_64_fits_a_small_stack);
    tcase_add_loop_test(limits, test_deeper_than_64_is_refused_on_a_small_stack,
                        0, ROWS(nesting_members));
    tcase_add_test(limits,
                   test_a_document_of_brackets_is_refused_on_a_small_stack);
    tcase_add_test(limits, test_a_programs_payload_is_bounded_likewise);
    tcase_add_test(limits, test_members_beside_the_payload_are_bounded);
    suite_add_tcase(suite, limits);
    return support_run_suite(suite);
}
