/* SPDX-License-Identifier: MIT */
/*
 * The store in numbers: how large it is, how full, and when it will be; from
 * the file, so that a restart changes none of it.
 */
#include "fault_vfs.h"
#include "harness.h"
#include "sql.h"

#include <sqlite3.h>

#define MIB (1024 * 1024)

static struct harness harness;

static void
start(uint64_t backlog_max, uint64_t size_max)
{
    harness_init(&harness);
    harness_stop_clock(&harness);
    harness.options.backlog_max = backlog_max;
    harness.options.size_max = size_max;
    harness_open(&harness);
}

/** Let a second pass, again and again, in which so many events come in and so
 *  many are delivered. */
static void
live(int seconds, size_t accepted, uint32_t delivered)
{
    int i;

    for (i = 0; i < seconds; i++) {
        if (accepted > 0)
            harness_append(&harness, accepted);
        if (delivered > 0)
            (void)harness_deliver(&harness, delivered);
        ck_assert_ok(collector_store_maintain(harness.store));
        support_clock_advance(&harness.clock, 1000);
    }
}

START_TEST(test_sizes_are_those_of_the_files)
{
    struct collector_store_stats stats;

    start(0, 0);
    harness_append(&harness, 5000);
    stats = harness_stats(&harness);
    ck_assert_uint_eq(stats.file_size,
                      (uint64_t)(support_file_size(harness.path) +
                                 support_file_size(support_path(
                                     harness.dir, "events.sqlite-wal"))));
    ck_assert_uint_eq(stats.free_size, 0);

    harness_exec(&harness, "DELETE FROM event_log WHERE id < 5000");
    stats = harness_stats(&harness);
    ck_assert_uint_gt(stats.free_size, 0);
    ck_assert_uint_eq(stats.free_size,
                      (uint64_t)harness_int(&harness, "PRAGMA freelist_count") *
                          COLLECTOR_PAGE_SIZE);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_a_cap_leaves_is_free)
{
    struct collector_store_stats stats;

    start(0, 8 * MIB);
    harness_append(&harness, 100);
    stats = harness_stats(&harness);
    /* Three quarters are the main file's. */
    ck_assert_uint_eq(stats.free_size,
                      6 * MIB -
                          (uint64_t)harness_int(&harness, "PRAGMA page_count") *
                              COLLECTOR_PAGE_SIZE);
    harness_close(&harness);
}
END_TEST

START_TEST(test_dead_letters_are_counted_from_the_file)
{
    start(0, 0);
    ck_assert_uint_eq(harness_stats(&harness).dead_letter_count, 0);
    ck_assert_uint_eq(harness_stats(&harness).dead_in_a_row, 0);
    harness_exec(&harness, "INSERT INTO dead_letters (event_id, at, attempts)"
                           " VALUES (3, 1, 1), (4, 1, 1);"
                           "UPDATE state SET dead_in_a_row = 5");
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_stats(&harness).dead_letter_count, 2);
    ck_assert_uint_eq(harness_stats(&harness).dead_in_a_row, 5);
    harness_close(&harness);
}
END_TEST

