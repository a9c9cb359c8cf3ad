/* SPDX-License-Identifier: MIT */
/*
 * A rate promises that over any span of time no more goes out than it allows
 * and one second's worth, whatever the clock does and however large the numbers
 * are; and that it gives all of that.
 */
#include "rate.h"
#include "support.h"

#include <stdlib.h>

static struct collector__rate rate;

static void
setup(void)
{
    memset(&rate, 0, sizeof(rate));
}

/** How long until so many may go, at a rate and a time. */
static uint32_t
wait_ms(uint64_t per_s, int64_t now_ms, uint64_t amount)
{
    collector__rate_refill(&rate, per_s, now_ms);
    return collector__rate_wait_ms(&rate, amount);
}

/** Take so many, which have to be there. */
static void
take(uint64_t per_s, int64_t now_ms, uint64_t amount)
{
    ck_assert_uint_eq(wait_ms(per_s, now_ms, amount), 0);
    collector__rate_take(&rate, amount);
}

START_TEST(test_no_rate_never_waits)
{
    int i;

    for (i = 0; i < 10; i++)
        take(0, 5, UINT64_MAX);
    take(100, 5, 100); /* and leaves no debt */
}
END_TEST

START_TEST(test_a_burst_is_one_second_s_worth)
{
    take(100, 1000, 60);
    take(100, 1000, 40);
    ck_assert_uint_eq(wait_ms(100, 1000, 1), 10);
    ck_assert_uint_eq(wait_ms(100, 1009, 1), 1);
    take(100, 1010, 1);
    /* However long nothing went. */
    take(100, 1000000, 100);
    ck_assert_uint_eq(wait_ms(100, 1000000, 100), 1000);
}
END_TEST

START_TEST(test_what_is_larger_than_a_burst_goes_as_debt)
{
    take(100, 0, 1);
    ck_assert_uint_eq(wait_ms(100, 0, 350), 10); /* once it is full */
    take(100, 10, 350);
    ck_assert_uint_eq(wait_ms(100, 10, 1), 2510);
    ck_assert_uint_eq(wait_ms(100, 2519, 1), 1);
    take(100, 2520, 1);
}
END_TEST

START_TEST(test_a_wait_is_never_too_short)
{
    /* 3 a second: one takes 333.3 ms. */
    take(3, 0, 3);
    ck_assert_uint_eq(wait_ms(3, 0, 1), 334);
    ck_assert_uint_eq(wait_ms(3, 333, 1), 1);
    take(3, 334, 1);
}
END_TEST

START_TEST(test_a_clock_that_goes_back_gives_nothing)
{
    take(100, 5000, 100);
    ck_assert_uint_eq(wait_ms(100, 1000, 1), 10);
    ck_assert_uint_eq(wait_ms(100, 0, 1), 10);
    ck_assert_uint_eq(wait_ms(100, -5000, 1), 10);
    take(100, -4990, 1);
    ck_assert_uint_eq(wait_ms(100, -4990, 100), 1000);
}
END_TEST

START_TEST(test_a_clock_that_jumps_ahead_gives_a_burst)
{
    take(100, INT64_MIN, 100);
    take(100, INT64_MAX, 100);
    ck_assert_uint_eq(wait_ms(100, INT64_MAX, 1), 10);
}
END_TEST

START_TEST(test_another_rate_takes_the_level_along)
{
    take(100, 0, 100);
    ck_assert_uint_eq(wait_ms(1000, 0, 1), 1);
    ck_assert_uint_eq(wait_ms(10, 0, 1), 100);
    ck_assert_uint_eq(wait_ms(1000, 1000, 1000), 0); /* full */
    ck_assert_uint_eq(wait_ms(10, 1000, 10), 0);
    ck_assert_uint_eq(wait_ms(1000, 1000, 1000), 990); /* it was cut */
}
END_TEST

START_TEST(test_the_largest_numbers_do_not_overflow)
{
    int i;

    take(UINT64_MAX, 0, COLLECTOR_RATE_MAX);
    ck_assert_uint_eq(wait_ms(UINT64_MAX, 0, COLLECTOR_RATE_MAX), 1000);
    take(UINT64_MAX, 1000, UINT64_MAX);
    ck_assert_uint_eq(wait_ms(UINT64_MAX, 1000, 1), 999001);
    for (i = 0; i < 100; i++)
        collector__rate_take(&rate, UINT64_MAX);
    ck_assert_uint_gt(wait_ms(1, 1000, 1), 1000000000);
    ck_assert_uint_gt(wait_ms(UINT64_MAX, 1000, UINT64_MAX), 1000000);
}
END_TEST

/** What went by when, as the promise is about any span of it. */
#define SENT_MAX 400
static struct {
    int64_t at_ms;
    uint64_t amount;
} sent[SENT_MAX];

/** No span of time has more than its share and one burst. */
static void
check_spans(size_t count, uint64_t per_s)
{
    size_t first;
    size_t last;

    for (first = 0; first < count; first++) {
        uint64_t amount = 0;

        for (last = first; last < count; last++) {
            const uint64_t span_ms =
                (uint64_t)(sent[last].at_ms - sent[first].at_ms);

            amount += sent[last].amount;
            ck_assert_uint_le(amount * 1000, (span_ms + 1000) * per_s);
        }
    }
}

START_TEST(test_no_span_of_time_has_more_than_its_share)
{
    const uint64_t per_s = 7 + (uint64_t)_i * 91;
    int64_t now_ms = 0;
    uint64_t total = 0;
    size_t count;

    srand(support_seed());
    for (count = 0; count < SENT_MAX; count++) {
        const uint64_t amount = 1 + (uint64_t)rand() % per_s;

        now_ms += rand() % 300;
        now_ms += wait_ms(per_s, now_ms, amount);
        take(per_s, now_ms, amount);
        sent[count].at_ms = now_ms;
        sent[count].amount = amount;
        total += amount;
    }
    check_spans(count, per_s);
    /* And that share is given, but for what nobody asked for. */
    ck_assert_uint_ge(total * 1000 + SENT_MAX * 300 * per_s,
                      (uint64_t)now_ms * per_s);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("rate");
    TCase *tcase = support_add_case(suite, "rate", setup, NULL);

    tcase_add_test(tcase, test_no_rate_never_waits);
    tcase_add_test(tcase, test_a_burst_is_one_second_s_worth);
    tcase_add_test(tcase, test_what_is_larger_than_a_burst_goes_as_debt);
    tcase_add_test(tcase, test_a_wait_is_never_too_short);
    tcase_add_test(tcase, test_a_clock_that_goes_back_gives_nothing);
    tcase_add_test(tcase, test_a_clock_that_jumps_ahead_gives_a_burst);
    tcase_add_test(tcase, test_another_rate_takes_the_level_along);
    tcase_add_test(tcase, test_the_largest_numbers_do_not_overflow);
    tcase_add_loop_test(tcase, test_no_span_of_time_has_more_than_its_share, 0,
                        5);
    return support_run_suite(suite);
}
