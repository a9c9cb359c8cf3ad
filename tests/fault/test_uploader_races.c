/* SPDX-License-Identifier: MIT */
/*
 * Whoever does what while a delivery is under way, just before it or just after
 * it, and in whatever order: no event is lost, none is settled that the sink
 * has not confirmed or refused, none is sent twice, nobody waits for ever, and
 * a stop leaves no thread and no batch behind.
 *
 * Two acts while the sink holds a batch, or one of them once it has answered;
 * each answer; each way to end it: all of that is walked through.
 */
#include "account.h"
#include "harness.h"
#include "recorder.h"
#include "usage.h"

#include "uploader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** From one order to the next: a prime that their number can't be divided by,
 *  so that a few of them are of all kinds, and none comes twice. */
#define ORDER_STEP 7919

/** Orders that share a store. */
#define ORDERS_A_STORE 60

/** Longer than any wait, so that only a race can be what ends one. */
#define LONG_MS 600000

enum act {
    ACT_APPEND,
    ACT_FETCH,
    ACT_START,
    ACT_DRAIN,
    ACT_STATS,
    ACT_MAINTAIN,
    ACT_SNAPSHOT,
    ACT_SNAPSHOT_CANCELLED,
    ACT_REPLAY,
    ACT_PURGE,
    ACT_CANCEL,
    ACT_STOP_AT_ONCE,
    ACT_STOP_DRAINED,
    ACT_COUNT
};

/** What the sink says to the batch that it held. */
enum say { SAY_DELIVERED, SAY_RETRY, SAY_REJECTED, SAY_ERROR, SAY_COUNT };

/** When the two acts come. */
enum moment {
    /** The first one perhaps before the sink has the batch. */
    MOMENT_EARLY,
    MOMENT_HELD,
    /** The second one when the sink has answered. */
    MOMENT_LATE,
    MOMENT_COUNT
};

/** How it ends; a free stops what still runs. */
enum ending {
    END_STOP_AT_ONCE,
    END_STOP_DRAINED,
    END_STOP_TWICE,
    END_FREE,
    END_COUNT
};

/** One way through all of it. */
struct order {
    enum act first;
    enum act second;
    enum say say;
    enum ending ending;
    enum moment moment;
    /** A cancel is no reason for the sink to give up. */
    bool headstrong;
};

#define ORDER_COUNT                                                            \
    ((uint64_t)ACT_COUNT * ACT_COUNT * SAY_COUNT * END_COUNT * MOMENT_COUNT * 2)

/** A thread that has been told to do something. */
struct helper {
    pthread_t thread;
    uint32_t drain_ms;
    int rc;
};

struct stage {
    struct harness harness;
    struct recorder *recorder;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    struct helper helpers[4];
    size_t helper_count;
    int snapshot_count;
    /** Before the first uploader. */
    int64_t thread_count;
};

static struct stage stage;

static struct order
order_of(uint64_t number)
{
    struct order order;

    order.first = (enum act)(number % ACT_COUNT);
    number /= ACT_COUNT;
    order.second = (enum act)(number % ACT_COUNT);
    number /= ACT_COUNT;
    order.say = (enum say)(number % SAY_COUNT);
    number /= SAY_COUNT;
    order.ending = (enum ending)(number % END_COUNT);
    number /= END_COUNT;
    order.moment = (enum moment)(number % MOMENT_COUNT);
    order.headstrong = number / MOMENT_COUNT == 1;
    return order;
}

static void *
do_nothing(void *userdata)
{
    return userdata;
}

/** A sanitizer starts a thread of its own with the first that is started. */
static int64_t
count_threads(void)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, do_nothing, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    (void)usleep(1000); /* it takes a moment to go */
    return usage_read(getpid()).thread_count;
}

static void
stage_open(int mode)
{
    memset(&stage, 0, sizeof(stage));
    harness_prepare(&stage.harness, mode);
    stage.harness.options.clock = NULL;
    harness_open(&stage.harness);
    stage.recorder = recorder_new(&stage.sink);
    stage.thread_count = count_threads();
}

/** Assert that what is settled is what the sink was asked about: what it took
 *  is delivered, once and in order; a dead letter it was offered. */
static void
assert_settled_as_said(void)
{
    const size_t count = recorder_event_count(stage.recorder);
    int64_t last_id = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct recorder_event *event = recorder_event(stage.recorder, i);

        if (!event->delivered)
            continue;
        ck_assert_int_gt(event->id, last_id);
        last_id = event->id;
    }
    ck_assert_int_eq(harness_int(&stage.harness, "SELECT delivered FROM state"),
                     (int64_t)recorder_delivered_count(stage.recorder));
    ck_assert_int_eq(harness_int(&stage.harness, "SELECT pending FROM ledger"),
                     0);
    account_assert(stage.harness.path);
}

