/* SPDX-License-Identifier: MIT */
/*
 * The last hour of the ledger: as many samples as there is room for, the oldest
 * first, in a time that goes on evenly whatever is done to the clock.
 */
#include "history.h"

#include "support.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WALL_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define BOOT_MS 90000

/* How long the machine has slept, as far as it is asked here. */
static time_t slept_s;

#if __SIZEOF_LONG__ == 8 /* elsewhere the call depends on the C library */
/** In place of that of the C library. */
int
clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    const int rc = (int)syscall(SYS_clock_gettime, clock_id, tp);

    if (clock_id == CLOCK_REALTIME || clock_id == CLOCK_BOOTTIME)
        tp->tv_sec += slept_s;
    return rc;
}
#define SLEEPS 1
#else
#define SLEEPS 0
#endif

static struct history *history;

static void
setup(void)
{
    history = history_new();
    ck_assert_ptr_nonnull(history);
}

static void
teardown(void)
{
    history_free(history);
    history = NULL;
}

/** Add the n-th sample, with a clock that is off by so much. */
static void
add(int64_t n, int64_t off_ms)
{
    const struct collector_store_stats stats = {.accepted = (uint64_t)n + 5,
                                                .delivered = (uint64_t)n + 1,
                                                .dead = 2,
                                                .dropped = 1,
                                                .pending = 1};

    history_add(history, BOOT_MS + n * HISTORY_STEP_MS,
                WALL_MS + n * HISTORY_STEP_MS + off_ms, &stats);
}

static void
add_many(int64_t first, int64_t count, int64_t off_ms)
{
    int64_t n;

    for (n = first; n < first + count; n++)
        add(n, off_ms);
}

static char *
written(int64_t after)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    history_write(history, after, out);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

/** The samples later than that; yours to free. */
static json_t *
samples(int64_t after)
{
    char *text = written(after);
    json_t *json = json_loads(text, 0, NULL);

    ck_assert(json_is_array(json));
    free(text);
    return json;
}

/** A number of a sample; the first is when it was taken. */
static int64_t
number_of(const json_t *json, size_t sample, size_t i)
{
    return json_integer_value(json_array_get(json_array_get(json, sample), i));
}

/** Assert that there are so many samples, a step apart, of which the first is
 *  the n-th with a clock that was off by so much. */
static void
assert_samples(int64_t after, size_t count, int64_t first, int64_t off_ms)
{
    json_t *json = samples(after);
    size_t i;

    ck_assert_uint_eq(json_array_size(json), count);
    for (i = 0; i < count; i++) {
        const int64_t n = first + (int64_t)i;

        ck_assert_int_eq(number_of(json, i, 0),
                         WALL_MS + n * HISTORY_STEP_MS + off_ms);
        ck_assert_int_eq(number_of(json, i, 1), n + 5);
    }
    json_decref(json);
}

START_TEST(test_nothing_was_taken_yet)
{
    assert_samples(0, 0, 0, 0);
    assert_samples(INT64_MAX, 0, 0, 0);
}
END_TEST

START_TEST(test_a_sample_has_the_ledger)
{
    char *text;

    add(3, 0);
    text = written(0);
    ck_assert_str_eq(text, "[[1767225615000,8,4,2,1,1]]");
    free(text);
}
END_TEST

START_TEST(test_samples_of_an_hour_are_kept)
{
    add_many(0, HISTORY_SAMPLE_COUNT, 0);
    assert_samples(0, HISTORY_SAMPLE_COUNT, 0, 0);
    add(HISTORY_SAMPLE_COUNT, 0);
    assert_samples(0, HISTORY_SAMPLE_COUNT, 1, 0);
    add_many(HISTORY_SAMPLE_COUNT + 1, 2 * HISTORY_SAMPLE_COUNT, 0);
    assert_samples(0, HISTORY_SAMPLE_COUNT, 2 * HISTORY_SAMPLE_COUNT + 1, 0);
    ck_assert_int_eq(HISTORY_SAMPLE_COUNT * HISTORY_STEP_MS, 60 * 60 * 1000);
}
END_TEST

START_TEST(test_only_the_later_ones_are_asked_for)
{
    add_many(0, 10, 0);
    assert_samples(WALL_MS - 1, 10, 0, 0);
    assert_samples(WALL_MS, 9, 1, 0);
    assert_samples(WALL_MS + 6 * HISTORY_STEP_MS + 1, 3, 7, 0);
    assert_samples(WALL_MS + 9 * HISTORY_STEP_MS, 0, 0, 0);
}
END_TEST

START_TEST(test_a_time_behind_the_last_is_of_another_clock)
{
    add_many(0, 10, 0);
    assert_samples(WALL_MS + 9 * HISTORY_STEP_MS + 1, 10, 0, 0);
    assert_samples(INT64_MAX, 10, 0, 0);
}
END_TEST

/** By how much a clock is set. */
static const int64_t settings_ms[] = {
    3600000, -3600000, 2001, -2001, -WALL_MS, 50 * INT64_C(31536000000)};

START_TEST(test_a_clock_that_is_set_moves_all_samples_with_it)
{
    const int64_t off_ms = settings_ms[_i];

    add_many(0, 5, 0);
    add_many(5, 5, off_ms);
    assert_samples(INT64_MIN, 10, 0, off_ms);
    add_many(10, 5, 0); /* and back */
    assert_samples(INT64_MIN, 15, 0, 0);
}
END_TEST

