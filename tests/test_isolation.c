/* SPDX-License-Identifier: MIT */
/*
 * The isolation promises to find the event that a receiver refuses with about
 * log2(n) requests, in order, and without offering again what was delivered; to
 * learn what a receiver can take at once; and to know how often an event was
 * sent.
 */
#include "support.h"

#include "isolation.h"

#include <collector/batch.h>

#define NORMAL_MAX 200

/** More requests than any of these tests needs. */
#define REQUEST_MAX 100000

/** A receiver, and where the uploader stands. */
struct world {
    struct collector__isolation isolation;
    int64_t settled_through;
    /** The only event that is refused by itself, with this status. */
    int64_t bad_id;
    bool bad_is_too_large;
    /** Events that are taken at once; 0 is no limit. */
    int64_t count_max;
    unsigned requests;
    /** How often the culprit was sent, from the first rejection on. */
    uint32_t bad_sent;
    unsigned dead;
};

/** Offer what the isolation wants to offer, of the events up to last_id. */
static void
step(struct world *world, int64_t last_id)
{
    const int64_t first = world->settled_through + 1;
    int64_t last = world->settled_through +
                   collector__isolation_limit(
                       &world->isolation, world->settled_through, NORMAL_MAX);
    bool bad;
    bool large;

    if (last > last_id)
        last = last_id;
    bad = first <= world->bad_id && world->bad_id <= last;
    large = world->count_max > 0 && last - first >= world->count_max;
    world->requests++;
    world->bad_sent += bad ? 1 : 0;
    if (!bad && !large) {
        collector__isolation_deliver(&world->isolation);
        world->settled_through = last;
        return;
    }
    collector__isolation_reject(&world->isolation, first, last,
                                large || world->bad_is_too_large);
    if (first == last) {
        ck_assert_int_eq(first, world->bad_id);
        ck_assert_uint_eq(
            collector__isolation_attempts(&world->isolation, first),
            world->bad_sent);
        world->settled_through = last;
        world->dead++;
    }
}

static void
run(struct world *world, int64_t last_id)
{
    while (world->settled_through < last_id) {
        ck_assert_uint_lt(world->requests, REQUEST_MAX);
        step(world, last_id);
    }
}

static uint32_t
limit(const struct world *world)
{
    return collector__isolation_limit(&world->isolation, world->settled_through,
                                      NORMAL_MAX);
}

static unsigned
log2_up(unsigned n)
{
    unsigned bits = 0;

    while ((1u << bits) < n)
        bits++;
    return bits;
}

START_TEST(test_nothing_wrong_means_the_normal_limit)
{
    struct world world = {.bad_id = 0};

    ck_assert_uint_eq(limit(&world), NORMAL_MAX);
    run(&world, 1000);
    ck_assert_uint_eq(world.requests, 5);
    ck_assert_uint_eq(collector__isolation_attempts(&world.isolation, 1001), 0);
}
END_TEST

START_TEST(test_any_culprit_is_found_with_few_requests)
{
    static const int64_t counts[] = {1, 2, 3, 4, 5, 7, 8, 64, 100, 199, 200};
    const int64_t count = counts[_i];
    int64_t bad_id;

    for (bad_id = 1; bad_id <= count; bad_id++) {
        struct world world = {.bad_id = bad_id};

        while (world.dead == 0)
            step(&world, count);
        ck_assert_uint_le(world.requests, 2 + log2_up((unsigned)count));
        ck_assert_uint_eq(limit(&world), NORMAL_MAX);
        run(&world, count);
        ck_assert_uint_le(world.requests, 3 + log2_up((unsigned)count));
    }
}
END_TEST

START_TEST(test_a_search_that_a_drop_has_overtaken_is_over)
{
    struct world world = {.bad_id = 7};

    step(&world, NORMAL_MAX);
    ck_assert_uint_eq(limit(&world), NORMAL_MAX / 2);
    world.settled_through = 150;
    ck_assert_uint_eq(limit(&world), 25);
    world.settled_through = 199;
    ck_assert_uint_eq(limit(&world), 1);
    world.settled_through = 200;
    ck_assert_uint_eq(limit(&world), NORMAL_MAX);
}
END_TEST

START_TEST(test_a_search_never_asks_for_more_than_normal)
{
    struct collector__isolation isolation = {.rejected_last = 100000};

    ck_assert_uint_eq(collector__isolation_limit(&isolation, 0, 10), 10);
    ck_assert_uint_eq(collector__isolation_limit(&isolation, 0, 1), 1);
    ck_assert_uint_eq(collector__isolation_limit(&isolation, 99999, 10), 1);
}
END_TEST

START_TEST(test_a_receiver_taken_for_broken_is_offered_one_event)
{
    struct world world = {.bad_id = 1};

    collector__isolation_probe(&world.isolation);
    ck_assert_uint_eq(limit(&world), 1);
    collector__isolation_reject(&world.isolation, 1, 1, false);
    collector__isolation_retry(&world.isolation, 1, 1);
    ck_assert_uint_eq(limit(&world), 1);
    world.settled_through = 1;
    ck_assert_uint_eq(limit(&world), 1);
    collector__isolation_deliver(&world.isolation);
    ck_assert_uint_eq(limit(&world), NORMAL_MAX);
}
END_TEST

