/* SPDX-License-Identifier: MIT */
/*
 * The age of the backlog is told when both clocks have been set, and never
 * made up.
 */
#include "status.h"

#include "support.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static struct collector_store_stats stats;

static void
setup(void)
{
    memset(&stats, 0, sizeof(stats));
    stats.pending = 1;
}

/** The age of an event that was stamped then; -1 when it isn't known. */
static int64_t
age_of(int64_t ts, int64_t now_ms)
{
    uint64_t age_ms = 4711;

    stats.oldest_pending_ts = ts;
    if (status_backlog_age(&stats, now_ms, &age_ms))
        return (int64_t)age_ms;
    ck_assert_uint_eq(age_ms, 4711);
    return -1;
}

START_TEST(test_age_is_the_time_since_the_stamp)
{
    ck_assert_int_eq(age_of(NOW_MS - 1500, NOW_MS), 1500);
    ck_assert_int_eq(age_of(NOW_MS, NOW_MS), 0);
}
END_TEST

START_TEST(test_a_stamp_from_the_future_has_no_age_yet)
{
    ck_assert_int_eq(age_of(NOW_MS + 1, NOW_MS), 0);
    ck_assert_int_eq(age_of(INT64_MAX, NOW_MS), 0);
}
END_TEST

START_TEST(test_nothing_is_known_of_a_clock_that_was_not_set)
{
    ck_assert_int_eq(age_of(1, NOW_MS), -1);     /* nobody knew the time */
    ck_assert_int_eq(age_of(90000, NOW_MS), -1); /* booted in 1970 */
    ck_assert_int_eq(age_of(1, 90000), -1);
    ck_assert_int_eq(age_of(NOW_MS, 90000), -1); /* ours was set back */
    ck_assert_int_eq(age_of(NOW_MS - 1, -1), -1);
}
END_TEST

START_TEST(test_an_empty_backlog_is_not_old)
{
    stats.pending = 0;
    ck_assert_int_eq(age_of(0, NOW_MS), 0);
    ck_assert_int_eq(age_of(0, 90000), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("status");
    TCase *age = support_add_case(suite, "age", setup, NULL);

    tcase_add_test(age, test_age_is_the_time_since_the_stamp);
    tcase_add_test(age, test_a_stamp_from_the_future_has_no_age_yet);
    tcase_add_test(age, test_nothing_is_known_of_a_clock_that_was_not_set);
    tcase_add_test(age, test_an_empty_backlog_is_not_old);
    return support_run_suite(suite);
}
