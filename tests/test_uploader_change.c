/* SPDX-License-Identifier: MIT */
/*
 * An uploader can be given another sink and other options while it works: each
 * event still gets to one of the sinks, the old one is free when the change is
 * over, and a change that is refused changes nothing.
 */
#include "fixture.h"
#include "recorder.h"

#include <pthread.h>

#define LONG_MS 600000
#define CHANGE_COUNT 200

static struct fixture fixture;
static struct recorder *recorders[2];
static struct collector_sink *sinks[2];
static struct collector_uploader_options options;
static struct collector_uploader *uploader;

static void
setup(void)
{
    int i;

    fixture_init(&fixture);
    for (i = 0; i < 2; i++)
        recorders[i] = recorder_new(&sinks[i]);
    collector_uploader_options_init(&options);
    options.interval_ms = 5;
    options.batch_count_max = 10;
    options.log = support_log;
    options.log_userdata = fixture.log;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sinks[0], &options, &uploader));
}

static void
teardown(void)
{
    int i;

    collector_uploader_free(uploader);
    for (i = 0; i < 2; i++) {
        collector_sink_free(sinks[i]);
        recorder_free(recorders[i]);
    }
    fixture_close(&fixture);
}

static int
change_to(int i)
{
    return collector_uploader_reconfigure(uploader, sinks[i], &options);
}

static struct collector_uploader_stats
read_stats(void)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    collector_uploader_stats(uploader, &stats);
    return stats;
}

START_TEST(test_what_comes_later_goes_to_the_new_sink)
{
    fixture_append(&fixture, 4);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_ok(change_to(1));
    fixture_append(&fixture, 5);
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[0]), 4);
    ck_assert_uint_eq(recorder_delivered_count(recorders[1]), 5);
    ck_assert_int_eq(recorder_event(recorders[1], 0)->id, 5);
}
END_TEST

START_TEST(test_a_delivery_under_way_is_broken_off_and_done_again)
{
    fixture_append(&fixture, 3);
    recorder_block(recorders[0]);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_is_delivering(recorders[0]));
    ck_assert_ok(change_to(1));
    ck_assert(!recorder_is_delivering(recorders[0]));
    collector_sink_free(sinks[0]); /* nobody uses it any more */
    sinks[0] = NULL;
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[0]), 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[1]), 3);
    ck_assert_uint_eq(read_stats().failures, 0);
}
END_TEST

START_TEST(test_a_sink_that_can_not_be_cancelled_is_waited_for)
{
    fixture_append(&fixture, 3);
    recorder_set_cancellable(recorders[0], false);
    recorder_block(recorders[0]);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_is_delivering(recorders[0]));
    recorder_release(recorders[0]);
    ck_assert_ok(change_to(1));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[0]) +
                          recorder_delivered_count(recorders[1]),
                      3);
}
END_TEST

START_TEST(test_a_rest_ends_with_the_change)
{
    const struct recorder_answer later = {
        .result = COLLECTOR_RETRY, .retry_after_ms = LONG_MS, .error = "later"};

    fixture_append(&fixture, 3);
    recorder_script(recorders[0], later);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(read_stats().retry_in_ms > 0);
    ck_assert_ok(change_to(1));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[1]), 3);
    ck_assert_eventually(read_stats().failures_in_a_row == 0);
}
END_TEST

START_TEST(test_the_rest_of_an_empty_backlog_is_the_new_one)
{
    options.interval_ms = LONG_MS;
    ck_assert_ok(change_to(0));
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(read_stats().healthy);
    fixture_append(&fixture, 3);
    options.interval_ms = 5;
    ck_assert_ok(change_to(0));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
}
END_TEST

START_TEST(test_a_batch_that_was_kept_obeys_the_new_limits)
{
    const struct recorder_answer failure = {.result = COLLECTOR_RETRY,
                                            .error = "no"};
    struct collector_drain drain;

    fixture_append(&fixture, 10);
    recorder_script(recorders[0], failure);
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    ck_assert_int_eq(drain.result, COLLECTOR_RETRY);
    options.batch_count_max = 2;
    ck_assert_ok(collector_uploader_reconfigure(uploader, NULL, &options));
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    ck_assert_uint_eq(drain.event_count, 2);
    ck_assert_uint_eq(recorder_delivered_count(recorders[0]), 2);
}
END_TEST

