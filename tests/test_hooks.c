/* SPDX-License-Identifier: MIT */
/*
 * What firmware hands to the library is what it uses: random bits for names and
 * rests, and two functions that the uploader's thread calls first and last.
 */
#include "harness.h"
#include "recorder.h"

#include <pthread.h>

#define RETRY_BASE_MS 1000

static struct harness harness;
static struct recorder *recorder;
static struct collector_sink *sink;

/** Bits that a test chooses, and how often they were asked for. */
struct dice {
    uint64_t bits;
    _Atomic uint64_t throw_count;
};

static uint64_t
throw_dice(void *userdata)
{
    struct dice *dice = userdata;

    atomic_fetch_add(&dice->throw_count, 1);
    return dice->bits;
}

static void
setup(void)
{
    harness_init(&harness);
    recorder = recorder_new(&sink);
}

static void
teardown(void)
{
    harness_close(&harness);
    collector_sink_free(sink);
    recorder_free(recorder);
}

static void
open_with(struct dice *dice)
{
    harness_stop_clock(&harness);
    harness.options.random = throw_dice;
    harness.options.random_userdata = dice;
    harness_open(&harness);
}

START_TEST(test_a_collector_is_named_by_the_random_bits)
{
    struct dice dice = {.bits = UINT64_C(0x0123456789abcdef)};

    open_with(&dice);

    ck_assert_str_eq(harness_stats(&harness).collector_id,
                     "01234567-89ab-4def-8123-456789abcdef");
    ck_assert_uint_gt(dice.throw_count, 0);
}
END_TEST

/** A rest is drawn evenly up to a ceiling: these bits are its two ends. */
START_TEST(test_a_rest_is_drawn_from_the_random_bits)
{
    const uint64_t all[] = {0, RETRY_BASE_MS};
    const uint32_t rests[] = {0, RETRY_BASE_MS};
    struct dice dice = {.bits = all[_i]};
    struct collector_uploader_options options;
    struct collector_uploader *uploader = NULL;
    struct collector_drain drain;

    open_with(&dice);
    harness_append(&harness, 1);
    collector_uploader_options_init(&options);
    options.retry_base_ms = RETRY_BASE_MS;
    ck_assert_ok(
        collector_uploader_new(harness.store, sink, &options, &uploader));
    recorder_script(recorder,
                    (struct recorder_answer){.result = COLLECTOR_RETRY});
    ck_assert_ok(collector_uploader_drain(uploader, &drain));
    collector_uploader_free(uploader);

    ck_assert_int_eq(drain.result, COLLECTOR_RETRY);
    ck_assert_uint_eq(drain.wait_ms, rests[_i]);
}
END_TEST

/** What the uploader's thread said of itself. */
struct watch {
    pthread_t entered;
    pthread_t left;
    _Atomic size_t enter_count;
    _Atomic size_t leave_count;
    /** Deliveries that had begun when it was entered, and when it was left. */
    size_t calls_before;
    size_t calls_after;
};

static void
note_enter(void *userdata)
{
    struct watch *watch = userdata;

    watch->entered = pthread_self();
    watch->calls_before = recorder_call_count(recorder);
    atomic_fetch_add(&watch->enter_count, 1);
}

static void
note_leave(void *userdata)
{
    struct watch *watch = userdata;

    watch->left = pthread_self();
    watch->calls_after = recorder_call_count(recorder);
    atomic_fetch_add(&watch->leave_count, 1);
}

START_TEST(test_the_uploaders_thread_is_entered_first_and_left_last)
{
    struct watch watch = {.enter_count = 0};
    struct collector_uploader_options options;
    struct collector_uploader *uploader = NULL;

    harness_open(&harness);
    harness_append(&harness, 3);
    collector_uploader_options_init(&options);
    options.thread_enter = note_enter;
    options.thread_leave = note_leave;
    options.thread_userdata = &watch;
    ck_assert_ok(
        collector_uploader_new(harness.store, sink, &options, &uploader));
    ck_assert_uint_eq(watch.enter_count, 0);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(recorder_delivered_count(recorder) == 3);
    ck_assert_uint_eq(watch.leave_count, 0);
    ck_assert_ok(collector_uploader_stop(uploader, 0));

    /* Both have returned when stop does. */
    ck_assert_uint_eq(watch.enter_count, 1);
    ck_assert_uint_eq(watch.leave_count, 1);
    ck_assert(pthread_equal(watch.entered, watch.left));
    ck_assert(!pthread_equal(watch.entered, pthread_self()));
    ck_assert_uint_eq(watch.calls_before, 0);
    ck_assert_uint_gt(watch.calls_after, 0);

    ck_assert_ok(collector_uploader_start(uploader));
    collector_uploader_free(uploader);
    ck_assert_uint_eq(watch.enter_count, 2);
    ck_assert_uint_eq(watch.leave_count, 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hooks");
    TCase *random_case = support_add_case(suite, "random", setup, teardown);
    TCase *thread = support_add_case(suite, "thread", setup, teardown);

    tcase_add_test(random_case, test_a_collector_is_named_by_the_random_bits);
    tcase_add_loop_test(random_case, test_a_rest_is_drawn_from_the_random_bits,
                        0, 2);
    tcase_add_test(thread,
                   test_the_uploaders_thread_is_entered_first_and_left_last);
    return support_run_suite(suite);
}
