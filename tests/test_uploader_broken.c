/* SPDX-License-Identifier: MIT */
/*
 * When nothing is taken any more it is the receiver that is broken: an uploader
 * promises to bury no more events for that, to rest, and to notice when it is
 * over. A search for a bad event goes on through outages, drops and changes of
 * the file.
 */
#include "account.h"
#include "receiver.h"
#include "store.h"

#define BREAK_MARK                                                             \
    "CREATE TRIGGER no_mark BEFORE UPDATE OF settled_through ON state"         \
    " BEGIN SELECT RAISE(FAIL, 'x'); END"
#define MEND_MARK "DROP TRIGGER no_mark"

START_TEST(test_an_endpoint_that_refuses_everything_is_broken)
{
    struct collector_drain result;
    size_t calls;
    int i;

    receiver.broken = true;
    fixture_append(&receiver.fixture, 300);
    (void)receiver_drain_until_rest();
    ck_assert_int_eq(receiver_dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert_str_eq(receiver_stats().last_error,
                     "HTTP 400; 10 events in a row were rejected: the endpoint "
                     "is taken for broken");
    ck_assert(!receiver_stats().healthy);
    calls = recorder_call_count(receiver.recorder);
    for (i = 0; i < 20; i++) {
        result = receiver_drain();
        if (result.wait_ms > 0)
            support_clock_advance(&receiver.fixture.clock, result.wait_ms);
        ck_assert_int_eq(result.result, COLLECTOR_RETRY);
    }
    ck_assert_uint_gt(recorder_call_count(receiver.recorder), calls);
    for (; calls < recorder_call_count(receiver.recorder); calls++)
        ck_assert_int_eq(
            recorder_event(receiver.recorder,
                           recorder_event_count(receiver.recorder) - 1)
                ->id,
            11);
    ck_assert_int_eq(receiver_dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert_int_eq(fixture_sql_int(&receiver.fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error' AND first_id = 11"
                                     "  AND last_id = 11"),
                     1);
    receiver.broken = false;
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(receiver_drain().event_count, 1);
    ck_assert_uint_eq(receiver_drain().event_count, 100);
    receiver_drain_all();
    receiver_assert_arrived(300);
    ck_assert_int_eq(receiver_dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert(receiver_stats().healthy);
}
END_TEST

START_TEST(test_a_broken_endpoint_stays_broken_over_a_restart)
{
    receiver.broken = true;
    fixture_append(&receiver.fixture, 100);
    (void)receiver_drain_until_rest();
    receiver_restart();
    (void)receiver_drain_until_rest();
    ck_assert_int_eq(receiver_dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    receiver.broken = false;
    receiver_restart();
    receiver_drain_all();
    receiver_assert_arrived(100);
}
END_TEST

START_TEST(test_an_outage_in_the_middle_of_a_search_is_waited_for)
{
    const struct recorder_answer busy = {
        .result = COLLECTOR_RETRY, .status = 503, .error = "HTTP 503"};

    receiver.bad_ids[0] = 2;
    fixture_append(&receiver.fixture, 8);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_REJECTED);
    recorder_script(receiver.recorder, busy);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_RETRY);
    ck_assert_int_eq(receiver_stats().failing_since,
                     receiver.fixture.clock.wall_ms);
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    receiver_drain_all();
    ck_assert_int_eq(receiver_stats().failing_since, 0);
    ck_assert_int_eq(receiver_dead_count(), 1);
    ck_assert_int_eq(/* among 8, 4 and again 4, 2, and alone */
                     fixture_sql_int(&receiver.fixture,
                                     "SELECT attempts FROM dead_letters"),
                     5);
    receiver_assert_arrived(8);
}
END_TEST

START_TEST(test_failing_since_is_the_first_failure_in_a_row)
{
    const struct recorder_answer busy = {.result = COLLECTOR_RETRY};
    const int64_t since = receiver.fixture.clock.wall_ms;
    int i;

    fixture_append(&receiver.fixture, 1);
    for (i = 0; i < 3; i++) {
        recorder_script(receiver.recorder, busy);
        ck_assert_int_eq(receiver_drain().result, COLLECTOR_RETRY);
        support_clock_advance(&receiver.fixture.clock,
                              COLLECTOR_RETRY_AFTER_MS_MAX);
        ck_assert_int_eq(receiver_stats().failing_since, since);
    }
    ck_assert_uint_eq(receiver_drain().event_count, 1);
    ck_assert_int_eq(receiver_stats().failing_since, 0);
}
END_TEST

START_TEST(test_a_burial_that_cant_be_written_is_tried_again)
{
    support_log_expect_errors(receiver.fixture.log);
    receiver.bad_ids[0] = 1;
    fixture_append(&receiver.fixture, 2);
    support_sql_exec(receiver.fixture.path, BREAK_MARK);
    (void)receiver_drain_until_rest();
    ck_assert_int_eq(receiver_dead_count(), 0);
    ck_assert_uint_eq(fixture_pending(&receiver.fixture), 2);
    support_sql_exec(receiver.fixture.path, MEND_MARK);
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    receiver_drain_all();
    ck_assert_int_eq(receiver_dead_count(), 1);
    receiver_assert_arrived(2);
}
END_TEST

/** Settle events as dropped from outside, while nobody looks. */
static void
drop_through(int64_t last_id)
{
    support_sql_exec(
        receiver.fixture.path,
        support_format(
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            "  status, first_id, last_id, attempts) SELECT 1, 1,"
            "  %jd - settled_through, 'dropped', settled_through + 1, %jd, 1"
            "  FROM state;"
            "UPDATE state SET dropped = dropped + %jd - settled_through,"
            "  settled_through = %jd;"
            "DELETE FROM event_log WHERE id <= %jd",
            (intmax_t)last_id, (intmax_t)last_id, (intmax_t)last_id,
            (intmax_t)last_id, (intmax_t)last_id));
    fixture_append_payload(&receiver.fixture,
                           "0"); /* whose commit finds it out */
}

START_TEST(test_what_was_dropped_during_a_rest_is_not_sent)
{
    const struct recorder_answer busy = {.result = COLLECTOR_RETRY};
    const size_t offered = 10;

    fixture_append(&receiver.fixture, offered);
    recorder_script(receiver.recorder, busy);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_RETRY);
    drop_through(4);
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(receiver_drain().event_count, 7);
    ck_assert_int_eq(recorder_event(receiver.recorder, offered)->id, 5);
    account_assert(receiver.fixture.path);
}
END_TEST

START_TEST(test_a_broken_endpoint_is_offered_one_event_also_after_a_drop)
{
    size_t offered;

    receiver.broken = true;
    fixture_append(&receiver.fixture, 50);
    (void)receiver_drain_until_rest();
    drop_through(20);
    offered = recorder_event_count(receiver.recorder);
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_RETRY);
    ck_assert_uint_eq(recorder_event_count(receiver.recorder), offered + 1);
    ck_assert_int_eq(recorder_event(receiver.recorder, offered)->id, 21);
}
END_TEST

