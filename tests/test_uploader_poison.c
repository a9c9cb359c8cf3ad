/* SPDX-License-Identifier: MIT */
/*
 * An uploader promises that an event which the receiver refuses holds nobody
 * up: it is found and becomes a dead letter, and all others are delivered once
 * and in order. When nothing is taken any more it is the receiver, and nobody
 * is buried for that.
 */
#include "account.h"
#include "fixture.h"
#include "recorder.h"
#include "store.h"

#define BREAK_MARK                                                             \
    "CREATE TRIGGER no_mark BEFORE UPDATE OF settled_through ON state"         \
    " BEGIN SELECT RAISE(FAIL, 'x'); END"
#define MEND_MARK "DROP TRIGGER no_mark"

/** Steps that any of these tests takes at most. */
#define STEP_MAX 5000

/** A receiver's tastes. Events are named by their id, or by their payload. */
struct receiver {
    int64_t bad_ids[4];
    int bad_status;
    /** Nothing is taken. */
    bool broken;
    /** Bytes of JSON that are taken at once; 0 is no limit. */
    size_t size_max;
};

static struct fixture fixture;
static struct recorder *recorder;
static struct collector_sink *sink;
static struct collector_uploader *uploader;
static struct receiver receiver;

static bool
is_bad(const struct collector_batch *batch)
{
    size_t i;

    for (i = 0; i < sizeof(receiver.bad_ids) / sizeof(receiver.bad_ids[0]); i++)
        if (receiver.bad_ids[i] >= collector_batch_first_id(batch) &&
            receiver.bad_ids[i] <= collector_batch_last_id(batch))
            return true;
    return false;
}

static struct recorder_answer
judge(void *userdata, const struct collector_batch *batch)
{
    struct recorder_answer answer = {.result = COLLECTOR_DELIVERED};
    const char *text;
    size_t size;

    (void)userdata;
    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size));
    if (receiver.broken || is_bad(batch))
        answer = (struct recorder_answer){.result = COLLECTOR_REJECTED,
                                          .status = receiver.bad_status,
                                          .error = "HTTP 400"};
    else if (receiver.size_max > 0 && size > receiver.size_max)
        answer = (struct recorder_answer){
            .result = COLLECTOR_REJECTED, .status = 413, .error = "HTTP 413"};
    return answer;
}

static void
open_uploader(void)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.batch_count_max = 100;
    options.log = support_log;
    options.log_userdata = fixture.log;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
}

static void
setup(void)
{
    memset(&receiver, 0, sizeof(receiver));
    receiver.bad_status = 400;
    fixture_init(&fixture);
    recorder = recorder_new(&sink);
    recorder_set_judge(recorder, judge, NULL);
    open_uploader();
}

static void
teardown(void)
{
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
    fixture_close(&fixture);
}

static void
restart(void)
{
    collector_uploader_free(uploader);
    fixture_reopen(&fixture);
    open_uploader();
}

static struct collector_drain
drain(void)
{
    struct collector_drain result;

    ck_assert_ok(collector_uploader_drain(uploader, &result));
    return result;
}

static struct collector_uploader_stats
read_stats(void)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    collector_uploader_stats(uploader, &stats);
    return stats;
}

/** Step until the backlog is empty, without ever having to rest for long. */
static void
drain_all(void)
{
    unsigned steps = 0;
    struct collector_drain result;

    while (fixture_pending(&fixture) > 0) {
        ck_assert_uint_lt(steps++, STEP_MAX);
        result = drain();
        ck_assert_int_ne(result.result, COLLECTOR_RETRY);
    }
}

/** Step until it rests after a failure. */
static struct collector_drain
drain_until_rest(void)
{
    struct collector_drain result;
    unsigned steps = 0;

    do {
        ck_assert_uint_lt(steps++, STEP_MAX);
        result = drain();
    } while (result.result != COLLECTOR_RETRY);
    return result;
}

/** Assert that all events but the dead were delivered once, in order. */
static void
assert_arrived(int64_t last_id)
{
    const struct recorder_event *event;
    int64_t expected = 0;
    size_t i;

    for (i = 0; (event = recorder_event(recorder, i)) != NULL; i++) {
        if (!event->delivered)
            continue;
        do {
            expected++;
        } while (
            fixture_sql_int(&fixture,
                            support_format("SELECT count(*) FROM dead_letters"
                                           " WHERE event_id = %jd",
                                           (intmax_t)expected)) > 0);
        ck_assert_int_eq(event->id, expected);
    }
    ck_assert_int_eq(expected, last_id);
    account_assert(fixture.path);
}

