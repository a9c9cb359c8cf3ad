/* SPDX-License-Identifier: MIT */
/*
 * A query string promises to mean what it says or to be refused: no typo counts
 * as the absence of a parameter.
 */
#include "query.h"

#include "support.h"

#include <inttypes.h>

#define ID_COUNT_MAX 3
#define TEXT_SIZE_MAX 16

static const char *const orders[] = {"oldest", "newest", NULL};

static int64_t after;
static int64_t ids[ID_COUNT_MAX];
static int64_t order;
static char device_id[TEXT_SIZE_MAX + 1];
static struct query_parameter parameters[4];
static struct problem problem;

static void
setup(void)
{
    parameters[0] = query_number("after", 0, INT64_MAX, &after);
    parameters[1] = (struct query_parameter){.name = "ids",
                                             .min = 1,
                                             .max = 1000,
                                             .numbers = ids,
                                             .count_max = ID_COUNT_MAX};
    parameters[2] = query_word("order", orders, &order);
    parameters[3] = query_text("device_id", device_id, sizeof(device_id));
}

static int
read_query(const char *text)
{
    setup();
    return query_read(text, parameters, 4, &problem);
}

START_TEST(test_no_query_has_no_parameters)
{
    ck_assert_int_eq(read_query(NULL), 0);
    ck_assert_int_eq(read_query(""), 0);
    ck_assert_uint_eq(parameters[0].count, 0);
    ck_assert_uint_eq(parameters[1].count, 0);
    ck_assert_uint_eq(parameters[2].count, 0);
    ck_assert_uint_eq(parameters[3].count, 0);
}
END_TEST

START_TEST(test_numbers_are_read)
{
    ck_assert_int_eq(read_query("after=7"), 0);
    ck_assert_uint_eq(parameters[0].count, 1);
    ck_assert_int_eq(after, 7);
    ck_assert_uint_eq(parameters[1].count, 0);
    ck_assert_int_eq(read_query("ids=1000&after=0"), 0);
    ck_assert_int_eq(after, 0);
    ck_assert_int_eq(ids[0], 1000);
    ck_assert_int_eq(read_query("after=9223372036854775807"), 0);
    ck_assert_int_eq(after, INT64_MAX);
}
END_TEST

START_TEST(test_list_is_read_with_either_comma)
{
    static const char *const lists[] = {"ids=7,77,1", "ids=7%2C77%2c1",
                                        "after=1&ids=7,77%2C1"};

    ck_assert_int_eq(read_query(lists[_i]), 0);
    ck_assert_uint_eq(parameters[1].count, 3);
    ck_assert_int_eq(ids[0], 7);
    ck_assert_int_eq(ids[1], 77);
    ck_assert_int_eq(ids[2], 1);
}
END_TEST

START_TEST(test_word_is_read_as_its_place)
{
    order = 7;
    ck_assert_int_eq(read_query("order=oldest"), 0);
    ck_assert_uint_eq(parameters[2].count, 1);
    ck_assert_int_eq(order, 0);
    ck_assert_int_eq(read_query("after=1&order=newest"), 0);
    ck_assert_int_eq(order, 1);
}
END_TEST

/** A text as it is sent, and as it is meant. */
static const struct {
    const char *query;
    const char *text;
} texts[] = {
    {"device_id=a", "a"},
    {"device_id=a+b%20c", "a b c"},
    {"device_id=%2B%25%26%3d=", "+%&=="},
    {"device_id=%C3%a4\xC3\xA4", "\xC3\xA4\xC3\xA4"},
    {"device_id=%0A%01%7f", "\n\x01\x7F"},
    {"device_id=0123456789abcdef&after=1", "0123456789abcdef"},
    {"after=1&device_id=%30%31%32%33%34%35%36%37%38%39abcdef",
     "0123456789abcdef"},
};

START_TEST(test_text_is_decoded)
{
    ck_assert_int_eq(read_query(texts[_i].query), 0);
    ck_assert_uint_eq(parameters[3].count, 1);
    ck_assert_str_eq(device_id, texts[_i].text);
}
END_TEST