START_TEST(test_what_one_receiver_refused_says_nothing_of_another)
{
    const struct recorder_answer too_large = {
        .result = COLLECTOR_REJECTED, .status = 413, .error = "too large"};
    struct collector_drain drain;

    fixture_append(&fixture, 10);
    recorder_script(recorders[0], too_large);
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    ck_assert_int_eq(drain.result, COLLECTOR_REJECTED);
    ck_assert_ok(change_to(1));
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    ck_assert_uint_eq(drain.event_count, 10);
}
END_TEST

START_TEST(test_a_change_that_is_refused_changes_nothing)
{
    options.batch_count_max = 0;
    ck_assert_error(change_to(1), COLLECTOR_ERR_INVALID);
    options.batch_count_max = 10;
    options.size = 3;
    ck_assert_error(change_to(1), COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_reconfigure(NULL, sinks[1], NULL),
                    COLLECTOR_ERR_INVALID);
    fixture_append(&fixture, 3);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_uint_eq(recorder_delivered_count(recorders[0]), 3);
}
END_TEST

/** Change the sink again and again. */
static void *
keep_changing(void *userdata)
{
    int i;

    (void)userdata;
    for (i = 0; i < CHANGE_COUNT; i++)
        ck_assert_ok(change_to(i % 2));
    return NULL;
}

/** Events that a sink was offered, in the order of their ids, are marked. */
static void
note_delivered(struct recorder *recorder, bool *seen)
{
    int64_t last_id = 0;
    size_t i;

    for (i = 0; i < recorder_event_count(recorder); i++) {
        const struct recorder_event *event = recorder_event(recorder, i);

        if (!event->delivered)
            continue;
        ck_assert_int_gt(event->id, last_id);
        ck_assert(!seen[event->id]); /* none twice, without a crash */
        seen[event->id] = true;
        last_id = event->id;
    }
}

START_TEST(test_nothing_is_lost_or_doubled_over_many_changes)
{
    bool *seen;
    pthread_t thread;
    uint64_t accepted;
    uint64_t id;
    int i;

    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_changing, NULL), 0);
    for (i = 0; i < 100; i++)
        fixture_append(&fixture, 7);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    accepted = fixture_accepted(&fixture);
    seen = support_alloc((accepted + 1) * sizeof(*seen));
    note_delivered(recorders[0], seen);
    note_delivered(recorders[1], seen);
    for (id = 1; id <= accepted; id++)
        ck_assert(seen[id]);
}
END_TEST

START_TEST(test_changes_and_stops_come_in_any_order)
{
    pthread_t thread;
    int i;

    fixture_append(&fixture, 100);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_changing, NULL), 0);
    for (i = 0; i < 50; i++) {
        ck_assert_ok(collector_uploader_start(uploader));
        ck_assert_ok(collector_uploader_stop(uploader, (uint32_t)i % 3));
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("uploader_change");
    TCase *tcase = support_add_case(suite, "reconfigure", setup, teardown);

    tcase_add_test(tcase, test_what_comes_later_goes_to_the_new_sink);
    tcase_add_test(tcase,
                   test_a_delivery_under_way_is_broken_off_and_done_again);
    tcase_add_test(tcase, test_a_sink_that_can_not_be_cancelled_is_waited_for);
    tcase_add_test(tcase, test_a_rest_ends_with_the_change);
    tcase_add_test(tcase, test_the_rest_of_an_empty_backlog_is_the_new_one);
    tcase_add_test(tcase, test_a_batch_that_was_kept_obeys_the_new_limits);
    tcase_add_test(tcase,
                   test_what_one_receiver_refused_says_nothing_of_another);
    tcase_add_test(tcase, test_a_change_that_is_refused_changes_nothing);
    tcase_add_test(tcase, test_nothing_is_lost_or_doubled_over_many_changes);
    tcase_add_test(tcase, test_changes_and_stops_come_in_any_order);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
