/* SPDX-License-Identifier: MIT */
/*
 * A leader lets others go first only where they come back at once: not when he
 * is alone, and seldom when other programs use the processor.
 */
#include "gather.h"
#include "support.h"

#define SLOW (COLLECTOR_GATHER_US_MAX + 1)

/** How many groups are led until it is worth it again. */
static uint32_t
groups_until_worth(struct collector__gather *gather)
{
    uint32_t count = 0;

    while (!collector__gather_is_worth(gather)) {
        count++;
        ck_assert_uint_le(count, COLLECTOR_GATHER_SKIP_MAX);
    }
    return count;
}

START_TEST(test_whoever_appends_alone_never_waits)
{
    struct collector__gather gather = {.count = 0};

    ck_assert(!collector__gather_is_worth(&gather));
    gather.count = 1;
    ck_assert(!collector__gather_is_worth(&gather));
    gather.count = 2;
    ck_assert(collector__gather_is_worth(&gather));
    gather.count = 1;
    ck_assert(!collector__gather_is_worth(&gather));
}
END_TEST

START_TEST(test_it_goes_on_while_it_is_quick)
{
    struct collector__gather gather = {.count = 50};
    int i;

    for (i = 0; i < 10; i++) {
        ck_assert(collector__gather_is_worth(&gather));
        collector__gather_note(&gather, COLLECTOR_GATHER_US_MAX);
    }
}
END_TEST

START_TEST(test_it_is_left_alone_for_longer_each_time_it_is_slow)
{
    struct collector__gather gather = {.count = 50};
    uint32_t expected;

    for (expected = COLLECTOR_GATHER_SKIP_MIN;
         expected < COLLECTOR_GATHER_SKIP_MAX; expected *= 2) {
        collector__gather_note(&gather, SLOW);
        ck_assert_uint_eq(groups_until_worth(&gather), expected);
    }
    collector__gather_note(&gather, SLOW);
    ck_assert_uint_eq(groups_until_worth(&gather), COLLECTOR_GATHER_SKIP_MAX);
    collector__gather_note(&gather, SLOW);
    ck_assert_uint_eq(groups_until_worth(&gather), COLLECTOR_GATHER_SKIP_MAX);
}
END_TEST

START_TEST(test_a_quick_one_forgives)
{
    struct collector__gather gather = {.count = 50};

    collector__gather_note(&gather, SLOW);
    (void)groups_until_worth(&gather);
    collector__gather_note(&gather, SLOW);
    (void)groups_until_worth(&gather);
    collector__gather_note(&gather, 1);
    ck_assert(collector__gather_is_worth(&gather));
    collector__gather_note(&gather, SLOW);
    ck_assert_uint_eq(groups_until_worth(&gather), COLLECTOR_GATHER_SKIP_MIN);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gather");
    TCase *tcase = support_add_case(suite, "gather", NULL, NULL);

    tcase_add_test(tcase, test_whoever_appends_alone_never_waits);
    tcase_add_test(tcase, test_it_goes_on_while_it_is_quick);
    tcase_add_test(tcase,
                   test_it_is_left_alone_for_longer_each_time_it_is_slow);
    tcase_add_test(tcase, test_a_quick_one_forgives);
    return support_run_suite(suite);
}
