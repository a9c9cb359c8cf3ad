/* SPDX-License-Identifier: MIT */
/*
 * A query string promises to mean what it says or to be refused: no typo counts
 * as the absence of a parameter.
 */
#include "query.h"

#include "support.h"

#include <inttypes.h>

#define ID_COUNT_MAX 3

static int64_t after;
static int64_t ids[ID_COUNT_MAX];
static struct query_parameter parameters[2];
static struct problem problem;

static void
setup(void)
{
    parameters[0] = (struct query_parameter){
        .name = "after", .max = INT64_MAX, .numbers = &after, .count_max = 1};
    parameters[1] = (struct query_parameter){.name = "ids",
                                             .min = 1,
                                             .max = 1000,
                                             .numbers = ids,
                                             .count_max = ID_COUNT_MAX};
}

static int
read_query(const char *text)
{
    setup();
    return query_read(text, parameters, 2, &problem);
}

START_TEST(test_no_query_has_no_parameters)
{
    ck_assert_int_eq(read_query(NULL), 0);
    ck_assert_int_eq(read_query(""), 0);
    ck_assert_uint_eq(parameters[0].count, 0);
    ck_assert_uint_eq(parameters[1].count, 0);
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
    tcase_add_loop_test(tcase, test_anything_else_is_refused_in_words, 0,
                        sizeof(refused) / sizeof(refused[0]));
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
