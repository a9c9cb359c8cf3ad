/* SPDX-License-Identifier: MIT */
/*
 * The limits of an open store can be changed: what is asked from then on obeys
 * the new ones, nothing that was kept is lost by it, and a change that is
 * refused changes nothing.
 */
#include "account.h"
#include "crew.h"
#include "harness.h"

#define MIB ((uint64_t)1024 * 1024)
#define THREAD_COUNT 6
#define ROUND_COUNT 60
#define RETAIN_MS 10000

static struct harness harness;

static void
teardown(void)
{
    harness_close(&harness);
}

static void
start(int mode)
{
    harness_prepare(&harness, mode);
    harness_open(&harness);
}

static void
reconfigure(void)
{
    ck_assert_ok(collector_store_reconfigure(harness.store, &harness.options));
}

START_TEST(test_the_backlog_may_grow_or_not)
{
    start(_i);
    (void)harness_append(&harness, 10);
    harness.options.backlog_max = 10;
    reconfigure();
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).backlog_max, 10);
    harness.options.backlog_max = 11;
    reconfigure();
    ck_assert_ok(harness_try(&harness, "k"));
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    harness.options.backlog_max = 0;
    reconfigure();
    ck_assert_ok(harness_try(&harness, "k"));
    harness_assert_contiguous(&harness, 12);
}
END_TEST

START_TEST(test_the_oldest_may_be_dropped_from_now_on)
{
    start(_i);
    harness.options.backlog_max = 5;
    reconfigure();
    (void)harness_append(&harness, 5);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    reconfigure();
    ck_assert_int_eq(harness_append(&harness, 2), 6);
    ck_assert_uint_eq(harness_stats(&harness).dropped, 2);
    ck_assert_int_eq(harness_stats(&harness).overflow,
                     COLLECTOR_OVERFLOW_DROP_OLDEST);
    account_assert_kept(harness.path);
}
END_TEST

/** Append until there is no room. @return How many events were kept. */
static uint64_t
fill_up(void)
{
    uint64_t count = 0;
    int rc;

    while ((rc = harness_fill(&harness, "d", 20, 1000)) == COLLECTOR_OK)
        count += 20;
    ck_assert_error(rc, COLLECTOR_ERR_FULL);
    return count;
}

START_TEST(test_the_file_may_grow_and_has_to_shrink)
{
    uint64_t first;
    uint64_t second;

    harness_prepare(&harness, _i);
    harness.options.size_max = 2 * MIB;
    harness_open(&harness);
    first = fill_up();
    ck_assert_int_le(harness_file_size(&harness), (int64_t)(2 * MIB));
    harness.options.size_max = 6 * MIB;
    reconfigure();
    second = fill_up();
    ck_assert_uint_gt(second, first);
    ck_assert_int_le(harness_file_size(&harness), (int64_t)(6 * MIB));
    harness.options.size_max = 2 * MIB;
    reconfigure();
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).pending, first + second);
    while (harness_deliver(&harness, 100) > 0)
        ck_assert_ok(collector_store_maintain(harness.store));
    (void)fill_up();
    ck_assert_eventually(collector_store_maintain(harness.store) ==
                             COLLECTOR_OK &&
                         harness_file_size(&harness) <= (int64_t)(2 * MIB));
    account_assert_kept(harness.path);
}
END_TEST

START_TEST(test_a_limit_may_be_taken_away)
{
    size_t i;

    harness_prepare(&harness, _i);
    harness.options.size_max = 1 * MIB;
    harness_open(&harness);
    (void)fill_up();
    harness.options.size_max = 0;
    reconfigure();
    for (i = 0; i < 100; i++)
        ck_assert_ok(harness_fill(&harness, "d", 20, 1000));
    ck_assert_int_gt(harness_file_size(&harness), (int64_t)MIB);
    ck_assert_uint_eq(harness_stats(&harness).size_max, 0);
}
END_TEST

START_TEST(test_what_was_delivered_goes_sooner)
{
    start(_i);
    (void)harness_append(&harness, 1000);
    (void)harness_deliver(&harness, 1000);
    support_clock_advance(&harness.clock, 2 * RETAIN_MS);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     1000);
    harness.options.retain_ms = RETAIN_MS;
    reconfigure();
    ck_assert_eventually(
        collector_store_maintain(harness.store) == COLLECTOR_OK &&
        harness_int(&harness, "SELECT count(*) FROM event_log") == 0);
}
END_TEST

