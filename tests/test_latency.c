/* SPDX-License-Identifier: MIT */
/*
 * Each time is in the first bucket whose bound it does not exceed, bounds
 * rise, and what is counted is what was noted.
 */
#include "latency.h"

#include "support.h"

#include <stdlib.h>

static struct latency latency;

static uint64_t
count_all(void)
{
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < LATENCY_BUCKET_COUNT; i++)
        count += latency_count(&latency, i);
    return count;
}

START_TEST(test_bounds_rise_from_half_a_millisecond_to_ten_seconds)
{
    size_t i;

    ck_assert_str_eq(latency_bound(0), "0.0005");
    for (i = 1; i < LATENCY_BUCKET_COUNT - 1; i++)
        ck_assert(strtod(latency_bound(i - 1), NULL) <
                  strtod(latency_bound(i), NULL));
    ck_assert_str_eq(latency_bound(LATENCY_BUCKET_COUNT - 2), "10");
    ck_assert_str_eq(latency_bound(LATENCY_BUCKET_COUNT - 1), "+Inf");
}
END_TEST

START_TEST(test_a_bound_belongs_to_its_bucket)
{
    const size_t bucket = (size_t)_i;
    const uint64_t bound_ns =
        (uint64_t)(strtod(latency_bound(bucket), NULL) * 1e9 + 0.5);

    latency_note(&latency, bound_ns);
    ck_assert_uint_eq(latency_count(&latency, bucket), 1);
    latency_note(&latency, bound_ns + 1);
    ck_assert_uint_eq(latency_count(&latency, bucket), 1);
    ck_assert_uint_eq(latency_count(&latency, bucket + 1), 1);
    ck_assert_uint_eq(latency_sum_ns(&latency), 2 * bound_ns + 1);
    ck_assert_uint_eq(count_all(), 2);
}
END_TEST

START_TEST(test_nothing_is_too_long_or_too_short)
{
    latency_note(&latency, 0);
    ck_assert_uint_eq(latency_count(&latency, 0), 1);
    latency_note(&latency, UINT64_MAX);
    ck_assert_uint_eq(latency_count(&latency, LATENCY_BUCKET_COUNT - 1), 1);
}
END_TEST

START_TEST(test_time_since_a_moment_is_counted)
{
    const uint64_t began_ns = latency_now_ns();

    latency_note_since(&latency, began_ns - 3000000000);
    ck_assert_uint_ge(latency_sum_ns(&latency), 3000000000);
    ck_assert_uint_eq(count_all(), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("latency");
    TCase *buckets = support_add_case(suite, "buckets", NULL, NULL);

    tcase_add_test(buckets,
                   test_bounds_rise_from_half_a_millisecond_to_ten_seconds);
    tcase_add_loop_test(buckets, test_a_bound_belongs_to_its_bucket, 0,
                        LATENCY_BUCKET_COUNT - 1);
    tcase_add_test(buckets, test_nothing_is_too_long_or_too_short);
    tcase_add_test(buckets, test_time_since_a_moment_is_counted);
    return support_run_suite(suite);
}
