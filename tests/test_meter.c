/* SPDX-License-Identifier: MIT */
/*
 * What the storage had to do is counted exactly: as the VFS below saw it, for
 * each store by itself, whatever the mode, and over a failure. What is pruned
 * is counted when it is committed.
 */
#include "fault_vfs.h"
#include "harness.h"

#include <sqlite3.h>

#define RETAIN_MS 1000

static struct harness harness;

static void
setup(void)
{
    harness_init(&harness);
    harness_stop_clock(&harness);
    harness.options.vfs = fault_vfs_register();
    harness.options.retain_ms = RETAIN_MS;
}

static void
teardown(void)
{
    harness_close(&harness);
}

/** Assert that the store has counted what the VFS saw, since both were last
 *  asked. */
static void
assert_counted(const struct collector_store_stats *stats_before,
               const struct fault_account *seen_before)
{
    const struct collector_store_stats stats = harness_stats(&harness);
    const struct fault_account seen = fault_vfs_account();

    ck_assert_uint_gt(stats.syncs, stats_before->syncs);
    ck_assert_uint_gt(stats.written_size, stats_before->written_size);
    ck_assert_uint_eq(stats.syncs - stats_before->syncs,
                      seen.sync_count - seen_before->sync_count);
    ck_assert_uint_eq(stats.written_size - stats_before->written_size,
                      seen.written_size - seen_before->written_size);
}

/** Let events come, go, age and be pruned, with the log moved. */
static void
live(void)
{
    int i;

    for (i = 0; i < 20; i++)
        harness_append(&harness, 100);
    ck_assert_uint_eq(harness_deliver(&harness, 1500), 1500);
    support_clock_advance(&harness.clock, 2 * RETAIN_MS);
    ck_assert_ok(collector_store_maintain(harness.store));
    harness_append(&harness, 1);
}

START_TEST(test_counts_are_those_of_the_vfs)
{
    struct collector_store_stats before;
    struct fault_account seen;

    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.size_max = COLLECTOR_STORE_SIZE_MIN; /* a short log */
    harness_open(&harness);
    before = harness_stats(&harness);
    seen = fault_vfs_account();
    live();
    assert_counted(&before, &seen);
    ck_assert_uint_gt(harness_stats(&harness).log_moves, 0);
}
END_TEST

START_TEST(test_a_durable_commit_is_a_sync)
{
    struct collector_store_stats before;
    struct collector_store_stats after;

    harness_open(&harness);
    harness_append(&harness, 1); /* a new log syncs its head as well */
    before = harness_stats(&harness);
    harness_append(&harness, 1);
    harness_append(&harness, 7);
    after = harness_stats(&harness);
    ck_assert_uint_eq(after.commits - before.commits, 2);
    ck_assert_uint_eq(after.syncs - before.syncs, 2);
    ck_assert_uint_ge(after.written_size - before.written_size,
                      2 * COLLECTOR_PAGE_SIZE);
}
END_TEST

START_TEST(test_a_commit_of_the_other_durability_is_none)
{
    struct collector_store_stats before;

    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    harness_append(&harness, 1);
    before = harness_stats(&harness);
    harness_append(&harness, 1);
    ck_assert_uint_eq(harness_stats(&harness).syncs, before.syncs);
    ck_assert_uint_gt(harness_stats(&harness).written_size,
                      before.written_size);
}
END_TEST

START_TEST(test_who_rests_writes_nothing)
{
    struct collector_store_stats before;
    int i;

    harness_open(&harness);
    harness_append(&harness, 10);
    before = harness_stats(&harness);
    for (i = 0; i < 20; i++) {
        support_clock_advance(&harness.clock, 1000);
        ck_assert_ok(collector_store_maintain(harness.store));
        ck_assert_uint_eq(harness_stats(&harness).pending, 10);
    }
    ck_assert_uint_eq(harness_stats(&harness).syncs, before.syncs);
    ck_assert_uint_eq(harness_stats(&harness).written_size,
                      before.written_size);
}
END_TEST

START_TEST(test_it_counts_on_after_a_failure)
{
    struct collector_store_stats before;
    struct fault_account seen;

    harness_open(&harness);
    harness_append(&harness, 1);
    before = harness_stats(&harness);
    seen = fault_vfs_account();
    support_log_expect_errors(harness.log);
    fault_vfs_fail(FAULT_WAL_WRITE, SQLITE_IOERR_WRITE, 1, 1);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, 1);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
    fault_vfs_heal();
    ck_assert_ok(harness_try(&harness, "k"));
    assert_counted(&before, &seen);
}
END_TEST

