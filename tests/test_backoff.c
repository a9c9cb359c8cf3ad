/* SPDX-License-Identifier: MIT */
/*
 * The backoff promises a rest that is drawn evenly from 0 to a ceiling, which
 * doubles with every failure and never passes the maximum.
 */
#include "backoff.h"
#include "random.h"
#include "support.h"

#define BASE_MS 1000
#define MAX_MS 300000

static const struct collector__backoff backoff = {BASE_MS, MAX_MS};
static const struct collector__random kernel = {NULL, NULL};

/** The ceiling, told in another way than the engine does. */
static uint32_t
ceiling_ms(uint32_t failures)
{
    return failures > 9 ? MAX_MS : (uint32_t)BASE_MS << (failures - 1);
}

START_TEST(test_no_failure_means_no_rest)
{
    ck_assert_uint_eq(collector__backoff_ms(&backoff, 0, 0), 0);
    ck_assert_uint_eq(collector__backoff_ms(&backoff, 0, UINT64_MAX), 0);
}
END_TEST

START_TEST(test_the_lowest_draw_is_no_rest)
{
    uint32_t failures;

    for (failures = 1; failures <= 40; failures++)
        ck_assert_uint_eq(collector__backoff_ms(&backoff, failures, 0), 0);
}
END_TEST

START_TEST(test_the_highest_draw_is_the_ceiling)
{
    uint32_t failures;
    uint64_t ceiling;

    for (failures = 1; failures <= 40; failures++) {
        ceiling = ceiling_ms(failures);
        ck_assert_uint_eq(collector__backoff_ms(&backoff, failures, ceiling),
                          ceiling);
        ck_assert_uint_eq(
            collector__backoff_ms(&backoff, failures, ceiling + 1), 0);
    }
}
END_TEST

START_TEST(test_no_draw_passes_the_ceiling)
{
    uint32_t failures;
    int i;

    for (failures = 1; failures <= 40; failures++) {
        ck_assert_uint_le(collector__backoff_ms(&backoff, failures, UINT64_MAX),
                          ceiling_ms(failures));
        for (i = 0; i < 100; i++)
            ck_assert_uint_le(collector__backoff_ms(&backoff, failures,
                                                    collector__random(&kernel)),
                              ceiling_ms(failures));
    }
}
END_TEST

START_TEST(test_a_base_above_the_maximum_is_cut)
{
    const struct collector__backoff high = {5000, 70};

    ck_assert_uint_eq(collector__backoff_ms(&high, 1, 70), 70);
    ck_assert_uint_eq(collector__backoff_ms(&high, 1, 71), 0);
    ck_assert_uint_le(collector__backoff_ms(&high, 40, UINT64_MAX), 70);
}
END_TEST

START_TEST(test_the_largest_numbers_do_not_overflow)
{
    const struct collector__backoff largest = {UINT32_MAX, UINT32_MAX};
    const struct collector__backoff smallest = {1, UINT32_MAX};

    ck_assert_uint_eq(collector__backoff_ms(&largest, 1, UINT32_MAX),
                      UINT32_MAX);
    ck_assert_uint_eq(collector__backoff_ms(&largest, UINT32_MAX, UINT32_MAX),
                      UINT32_MAX);
    ck_assert_uint_eq(collector__backoff_ms(&largest, 2, UINT64_C(0x100000000)),
                      0);
    ck_assert_uint_eq(collector__backoff_ms(&smallest, 32, 0x80000000u),
                      0x80000000u);
    ck_assert_uint_eq(collector__backoff_ms(&smallest, 33, UINT32_MAX),
                      UINT32_MAX);
    ck_assert_uint_eq(collector__backoff_ms(&smallest, UINT32_MAX, UINT32_MAX),
                      UINT32_MAX);
}
END_TEST

START_TEST(test_draws_are_spread_evenly)
{
    enum { PARTS = 10, DRAWS = 20000 };
    unsigned counts[PARTS] = {0};
    int i;

    for (i = 0; i < DRAWS; i++)
        counts[collector__backoff_ms(&backoff, 5, collector__random(&kernel)) *
               PARTS / (ceiling_ms(5) + 1)]++;
    /* 2000 each; 400 off is more than nine standard deviations. */
    for (i = 0; i < PARTS; i++) {
        ck_assert_uint_gt(counts[i], 1600);
        ck_assert_uint_lt(counts[i], 2400);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("backoff");
    TCase *rest = tcase_create("rest");

    tcase_add_test(rest, test_no_failure_means_no_rest);
    tcase_add_test(rest, test_the_lowest_draw_is_no_rest);
    tcase_add_test(rest, test_the_highest_draw_is_the_ceiling);
    tcase_add_test(rest, test_no_draw_passes_the_ceiling);
    tcase_add_test(rest, test_a_base_above_the_maximum_is_cut);
    tcase_add_test(rest, test_the_largest_numbers_do_not_overflow);
    tcase_add_test(rest, test_draws_are_spread_evenly);
    suite_add_tcase(suite, rest);
    return support_run_suite(suite);
}
