/* SPDX-License-Identifier: MIT */
/*
 * A forecast says when a level reaches its limit if the last minute goes on. It
 * keeps quiet where that minute has no direction: a backlog that is filled and
 * drained all the time must not ring anybody out of bed.
 */
#include "support.h"

#include "forecast.h"

#define STEP COLLECTOR_FORECAST_STEP_MS
#define WINDOW COLLECTOR_FORECAST_WINDOW_MS

static struct collector__forecast forecast;

static void
setup(void)
{
    memset(&forecast, 0, sizeof(forecast));
}

/** Add so many samples, a step apart, along a line. */
static void
add_line(int64_t start_ms, uint64_t level, int64_t per_step, int count)
{
    int i;

    for (i = 0; i < count; i++)
        collector__forecast_add(&forecast, start_ms + i * STEP,
                                level + (uint64_t)(i * per_step));
}

/** Assert that it is within a hundredth of this. */
static void
assert_about(uint64_t ms, uint64_t expected)
{
    ck_assert_uint_ge(ms, expected - expected / 100);
    ck_assert_uint_le(ms, expected + expected / 100);
}

START_TEST(test_steady_rise_ends_when_the_line_says)
{
    add_line(5000, 1000, 10, 61); /* 1600 by now */
    assert_about(collector__forecast_ms(&forecast, 2600), 100 * STEP);
    assert_about(collector__forecast_ms(&forecast, 1610), STEP);
}
END_TEST

START_TEST(test_fall_and_rest_come_to_nothing)
{
    add_line(0, 100000, -10, 61);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 200000), 0);
    setup();
    add_line(0, 77, 0, 61);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 78), 0);
}
END_TEST

START_TEST(test_no_limit_and_a_limit_that_was_reached_are_no_news)
{
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 10), 0);
    add_line(0, 0, 10, 61);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 0), 0);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 600), 0);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 599), 0);
    ck_assert_uint_gt(collector__forecast_ms(&forecast, 601), 0);
}
END_TEST

START_TEST(test_it_waits_until_there_is_a_trend)
{
    const int count = COLLECTOR_FORECAST_SPAN_MS_MIN / STEP;

    add_line(0, 0, 10, count);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 1000), 0);
    collector__forecast_add(&forecast, count * STEP, (uint64_t)count * 10);
    ck_assert_uint_gt(collector__forecast_ms(&forecast, 1000), 0);

    /* Long enough, but two samples make any line. */
    setup();
    collector__forecast_add(&forecast, 0, 0);
    collector__forecast_add(&forecast, WINDOW, 500);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 1000), 0);
}
END_TEST

START_TEST(test_only_the_last_minute_counts)
{
    add_line(0, 0, 1000, 100);          /* a flood */
    add_line(100 * STEP, 99000, 1, 61); /* then a trickle */
    assert_about(collector__forecast_ms(&forecast, 99160), 100 * STEP);

    /* After a gap there is nothing to go by. */
    collector__forecast_add(&forecast, 1000 * STEP, 99100);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 99160), 0);
}
END_TEST

START_TEST(test_frequent_calls_keep_a_sample_a_second)
{
    int i;

    for (i = 0; i <= 100 * WINDOW / STEP; i++)
        collector__forecast_add(&forecast, i * STEP / 100, (uint64_t)i);
    ck_assert_uint_eq(forecast.count, COLLECTOR_FORECAST_COUNT);
    /* 6000 by now, 100 a second: what was added last counts from there. */
    assert_about(collector__forecast_ms(&forecast, 7000), 10 * STEP);
    collector__forecast_add(&forecast, WINDOW + 1, 6500);
    assert_about(collector__forecast_ms(&forecast, 7000), 5 * STEP);
}
END_TEST

/** A tooth: up over most of its period, and down over the rest. */
static uint64_t
tooth(int64_t at_ms, int64_t period_ms, int64_t height)
{
    const int64_t rise_ms = period_ms * 4 / 5;
    const int64_t phase = at_ms % period_ms;

    if (phase < rise_ms)
        return (uint64_t)(height * phase / rise_ms);
    return (uint64_t)(height * (period_ms - phase) / (period_ms - rise_ms));
}

START_TEST(test_saw_that_goes_nowhere_is_no_alarm)
{
    static const int64_t periods[] = {700,   1000,  1900,  5000,
                                      12300, 20000, 29000, 30000};
    const int64_t period_ms = periods[_i];
    int64_t now;
    int64_t offset;

    /* Whatever part of a tooth the window begins and ends with. */
    for (offset = 0; offset < period_ms; offset += period_ms / 20) {
        setup();
        for (now = 0; now <= WINDOW; now += STEP)
            collector__forecast_add(&forecast, now,
                                    tooth(now + offset, period_ms, 1000));
        ck_assert_uint_eq(collector__forecast_ms(&forecast, 1001), 0);
    }
}
END_TEST

