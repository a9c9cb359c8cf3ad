/* SPDX-License-Identifier: MIT */
/*
 * The wall clock stamps, and decides nothing: it may jump by seconds, years or
 * to before 1970 between any two looks at it, and the same work comes to the
 * same events, ledger, rests and ages as under a clock that runs evenly.
 *
 * Each life is lived twice from one seed: the two texts are the same.
 */
#include "harness.h"
#include "life.h"
#include "recorder.h"
#include "wall.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/** Assert that two texts are the same, or show the first line that is not. */
static void
assert_same(const char *steady, const char *jumpy)
{
    unsigned line = 1;
    size_t i = 0;
    size_t start = 0;

    for (; steady[i] != '\0' && steady[i] == jumpy[i]; i++) {
        if (steady[i] == '\n') {
            start = i + 1;
            line++;
        }
    }
    ck_assert_msg(steady[i] == jumpy[i],
                  "line %u differs: a steady clock has\n%.200s\nand one that "
                  "jumps\n%.200s",
                  line, steady + start, jumpy + start);
}

START_TEST(test_a_clock_that_jumps_changes_nothing_but_its_stamps)
{
    const uint64_t rounds = support_rounds("CLOCK_ROUNDS", 2, 400);
    unsigned seed = support_seed();
    uint64_t jump_count = 0;
    uint64_t i;

    for (i = 0; i < rounds; i++, seed++) {
        char *steady = life_live(_i, seed, false, NULL);
        char *jumpy = life_live(_i, seed, true, &jump_count);

        assert_same(steady, jumpy);
        free(steady);
        free(jumpy);
    }
    (void)printf("mode %d: %ju lives of %d steps, %ju jumps\n", _i,
                 (uintmax_t)rounds, LIFE_STEP_COUNT, (uintmax_t)jump_count);
    (void)fflush(stdout);
}
END_TEST

static int64_t
read_system(void *userdata)
{
    (void)userdata;
    return support_now_ms();
}

/** Append on a thread, one event after the other. */
static void *
append_some(void *userdata)
{
    struct harness *harness = userdata;
    int i;

    for (i = 0; i < 200; i++)
        harness_append(harness, 1);
    return NULL;
}

START_TEST(test_nothing_stalls_on_threads_either)
{
    struct collector_uploader_options options;
    struct collector_uploader *uploader;
    struct collector_sink *sink;
    struct recorder *recorder = recorder_new(&sink);
    struct harness harness;
    pthread_t threads[4];
    struct wall wall;
    int i;

    wall_init(&wall, true, support_seed());
    harness_prepare(&harness, _i);
    harness.clock_ops = (struct collector_clock){
        .wall_ms = wall_read, .monotonic_ms = read_system, .userdata = &wall};
    harness_open(&harness);
    collector_uploader_options_init(&options);
    options.interval_ms = 5;
    ck_assert_ok(
        collector_uploader_new(harness.store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, append_some, &harness), 0);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_eventually(harness_stats(&harness).delivered == 800);
    ck_assert_ok(collector_uploader_stop(uploader, SUPPORT_WAIT_MS));
    ck_assert_uint_eq(recorder_delivered_count(recorder), 800);
    ck_assert_uint_gt(wall.jump_count, 0);
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    harness_close(&harness);
    recorder_free(recorder);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = tcase_create("clock");

    tcase_set_timeout(tcase, 6 * 3600);
    tcase_add_loop_test(
        tcase, test_a_clock_that_jumps_changes_nothing_but_its_stamps, 0, 3);
    tcase_add_loop_test(tcase, test_nothing_stalls_on_threads_either, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