static int64_t
dead_count(void)
{
    return fixture_sql_int(&fixture, "SELECT count(*) FROM dead_letters");
}

START_TEST(test_the_culprits_are_buried_and_all_others_delivered)
{
    receiver.bad_ids[0] = 7;
    receiver.bad_ids[1] = 8;
    receiver.bad_ids[2] = 77;
    receiver.bad_ids[3] = 299;
    fixture_append(&fixture, 300);
    drain_all();
    ck_assert_int_eq(dead_count(), 4);
    ck_assert_str_eq(support_sql_text(fixture.path,
                                      "SELECT group_concat(event_id) FROM"
                                      " (SELECT * FROM dead_letters"
                                      "   ORDER BY event_id)"),
                     "7,8,77,299");
    assert_arrived(300);
    ck_assert_uint_le(recorder_call_count(recorder), 4 * 9 + 3);
    ck_assert_uint_eq(support_log_count(fixture.log, "is a dead letter"), 4);
    ck_assert_uint_eq(support_log_count(fixture.log, "failed"), 0);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error'"),
                     0);
    ck_assert_uint_eq(read_stats().events, 296);
    ck_assert_uint_eq(read_stats().runs, recorder_call_count(recorder));
    ck_assert(read_stats().healthy);
}
END_TEST