START_TEST(test_a_clock_that_is_set_moves_a_full_ring_too)
{
    add_many(0, HISTORY_SAMPLE_COUNT + 10, 0);
    add(HISTORY_SAMPLE_COUNT + 10, 3600000);
    assert_samples(0, HISTORY_SAMPLE_COUNT, 11, 3600000);
}
END_TEST

START_TEST(test_a_clock_that_is_slowly_corrected_bends_nothing)
{
    int64_t n;

    for (n = 0; n < 20; n++)
        add(n, n * 100);
    assert_samples(0, 20, 0, 0);
}
END_TEST

START_TEST(test_time_that_nobody_looked_is_a_gap)
{
    json_t *json;

    add(0, 0);
    add(7, 0);
    json = samples(0);
    ck_assert_int_eq(number_of(json, 1, 0) - number_of(json, 0, 0),
                     7 * HISTORY_STEP_MS);
    json_decref(json);
}
END_TEST

static const char *db;
static struct collector_store *store;

static void
setup_store(void)
{
    struct collector_store_options options;

    setup();
    db = support_path(support_dir_new(), "events.sqlite");
    collector_store_options_init(&options);
    options.path = db;
    ck_assert_ok(collector_store_open(&options, &store));
}

static void
teardown_store(void)
{
    collector_store_free(store);
    teardown();
}

START_TEST(test_the_first_sample_is_due_at_once_and_the_next_in_a_step)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    json_t *json;
    int rest_ms;

    ck_assert_ok(collector_store_append(store, &event, 1, NULL, NULL));
    rest_ms = history_step(history, store);
    ck_assert_int_gt(rest_ms, 0);
    ck_assert_int_le(rest_ms, HISTORY_STEP_MS);
    json = samples(0);
    ck_assert_uint_eq(json_array_size(json), 1);
    ck_assert_int_eq(number_of(json, 0, 1), 1);
    ck_assert_int_eq(number_of(json, 0, 5), 1);
    ck_assert_int_gt(number_of(json, 0, 0), WALL_MS / 2);
    json_decref(json);
}
END_TEST

START_TEST(test_no_sample_is_taken_before_it_is_due)
{
    const int64_t began_ms = support_now_ms();
    size_t count;
    json_t *json;
    int i;

    for (i = 0; i < 1000; i++)
        (void)history_step(history, store);
    json = samples(0);
    count = json_array_size(json);
    json_decref(json);
    ck_assert_uint_ge(count, 1);
    ck_assert_int_le((int64_t)(count - 1) * HISTORY_STEP_MS,
                     support_now_ms() - began_ms);
}
END_TEST

START_TEST(test_a_sleep_of_the_machine_is_a_gap)
{
    json_t *before;
    json_t *json;

    (void)history_step(history, store);
    before = samples(0);
    slept_s = 1000;
    (void)history_step(history, store);
    json = samples(0);
    slept_s = 0;
    ck_assert_uint_eq(json_array_size(json), 2);
    ck_assert_int_eq(number_of(json, 0, 0), number_of(before, 0, 0));
    ck_assert_int_ge(number_of(json, 1, 0), number_of(json, 0, 0) + 1000000);
    json_decref(before);
    json_decref(json);
}
END_TEST

static void *
write_often(void *userdata)
{
    int i;

    for (i = 0; i < 20; i++) {
        json_t *json = samples(0);

        if (json_array_size(json) > 0)
            ck_assert_int_eq(number_of(json, json_array_size(json) - 1, 0),
                             number_of(json, 0, 0) +
                                 (int64_t)(json_array_size(json) - 1) *
                                     HISTORY_STEP_MS);
        json_decref(json);
    }
    return userdata;
}

START_TEST(test_it_is_read_while_it_is_written)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, write_often, NULL), 0);
    add_many(0, 2 * HISTORY_SAMPLE_COUNT, 0);
    add_many(2 * HISTORY_SAMPLE_COUNT, 100, -10000);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("history");
    TCase *ring = support_add_case(suite, "ring", setup, teardown);
    TCase *step = support_add_case(suite, "step", setup_store, teardown_store);

    tcase_add_test(ring, test_nothing_was_taken_yet);
    tcase_add_test(ring, test_a_sample_has_the_ledger);
    tcase_add_test(ring, test_samples_of_an_hour_are_kept);
    tcase_add_test(ring, test_only_the_later_ones_are_asked_for);
    tcase_add_test(ring, test_a_time_behind_the_last_is_of_another_clock);
    tcase_add_loop_test(ring,
                        test_a_clock_that_is_set_moves_all_samples_with_it, 0,
                        sizeof(settings_ms) / sizeof(settings_ms[0]));
    tcase_add_test(ring, test_a_clock_that_is_set_moves_a_full_ring_too);
    tcase_add_test(ring, test_a_clock_that_is_slowly_corrected_bends_nothing);
    tcase_add_test(ring, test_time_that_nobody_looked_is_a_gap);
    tcase_add_test(ring, test_it_is_read_while_it_is_written);
    tcase_add_test(step,
                   test_the_first_sample_is_due_at_once_and_the_next_in_a_step);
    tcase_add_test(step, test_no_sample_is_taken_before_it_is_due);
    if (SLEEPS)
        tcase_add_test(step, test_a_sleep_of_the_machine_is_a_gap);
    return support_run_suite(suite);
}