START_TEST(test_stores_are_counted_apart)
{
    struct harness other;
    struct collector_store_stats before;

    harness_open(&harness);
    harness_append(&harness, 1);
    harness_init(&other); /* on the VFS of the system */
    harness_open(&other);
    harness_append(&other, 1);
    before = harness_stats(&harness);
    harness_append(&other, 1);
    harness_append(&other, 1);
    ck_assert_uint_eq(harness_stats(&harness).syncs, before.syncs);
    ck_assert_uint_eq(harness_stats(&harness).written_size,
                      before.written_size);
    ck_assert_uint_ge(harness_stats(&other).syncs, 3);
    harness_close(&other);
}
END_TEST

START_TEST(test_counts_begin_with_the_open)
{
    harness_open(&harness);
    harness_append(&harness, 1);
    ck_assert_uint_gt(harness_stats(&harness).syncs, 0);
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_stats(&harness).syncs, 0);
    ck_assert_uint_eq(harness_stats(&harness).written_size, 0);
    ck_assert_uint_eq(harness_stats(&harness).log_moves, 0);
    ck_assert_uint_eq(harness_stats(&harness).pruned, 0);
}
END_TEST

START_TEST(test_pruned_events_are_counted)
{
    harness_open(&harness);
    harness_append(&harness, 1200);
    ck_assert_uint_eq(harness_deliver(&harness, 700), 700);
    ck_assert_uint_eq(harness_stats(&harness).pruned, 0);
    support_clock_advance(&harness.clock, 2 * RETAIN_MS);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_int_eq(harness_int(&harness, "SELECT min(id) FROM events"), 701);
    ck_assert_uint_eq(harness_stats(&harness).pruned, 700);
}
END_TEST

START_TEST(test_pruned_dead_letters_are_counted)
{
    harness.options.dead_letter_max = 3;
    harness_open(&harness);
    harness_bury_many(&harness, 10);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).dead_letter_count, 3);
    ck_assert_uint_eq(harness_stats(&harness).pruned, 7);
}
END_TEST

START_TEST(test_what_is_not_committed_was_not_pruned)
{
    harness_open(&harness);
    harness_append(&harness, 10);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 10);
    support_clock_advance(&harness.clock, 2 * RETAIN_MS);
    support_log_expect_errors(harness.log);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, 1);
    ck_assert_error(collector_store_maintain(harness.store), COLLECTOR_ERR_IO);
    fault_vfs_heal();
    ck_assert_uint_eq(harness_stats(&harness).pruned, 0);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).pruned, 10);
}
END_TEST

START_TEST(test_the_backlog_has_its_share_of_the_file)
{
    struct collector_store_stats stats;

    harness_open(&harness);
    ck_assert_uint_eq(harness_stats(&harness).backlog_size, 0);
    ck_assert_ok(harness_fill(&harness, "d", 1000, 1000));
    stats = harness_stats(&harness);
    ck_assert_uint_gt(stats.backlog_size, 1000 * 1000);
    ck_assert_uint_le(stats.backlog_size, stats.file_size);
    ck_assert_uint_eq(harness_deliver(&harness, 750), 750);
    ck_assert_uint_gt(harness_stats(&harness).backlog_size,
                      stats.backlog_size / 5);
    ck_assert_uint_lt(harness_stats(&harness).backlog_size,
                      stats.backlog_size / 3);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("meter");
    TCase *storage = support_add_case(suite, "storage", setup, teardown);
    TCase *pruned = support_add_case(suite, "pruned", setup, teardown);

    tcase_add_loop_test(storage, test_counts_are_those_of_the_vfs, 0, 3);
    tcase_add_test(storage, test_a_durable_commit_is_a_sync);
    tcase_add_test(storage, test_a_commit_of_the_other_durability_is_none);
    tcase_add_test(storage, test_who_rests_writes_nothing);
    tcase_add_test(storage, test_it_counts_on_after_a_failure);
    tcase_add_test(storage, test_stores_are_counted_apart);
    tcase_add_test(storage, test_counts_begin_with_the_open);
    tcase_add_test(storage, test_the_backlog_has_its_share_of_the_file);
    tcase_add_test(pruned, test_pruned_events_are_counted);
    tcase_add_test(pruned, test_pruned_dead_letters_are_counted);
    tcase_add_test(pruned, test_what_is_not_committed_was_not_pruned);
    return support_run_suite(suite);
}
