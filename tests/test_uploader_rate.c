/* SPDX-License-Identifier: MIT */
/*
 * An uploader promises to keep to its rates whatever it has to send, also when
 * deliveries fail and when it is to stop; and that it is healthy meanwhile.
 */
#include "fixture.h"
#include "recorder.h"

#define BACKLOG 35

static struct fixture fixture;
static struct recorder *recorder;
static struct collector_sink *sink;
static struct collector_uploader_options options;
static struct collector_uploader *uploader;
static struct collector_drain drain;

static void
setup(void)
{
    fixture_init(&fixture);
    fixture_append(&fixture, BACKLOG);
    recorder = recorder_new(&sink);
    collector_uploader_options_init(&options);
    options.interval_ms = 5;
    options.log = support_log;
    options.log_userdata = fixture.log;
    uploader = NULL;
}

static void
teardown(void)
{
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
    fixture_close(&fixture);
}

/** An uploader of the options; and its first step. */
static void
begin(void)
{
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
}

/** Another step, so many ms later. */
static void
step_after(int64_t ms)
{
    support_clock_advance(&fixture.clock, ms);
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
}

/** The last step has sent nothing, and rests so long. */
static void
assert_rests(uint32_t ms)
{
    ck_assert_uint_eq(drain.event_count, 0);
    ck_assert_int_eq(drain.result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(drain.wait_ms, ms);
}

static struct collector_uploader_stats
read_stats(void)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    collector_uploader_stats(uploader, &stats);
    return stats;
}

START_TEST(test_events_keep_to_their_rate)
{
    options.event_rate_max = 10;
    begin();
    ck_assert_uint_eq(drain.event_count, 10);
    step_after(0);
    assert_rests(1000);
    step_after(999);
    assert_rests(1);
    step_after(1);
    ck_assert_uint_eq(drain.event_count, 10);
    ck_assert_uint_eq(recorder_event_count(recorder), 20);
    /* The backlog goes on to be what it was, in its order. */
    step_after(1000);
    step_after(500);
    ck_assert_uint_eq(drain.event_count, 5);
    ck_assert_uint_eq(fixture_pending(&fixture), 0);
    ck_assert_int_eq(recorder_event(recorder, 34)->id, 35);
}
END_TEST

START_TEST(test_smaller_batches_share_a_second)
{
    options.event_rate_max = 10;
    options.batch_count_max = 4;
    begin();
    step_after(0);
    ck_assert_uint_eq(recorder_delivered_count(recorder), 8);
    step_after(0);
    assert_rests(200);
    step_after(200);
    ck_assert_uint_eq(recorder_delivered_count(recorder), 12);
}
END_TEST

/** Bytes of the JSON of this many of the oldest events. */
static size_t
json_size(uint32_t event_count)
{
    struct collector_batch *batch = fixture_fetch(&fixture, event_count);
    const char *text;
    size_t size;

    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size));
    collector_batch_free(batch);
    return size;
}

START_TEST(test_bytes_keep_to_their_rate)
{
    const size_t size = json_size(3);
    uint64_t count;

    options.byte_rate_max = 1000;
    begin();
    count = drain.event_count;
    ck_assert_uint_gt(count, 3);
    ck_assert_uint_lt(count * size / 3, 1000);
    step_after(0);
    ck_assert_uint_eq(drain.event_count, 0);
    ck_assert_uint_gt(drain.wait_ms, 0);
    step_after(drain.wait_ms - 1);
    assert_rests(1);
    step_after(1);
    ck_assert_uint_eq(drain.event_count, count);
}
END_TEST

START_TEST(test_an_event_beyond_a_second_s_worth_goes_as_debt)
{
    const size_t size = json_size(1);

    options.byte_rate_max = 10;
    begin();
    ck_assert_uint_eq(drain.event_count, 1);
    step_after(0);
    /* As long as it is, and then a full bucket for the next. */
    assert_rests((uint32_t)size * 100);
    step_after((int64_t)size * 100);
    ck_assert_uint_eq(drain.event_count, 1);
    ck_assert_int_eq(recorder_event(recorder, 1)->id, 2);
}
END_TEST

START_TEST(test_a_failed_delivery_counts)
{
    const struct recorder_answer failure = {
        .result = COLLECTOR_RETRY, .retry_after_ms = 10, .error = "no"};

    options.event_rate_max = 10;
    options.retry_base_ms = 1;
    recorder_script(recorder, failure);
    begin();
    ck_assert_int_eq(drain.result, COLLECTOR_RETRY);
    ck_assert_uint_eq(drain.wait_ms, 10);
    step_after(10);
    assert_rests(990);
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
    step_after(990);
    ck_assert_uint_eq(drain.event_count, 10);
}
END_TEST

START_TEST(test_who_rests_for_a_rate_is_healthy)
{
    struct collector_uploader_stats stats;

    options.byte_rate_max = 1;
    begin();
    step_after(0);
    ck_assert_uint_gt(drain.wait_ms, COLLECTOR_STALL_MS + 10000);
    support_clock_advance(&fixture.clock, COLLECTOR_STALL_MS + 10000);
    stats = read_stats();
    ck_assert(stats.healthy);
    ck_assert_uint_eq(stats.failures, 0);
    ck_assert_uint_eq(stats.retry_in_ms, 0);
    /* But not for ever: then the next step is overdue. */
    support_clock_advance(&fixture.clock, drain.wait_ms);
    ck_assert(!read_stats().healthy);
}
END_TEST