START_TEST(test_a_letter_says_how_often_its_event_was_sent)
{
    const struct recorder_event *event;
    int64_t sent[2] = {0, 0};
    size_t i;

    receiver.bad_ids[0] = 3;
    receiver.bad_ids[1] = 4;
    fixture_append(&fixture, 20);
    drain_all();
    for (i = 0; (event = recorder_event(recorder, i)) != NULL; i++)
        if (event->id == 3 || event->id == 4)
            sent[event->id - 3]++;
    ck_assert_int_gt(sent[1], sent[0]);
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(
            fixture_sql_int(&fixture,
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
    fixture_append(&fixture, 2);
    result = drain();
    ck_assert_int_eq(result.result, COLLECTOR_REJECTED);
    ck_assert_uint_eq(result.wait_ms, 0);
    ck_assert_uint_eq(result.event_count, 0);
    ck_assert_uint_eq(fixture_pending(&fixture), 2);
    ck_assert_int_eq(dead_count(), 0);
    result = drain();
    ck_assert_int_eq(result.result, COLLECTOR_REJECTED);
    ck_assert_uint_eq(result.wait_ms, 0);
    ck_assert_int_eq(dead_count(), 1);
    ck_assert_uint_eq(read_stats().runs, 2);
    ck_assert_uint_eq(read_stats().failures, 2);
    ck_assert_uint_eq(read_stats().failures_in_a_row, 0);
    ck_assert_int_eq(read_stats().failing_since, 0);
    ck_assert_str_eq(read_stats().last_error, "");
    ck_assert_uint_eq(drain().event_count, 1);
    assert_arrived(2);
}
END_TEST

START_TEST(test_an_endpoint_that_refuses_everything_is_broken)
{
    struct collector_drain result;
    size_t calls;
    int i;

    receiver.broken = true;
    fixture_append(&fixture, 300);
    (void)drain_until_rest();
    ck_assert_int_eq(dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert_str_eq(read_stats().last_error,
                     "HTTP 400; 10 events in a row were rejected: the endpoint "
                     "is taken for broken");
    ck_assert(!read_stats().healthy);
    calls = recorder_call_count(recorder);
    for (i = 0; i < 20; i++) {
        result = drain();
        if (result.wait_ms > 0)
            support_clock_advance(&fixture.clock, result.wait_ms);
        ck_assert_int_eq(result.result, COLLECTOR_RETRY);
    }
    ck_assert_uint_gt(recorder_call_count(recorder), calls);
    for (; calls < recorder_call_count(recorder); calls++)
        ck_assert_int_eq(
            recorder_event(recorder, recorder_event_count(recorder) - 1)->id,
            11);
    ck_assert_int_eq(dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error' AND first_id = 11"
                                     "  AND last_id = 11"),
                     1);
    receiver.broken = false;
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(drain().event_count, 1);
    ck_assert_uint_eq(drain().event_count, 100);
    drain_all();
    assert_arrived(300);
    ck_assert_int_eq(dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    ck_assert(read_stats().healthy);
}
END_TEST

START_TEST(test_a_broken_endpoint_stays_broken_over_a_restart)
{
    receiver.broken = true;
    fixture_append(&fixture, 100);
    (void)drain_until_rest();
    restart();
    (void)drain_until_rest();
    ck_assert_int_eq(dead_count(), COLLECTOR_DEAD_IN_A_ROW_MAX);
    receiver.broken = false;
    restart();
    drain_all();
    assert_arrived(100);
}
END_TEST

START_TEST(test_a_restart_in_the_middle_of_a_search_loses_nothing)
{
    int step;

    receiver.bad_ids[0] = 33;
    receiver.bad_ids[1] = 34;
    receiver.bad_ids[2] = 35;
    fixture_append(&fixture, 150);
    for (step = 0; step < 200 && fixture_pending(&fixture) > 0; step++) {
        (void)drain();
        if (step % 4 == 3)
            restart();
        account_assert(fixture.path);
    }
    drain_all();
    ck_assert_int_eq(dead_count(), 3);
    assert_arrived(150);
}
END_TEST

START_TEST(test_a_receiver_of_limited_size_gets_smaller_batches)
{
    size_t calls;

    receiver.size_max = 1000; /* a dozen of them */
    fixture_append(&fixture, 600);
    drain_all();
    ck_assert_int_eq(dead_count(), 0);
    assert_arrived(600);
    calls = recorder_call_count(recorder);
    ck_assert_uint_le(calls, 4 + 600 / 12);
    receiver.size_max = 0;
    fixture_append(&fixture, 1300);
    drain_all();
    fixture_append(&fixture, 100);
    calls = recorder_call_count(recorder);
    drain_all();
    ck_assert_uint_lt(recorder_call_count(recorder) - calls, 100 / 12);
    assert_arrived(2000);
}
END_TEST

START_TEST(test_an_event_too_large_for_the_receiver_is_dead)
{
    const char *large = support_format("\"%01000d\"", 7);

    receiver.size_max = 900;
    fixture_append(&fixture, 5);
    fixture_append_payload(&fixture, large);
    fixture_append(&fixture, 5);
    drain_all();
    ck_assert_int_eq(dead_count(), 1);
    ck_assert_str_eq(support_sql_text(fixture.path,
                                      "SELECT event_id || ' ' || status ||"
                                      " ' ' || reason FROM dead_letters"),
                     "6 413 HTTP 413");
    assert_arrived(11);
}
END_TEST

START_TEST(test_an_outage_in_the_middle_of_a_search_is_waited_for)
{
    const struct recorder_answer busy = {
        .result = COLLECTOR_RETRY, .status = 503, .error = "HTTP 503"};

    receiver.bad_ids[0] = 2;
    fixture_append(&fixture, 8);
    ck_assert_int_eq(drain().result, COLLECTOR_REJECTED);
    recorder_script(recorder, busy);
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    ck_assert_int_eq(read_stats().failing_since, fixture.clock.wall_ms);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    drain_all();
    ck_assert_int_eq(read_stats().failing_since, 0);
    ck_assert_int_eq(dead_count(), 1);
    ck_assert_int_eq(/* among 8, 4 and again 4, 2, and alone */
                     fixture_sql_int(&fixture,
                                     "SELECT attempts FROM dead_letters"),
                     5);
    assert_arrived(8);
}
END_TEST

START_TEST(test_failing_since_is_the_first_failure_in_a_row)
{
    const struct recorder_answer busy = {.result = COLLECTOR_RETRY};
    const int64_t since = fixture.clock.wall_ms;
    int i;

    fixture_append(&fixture, 1);
    for (i = 0; i < 3; i++) {
        recorder_script(recorder, busy);
        ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
        support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
        ck_assert_int_eq(read_stats().failing_since, since);
    }
    ck_assert_uint_eq(drain().event_count, 1);
    ck_assert_int_eq(read_stats().failing_since, 0);
}
END_TEST

START_TEST(test_a_burial_that_cant_be_written_is_tried_again)
{
    support_log_expect_errors(fixture.log);
    receiver.bad_ids[0] = 1;
    fixture_append(&fixture, 2);
    support_sql_exec(fixture.path, BREAK_MARK);
    (void)drain_until_rest();
    ck_assert_int_eq(dead_count(), 0);
    ck_assert_uint_eq(fixture_pending(&fixture), 2);
    support_sql_exec(fixture.path, MEND_MARK);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    drain_all();
    ck_assert_int_eq(dead_count(), 1);
    assert_arrived(2);
}
END_TEST

/** Settle events as dropped from outside, while nobody looks. */
static void
drop_through(int64_t last_id)
{
    support_sql_exec(
        fixture.path,
        support_format(
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            "  status, first_id, last_id, attempts) SELECT 1, 1,"
            "  %jd - settled_through, 'dropped', settled_through + 1, %jd, 1"
            "  FROM state;"
            "UPDATE state SET dropped = dropped + %jd - settled_through,"
            "  settled_through = %jd",
            (intmax_t)last_id, (intmax_t)last_id, (intmax_t)last_id,
            (intmax_t)last_id));
    fixture_append_payload(&fixture, "0"); /* whose commit finds it out */
}

START_TEST(test_what_was_dropped_during_a_rest_is_not_sent)
{
    const struct recorder_answer busy = {.result = COLLECTOR_RETRY};
    const size_t offered = 10;

    fixture_append(&fixture, offered);
    recorder_script(recorder, busy);
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    drop_through(4);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(drain().event_count, 7);
    ck_assert_int_eq(recorder_event(recorder, offered)->id, 5);
    account_assert(fixture.path);
}
END_TEST

START_TEST(test_a_broken_endpoint_is_offered_one_event_also_after_a_drop)
{
    size_t offered;

    receiver.broken = true;
    fixture_append(&fixture, 50);
    (void)drain_until_rest();
    drop_through(20);
    offered = recorder_event_count(recorder);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    ck_assert_uint_eq(recorder_event_count(recorder), offered + 1);
    ck_assert_int_eq(recorder_event(recorder, offered)->id, 21);
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
    struct collector_store *store = fixture.store;

    (void)pthread_rwlock_wrlock(&store->files);
    store->collector_id[0] = store->collector_id[0] == '0' ? '1' : '0';
    (void)pthread_rwlock_unlock(&store->files);
}

START_TEST(test_a_batch_whose_file_is_gone_is_let_go)
{
    fixture_append(&fixture, 1);
    recorder_script(recorder, answers[0]);
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    recorder_script(recorder, answers[_i]);
    rename_collector();
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    (void)drain();
    ck_assert_uint_eq(recorder_call_count(recorder), 2);
    ck_assert_uint_eq(fixture_pending(&fixture), 1);
    ck_assert_int_eq(dead_count(), 0);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(drain().event_count, 1);
    ck_assert_uint_eq(recorder_call_count(recorder), 3);
    ck_assert_uint_eq(fixture_pending(&fixture), 0);
    account_assert(fixture.path);
}
END_TEST

START_TEST(test_another_file_begins_without_suspicion)
{
    receiver.bad_ids[0] = 1;
    fixture_append(&fixture, 8);
    ck_assert_int_eq(drain().result, COLLECTOR_REJECTED);
    rename_collector();
    drain_all();
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT attempts FROM dead_letters"), 3);
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

    ck_assert_uint_eq(read_stats().in_flight_ms, 0);
    fixture_append(&fixture, 1);
    recorder_block(recorder);
    ck_assert_int_eq(pthread_create(&thread, NULL, drain_elsewhere, uploader),
                     0);
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    support_clock_advance(&fixture.clock, 1234);
    ck_assert_uint_eq(read_stats().in_flight_ms, 1234);
    recorder_release(recorder);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(read_stats().in_flight_ms, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_poison");
    TCase *search = tcase_create("search");
    TCase *rest = tcase_create("rest");

    tcase_add_checked_fixture(search, setup, teardown);
    tcase_add_test(search,
                   test_the_culprits_are_buried_and_all_others_delivered);
    tcase_add_test(search, test_a_letter_says_how_often_its_event_was_sent);
    tcase_add_test(search, test_halving_needs_no_rest_and_is_counted);
    tcase_add_test(search,
                   test_a_restart_in_the_middle_of_a_search_loses_nothing);
    tcase_add_test(search,
                   test_a_receiver_of_limited_size_gets_smaller_batches);
    tcase_add_test(search, test_an_event_too_large_for_the_receiver_is_dead);
    suite_add_tcase(suite, search);
    tcase_add_checked_fixture(rest, setup, teardown);
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
