/* SPDX-License-Identifier: MIT */
/* A build without the meter says 0, and is as any other apart from that. */
#include "harness.h"

static struct harness harness;

START_TEST(test_nothing_is_counted)
{
    struct collector_store_stats stats;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 100);
    ck_assert_uint_eq(harness_deliver(&harness, 50), 50);
    ck_assert_ok(collector_store_maintain(harness.store));
    stats = harness_stats(&harness);
    ck_assert_uint_eq(stats.delivered, 50);
    ck_assert_uint_gt(stats.commits, 0);
    ck_assert_uint_gt(stats.backlog_size, 0);
    ck_assert_uint_eq(stats.syncs, 0);
    ck_assert_uint_eq(stats.written_size, 0);
    ck_assert_uint_eq(stats.log_moves, 0);
    ck_assert_uint_eq(stats.pruned, 0);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("meter_none");
    TCase *counts = support_add_case(suite, "counts", NULL, NULL);

    tcase_add_test(counts, test_nothing_is_counted);
    return support_run_suite(suite);
}