static void
stage_close(void)
{
    while (harness_deliver(&stage.harness, 100) > 0)
        ck_abort_msg("the last order has left something");
    harness_close(&stage.harness);
    assert_settled_as_said();
    collector_sink_free(stage.sink);
    recorder_free(stage.recorder);
}

static void *
run_stop(void *userdata)
{
    struct helper *helper = userdata;

    helper->rc = collector_uploader_stop(stage.uploader, helper->drain_ms);
    return NULL;
}

static bool
is_stopping(void)
{
    bool stopping;

    (void)pthread_mutex_lock(&stage.uploader->mutex);
    stopping = stage.uploader->stopping || !stage.uploader->started;
    (void)pthread_mutex_unlock(&stage.uploader->mutex);
    return stopping;
}

/** Have somebody else stop it, and return when he is about it. */
static void
stop_elsewhere(uint32_t drain_ms)
{
    struct helper *helper = &stage.helpers[stage.helper_count++];

    helper->drain_ms = drain_ms;
    ck_assert_int_eq(pthread_create(&helper->thread, NULL, run_stop, helper),
                     0);
    ck_assert_eventually(is_stopping());
}

static void *
run_snapshot(void *userdata)
{
    int rc = collector_store_snapshot(stage.harness.store, userdata);

    if (rc == COLLECTOR_OK)
        (void)unlink(userdata); /* looked at below */
    return rc == COLLECTOR_OK || rc == COLLECTOR_ERR_CANCELLED ? NULL
                                                               : userdata;
}

/** Copy the file, and perhaps have the copy cancelled meanwhile. */
static void
act_snapshot(bool cancel)
{
    const char *path = support_path(
        stage.harness.dir, support_format("copy-%d", stage.snapshot_count++));
    pthread_t thread;
    void *failure;

    if (!cancel) {
        ck_assert_ptr_null(run_snapshot((void *)path));
    } else {
        ck_assert_int_eq(
            pthread_create(&thread, NULL, run_snapshot, (void *)path), 0);
        collector_store_snapshot_cancel(stage.harness.store);
        ck_assert_int_eq(pthread_join(thread, &failure), 0);
        ck_assert_ptr_null(failure);
    }
    ck_assert_int_eq(access(path, F_OK), -1);
}

/** Assert that it worked, or that somebody else was at it: the latter while
 *  the sink has the batch. */
static void
assert_done_or_busy(int rc, bool held)
{
    if (held)
        ck_assert_error(rc, COLLECTOR_ERR_BUSY);
    else
        ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_BUSY);
}

/** One batch is out at a time: while the sink has it, nobody else gets one. */
static void
act_fetch(bool held)
{
    const struct collector_batch_limits limits = {10, 10000};
    struct collector_batch *batch = NULL;
    const int rc = collector_store_fetch(stage.harness.store, &limits, &batch);

    assert_done_or_busy(rc, held);
    collector_batch_free(batch);
}

static void
act_stats(void)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    collector_uploader_stats(stage.uploader, &stats);
    ck_assert_uint_le(stats.failures, stats.runs);
    ck_assert_uint_eq(
        harness_stats(&stage.harness).accepted,
        (uint64_t)harness_int(&stage.harness, "SELECT accepted FROM ledger"));
}

static void *
run_drain(void *userdata)
{
    struct helper *helper = userdata;
    struct collector_drain drain;

    helper->rc = collector_uploader_drain(stage.uploader, &drain);
    return NULL;
}

/** Take a step; where it may be given a batch, on a thread, since the sink may
 *  hold it. */
static void
act_drain(bool held)
{
    struct helper *helper = &stage.helpers[stage.helper_count];
    struct collector_drain drain;

    if (held) {
        assert_done_or_busy(collector_uploader_drain(stage.uploader, &drain),
                            true);
        return;
    }
    stage.helper_count++;
    ck_assert_int_eq(pthread_create(&helper->thread, NULL, run_drain, helper),
                     0);
}

/** @param held  Whether the sink has the batch for as long as this takes. */
static void
perform(enum act act, bool held)
{
    switch (act) {
    case ACT_APPEND:
        harness_append(&stage.harness, 2);
        break;
    case ACT_FETCH:
        act_fetch(held);
        break;
    case ACT_START:
        assert_done_or_busy(collector_uploader_start(stage.uploader), held);
        break;
    case ACT_DRAIN:
        act_drain(held);
        break;
    case ACT_STATS:
        act_stats();
        break;
    case ACT_MAINTAIN:
        ck_assert_ok(collector_store_maintain(stage.harness.store));
        break;
    case ACT_SNAPSHOT:
    case ACT_SNAPSHOT_CANCELLED:
        act_snapshot(act == ACT_SNAPSHOT_CANCELLED);
        break;
    case ACT_REPLAY:
        ck_assert_ok(
            collector_dead_letters_replay(stage.harness.store, NULL, 0, NULL));
        break;
    case ACT_PURGE:
        ck_assert_ok(
            collector_dead_letters_purge(stage.harness.store, NULL, 0, NULL));
        break;
    case ACT_CANCEL:
        collector_sink_cancel(stage.sink);
        break;
    case ACT_STOP_AT_ONCE:
    case ACT_STOP_DRAINED:
        stop_elsewhere(act == ACT_STOP_AT_ONCE ? 0 : LONG_MS);
        break;
    case ACT_COUNT:
        break;
    }
}

