/* SPDX-License-Identifier: MIT */
/*
 * The file promises to be an ordinary SQLite database that others may read
 * while the collector runs, and that belongs to its owner alone; and a storage
 * that fails is said to fail, loses nothing that was confirmed, and is used
 * again as soon as it works.
 */
#include "privacy.h"
#include "site.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

/** Let no file of the process grow beyond this. */
static void
limit_files(struct daemon *collectord, rlim_t size)
{
    struct rlimit limit;

    ck_assert_int_eq(
        prlimit(daemon_pid(collectord), RLIMIT_FSIZE, NULL, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(
        prlimit(daemon_pid(collectord), RLIMIT_FSIZE, &limit, NULL), 0);
}

START_TEST(test_failing_storage_is_reported_and_used_again)
{
    struct daemon *collectord;

    /* Inherited: a write beyond the limit fails, and does not kill. */
    (void)signal(SIGXFSZ, SIG_IGN);
    collectord = daemon_start(db, "-mode", modes[_i], "-upload-interval",
                              "20ms", "-drain-timeout", "15s", NULL);
    ck_assert_int_eq(site_post(collectord, "[" EVENT "," EVENT "]"), 200);
    limit_files(collectord, 1);
    ck_assert_int_eq(site_post(collectord, "[" EVENT "," EVENT "]"), 503);
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_contains(response.body, "error");
    http_get(daemon_port(collectord), "/healthz", &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_contains(response.body, "storage");
    http_get(daemon_port(collectord), "/livez", &response);
    ck_assert_int_eq(response.status, 200);

    limit_files(collectord, RLIM_INFINITY);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_contains(response.body, "\"ids\":[3]");
    ck_assert_int_eq(site_event_count(), 3);
    ck_assert_eventually(
        (http_get(daemon_port(collectord), "/healthz", &response),
         response.status == 200));
    daemon_stop(collectord);
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"), 3);
    ck_assert_str_eq(support_sql_text(db, "PRAGMA integrity_check"), "ok");
}
END_TEST

START_TEST(test_files_belong_to_their_owner_alone)
{
    struct daemon *collectord;

    (void)umask(0);
    collectord = daemon_start(db, "-mode", modes[_i], "-sink", "file",
                              "-file-path", support_path(dir, "out"), NULL);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    site_wait_drained();
    /* The main file, its log and index, the lock, the reserve, the sink's. */
    ck_assert_uint_eq(privacy_assert(dir), 6);
    http_get(daemon_port(collectord), "/snapshot", &response);
    ck_assert_int_eq(response.status, 200);
    (void)privacy_assert(dir);
    daemon_stop(collectord);
    (void)privacy_assert(dir);
}
END_TEST

START_TEST(test_reader_neither_waits_nor_is_waited_for)
{
    struct daemon *collectord =
        daemon_start(db, "-mode", modes[_i], "-upload-interval", "5ms", NULL);
    sqlite3 *reader = NULL;
    int i;

    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_int_eq(sqlite3_open_v2(db, &reader, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader,
                                  "BEGIN; SELECT * FROM events;"
                                  "SELECT * FROM devices;"
                                  "SELECT * FROM ledger",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    for (i = 0; i < 100; i++)
        ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_int_eq(site_event_count(), 101);
    ck_assert_int_eq(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(reader);
    daemon_stop(collectord);
    ck_assert_int_eq(site_event_count(), 101);
}
END_TEST

START_TEST(test_devices_are_up_to_date_for_a_reader)
{
    struct daemon *collectord = daemon_start(db, NULL);

    ck_assert_int_eq(
        site_post(collectord,
                  "[{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1700000000500},"
                  "{\"device_id\":\"b\",\"kind\":\"k\",\"ts\":1700000000600},"
                  "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1700000000400}]"),
        200);
    ck_assert_str_eq(
        support_sql_text(
            db, "SELECT group_concat(device_key || ' ' || last_seen_at, ', ')"
                " FROM (SELECT * FROM devices ORDER BY device_key)"),
        "a 1700000000500, b 1700000000600");
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_foreign_writer_is_outlasted)
{
    struct daemon *collectord =
        daemon_start(db, "-mode", modes[_i], "-upload-interval", "1h", NULL);
    sqlite3 *writer = NULL;

    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_int_eq(sqlite3_open_v2(db, &writer, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    (void)sqlite3_busy_timeout(writer, SUPPORT_WAIT_MS);
    ck_assert_int_eq(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    ck_assert_contains(response_text(&response, "error"), "busy");
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_eq(sqlite3_exec(writer, "ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_contains(response.body, "\"ids\":[2]");
    (void)sqlite3_close(writer);
    daemon_stop(collectord);
    ck_assert_int_eq(site_event_count(), 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_storage");
    TCase *failures = tcase_create("failures");
    TCase *file = tcase_create("file");

    tcase_add_checked_fixture(failures, site_setup, NULL);
    tcase_add_loop_test(failures,
                        test_failing_storage_is_reported_and_used_again, 0, 3);
    tcase_add_loop_test(failures, test_foreign_writer_is_outlasted, 0, 2);
    suite_add_tcase(suite, failures);
    tcase_add_checked_fixture(file, site_setup, NULL);
    tcase_add_loop_test(file, test_files_belong_to_their_owner_alone, 0, 3);
    tcase_add_loop_test(file, test_reader_neither_waits_nor_is_waited_for, 0,
                        3);
    tcase_add_test(file, test_devices_are_up_to_date_for_a_reader);
    suite_add_tcase(suite, file);
    return support_run_suite(suite);
}
