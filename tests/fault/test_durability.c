/* SPDX-License-Identifier: MIT */
/*
 * What is on disk when: with full durability each append, with normal one what
 * leaves. An event that a power cut could still take is never handed out.
 */
#include "calls.h"
#include "harness.h"

#include <errno.h>

static struct harness harness;
static size_t sync_count;
static bool fails;

static int
refuse_sync(void *userdata, struct call *call)
{
    (void)userdata;
    return fails && call->kind == CALL_SYNC ? EIO : 0;
}

static void
count_sync(void *userdata, const struct call *call, int64_t result)
{
    (void)userdata;
    (void)result;
    if (call->kind == CALL_SYNC)
        sync_count++;
}

static const struct call_observer observer = {.before = refuse_sync,
                                              .after = count_sync};

/** A store of this durability, whose first batch is out of the way. */
static void
start(enum collector_durability durability)
{
    harness_init(&harness);
    calls_observe(harness.dir, &observer);
    harness.options.durability = durability;
    harness_open(&harness);
    (void)harness_append(&harness, 1);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 1);
    sync_count = 0;
}

static void
finish(void)
{
    harness_close(&harness);
    calls_observe(NULL, NULL);
}

START_TEST(test_an_append_is_synced_with_full_durability)
{
    start(COLLECTOR_DURABILITY_FULL);
    (void)harness_append(&harness, 1);
    ck_assert_uint_eq(sync_count, 1);
    collector_batch_free(harness_fetch(&harness, 10));
    ck_assert_uint_eq(sync_count, 1);
    finish();
}
END_TEST

START_TEST(test_a_batch_is_synced_once_with_normal_durability)
{
    start(COLLECTOR_DURABILITY_NORMAL);
    (void)harness_append(&harness, 3);
    ck_assert_uint_eq(sync_count, 0);
    collector_batch_free(harness_fetch(&harness, 10));
    ck_assert_uint_eq(sync_count, 1);
    collector_batch_free(harness_fetch(&harness, 10));
    ck_assert_uint_eq(sync_count, 1);
    (void)harness_append(&harness, 1);
    collector_batch_free(harness_fetch(&harness, 10));
    ck_assert_uint_eq(sync_count, 2);
    finish();
}
END_TEST

START_TEST(test_a_batch_that_is_not_synced_is_not_handed_out)
{
    const struct collector_batch_limits limits = {10, 100000};
    struct collector_batch *batch = NULL;

    start(COLLECTOR_DURABILITY_NORMAL);
    support_log_expect_errors(harness.log);
    (void)harness_append(&harness, 1);
    fails = true;
    ck_assert_error(collector_store_fetch(harness.store, &limits, &batch),
                    COLLECTOR_ERR_IO);
    ck_assert_ptr_null(batch);
    ck_assert_uint_eq(support_log_count(harness.log, "syncing the log"), 1);
    fails = false;
    ck_assert_uint_eq(harness_deliver(&harness, 10), 1);
    finish();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("durability");
    TCase *tcase = support_add_case(suite, "durability", NULL, NULL);

    tcase_add_test(tcase, test_an_append_is_synced_with_full_durability);
    tcase_add_test(tcase, test_a_batch_is_synced_once_with_normal_durability);
    tcase_add_test(tcase, test_a_batch_that_is_not_synced_is_not_handed_out);
    return support_run_suite(suite);
}
