/* SPDX-License-Identifier: MIT */
/*
 * Another file takes the place of the one that a reader has: it is looked at
 * like any other, whatever the reader is asked for next.
 */
#include "damage.h"
#include "harness.h"
#include "reading.h"

#include <stdio.h>
#include <unistd.h>

static struct harness harness;

START_TEST(test_file_in_place_of_another_is_read)
{
    struct collector_reader *reader;
    struct harness other;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 1);
    harness_close(&harness);
    reader = reading_open(harness.path);
    harness_start(&other, COLLECTOR_MODE_GROUP);
    harness_append(&other, 2);
    harness_close(&other);
    ck_assert_str_eq(reading_event_count(reader), "1\n");
    (void)unlink(harness.wal_path);
    (void)unlink(damage_path(&harness, "-shm"));
    ck_assert_int_eq(rename(other.path, harness.path), 0);
    ck_assert_str_eq(reading_event_count(reader), "2\n");
    collector_reader_free(reader);
}
END_TEST

/** It is looked at anew, also for a copy. */
START_TEST(test_snapshot_of_a_strange_file_is_refused)
{
    struct collector_reader_options options = reading_options(NULL);
    const char *strange = support_path(support_dir_new(), "x");
    struct collector_reader *reader = NULL;
    sqlite3 *db = NULL;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    ck_assert_int_eq(sqlite3_open(strange, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    options.path = harness.path;
    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_int_eq(rename(strange, harness.path), 0);
    ck_assert_error(
        collector_reader_snapshot(reader, damage_path(&harness, "copy")),
        COLLECTOR_ERR_FOREIGN);
    ck_assert_int_eq(support_file_size(damage_path(&harness, "copy")), -1);
    collector_reader_free(reader);
}
END_TEST

/** A file that takes long to look at does so once for each question. */
START_TEST(test_time_is_up_while_a_file_is_looked_at)
{
    struct collector_reader_options options = reading_options(NULL);
    struct collector_reader *reader = NULL;
    struct harness other;
    const char *sql = "BEGIN;";
    int i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    options.path = harness.path;
    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    harness_start(&other, COLLECTOR_MODE_GROUP);
    harness_close(&other);
    for (i = 0; i < 1000; i++)
        sql =
            support_format("%sCREATE TABLE t%d (a, b, c, d, e, f, g);", sql, i);
    harness_exec(&other, support_format("%sCOMMIT", sql));
    ck_assert_int_eq(rename(other.path, harness.path), 0);
    reading_set_deadline(reader, 1);
    ck_assert_error(reading_query(reader, "SELECT 1").rc,
                    COLLECTOR_ERR_TIMEOUT);
    reading_set_deadline(reader, SUPPORT_WAIT_MS);
    ck_assert_str_eq(reading_query(reader, "SELECT 1").text, "1\n");
    collector_reader_free(reader);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_replaced");
    TCase *tcase = support_add_case(suite, "replaced", NULL, NULL);

    tcase_add_test(tcase, test_file_in_place_of_another_is_read);
    tcase_add_test(tcase, test_snapshot_of_a_strange_file_is_refused);
    tcase_add_test(tcase, test_time_is_up_while_a_file_is_looked_at);
    return support_run_suite(suite);
}
