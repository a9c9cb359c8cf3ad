/* SPDX-License-Identifier: MIT */
/*
 * An uploader promises that an event which the receiver refuses holds nobody
 * up: it is found and becomes a dead letter, and all others are delivered once
 * and in order.
 */
#include "account.h"
#include "receiver.h"

START_TEST(test_the_culprits_are_buried_and_all_others_delivered)
{
    receiver.bad_ids[0] = 7;
    receiver.bad_ids[1] = 8;
    receiver.bad_ids[2] = 77;
    receiver.bad_ids[3] = 299;
    fixture_append(&receiver.fixture, 300);
    receiver_drain_all();
    ck_assert_int_eq(receiver_dead_count(), 4);
    ck_assert_str_eq(support_sql_text(receiver.fixture.path,
                                      "SELECT group_concat(event_id) FROM"
                                      " (SELECT * FROM dead_letters"
                                      "   ORDER BY event_id)"),
                     "7,8,77,299");
    receiver_assert_arrived(300);
    ck_assert_uint_le(recorder_call_count(receiver.recorder), 4 * 9 + 3);
    ck_assert_uint_eq(
        support_log_count(receiver.fixture.log, "is a dead letter"), 4);
    ck_assert_uint_eq(support_log_count(receiver.fixture.log, "failed"), 0);
    ck_assert_int_eq(fixture_sql_int(&receiver.fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error'"),
                     0);
    ck_assert_uint_eq(receiver_stats().events, 296);
    ck_assert_uint_eq(receiver_stats().runs,
                      recorder_call_count(receiver.recorder));
    ck_assert(receiver_stats().healthy);
}
END_TEST

/** The search may take longer than a healthy cycle may. */
START_TEST(test_each_half_that_is_refused_is_a_cycle)
{
    receiver.bad_ids[0] = 1;
    fixture_append(&receiver.fixture, 2);
    support_clock_advance(&receiver.fixture.clock, 2 * COLLECTOR_STALL_MS);
    ck_assert(!receiver_stats().healthy);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_REJECTED);
    ck_assert_int_eq(receiver_dead_count(), 0);
    ck_assert(receiver_stats().healthy);
}
END_TEST

START_TEST(test_a_letter_says_how_often_its_event_was_sent)
{
    const struct recorder_event *event;
    int64_t sent[2] = {0, 0};
    size_t i;

    receiver.bad_ids[0] = 3;
    receiver.bad_ids[1] = 4;
    fixture_append(&receiver.fixture, 20);
    receiver_drain_all();
    for (i = 0; (event = recorder_event(receiver.recorder, i)) != NULL; i++)
        if (event->id == 3 || event->id == 4)
            sent[event->id - 3]++;
    ck_assert_int_gt(sent[1], sent[0]);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(
            fixture_sql_int(&receiver.fixture,
                            support_format("SELECT attempts FROM dead_letters"
                                           " WHERE event_id = %zu",
                                           i + 3)),
            sent[i]);
}
END_TEST

START_TEST(test_halving_needs_no_rest_and_is_counted)
{
    struct collector_drain result;

    receiver.bad_ids[0] = 1;
    fixture_append(&receiver.fixture, 2);
    result = receiver_drain();
    ck_assert_int_eq(result.result, COLLECTOR_REJECTED);
    ck_assert_uint_eq(result.wait_ms, 0);
    ck_assert_uint_eq(result.event_count, 0);
    ck_assert_uint_eq(fixture_pending(&receiver.fixture), 2);
    ck_assert_int_eq(receiver_dead_count(), 0);
    result = receiver_drain();
    ck_assert_int_eq(result.result, COLLECTOR_REJECTED);
    ck_assert_uint_eq(result.wait_ms, 0);
    ck_assert_int_eq(receiver_dead_count(), 1);
    ck_assert_uint_eq(receiver_stats().runs, 2);
    ck_assert_uint_eq(receiver_stats().failures, 2);
    ck_assert_uint_eq(receiver_stats().failures_in_a_row, 0);
    ck_assert_int_eq(receiver_stats().failing_since, 0);
    ck_assert_str_eq(receiver_stats().last_error, "");
    ck_assert_uint_eq(receiver_drain().event_count, 1);
    receiver_assert_arrived(2);
}
END_TEST

START_TEST(test_a_restart_in_the_middle_of_a_search_loses_nothing)
{
    int step;

    receiver.bad_ids[0] = 33;
    receiver.bad_ids[1] = 34;
    receiver.bad_ids[2] = 35;
    fixture_append(&receiver.fixture, 150);
    for (step = 0; step < 200 && fixture_pending(&receiver.fixture) > 0;
         step++) {
        (void)receiver_drain();
        if (step % 4 == 3)
            receiver_restart();
        account_assert(receiver.fixture.path);
    }
    receiver_drain_all();
    ck_assert_int_eq(receiver_dead_count(), 3);
    receiver_assert_arrived(150);
}
END_TEST

START_TEST(test_a_receiver_of_limited_size_gets_smaller_batches)
{
    size_t calls;

    receiver.size_max = 1000; /* a dozen of them */
    fixture_append(&receiver.fixture, 600);
    receiver_drain_all();
    ck_assert_int_eq(receiver_dead_count(), 0);
    receiver_assert_arrived(600);
    calls = recorder_call_count(receiver.recorder);
    ck_assert_uint_le(calls, 4 + 600 / 12);
    receiver.size_max = 0;
    fixture_append(&receiver.fixture, 1300);
    receiver_drain_all();
    fixture_append(&receiver.fixture, 100);
    calls = recorder_call_count(receiver.recorder);
    receiver_drain_all();
    ck_assert_uint_lt(recorder_call_count(receiver.recorder) - calls, 100 / 12);
    receiver_assert_arrived(2000);
}
END_TEST

START_TEST(test_an_event_too_large_for_the_receiver_is_dead)
{
    const char *large = support_format("\"%01000d\"", 7);

    receiver.size_max = 900;
    fixture_append(&receiver.fixture, 5);
    fixture_append_payload(&receiver.fixture, large);
    fixture_append(&receiver.fixture, 5);
    receiver_drain_all();
    ck_assert_int_eq(receiver_dead_count(), 1);
    ck_assert_str_eq(support_sql_text(receiver.fixture.path,
                                      "SELECT event_id || ' ' || status ||"
                                      " ' ' || reason FROM dead_letters"),
                     "6 413 HTTP 413");
    receiver_assert_arrived(11);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_poison");
    TCase *search = tcase_create("search");

    tcase_add_checked_fixture(search, receiver_setup, receiver_teardown);
    tcase_add_test(search,
                   test_the_culprits_are_buried_and_all_others_delivered);
    tcase_add_test(search, test_a_letter_says_how_often_its_event_was_sent);
    tcase_add_test(search, test_halving_needs_no_rest_and_is_counted);
    tcase_add_test(search, test_each_half_that_is_refused_is_a_cycle);
    tcase_add_test(search,
                   test_a_restart_in_the_middle_of_a_search_loses_nothing);
    tcase_add_test(search,
                   test_a_receiver_of_limited_size_gets_smaller_batches);
    tcase_add_test(search, test_an_event_too_large_for_the_receiver_is_dead);
    suite_add_tcase(suite, search);
    return support_run_suite(suite);
}