START_TEST(test_the_time_at_rest_is_counted)
{
    options.event_rate_max = 10;
    begin();
    ck_assert_uint_eq(read_stats().throttled_ms, 0);
    step_after(0);
    step_after(400);
    step_after(600);
    ck_assert_uint_eq(drain.event_count, 10);
    ck_assert_uint_eq(read_stats().throttled_ms, 1000);
    step_after(5000); /* that was no rest for a rate */
    ck_assert_uint_eq(drain.event_count, 10);
    ck_assert_uint_eq(read_stats().throttled_ms, 1000);
    step_after(0);
    step_after(5000); /* and of this, half a second */
    ck_assert_uint_eq(read_stats().throttled_ms, 1500);
}
END_TEST

START_TEST(test_a_stop_keeps_to_the_rate)
{
    options.event_rate_max = 10;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_delivered_count(recorder) == 10);
    ck_assert_ok(collector_uploader_stop(uploader, 300));
    /* The clock stands still: no second has passed for the rate. */
    ck_assert_uint_eq(recorder_event_count(recorder), 10);
    ck_assert_uint_eq(fixture_pending(&fixture), BACKLOG - 10);
}
END_TEST

START_TEST(test_a_stop_does_not_wait_for_a_rate_in_vain)
{
    const int64_t start = support_now_ms();

    options.byte_rate_max = 1; /* an event has more than 30 bytes */
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_delivered_count(recorder) == 1);
    ck_assert_ok(collector_uploader_stop(uploader, 30000));
    ck_assert_int_lt(support_now_ms() - start, 30000);
    ck_assert_uint_eq(recorder_event_count(recorder), 1);
}
END_TEST

START_TEST(test_a_stop_drains_at_the_rate)
{
    struct collector_store_options store_options;
    struct collector_store *store = NULL;
    const int64_t start = support_now_ms();

    fixture_close(&fixture); /* its clock stands still */
    collector_store_options_init(&store_options);
    store_options.path = fixture.path;
    ck_assert_ok(collector_store_open(&store_options, &store));
    options.event_rate_max = 20;
    ck_assert_ok(collector_uploader_new(store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_ok(collector_uploader_stop(uploader, SUPPORT_WAIT_MS));
    ck_assert_uint_eq(recorder_delivered_count(recorder), BACKLOG);
    ck_assert_int_ge(support_now_ms() - start, 700); /* 15 above a burst */
    collector_uploader_free(uploader);
    uploader = NULL;
    collector_store_free(store);
    fixture_init(&fixture);
}
END_TEST

START_TEST(test_rates_can_be_changed_while_it_rests)
{
    options.event_rate_max = 10;
    begin();
    step_after(0);
    assert_rests(1000);
    options.event_rate_max = 0;
    ck_assert_ok(collector_uploader_reconfigure(uploader, NULL, &options));
    step_after(0);
    ck_assert_uint_eq(drain.event_count, 25);
    fixture_append(&fixture, 100);
    options.byte_rate_max = 100;
    ck_assert_ok(collector_uploader_reconfigure(uploader, NULL, &options));
    step_after(0);
    ck_assert_uint_eq(drain.event_count, 1);
    step_after(0);
    ck_assert_uint_gt(drain.wait_ms, 0);
}
END_TEST

START_TEST(test_a_rate_out_of_range_is_refused)
{
    struct collector_uploader *refused = NULL;

    collector_uploader_options_init(&options);
    ck_assert_uint_eq(options.event_rate_max, 0);
    ck_assert_uint_eq(options.byte_rate_max, 0);
    options.event_rate_max = COLLECTOR_RATE_MAX + 1;
    ck_assert_error(
        collector_uploader_new(fixture.store, sink, &options, &refused),
        COLLECTOR_ERR_INVALID);
    options.event_rate_max = COLLECTOR_RATE_MAX;
    options.byte_rate_max = COLLECTOR_RATE_MAX + 1;
    ck_assert_error(
        collector_uploader_new(fixture.store, sink, &options, &refused),
        COLLECTOR_ERR_INVALID);
    options.byte_rate_max = COLLECTOR_RATE_MAX;
    begin();
    ck_assert_uint_eq(drain.event_count, BACKLOG);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_rate");
    TCase *rates = support_add_case(suite, "rates", setup, teardown);
    TCase *states = support_add_case(suite, "states", setup, teardown);

    tcase_add_test(rates, test_events_keep_to_their_rate);
    tcase_add_test(rates, test_smaller_batches_share_a_second);
    tcase_add_test(rates, test_bytes_keep_to_their_rate);
    tcase_add_test(rates, test_an_event_beyond_a_second_s_worth_goes_as_debt);
    tcase_add_test(rates, test_a_failed_delivery_counts);
    tcase_add_test(states, test_who_rests_for_a_rate_is_healthy);
    tcase_add_test(states, test_the_time_at_rest_is_counted);
    tcase_add_test(states, test_a_stop_keeps_to_the_rate);
    tcase_add_test(states, test_a_stop_does_not_wait_for_a_rate_in_vain);
    tcase_add_test(states, test_a_stop_drains_at_the_rate);
    tcase_add_test(states, test_rates_can_be_changed_while_it_rests);
    tcase_add_test(states, test_a_rate_out_of_range_is_refused);
    return support_run_suite(suite);
}
