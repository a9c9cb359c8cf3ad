/* SPDX-License-Identifier: MIT */
/*
 * The uploader's thread promises to drain by itself; to stop when told, with
 * the backlog drained if that can be done in time and soon if it can't; and to
 * be started and stopped by anybody, in any order, any number of times.
 */
#include "fixture.h"
#include "recorder.h"
#include "store.h"

#include <pthread.h>
#include <signal.h>

/** Far less than a stop that waits takes, and far more than one that doesn't.
 */
#define PROMPT_MS 10000
#define LONG_MS 600000

static struct fixture fixture;
static struct recorder *recorder;
static struct collector_sink *sink;
static struct collector_uploader *uploader;

static void
open_uploader(uint32_t interval_ms)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.interval_ms = interval_ms;
    options.batch_count_max = 3;
    options.log = support_log;
    options.log_userdata = fixture.log;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
}

static void
setup(void)
{
    fixture_init(&fixture);
    recorder = recorder_new(&sink);
    open_uploader(5);
}

static void
teardown(void)
{
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
    fixture_close(&fixture);
}

/** Exactly these were delivered, in order and once. */
static void
check_delivered(size_t count)
{
    int64_t next = 1;
    size_t i;

    ck_assert_uint_eq(recorder_delivered_count(recorder), count);
    for (i = 0; i < recorder_event_count(recorder); i++) {
        if (recorder_event(recorder, i)->delivered)
            ck_assert_int_eq(recorder_event(recorder, i)->id, next++);
    }
    ck_assert_uint_eq(fixture_pending(&fixture),
                      fixture_accepted(&fixture) - count);
}

/** Stop, which must not take as long as it is given. */
static void
stop_promptly(uint32_t drain_ms)
{
    const int64_t start = support_now_ms();

    ck_assert_ok(collector_uploader_stop(uploader, drain_ms));
    ck_assert_int_lt(support_now_ms() - start, PROMPT_MS);
}

START_TEST(test_a_started_uploader_drains_by_itself)
{
    fixture_append(&fixture, 4);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    fixture_append(&fixture, 5);
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    stop_promptly(LONG_MS);
    check_delivered(9);
}
END_TEST

START_TEST(test_stop_drains_until_empty)
{
    collector_uploader_free(uploader);
    open_uploader(LONG_MS); /* by itself it would not look again */
    ck_assert_ok(collector_uploader_start(uploader));
    fixture_append(&fixture, 50);
    stop_promptly(LONG_MS);
    check_delivered(50);
}
END_TEST