static const struct {
    const char *text;
    const char *problem;
} refused[] = {
    {"limit=7", "\"limit\""},
    {"=7", "no parameter"},
    {"afte=7", "\"afte\""},
    {"after7", "\"after7\""},
    {"After=7", "\"After\""},
    {"after", "after: expected a value"},
    {"after=", "after"},
    {"after=x", "\"x\""},
    {"after=-1", "\"-1\""},
    {"after=+1", "\"+1\""},
    {"after=%31", "\"%31\""},
    {"after=1.5", "\"1.5\""},
    {"after= 1", "\" 1\""},
    {"after=0x10", "\"0x10\""},
    {"after=9223372036854775808", "after"},
    {"after=99999999999999999999999999", "after"},
    {"after=1,2", "at most 1 number"},
    {"after=1&after=1", "after is there twice"},
    {"after=1&", "no parameter"},
    {"&after=1", "no parameter"},
    {"after=1&&ids=1", "no parameter"},
    {"after=1;ids=1", "\"1;ids=1\""},
    {"ids=0", "from 1 to 1000"},
    {"ids=1001", "from 1 to 1000"},
    {"ids=1,", "\"\""},
    {"ids=,1", "\"\""},
    {"ids=1,,2", "\"\""},
    {"ids=1%2", "\"1%2\""},
    {"ids=1,2,3,4", "at most 3 numbers"},
    {"ids=1&ids=2", "ids is there twice"},
    {"order", "order: expected a value"},
    {"order=", "oldest or newest instead of \"\""},
    {"order=old", "\"old\""},
    {"order=oldestx", "\"oldestx\""},
    {"order=Oldest", "\"Oldest\""},
    {"order=ol%64est", "\"ol%64est\""},
    {"order=oldest,newest", "oldest or newest"},
    {"order=oldest&order=oldest", "order is there twice"},
    {"device_id", "device_id: expected a value"},
    {"device_id=", "device_id: expected a value"},
    {"device_id=%", "two hexadecimal digits"},
    {"device_id=%4", "two hexadecimal digits"},
    {"device_id=%4&after=1", "two hexadecimal digits"},
    {"device_id=%g1", "two hexadecimal digits"},
    {"device_id=%1g", "two hexadecimal digits"},
    {"device_id=%%41", "two hexadecimal digits"},
    {"device_id=%u0041", "two hexadecimal digits"},
    {"device_id=%-1", "two hexadecimal digits"},
    {"device_id=%00", "NUL"},
    {"device_id=a%00b", "NUL"},
    {"device_id=%ff", "UTF-8"},
    {"device_id=%C3", "UTF-8"},
    {"device_id=%C0%AF", "UTF-8"},
    {"device_id=%ED%A0%80", "UTF-8"},
    {"device_id=\xC3", "UTF-8"},
    {"device_id=0123456789abcdefg", "at most 16 bytes"},
    {"device_id=0123456789abcde%C3%A4", "at most 16 bytes"},
    {"device_id=a&device_id=a", "device_id is there twice"},
    {"device%5Fid=a", "\"device%5Fid\""},
};

START_TEST(test_anything_else_is_refused_in_words)
{
    ck_assert_int_eq(read_query(refused[_i].text), -1);
    ck_assert_contains(problem.text, refused[_i].problem);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("query");
    TCase *tcase = tcase_create("read");

    tcase_add_test(tcase, test_no_query_has_no_parameters);
    tcase_add_test(tcase, test_numbers_are_read);
    tcase_add_loop_test(tcase, test_list_is_read_with_either_comma, 0, 3);
    tcase_add_test(tcase, test_word_is_read_as_its_place);
    tcase_add_loop_test(tcase, test_text_is_decoded, 0,
                        sizeof(texts) / sizeof(texts[0]));
    tcase_add_loop_test(tcase, test_anything_else_is_refused_in_words, 0,
                        sizeof(refused) / sizeof(refused[0]));
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
