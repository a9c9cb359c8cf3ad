/* SPDX-License-Identifier: MIT */
/*
 * A step of the uploader promises to bring the oldest events to the sink, to
 * mark them only when the sink has confirmed them, and to say how long to rest:
 * not at all with more to send, the interval with nothing, and after a failure
 * a drawn time, in which the sink is left alone.
 */
#include "fixture.h"
#include "recorder.h"

#include <pthread.h>
#include <stddef.h>

#define INTERVAL_MS 700
#define BASE_MS 1000
#define MAX_MS 20000

static struct fixture fixture;
static struct recorder *recorder;
static struct collector_sink *sink;
static struct collector_uploader_options options;
static struct collector_uploader *uploader;

static void
setup(void)
{
    fixture_init(&fixture);
    recorder = recorder_new(&sink);
    collector_uploader_options_init(&options);
    options.interval_ms = INTERVAL_MS;
    options.batch_count_max = 3;
    options.retry_base_ms = BASE_MS;
    options.retry_max_ms = MAX_MS;
    options.log = support_log;
    options.log_userdata = fixture.log;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
}

static void
teardown(void)
{
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
    fixture_close(&fixture);
}

static struct collector_drain
drain(void)
{
    struct collector_drain result;

    memset(&result, 0xff, sizeof(result));
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

/** Make an uploader of the options in the place of the one of setup(). */
static void
renew_uploader(void)
{
    collector_uploader_free(uploader);
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
}

static void
script_retry(int64_t retry_after_ms)
{
    const struct recorder_answer answer = {.result = COLLECTOR_RETRY,
                                           .retry_after_ms = retry_after_ms,
                                           .error = "not now"};

    recorder_script(recorder, answer);
}

START_TEST(test_an_empty_store_means_a_rest_of_the_interval)
{
    const struct collector_drain result = drain();

    ck_assert_uint_eq(result.event_count, 0);
    ck_assert_int_eq(result.result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(result.wait_ms, INTERVAL_MS);
    ck_assert_uint_eq(recorder_call_count(recorder), 0);
}
END_TEST

START_TEST(test_a_full_batch_means_no_rest)
{
    struct collector_drain result;

    fixture_append(&fixture, 4);
    result = drain();
    ck_assert_uint_eq(result.event_count, 3);
    ck_assert_int_eq(result.result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(result.wait_ms, 0);
    ck_assert_uint_eq(fixture_pending(&fixture), 1);
}
END_TEST

START_TEST(test_a_batch_full_by_bytes_means_no_rest)
{
    options.batch_count_max = 100;
    options.batch_bytes_max = 250; /* two of them */
    renew_uploader();
    fixture_append(&fixture, 5);
    ck_assert_uint_eq(drain().wait_ms, 0);
    ck_assert_uint_lt(recorder_event_count(recorder), 5);
    ck_assert_uint_eq(drain().wait_ms, 0);
    while (fixture_pending(&fixture) > 0)
        ck_assert_int_eq(drain().result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(drain().wait_ms, INTERVAL_MS);
}
END_TEST

START_TEST(test_a_batch_that_is_not_full_means_a_short_rest)
{
    fixture_append(&fixture, 2);
    ck_assert_uint_lt(drain().wait_ms, INTERVAL_MS);
    options.interval_ms = 5;
    renew_uploader();
    fixture_append(&fixture, 2);
    ck_assert_uint_le(drain().wait_ms, 5);
}
END_TEST

START_TEST(test_draining_delivers_all_in_order_and_once)
{
    const struct recorder_event *event;
    size_t i;

    fixture_append(&fixture, 10);
    for (i = 0; i < 4; i++)
        ck_assert_uint_eq(drain().event_count, i < 3 ? 3 : 1);
    ck_assert_uint_eq(drain().event_count, 0);
    ck_assert_uint_eq(recorder_call_count(recorder), 4);
    ck_assert_uint_eq(recorder_event_count(recorder), 10);
    for (i = 0; i < 10; i++) {
        event = recorder_event(recorder, i);
        ck_assert_int_eq(event->id, (int64_t)i + 1);
        ck_assert_str_eq(event->payload, support_format("%zu", i + 1));
        ck_assert_uint_eq(event->call, i / 3);
        ck_assert(event->delivered);
    }
    ck_assert_int_eq(fixture_sql_int(&fixture, "SELECT count(*) FROM backlog"),
                     0);
    ck_assert_int_eq(fixture_sql_int(&fixture, "SELECT delivered FROM ledger"),
                     10);
}
END_TEST

static const struct recorder_answer failures[] = {
    {.result = COLLECTOR_RETRY, .error = "why"},
    {.rc = COLLECTOR_ERR_IO, .error = "why"},
    {.rc = COLLECTOR_ERR_NOMEM, .result = COLLECTOR_DELIVERED, .error = "why"},
    {.rc = COLLECTOR_ERR_CANCELLED, .error = "why"},
};

START_TEST(test_what_is_not_delivered_is_kept_and_offered_again)
{
    struct collector_drain result;
    size_t i;

    recorder_script(recorder, failures[_i]);
    fixture_append(&fixture, 2);
    result = drain();
    ck_assert_uint_eq(result.event_count, 0);
    ck_assert_int_ne(result.result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(fixture_pending(&fixture), 2);
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT settled_through FROM state"), 0);
    ck_assert_str_eq(read_stats().last_error, "why");
    fixture_append(&fixture, 2); /* not part of the batch that is kept */
    support_clock_advance(&fixture.clock, result.wait_ms);
    ck_assert_uint_eq(drain().event_count, 2);
    ck_assert_uint_eq(recorder_event_count(recorder), 4);
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(recorder_event(recorder, i)->id, (int64_t)i % 2 + 1);
        ck_assert_int_eq(recorder_event(recorder, i)->delivered, i >= 2);
    }
    ck_assert_uint_eq(fixture_pending(&fixture), 2);
}
END_TEST

START_TEST(test_a_rest_stays_within_the_bound_and_is_kept)
{
    struct collector_drain result;
    uint32_t ceiling_ms = BASE_MS;
    size_t failure;

    fixture_append(&fixture, 1);
    for (failure = 1; failure <= 15; failure++) {
        script_retry(0);
        result = drain();
        ck_assert_uint_eq(recorder_call_count(recorder), failure);
        ck_assert_uint_le(result.wait_ms, ceiling_ms);
        if (result.wait_ms > 0) {
            support_clock_advance(&fixture.clock, result.wait_ms - 1);
            result = drain();
            ck_assert_uint_eq(result.wait_ms, 1);
            ck_assert_uint_eq(result.event_count, 0);
            ck_assert_int_eq(result.result, COLLECTOR_RETRY);
            ck_assert_uint_eq(recorder_call_count(recorder), failure);
            support_clock_advance(&fixture.clock, 1);
        }
        ceiling_ms = ceiling_ms * 2 < MAX_MS ? ceiling_ms * 2 : MAX_MS;
    }
    ck_assert_uint_eq(drain().event_count, 1);
}
END_TEST

START_TEST(test_rests_are_drawn)
{
    uint32_t longest_ms = 0;
    uint32_t shortest_ms = UINT32_MAX;
    uint32_t wait_ms;
    int i;

    fixture_append(&fixture, 1);
    for (i = 0; i < 40; i++) {
        script_retry(0);
        wait_ms = drain().wait_ms;
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
        if (i >= 10 && wait_ms < shortest_ms)
            shortest_ms = wait_ms;
        support_clock_advance(&fixture.clock, wait_ms);
    }
    /* Thirty draws from 0 to 20 s: chances are 1 to 2e7 or better. */
    ck_assert_uint_gt(longest_ms, MAX_MS * 2 / 5);
    ck_assert_uint_lt(shortest_ms, MAX_MS * 3 / 5);
}
END_TEST

START_TEST(test_a_success_starts_the_backoff_over)
{
    int i;

    fixture_append(&fixture, 4);
    for (i = 0; i < 10; i++) {
        script_retry(0);
        support_clock_advance(&fixture.clock, drain().wait_ms);
    }
    ck_assert_uint_eq(drain().event_count, 3);
    script_retry(0);
    ck_assert_uint_le(drain().wait_ms, BASE_MS);
}
END_TEST

START_TEST(test_retry_after_is_obeyed_and_capped)
{
    fixture_append(&fixture, 1);
    script_retry(50 * 1000);
    ck_assert_uint_eq(drain().wait_ms, 50 * 1000);
    support_clock_advance(&fixture.clock, 50 * 1000);
    script_retry(COLLECTOR_RETRY_AFTER_MS_MAX + 1);
    ck_assert_int_eq(COLLECTOR_RETRY_AFTER_MS_MAX, 60 * 60 * 1000);
    ck_assert_uint_eq(drain().wait_ms, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_uint_eq(drain().wait_ms, COLLECTOR_RETRY_AFTER_MS_MAX);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    script_retry(INT64_MAX);
    ck_assert_uint_eq(drain().wait_ms, COLLECTOR_RETRY_AFTER_MS_MAX);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    script_retry(INT64_MIN);
    ck_assert_uint_le(drain().wait_ms, 8 * BASE_MS);
}
END_TEST

static void *
drain_elsewhere(void *userdata)
{
    struct collector_drain result;

    (void)userdata;
    ck_assert_ok(collector_uploader_drain(uploader, &result));
    return NULL;
}

START_TEST(test_a_second_thread_in_a_step_is_busy)
{
    struct collector_drain result = {7, COLLECTOR_REJECTED, 7};
    pthread_t thread;

    fixture_append(&fixture, 1);
    recorder_block(recorder);
    ck_assert_int_eq(pthread_create(&thread, NULL, drain_elsewhere, NULL), 0);
    ck_assert_eventually(recorder_call_count(recorder) == 1);
    ck_assert_error(collector_uploader_drain(uploader, &result),
                    COLLECTOR_ERR_BUSY);
    ck_assert_uint_eq(result.wait_ms, 7);
    ck_assert_error(collector_uploader_start(uploader), COLLECTOR_ERR_BUSY);
    recorder_release(recorder);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ok(collector_uploader_drain(uploader, &result));
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
}
END_TEST

START_TEST(test_stats_count_what_happened)
{
    struct collector_uploader_stats stats = read_stats();

    ck_assert(stats.healthy);
    ck_assert_str_eq(stats.sink, "recorder");
    ck_assert_uint_eq(stats.runs, 0);
    ck_assert_int_eq(stats.last_success_at, 0);
    ck_assert_str_eq(stats.last_error, "");
    fixture_append(&fixture, 4);
    (void)drain();
    script_retry(5000);
    (void)drain();
    stats = read_stats();
    ck_assert(!stats.healthy);
    ck_assert_uint_eq(stats.runs, 2);
    ck_assert_uint_eq(stats.failures, 1);
    ck_assert_uint_eq(stats.failures_in_a_row, 1);
    ck_assert_uint_eq(stats.events, 3);
    ck_assert_str_eq(stats.last_error, "not now");
    ck_assert_int_eq(stats.last_success_at, fixture.clock.wall_ms);
    ck_assert_uint_eq(stats.retry_in_ms, 5000);
    support_clock_advance(&fixture.clock, 4000);
    ck_assert_uint_eq(read_stats().retry_in_ms, 1000);
    support_clock_advance(&fixture.clock, 1000);
    ck_assert_uint_eq(drain().event_count, 1);
    stats = read_stats();
    ck_assert(stats.healthy);
    ck_assert_uint_eq(stats.runs, 3);
    ck_assert_uint_eq(stats.failures, 1);
    ck_assert_uint_eq(stats.failures_in_a_row, 0);
    ck_assert_uint_eq(stats.events, 4);
    ck_assert_str_eq(stats.last_error, "");
    ck_assert_uint_eq(stats.retry_in_ms, 0);
    ck_assert_int_eq(stats.last_success_at, fixture.clock.wall_ms);
}
END_TEST

START_TEST(test_health_needs_a_cycle_now_and_then)
{
    (void)drain();
    support_clock_advance(&fixture.clock, INTERVAL_MS + COLLECTOR_STALL_MS);
    ck_assert(read_stats().healthy);
    support_clock_advance(&fixture.clock, 1);
    ck_assert(!read_stats().healthy);
    (void)drain();
    ck_assert(read_stats().healthy);
}
END_TEST

START_TEST(test_a_failure_is_said_once_and_so_is_its_end)
{
    fixture_append(&fixture, 1);
    script_retry(100);
    support_clock_advance(&fixture.clock, drain().wait_ms);
    ck_assert_uint_eq(support_log_count(fixture.log, "failed: not now"), 1);
    (void)drain();
    ck_assert_uint_eq(support_log_count(fixture.log, "works again"), 1);
    (void)drain();
    ck_assert_uint_eq(support_log_count(fixture.log, "works again"), 1);
}
END_TEST

START_TEST(test_stats_of_an_older_caller_stay_within_its_size)
{
    struct collector_uploader_stats stats;

    memset(&stats, 0x5a, sizeof(stats));
    stats.size = offsetof(struct collector_uploader_stats, runs);
    collector_uploader_stats(uploader, &stats);
    ck_assert_uint_eq(stats.size,
                      offsetof(struct collector_uploader_stats, runs));
    ck_assert_str_eq(stats.sink, "recorder");
    ck_assert_uint_eq(stats.runs, UINT64_C(0x5a5a5a5a5a5a5a5a));
}
END_TEST

START_TEST(test_the_defaults_are_the_documented_ones)
{
    struct collector_uploader_options all;

    memset(&all, 0xff, sizeof(all));
    collector_uploader_options_init(&all);
    ck_assert_uint_eq(all.size, sizeof(all));
    ck_assert_uint_eq(all.interval_ms, 1000);
    ck_assert_uint_eq(all.batch_count_max, 1000);
    ck_assert_uint_eq(all.batch_bytes_max, 1024 * 1024);
    ck_assert_uint_eq(all.retry_base_ms, 1000);
    ck_assert_uint_eq(all.retry_max_ms, 300000);
    ck_assert(all.log == NULL);
    ck_assert_ptr_null(all.log_userdata);
    collector_uploader_options_init(NULL);
}
END_TEST

static void
check_options_refused(struct collector_uploader_options wrong)
{
    struct collector_uploader *none = NULL;

    ck_assert_error(collector_uploader_new(fixture.store, sink, &wrong, &none),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ptr_null(none);
}

#define WITH(member, value)                                                    \
    ({                                                                         \
        struct collector_uploader_options with_ = options;                     \
        with_.member = (value);                                                \
        with_;                                                                 \
    })

START_TEST(test_arguments_out_of_range_are_refused)
{
    struct collector_uploader *other = NULL;
    struct collector_drain result;

    check_options_refused(WITH(size, 0));
    check_options_refused(WITH(interval_ms, 0));
    check_options_refused(WITH(batch_count_max, 0));
    check_options_refused(WITH(batch_count_max, COLLECTOR_BATCH_COUNT_MAX + 1));
    check_options_refused(WITH(batch_bytes_max, 0));
    check_options_refused(WITH(batch_bytes_max, COLLECTOR_BATCH_BYTES_MAX + 1));
    check_options_refused(WITH(retry_base_ms, 0));
    check_options_refused(WITH(retry_max_ms, 0));
    ck_assert_error(collector_uploader_new(NULL, sink, NULL, &other),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_new(fixture.store, NULL, NULL, &other),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_new(fixture.store, sink, NULL, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_drain(NULL, &result),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_drain(uploader, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_start(NULL), COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_uploader_stop(NULL, 0), COLLECTOR_ERR_INVALID);
    collector_uploader_free(NULL);
    ck_assert_ok(collector_uploader_new(fixture.store, sink, NULL, &other));
    collector_uploader_free(other);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("uploader");
    TCase *steps = support_add_case(suite, "drain", setup, teardown);
    TCase *rests = support_add_case(suite, "rests", setup, teardown);
    TCase *stats = support_add_case(suite, "stats", setup, teardown);
    TCase *choices = support_add_case(suite, "options", setup, teardown);

    tcase_add_test(steps, test_an_empty_store_means_a_rest_of_the_interval);
    tcase_add_test(steps, test_a_full_batch_means_no_rest);
    tcase_add_test(steps, test_a_batch_full_by_bytes_means_no_rest);
    tcase_add_test(steps, test_a_batch_that_is_not_full_means_a_short_rest);
    tcase_add_test(steps, test_draining_delivers_all_in_order_and_once);
    tcase_add_loop_test(steps,
                        test_what_is_not_delivered_is_kept_and_offered_again, 0,
                        ROWS(failures));
    tcase_add_test(steps, test_a_second_thread_in_a_step_is_busy);
    tcase_add_test(rests, test_a_rest_stays_within_the_bound_and_is_kept);
    tcase_add_test(rests, test_rests_are_drawn);
    tcase_add_test(rests, test_a_success_starts_the_backoff_over);
    tcase_add_test(rests, test_retry_after_is_obeyed_and_capped);
    tcase_add_test(stats, test_stats_count_what_happened);
    tcase_add_test(stats, test_health_needs_a_cycle_now_and_then);
    tcase_add_test(stats, test_a_failure_is_said_once_and_so_is_its_end);
    tcase_add_test(stats, test_stats_of_an_older_caller_stay_within_its_size);
    tcase_add_test(choices, test_the_defaults_are_the_documented_ones);
    tcase_add_test(choices, test_arguments_out_of_range_are_refused);
    return support_run_suite(suite);
}