static void
script(enum say say)
{
    static const struct recorder_answer answers[SAY_COUNT] = {
        [SAY_RETRY] = {.result = COLLECTOR_RETRY, .error = "later"},
        [SAY_REJECTED] = {.result = COLLECTOR_REJECTED, .status = 422},
        [SAY_ERROR] = {.rc = COLLECTOR_ERR_IO}};

    recorder_script(stage.recorder, answers[say]);
}

static void
end(enum ending ending)
{
    if (ending == END_STOP_TWICE)
        stop_elsewhere(LONG_MS);
    if (ending != END_FREE && ending != END_STOP_DRAINED)
        ck_assert_ok(collector_uploader_stop(stage.uploader, 0));
    if (ending == END_STOP_DRAINED)
        ck_assert_ok(collector_uploader_stop(stage.uploader, LONG_MS));
    /* Nobody may be at it when it is freed. */
    while (stage.helper_count > 0) {
        const struct helper *helper = &stage.helpers[--stage.helper_count];

        ck_assert_int_eq(pthread_join(helper->thread, NULL), 0);
        assert_done_or_busy(helper->rc, false);
    }
    collector_uploader_free(stage.uploader);
    stage.uploader = NULL;
    /* What was joined takes a moment to go. */
    ck_assert_eventually(usage_read(getpid()).thread_count <=
                         stage.thread_count);
}

/** Options with which nothing rests for long. */
static struct collector_uploader_options
hasty(void)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.interval_ms = 2;
    options.retry_base_ms = 2;
    options.retry_max_ms = 2;
    options.batch_count_max = 3;
    return options;
}

/** What is left is delivered by another uploader: so no batch is out, and the
 *  next order finds nothing. */
static void
drain_all(void)
{
    const struct collector_uploader_options options = hasty();
    struct collector_uploader *uploader;
    struct collector_drain drain;

    ck_assert_ok(collector_uploader_new(stage.harness.store, stage.sink,
                                        &options, &uploader));
    ck_assert_eventually(collector_uploader_drain(uploader, &drain) ==
                             COLLECTOR_OK &&
                         harness_stats(&stage.harness).pending == 0);
    collector_uploader_free(uploader);
}

/** Whether the sink has the batch for certain after the first act: one that
 *  lets itself be cancelled may not. */
static bool
is_held(const struct order *order)
{
    return order->moment == MOMENT_HELD &&
           (order->headstrong || order->first < ACT_CANCEL ||
            order->first == ACT_STOP_DRAINED);
}

static void
walk(uint64_t number)
{
    const struct order order = order_of(number);
    const size_t calls = recorder_call_count(stage.recorder);
    const struct collector_uploader_options options = hasty();

    ck_assert_ok(collector_uploader_new(stage.harness.store, stage.sink,
                                        &options, &stage.uploader));
    recorder_block(stage.recorder);
    recorder_set_cancellable(stage.recorder, !order.headstrong);
    harness_append(&stage.harness, 1 + number % 4);
    ck_assert_ok(collector_uploader_start(stage.uploader));
    if (order.moment != MOMENT_EARLY)
        ck_assert_eventually(recorder_call_count(stage.recorder) > calls);
    perform(order.first, order.moment != MOMENT_EARLY);
    if (order.moment != MOMENT_LATE)
        perform(order.second, is_held(&order));
    script(order.say);
    recorder_release(stage.recorder);
    if (order.moment == MOMENT_LATE) {
        ck_assert_eventually(!recorder_is_delivering(stage.recorder));
        perform(order.second, false);
    }
    end(order.ending);
    drain_all();
}

START_TEST(test_in_whatever_order)
{
    const uint64_t count = support_rounds("RACE_ORDERS", 120, ORDER_COUNT);
    const uint64_t start = support_seed();
    uint64_t i;

    stage_open(_i);
    for (i = 0; i < count; i++) {
        if (i > 0 && i % ORDERS_A_STORE == 0) {
            stage_close();
            stage_open(_i);
        }
        walk((start + i * ORDER_STEP) % ORDER_COUNT);
    }
    stage_close();
    (void)printf("mode %d: %ju of %ju orders\n", _i, (uintmax_t)count,
                 (uintmax_t)ORDER_COUNT);
    (void)fflush(stdout);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_races");
    TCase *tcase = tcase_create("orders");

    tcase_set_timeout(tcase, 6 * 3600);
    tcase_add_loop_test(tcase, test_in_whatever_order, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