START_TEST(test_stop_waits_for_a_delivery_that_is_under_way)
{
    fixture_append(&fixture, 10);
    recorder_block(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    recorder_release(recorder);
    stop_promptly(LONG_MS);
    ck_assert_uint_eq(recorder_cancel_count(recorder), 0);
    check_delivered(10);
}
END_TEST

START_TEST(test_a_deadline_cancels_and_keeps_the_events)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};
    const uint32_t drain_ms = _i == 0 ? 0 : 50;

    fixture_append(&fixture, 10);
    recorder_block(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    stop_promptly(drain_ms);
    ck_assert_uint_ge(recorder_cancel_count(recorder), 1);
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
    check_delivered(0);
    /* Our own cancel is nobody's outage. */
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT count(*) FROM upload_runs"), 0);
    collector_uploader_stats(uploader, &stats);
    ck_assert_uint_eq(stats.failures, 0);
    recorder_release(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    stop_promptly(LONG_MS);
    check_delivered(10);
}
END_TEST

START_TEST(test_stop_gives_up_at_once_in_a_long_rest)
{
    const struct recorder_answer answer = {
        .result = COLLECTOR_RETRY, .retry_after_ms = LONG_MS, .error = "later"};

    recorder_script(recorder, answer);
    fixture_append(&fixture, 3);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(support_log_count(fixture.log, "failed: later") == 1);
    stop_promptly(LONG_MS / 2);
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
    check_delivered(0);
}
END_TEST

START_TEST(test_stop_ends_an_idle_rest)
{
    collector_uploader_free(uploader);
    open_uploader(LONG_MS);
    ck_assert_ok(collector_uploader_start(uploader));
    stop_promptly(LONG_MS);
    stop_promptly(0);
}
END_TEST

START_TEST(test_stop_without_start_does_nothing)
{
    struct collector_drain result;

    stop_promptly(LONG_MS);
    stop_promptly(0);
    fixture_append(&fixture, 1);
    ck_assert_ok(collector_uploader_drain(uploader, &result));
    ck_assert_uint_eq(result.event_count, 1);
}
END_TEST

START_TEST(test_a_started_uploader_is_busy_until_it_is_stopped)
{
    struct collector_drain result;

    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_error(collector_uploader_start(uploader), COLLECTOR_ERR_BUSY);
    ck_assert_error(collector_uploader_drain(uploader, &result),
                    COLLECTOR_ERR_BUSY);
    stop_promptly(0);
    ck_assert_ok(collector_uploader_drain(uploader, &result));
    ck_assert_ok(collector_uploader_start(uploader));
    stop_promptly(0);
}
END_TEST

static void *
stop_elsewhere(void *userdata)
{
    (void)collector_uploader_stop(uploader, *(const uint32_t *)userdata);
    return NULL;
}

START_TEST(test_of_several_stops_the_soonest_counts)
{
    uint32_t drain_ms[] = {LONG_MS, LONG_MS, 0, LONG_MS};
    const int64_t start = support_now_ms();
    pthread_t threads[4];
    int i;

    fixture_append(&fixture, 3);
    recorder_block(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, stop_elsewhere, &drain_ms[i]), 0);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_lt(support_now_ms() - start, PROMPT_MS);
    check_delivered(0);
    ck_assert_ok(collector_uploader_start(uploader));
}
END_TEST

static void *
stop_and_start(void *userdata)
{
    (void)userdata;
    (void)collector_uploader_stop(uploader, LONG_MS);
    (void)collector_uploader_start(uploader);
    return NULL;
}