START_TEST(test_too_large_a_batch_makes_later_ones_smaller)
{
    struct world world = {.bad_id = 0, .count_max = 60};

    run(&world, 4500);
    ck_assert_uint_eq(limit(&world), NORMAL_MAX / 4);
    /* 200 and 100 were too many; then all the rest in fifties. */
    ck_assert_uint_eq(world.requests, 2 + 4500 / (NORMAL_MAX / 4));
    ck_assert_uint_eq(world.dead, 0);
}
END_TEST

START_TEST(test_after_a_calm_twice_as_many_are_tried)
{
    struct world world = {.bad_id = 0, .count_max = 60};
    unsigned i;

    step(&world, INT64_MAX);
    step(&world, INT64_MAX);
    ck_assert_uint_eq(limit(&world), 50);
    ck_assert_int_eq(COLLECTOR_ISOLATION_CALM_MAX, 100);
    for (i = 0; i < COLLECTOR_ISOLATION_CALM_MAX - 1; i++)
        step(&world, INT64_MAX);
    ck_assert_uint_eq(limit(&world), 50);
    step(&world, INT64_MAX);
    ck_assert_uint_eq(limit(&world), 100);
    step(&world, INT64_MAX); /* still too many, and said at once */
    ck_assert_uint_eq(limit(&world), 50);
    world.count_max = 0;
    for (i = 0; i < 2 * COLLECTOR_ISOLATION_CALM_MAX; i++)
        step(&world, INT64_MAX);
    ck_assert_uint_eq(limit(&world), NORMAL_MAX);
    for (i = 0; i < 20 * COLLECTOR_ISOLATION_CALM_MAX; i++)
        step(&world, INT64_MAX);
    ck_assert_uint_eq(world.isolation.event_count_max, 0);
}
END_TEST

START_TEST(test_an_event_that_is_too_large_alone_shrinks_nothing)
{
    struct world world = {
        .bad_id = 77, .bad_is_too_large = true, .count_max = 0};

    run(&world, 1000);
    ck_assert_uint_eq(world.dead, 1);
    ck_assert_uint_eq(limit(&world), NORMAL_MAX);
    ck_assert_uint_le(world.requests, 2 * (2 + log2_up(NORMAL_MAX)) + 5);
}
END_TEST

START_TEST(test_an_event_that_is_too_large_leaves_an_older_limit)
{
    struct world world = {
        .bad_id = 333, .bad_is_too_large = true, .count_max = 60};

    run(&world, 1000);
    ck_assert_uint_eq(world.dead, 1);
    ck_assert_uint_eq(limit(&world), 50);
}
END_TEST

START_TEST(test_attempts_count_every_batch_that_held_the_event)
{
    struct collector__isolation isolation = {.rejected_last = 0};

    collector__isolation_retry(&isolation, 1, 8); /* nobody is suspected yet */
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 1), 0);
    collector__isolation_reject(&isolation, 1, 8, false);
    collector__isolation_reject(&isolation, 1, 4, false);
    collector__isolation_retry(&isolation, 1, 2);
    collector__isolation_retry(&isolation, 1, 2);
    collector__isolation_reject(&isolation, 1, 2, false);
    collector__isolation_reject(&isolation, 1, 1, false);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 1), 6);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 2), 5);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 3), 2);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 8), 1);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 9), 0);
    collector__isolation_reject(&isolation, 3, 10, false);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 3), 3);
    ck_assert_uint_eq(isolation.sent_count, 3);
}
END_TEST

START_TEST(test_attempts_are_remembered_up_to_a_limit)
{
    struct collector__isolation isolation = {.rejected_last = 0};
    int64_t last;

    for (last = 1000; last > 1000 - 2 * COLLECTOR_ISOLATION_SENT_MAX; last--)
        collector__isolation_reject(&isolation, 1, last, false);
    ck_assert_uint_eq(isolation.sent_count, COLLECTOR_ISOLATION_SENT_MAX);
    ck_assert_uint_eq(collector__isolation_attempts(&isolation, 1),
                      COLLECTOR_ISOLATION_SENT_MAX);
    ck_assert_int_ge(COLLECTOR_ISOLATION_SENT_MAX,
                     3 * (int)log2_up(COLLECTOR_BATCH_COUNT_MAX));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("isolation");
    TCase *search = tcase_create("search");
    TCase *size = tcase_create("size");
    TCase *attempts = tcase_create("attempts");

    tcase_add_test(search, test_nothing_wrong_means_the_normal_limit);
    tcase_add_loop_test(search, test_any_culprit_is_found_with_few_requests, 0,
                        11);
    tcase_add_test(search, test_a_search_that_a_drop_has_overtaken_is_over);
    tcase_add_test(search, test_a_search_never_asks_for_more_than_normal);
    tcase_add_test(search,
                   test_a_receiver_taken_for_broken_is_offered_one_event);
    suite_add_tcase(suite, search);
    tcase_add_test(size, test_too_large_a_batch_makes_later_ones_smaller);
    tcase_add_test(size, test_after_a_calm_twice_as_many_are_tried);
    tcase_add_test(size, test_an_event_that_is_too_large_alone_shrinks_nothing);
    tcase_add_test(size, test_an_event_that_is_too_large_leaves_an_older_limit);
    suite_add_tcase(suite, size);
    tcase_add_test(attempts,
                   test_attempts_count_every_batch_that_held_the_event);
    tcase_add_test(attempts, test_attempts_are_remembered_up_to_a_limit);
    suite_add_tcase(suite, attempts);
    return support_run_suite(suite);
}
