/* SPDX-License-Identifier: MIT */
/*
 * A histogram knows each duration to 1/64 of itself, and so each percentile;
 * the largest it knows exactly. Two that are merged are one.
 */
#include "support.h"

#include "histogram.h"

#include <stdlib.h>

#define COUNT 20000

/** Durations up to a minute, of all magnitudes. */
static uint64_t
make_duration(void)
{
    const uint64_t ns = ((uint64_t)rand() << 31 | (uint64_t)rand());

    return (ns % UINT64_C(60000000000)) >> (rand() % 36);
}

static int
compare(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a;
    const uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/** Assert that a percentile is what an array in order says, or up to 1/64
 *  more. */
static void
check_percentile(const struct histogram *histogram, const uint64_t *sorted,
                 size_t count, double percent)
{
    const double place = (double)count * percent / 100;
    size_t i = (size_t)place;
    double expected;
    double ms;

    if ((double)i == place && i > 0)
        i--; /* so many percent do not exceed it */
    expected = (double)sorted[i] / 1e6;
    ms = histogram_percentile_ms(histogram, percent);
    ck_assert_msg(ms >= expected && ms <= expected * (1 + 1.0 / 64) + 1e-6,
                  "%g%%: %g ms instead of %g", percent, ms, expected);
}

static void
check_all(const struct histogram *histogram, uint64_t *durations, size_t count)
{
    static const double percents[] = {0.1, 1, 25, 50, 90, 95, 99, 99.9};
    size_t i;

    qsort(durations, count, sizeof(durations[0]), compare);
    for (i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        check_percentile(histogram, durations, count, percents[i]);
    ck_assert_double_eq(histogram_percentile_ms(histogram, 100),
                        (double)durations[count - 1] / 1e6);
}

START_TEST(test_empty_one_has_no_durations)
{
    static const struct histogram empty;

    ck_assert_double_eq(histogram_percentile_ms(&empty, 50), 0);
    ck_assert_double_eq(histogram_percentile_ms(&empty, 100), 0);
}
END_TEST

START_TEST(test_percentiles_are_those_of_a_sorted_array)
{
    static struct histogram histogram;
    static uint64_t durations[COUNT];
    size_t i;

    srand(support_seed());
    for (i = 0; i < COUNT; i++) {
        durations[i] = make_duration();
        histogram_add(&histogram, durations[i]);
    }
    ck_assert_uint_eq(histogram.total, COUNT);
    check_all(&histogram, durations, COUNT);
}
END_TEST

START_TEST(test_merged_ones_are_like_one)
{
    static struct histogram halves[2];
    static uint64_t durations[COUNT];
    size_t i;

    srand(support_seed());
    for (i = 0; i < COUNT; i++) {
        durations[i] = make_duration();
        histogram_add(&halves[i % 3 == 0], durations[i]);
    }
    histogram_merge(&halves[0], &halves[1]);
    ck_assert_uint_eq(halves[0].total, COUNT);
    check_all(&halves[0], durations, COUNT);
}
END_TEST

/** Each power of two, what is below it, and what is above. */
START_TEST(test_every_magnitude_is_known_to_a_64th)
{
    const uint64_t ns = (UINT64_C(1) << (_i / 3)) + (uint64_t)(_i % 3) - 1;
    static struct histogram histogram;
    double ms;

    histogram_add(&histogram, ns);
    histogram_add(&histogram, UINT64_MAX); /* so that it is not the largest */
    ms = histogram_percentile_ms(&histogram, 50);
    ck_assert_double_ge(ms, (double)ns / 1e6);
    ck_assert_double_le(ms, (double)ns / 1e6 * (1 + 1.0 / 64));
    ck_assert_double_eq(histogram_percentile_ms(&histogram, 100),
                        (double)UINT64_MAX / 1e6);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tcase = tcase_create("percentiles");

    tcase_add_test(tcase, test_empty_one_has_no_durations);
    tcase_add_test(tcase, test_percentiles_are_those_of_a_sorted_array);
    tcase_add_test(tcase, test_merged_ones_are_like_one);
    tcase_add_loop_test(tcase, test_every_magnitude_is_known_to_a_64th, 0,
                        3 * 64);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
