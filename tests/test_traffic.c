/* SPDX-License-Identifier: MIT */
/*
 * Answers are counted by route and status, each once and in one place, and the
 * table has a row and a column for what is in no other.
 */
#include "traffic.h"

#include "routes.h"
#include "support.h"

static struct traffic traffic;

static uint64_t
count_of(unsigned route, const char *text)
{
    size_t code;

    for (code = 0; code < TRAFFIC_CODE_COUNT; code++) {
        if (strcmp(traffic_code(code), text) == 0)
            return traffic_count(&traffic, route, code);
    }
    ck_abort_msg("%s has no column", text);
    return 0;
}

START_TEST(test_each_status_has_its_column)
{
    static const int statuses[] = {200, 400, 401, 403, 404, 405, 408, 411, 413,
                                   415, 417, 422, 429, 431, 500, 501, 503, 505};
    size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        traffic_note(&traffic, 3, statuses[i]);
        ck_assert_uint_eq(count_of(3, support_format("%d", statuses[i])), 1);
        ck_assert_uint_eq(count_of(3, "other"), 0);
        ck_assert_uint_eq(count_of(2, support_format("%d", statuses[i])), 0);
    }
}
END_TEST

START_TEST(test_any_other_status_shares_one)
{
    traffic_note(&traffic, 0, 0);
    traffic_note(&traffic, 0, 299);
    traffic_note(&traffic, 0, -1);
    ck_assert_uint_eq(count_of(0, "other"), 3);
}
END_TEST

START_TEST(test_each_route_has_a_name_of_its_own)
{
    const char *names[TRAFFIC_ROUTE_COUNT_MAX];
    const char *path = NULL;
    const char *method = NULL;
    unsigned count = 0;
    unsigned i;

    while (routes_name(count, &path, &method)) {
        ck_assert_uint_lt(count, TRAFFIC_ROUTE_COUNT_MAX);
        names[count] = support_format("%s %s", method, path);
        for (i = 0; i < count; i++)
            ck_assert_str_ne(names[i], names[count]);
        count++;
    }
    ck_assert_uint_gt(count, 5);
    ck_assert_str_eq(names[0], "other other");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("traffic");
    TCase *table = support_add_case(suite, "table", NULL, NULL);

    tcase_add_test(table, test_each_status_has_its_column);
    tcase_add_test(table, test_any_other_status_shares_one);
    tcase_add_test(table, test_each_route_has_a_name_of_its_own);
    return support_run_suite(suite);
}
