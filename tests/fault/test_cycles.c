/* SPDX-License-Identifier: MIT */
/*
 * Thousands of starts and stops, of opens and closes, with a delivery under way
 * or without: each is whole, and leaves no descriptor, no thread and no memory
 * behind.
 */
#include "harness.h"
#include "usage.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/** Before the first count: what is made once is made then. */
#define WARM_UP_COUNT 20

/** A sink that never answers until it is told to stop. */
struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool delivering;
    bool cancelled;
    _Atomic uint64_t count;
};

static struct harness harness;
static struct waiter waiter;
static struct collector_sink *sink;

static int
wait_for_cancel(void *userdata, const struct collector_batch *batch,
                struct collector_delivery *delivery)
{
    struct waiter *self = userdata;

    (void)batch;
    (void)delivery;
    (void)pthread_mutex_lock(&self->lock);
    self->delivering = true;
    self->cancelled = false;
    atomic_fetch_add(&self->count, 1);
    while (!self->cancelled)
        (void)pthread_cond_wait(&self->changed, &self->lock);
    self->delivering = false;
    (void)pthread_mutex_unlock(&self->lock);
    return COLLECTOR_ERR_CANCELLED;
}

static void
cancel(void *userdata)
{
    struct waiter *self = userdata;

    (void)pthread_mutex_lock(&self->lock);
    self->cancelled = self->delivering;
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
}

static void
setup(int mode)
{
    const struct collector_sink_ops ops = {
        .size = sizeof(ops), .deliver = wait_for_cancel, .cancel = cancel};

    (void)pthread_mutex_init(&waiter.lock, NULL);
    (void)pthread_cond_init(&waiter.changed, NULL);
    ck_assert_ok(collector_sink_new("waiter", &ops, &waiter, &sink));
    harness_prepare(&harness, mode);
    harness_open(&harness);
    harness_append(&harness, 5);
}

static void
teardown(void)
{
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"), 5);
    harness_close(&harness);
    collector_sink_free(sink);
}

/** Start and stop; each second time with a delivery that is under way. */
static void
cycle(struct collector_uploader *uploader, uint64_t number)
{
    const uint64_t before = atomic_load(&waiter.count);

    ck_assert_ok(collector_uploader_start(uploader));
    if (number % 2 == 0)
        ck_assert_eventually(atomic_load(&waiter.count) > before);
    ck_assert_ok(collector_uploader_stop(uploader, 0));
}

START_TEST(test_an_uploader_is_started_and_stopped)
{
    const uint64_t rounds = support_rounds("CYCLES_UPLOADER", 300, 10000);
    struct collector_uploader *uploader;
    struct usage before;
    uint64_t i;

    setup(COLLECTOR_MODE_GROUP);
    ck_assert_ok(collector_uploader_new(harness.store, sink, NULL, &uploader));
    for (i = 0; i < WARM_UP_COUNT; i++)
        cycle(uploader, i);
    before = usage_read(getpid());
    for (i = 0; i < rounds; i++)
        cycle(uploader, i);
    usage_assert_flat(getpid(), &before);
    ck_assert_uint_ge(atomic_load(&waiter.count), rounds / 2);
    collector_uploader_free(uploader);
    teardown();
}
END_TEST

/** Close and open, and each second time have an uploader in between. */
static void
cycle_store(uint64_t number)
{
    struct collector_uploader *uploader;

    if (number % 2 == 0) {
        ck_assert_ok(
            collector_uploader_new(harness.store, sink, NULL, &uploader));
        cycle(uploader, number / 2);
        collector_uploader_free(uploader);
    }
    harness_reopen(&harness);
}

START_TEST(test_a_store_is_opened_and_closed)
{
    const uint64_t rounds = support_rounds("CYCLES_STORE", 20, 3000);
    struct usage before;
    uint64_t i;

    setup(_i);
    for (i = 0; i < WARM_UP_COUNT; i++)
        cycle_store(i);
    before = usage_read(getpid());
    for (i = 0; i < rounds; i++)
        cycle_store(i);
    usage_assert_flat(getpid(), &before);
    teardown();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("cycles");
    TCase *tcase = tcase_create("cycles");

    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, test_an_uploader_is_started_and_stopped);
    tcase_add_loop_test(tcase, test_a_store_is_opened_and_closed, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