START_TEST(test_a_stop_is_not_held_up_by_the_next_start)
{
    pthread_t threads[4];
    size_t round;
    int i;

    for (round = 1; round <= 20; round++) {
        recorder_block(recorder);
        fixture_append(&fixture, 1);
        ck_assert_ok(collector_uploader_start(uploader));
        ck_assert_eventually(recorder_call_count(recorder) == round);
        for (i = 0; i < 4; i++)
            ck_assert_int_eq(
                pthread_create(&threads[i], NULL, stop_and_start, NULL), 0);
        recorder_release(recorder);
        for (i = 0; i < 4; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        stop_promptly(LONG_MS);
    }
}
END_TEST

START_TEST(test_200_quick_cycles_lose_and_repeat_nothing)
{
    int i;

    for (i = 0; i < 200; i++) {
        fixture_append(&fixture, 1);
        ck_assert_ok(collector_uploader_start(uploader));
        ck_assert_ok(collector_uploader_stop(uploader, 0));
    }
    ck_assert_ok(collector_uploader_start(uploader));
    stop_promptly(LONG_MS);
    check_delivered(200);
}
END_TEST

START_TEST(test_free_stops_what_is_under_way)
{
    const int64_t start = support_now_ms();

    fixture_append(&fixture, 3);
    recorder_block(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    collector_uploader_free(uploader);
    uploader = NULL;
    ck_assert_int_lt(support_now_ms() - start, PROMPT_MS);
    check_delivered(0);
    ck_assert_uint_eq(recorder_free_count(recorder), 0); /* only borrowed */
}
END_TEST

START_TEST(test_stats_do_not_wait_for_a_delivery)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    fixture_append(&fixture, 3);
    recorder_block(recorder);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    collector_uploader_stats(uploader, &stats);
    ck_assert(stats.healthy);
    support_clock_advance(&fixture.clock, COLLECTOR_STALL_MS + 1);
    collector_uploader_stats(uploader, &stats);
    ck_assert(!stats.healthy); /* the delivery takes too long */
    recorder_release(recorder);
    ck_assert_eventually((collector_uploader_stats(uploader, &stats),
                          stats.healthy && stats.events == 3));
}
END_TEST

START_TEST(test_the_store_is_looked_after_in_a_long_rest)
{
    const struct recorder_answer busy = {.result = COLLECTOR_RETRY,
                                         .retry_after_ms = LONG_MS};
    _Atomic bool *storage_ok = &fixture.store->counters.storage_ok;
    int i;

    fixture_append(&fixture, 1);
    recorder_script(recorder, busy);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(support_log_count(fixture.log, "failed:") == 1);
    /* Nobody but a look after the store finds out that it works. */
    for (i = 0; i < 2; i++) {
        atomic_store(storage_ok, false);
        ck_assert_eventually(atomic_load(storage_ok));
    }
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
    stop_promptly(0);
}
END_TEST

/** The signals that are blocked while a batch is delivered. */
static int
note_signals(void *userdata, const struct collector_batch *batch,
             struct collector_delivery *delivery)
{
    (void)batch;
    (void)delivery;
    return pthread_sigmask(SIG_SETMASK, NULL, userdata);
}

START_TEST(test_all_signals_are_blocked_on_the_thread_and_only_there)
{
    static const int signals[] = {SIGTERM, SIGINT,  SIGHUP, SIGUSR1,
                                  SIGCHLD, SIGALRM, SIGPIPE};
    const struct collector_sink_ops ops = {.size = sizeof(ops),
                                           .deliver = note_signals};
    sigset_t before;
    sigset_t inside;
    sigset_t after;
    size_t i;

    collector_uploader_free(uploader);
    collector_sink_free(sink);
    ck_assert_int_eq(sigemptyset(&inside), 0);
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    ck_assert_ok(collector_sink_new("signals", &ops, &inside, &sink));
    open_uploader(5);
    fixture_append(&fixture, 1);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    stop_promptly(LONG_MS);
    for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        ck_assert_int_eq(sigismember(&inside, signals[i]), 1);
        ck_assert_int_eq(sigismember(&after, signals[i]),
                         sigismember(&before, signals[i]));
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_thread");
    TCase *thread = tcase_create("thread");

    tcase_add_checked_fixture(thread, setup, teardown);
    tcase_add_test(thread, test_a_started_uploader_drains_by_itself);
    tcase_add_test(thread, test_stop_drains_until_empty);
    tcase_add_test(thread, test_stop_waits_for_a_delivery_that_is_under_way);
    tcase_add_loop_test(thread, test_a_deadline_cancels_and_keeps_the_events, 0,
                        2);
    tcase_add_test(thread, test_stop_gives_up_at_once_in_a_long_rest);
    tcase_add_test(thread, test_stop_ends_an_idle_rest);
    tcase_add_test(thread, test_stop_without_start_does_nothing);
    tcase_add_test(thread, test_a_started_uploader_is_busy_until_it_is_stopped);
    tcase_add_test(thread, test_of_several_stops_the_soonest_counts);
    tcase_add_test(thread, test_a_stop_is_not_held_up_by_the_next_start);
    tcase_add_test(thread, test_200_quick_cycles_lose_and_repeat_nothing);
    tcase_add_test(thread, test_the_store_is_looked_after_in_a_long_rest);
    tcase_add_test(thread, test_free_stops_what_is_under_way);
    tcase_add_test(thread, test_stats_do_not_wait_for_a_delivery);
    tcase_add_test(thread,
                   test_all_signals_are_blocked_on_the_thread_and_only_there);
    suite_add_tcase(suite, thread);
    return support_run_suite(suite);
}
