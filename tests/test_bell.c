/* SPDX-License-Identifier: MIT */
/*
 * A bell wakes all who sleep on it, and nobody sleeps through a ring that came
 * after he had asked for the count.
 */
#include "bell.h"
#include "crew.h"

#define THREAD_COUNT 20

START_TEST(test_a_ring_before_the_sleep_is_not_missed)
{
    struct collector__bell bell = {0};
    const uint32_t count = collector__bell_count(&bell);

    collector__bell_ring(&bell);
    collector__bell_wait(&bell, count); /* or it never ends */
    ck_assert_uint_ne(collector__bell_count(&bell), count);
}
END_TEST

/** Threads that sleep on one bell. */
struct sleepers {
    struct collector__bell bell;
    _Atomic size_t ready_count;
};

/** Sleep until it has rung; the last one to come rings. */
static void
sleep_or_ring(void *userdata, size_t number)
{
    struct sleepers *sleepers = userdata;
    const uint32_t count = 0;

    (void)number;
    if (atomic_fetch_add(&sleepers->ready_count, 1) + 1 == THREAD_COUNT) {
        collector__bell_ring(&sleepers->bell);
        return;
    }
    while (collector__bell_count(&sleepers->bell) == count)
        collector__bell_wait(&sleepers->bell, count);
}

START_TEST(test_one_ring_wakes_all)
{
    int i;

    for (i = 0; i < 100; i++) {
        struct sleepers sleepers = {.ready_count = 0};

        crew_run(THREAD_COUNT, sleep_or_ring, &sleepers);
        ck_assert_uint_eq(collector__bell_count(&sleepers.bell), 1);
    }
}
END_TEST

START_TEST(test_the_count_may_start_again)
{
    struct collector__bell bell = {UINT32_MAX};

    collector__bell_ring(&bell);
    ck_assert_uint_eq(collector__bell_count(&bell), 0);
    collector__bell_wait(&bell, UINT32_MAX);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("bell");
    TCase *tcase = support_add_case(suite, "bell", NULL, NULL);

    tcase_add_test(tcase, test_a_ring_before_the_sleep_is_not_missed);
    tcase_add_test(tcase, test_one_ring_wakes_all);
    tcase_add_test(tcase, test_the_count_may_start_again);
    return support_run_suite(suite);
}