START_TEST(test_dead_letters_may_be_fewer_or_all)
{
    start(_i);
    harness_bury_many(&harness, 50);
    harness.options.dead_letter_max = 20;
    reconfigure();
    ck_assert_eventually(collector_store_maintain(harness.store) ==
                             COLLECTOR_OK &&
                         harness_stats(&harness).dead_letter_count == 20);
    harness.options.dead_letter_max = 0;
    reconfigure();
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).dead_letter_count, 20);
}
END_TEST

START_TEST(test_other_options_stay_as_they_were)
{
    struct collector_store_options others;

    start(_i);
    others = harness.options;
    others.path = "/elsewhere";
    others.mode = COLLECTOR_MODE_SERIALIZED;
    others.durability = COLLECTOR_DURABILITY_FULL;
    others.indexed = true;
    others.backlog_max = 77;
    ck_assert_ok(collector_store_reconfigure(harness.store, &others));
    ck_assert_int_eq(harness_stats(&harness).mode, harness.options.mode);
    ck_assert_int_eq(harness_stats(&harness).durability,
                     harness.options.durability);
    ck_assert(!harness_stats(&harness).indexed);
    ck_assert_uint_eq(harness_stats(&harness).backlog_max, 77);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     1);
}
END_TEST

START_TEST(test_a_change_that_is_refused_changes_nothing)
{
    struct collector_store_options bad;

    start(_i);
    harness.options.backlog_max = 5;
    reconfigure();
    bad = harness.options;
    bad.backlog_max = 50;
    bad.size_max = 1000;
    ck_assert_error(collector_store_reconfigure(harness.store, &bad),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_reconfigure(harness.store, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_reconfigure(NULL, &harness.options),
                    COLLECTOR_ERR_INVALID);
    ck_assert_uint_eq(harness_stats(&harness).backlog_max, 5);
    ck_assert_uint_eq(harness_stats(&harness).size_max, 0);
}
END_TEST

/** The first changes, the second delivers, the others append. */
static void
work(void *userdata, size_t number)
{
    size_t i;
    int rc;

    (void)userdata;
    for (i = 0; i < ROUND_COUNT; i++) {
        if (number == 0) {
            struct collector_store_options options = harness.options;

            options.size_max = i % 4 * MIB;
            options.backlog_max = i % 3 * 200;
            options.dead_letter_max = i % 2;
            options.overflow = (enum collector_overflow)(i / 5 % 2);
            options.retain_ms = i % 7;
            ck_assert_ok(collector_store_reconfigure(harness.store, &options));
            support_pause();
        } else if (number == 1) {
            (void)harness_deliver(&harness, 50);
            ck_assert_ok(collector_store_maintain(harness.store));
        } else {
            rc = harness_fill(&harness, "d", 10, 500);
            ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_FULL ||
                      rc == COLLECTOR_ERR_BUSY);
        }
    }
}

START_TEST(test_changes_go_on_beside_everything_else)
{
    start(_i);
    crew_run(THREAD_COUNT, work, NULL);
    account_assert_kept(harness.path);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("reconfigure");
    TCase *limits = support_add_case(suite, "limits", NULL, teardown);

    tcase_add_loop_test(limits, test_the_backlog_may_grow_or_not, 0, 3);
    tcase_add_loop_test(limits, test_the_oldest_may_be_dropped_from_now_on, 0,
                        3);
    tcase_add_loop_test(limits, test_the_file_may_grow_and_has_to_shrink, 0, 3);
    tcase_add_loop_test(limits, test_a_limit_may_be_taken_away, 0, 3);
    tcase_add_loop_test(limits, test_what_was_delivered_goes_sooner, 0, 3);
    tcase_add_loop_test(limits, test_dead_letters_may_be_fewer_or_all, 0, 3);
    tcase_add_loop_test(limits, test_other_options_stay_as_they_were, 0, 3);
    tcase_add_loop_test(limits, test_a_change_that_is_refused_changes_nothing,
                        0, 3);
    tcase_add_loop_test(limits, test_changes_go_on_beside_everything_else, 0,
                        3);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