/** Assert that SQLite plans to go through a part of the events at most. */
static void
assert_reads_a_part(sqlite3 *db, const char *sql)
{
    const char *plan = support_format("EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *statement = NULL;

    ck_assert_int_eq(sqlite3_prepare_v2(db, plan, -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW)
        ck_assert_msg(strstr((const char *)sqlite3_column_text(statement, 3),
                             "SCAN event_log") == NULL,
                      "it reads every event: %s", sql);
    (void)sqlite3_finalize(statement);
}

START_TEST(test_no_statement_reads_every_event)
{
    sqlite3 *db = NULL;
    size_t i;

    start(0, 0);
    ck_assert_int_eq(sqlite3_open(harness.path, &db), SQLITE_OK);
    for (i = 0; i < COLLECTOR_SQL_COUNT; i++)
        assert_reads_a_part(db, collector__sql_texts[i]);
    (void)sqlite3_close(db);
    harness_close(&harness);
}
END_TEST

START_TEST(test_growing_backlog_is_seen_coming)
{
    uint64_t full_in_ms;

    start(1000, 0);
    ck_assert_uint_eq(harness_stats(&harness).full_in_ms, 0);
    live(30, 10, 0); /* 300 of 1000, 10 a second */
    full_in_ms = harness_stats(&harness).full_in_ms;
    ck_assert_uint_ge(full_in_ms, 69 * 1000);
    ck_assert_uint_le(full_in_ms, 71 * 1000);
    live(60, 0, 5); /* it shrinks */
    ck_assert_uint_eq(harness_stats(&harness).full_in_ms, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_backlog_that_comes_and_goes_is_no_alarm)
{
    start(1000, 0);
    live(60, 10, 10);
    ck_assert_uint_eq(harness_stats(&harness).full_in_ms, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_file_full_of_history_is_no_alarm)
{
    struct collector_store_stats stats;

    /* What is delivered makes room when it has to. */
    start(1000000, 64 * MIB);
    live(30, 2000, 2000);
    stats = harness_stats(&harness);
    ck_assert_uint_eq(stats.pending, 0);
    ck_assert_uint_gt(stats.file_size, MIB);
    ck_assert_uint_eq(stats.full_in_ms, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_growing_file_is_seen_coming)
{
    struct collector_store_stats stats;
    uint64_t used;
    uint64_t without;

    start(0, 64 * MIB);
    live(30, 2000, 0);
    stats = harness_stats(&harness);
    used = (uint64_t)harness_int(&harness, "PRAGMA page_count") *
           COLLECTOR_PAGE_SIZE;
    without = (48 * MIB - used) * 30000 / used;
    ck_assert_uint_gt(stats.full_in_ms, without / 2);
    ck_assert_uint_lt(stats.full_in_ms, without * 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_nearer_end_is_the_one_that_counts)
{
    start(1000, 64 * MIB);
    live(30, 10, 0);
    ck_assert_uint_le(harness_stats(&harness).full_in_ms, 71 * 1000);
    harness_close(&harness);
}
END_TEST

START_TEST(test_full_disk_is_said_and_forgotten)
{
    harness_init(&harness);
    harness.options.vfs = fault_vfs_register();
    harness.options.mode = (enum collector_write_mode)_i;
    harness_open(&harness);
    support_log_expect_errors(harness.log);
    harness_append(&harness, 1);
    ck_assert(!harness_stats(&harness).disk_full);
    fault_vfs_fail(FAULT_WAL_WRITE, SQLITE_IOERR_WRITE, 0, 1000);
    ck_assert_int_ne(harness_try(&harness, "k"), COLLECTOR_OK);
    ck_assert(!harness_stats(&harness).disk_full); /* failing is not full */
    fault_vfs_fail(FAULT_WAL_WRITE, SQLITE_FULL, 0, 1000);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_NOSPACE);
    ck_assert(harness_stats(&harness).disk_full);
    fault_vfs_heal();
    ck_assert_eventually(harness_try(&harness, "k") == COLLECTOR_OK);
    ck_assert(!harness_stats(&harness).disk_full);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stats");
    TCase *file = tcase_create("file");
    TCase *forecast = tcase_create("forecast");

    tcase_add_test(file, test_sizes_are_those_of_the_files);
    tcase_add_test(file, test_what_a_cap_leaves_is_free);
    tcase_add_test(file, test_dead_letters_are_counted_from_the_file);
    tcase_add_test(file, test_no_statement_reads_every_event);
    tcase_add_loop_test(file, test_full_disk_is_said_and_forgotten, 0, 3);
    suite_add_tcase(suite, file);
    tcase_set_timeout(forecast, 60);
    tcase_add_test(forecast, test_growing_backlog_is_seen_coming);
    tcase_add_test(forecast, test_backlog_that_comes_and_goes_is_no_alarm);
    tcase_add_test(forecast, test_file_full_of_history_is_no_alarm);
    tcase_add_test(forecast, test_growing_file_is_seen_coming);
    tcase_add_test(forecast, test_nearer_end_is_the_one_that_counts);
    suite_add_tcase(suite, forecast);
    return support_run_suite(suite);
}