START_TEST(test_saw_that_climbs_is_seen)
{
    int64_t now;

    for (now = 0; now <= WINDOW; now += STEP)
        collector__forecast_add(&forecast, now,
                                (uint64_t)now / 10 + tooth(now, 7000, 1000));
    /* 6000 a minute; where in a tooth it stands now makes 1000 of 60000. */
    ck_assert_uint_gt(collector__forecast_ms(&forecast, 66000), 580 * 1000);
    ck_assert_uint_lt(collector__forecast_ms(&forecast, 66000), 620 * 1000);
}
END_TEST

START_TEST(test_bursts_count_for_what_they_bring)
{
    int64_t now;

    /* 600 at once, every ten seconds. */
    for (now = 0; now <= WINDOW; now += STEP)
        collector__forecast_add(&forecast, now,
                                (uint64_t)(now / (10 * STEP)) * 600);
    ck_assert_uint_gt(collector__forecast_ms(&forecast, 9600), 90 * 1000);
    ck_assert_uint_lt(collector__forecast_ms(&forecast, 9600), 110 * 1000);
}
END_TEST

START_TEST(test_clock_that_stands_still_or_goes_back_does_no_harm)
{
    int i;

    for (i = 0; i < 1000; i++)
        collector__forecast_add(&forecast, 5000, (uint64_t)i);
    ck_assert_uint_eq(forecast.count, 1);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 10000), 0);

    add_line(5000, 0, 10, 61);
    collector__forecast_add(&forecast, 0, 1000);
    ck_assert_uint_eq(forecast.count, 1);
    add_line(0, 1000, 10, 61);
    assert_about(collector__forecast_ms(&forecast, 2600), 100 * STEP);
}
END_TEST

START_TEST(test_the_largest_numbers_do_not_overflow)
{
    int i;

    for (i = 0; i <= 60; i++)
        collector__forecast_add(&forecast, i * STEP,
                                UINT64_MAX - 1000000 + (uint64_t)i * 1000);
    assert_about(collector__forecast_ms(&forecast, UINT64_MAX), 940 * STEP);

    /* From nothing to everything, as far as that goes. */
    setup();
    for (i = 0; i <= 60; i++)
        collector__forecast_add(&forecast, i * STEP,
                                UINT64_MAX / 61 * (uint64_t)i);
    assert_about(collector__forecast_ms(&forecast, UINT64_MAX), STEP);

    /* One more in a minute: for longer than there are milliseconds. */
    setup();
    add_line(0, 0, 0, 30);
    add_line(30 * STEP, 1, 0, 30);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, UINT64_MAX),
                      COLLECTOR_FORECAST_MS_MAX);
}
END_TEST

START_TEST(test_the_nearest_answer_is_a_millisecond)
{
    int i;

    for (i = 0; i <= 60; i++)
        collector__forecast_add(&forecast, i * STEP, (uint64_t)i * 1000000);
    ck_assert_uint_eq(collector__forecast_ms(&forecast, 60000001), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("forecast");
    TCase *trend = tcase_create("trend");
    TCase *saw = tcase_create("saw");
    TCase *limits = tcase_create("limits");

    tcase_add_checked_fixture(trend, setup, NULL);
    tcase_add_test(trend, test_steady_rise_ends_when_the_line_says);
    tcase_add_test(trend, test_fall_and_rest_come_to_nothing);
    tcase_add_test(trend,
                   test_no_limit_and_a_limit_that_was_reached_are_no_news);
    tcase_add_test(trend, test_it_waits_until_there_is_a_trend);
    tcase_add_test(trend, test_only_the_last_minute_counts);
    tcase_add_test(trend, test_frequent_calls_keep_a_sample_a_second);
    suite_add_tcase(suite, trend);
    tcase_add_checked_fixture(saw, setup, NULL);
    tcase_add_loop_test(saw, test_saw_that_goes_nowhere_is_no_alarm, 0, 8);
    tcase_add_test(saw, test_saw_that_climbs_is_seen);
    tcase_add_test(saw, test_bursts_count_for_what_they_bring);
    suite_add_tcase(suite, saw);
    tcase_add_checked_fixture(limits, setup, NULL);
    tcase_add_test(limits,
                   test_clock_that_stands_still_or_goes_back_does_no_harm);
    tcase_add_test(limits, test_the_largest_numbers_do_not_overflow);
    tcase_add_test(limits, test_the_nearest_answer_is_a_millisecond);
    suite_add_tcase(suite, limits);
    return support_run_suite(suite);
}