/** What the receiver says to a batch whose file is gone by then. */
static const struct recorder_answer answers[] = {
    {.result = COLLECTOR_RETRY},
    {.result = COLLECTOR_REJECTED},
    {.result = COLLECTOR_DELIVERED}};

/** Give the store another name, like a file that takes over while it runs. */
static void
rename_collector(void)
{
    struct collector_store *store = receiver.fixture.store;

    (void)pthread_rwlock_wrlock(&store->files);
    store->collector_id[0] = store->collector_id[0] == '0' ? '1' : '0';
    (void)pthread_rwlock_unlock(&store->files);
}

START_TEST(test_a_batch_whose_file_is_gone_is_let_go)
{
    fixture_append(&receiver.fixture, 1);
    recorder_script(receiver.recorder, answers[0]);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_RETRY);
    recorder_script(receiver.recorder, answers[_i]);
    rename_collector();
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    (void)receiver_drain();
    ck_assert_uint_eq(recorder_call_count(receiver.recorder), 2);
    ck_assert_uint_eq(fixture_pending(&receiver.fixture), 1);
    ck_assert_int_eq(receiver_dead_count(), 0);
    support_clock_advance(&receiver.fixture.clock,
                          COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(receiver_drain().event_count, 1);
    ck_assert_uint_eq(recorder_call_count(receiver.recorder), 3);
    ck_assert_uint_eq(fixture_pending(&receiver.fixture), 0);
    account_assert(receiver.fixture.path);
}
END_TEST

START_TEST(test_another_file_begins_without_suspicion)
{
    receiver.bad_ids[0] = 1;
    fixture_append(&receiver.fixture, 8);
    ck_assert_int_eq(receiver_drain().result, COLLECTOR_REJECTED);
    rename_collector();
    receiver_drain_all();
    ck_assert_int_eq(
        fixture_sql_int(&receiver.fixture, "SELECT attempts FROM dead_letters"),
        3);
}
END_TEST

static void *
drain_elsewhere(void *userdata)
{
    struct collector_drain result;

    ck_assert_ok(collector_uploader_drain(userdata, &result));
    return NULL;
}

START_TEST(test_a_delivery_under_way_is_timed)
{
    pthread_t thread;

    ck_assert_uint_eq(receiver_stats().in_flight_ms, 0);
    fixture_append(&receiver.fixture, 1);
    recorder_block(receiver.recorder);
    ck_assert_int_eq(
        pthread_create(&thread, NULL, drain_elsewhere, receiver.uploader), 0);
    ck_assert_eventually(recorder_call_count(receiver.recorder) == 1);
    support_clock_advance(&receiver.fixture.clock, 1234);
    ck_assert_uint_eq(receiver_stats().in_flight_ms, 1234);
    recorder_release(receiver.recorder);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(receiver_stats().in_flight_ms, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_broken");
    TCase *rest = tcase_create("rest");

    tcase_add_checked_fixture(rest, receiver_setup, receiver_teardown);
    tcase_add_test(rest, test_an_endpoint_that_refuses_everything_is_broken);
    tcase_add_test(rest, test_a_broken_endpoint_stays_broken_over_a_restart);
    tcase_add_test(rest,
                   test_an_outage_in_the_middle_of_a_search_is_waited_for);
    tcase_add_test(rest, test_failing_since_is_the_first_failure_in_a_row);
    tcase_add_test(rest, test_a_burial_that_cant_be_written_is_tried_again);
    tcase_add_test(rest, test_what_was_dropped_during_a_rest_is_not_sent);
    tcase_add_test(
        rest, test_a_broken_endpoint_is_offered_one_event_also_after_a_drop);
    tcase_add_loop_test(rest, test_a_batch_whose_file_is_gone_is_let_go, 0, 3);
    tcase_add_test(rest, test_another_file_begins_without_suspicion);
    tcase_add_test(rest, test_a_delivery_under_way_is_timed);
    suite_add_tcase(suite, rest);
    return support_run_suite(suite);
}
