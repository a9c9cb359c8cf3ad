/* SPDX-License-Identifier: MIT */
/*
 * What isn't a sound store is said to be so at open, in the right words. A file
 * that isn't ours is not touched, byte for byte; one whose creation was cut
 * short by a crash is made whole.
 */
#include "damage.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE 4096

/** Assert that open refuses the file, and leaves it as it was. */
static void
assert_refused(struct harness *harness, int expected)
{
    const struct bytes before = bytes_read(harness->path);
    struct bytes after;

    support_log_expect_errors(harness->log);
    ck_assert_error(damage_try_open(harness), expected);
    after = bytes_read(harness->path);
    ck_assert_uint_eq(after.size, before.size);
    ck_assert_int_eq(memcmp(after.data, before.data, before.size), 0);
    ck_assert_int_eq(
        support_file_size(support_path(harness->dir, "events.sqlite-wal")), -1);
    ck_assert_int_eq(
        support_file_size(support_path(harness->dir, "events.sqlite-shm")), -1);
}

/** Make a database with plain SQLite. */
static void
make_database(struct harness *harness, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;

    harness_init(harness);
    ck_assert_int_eq(sqlite3_open(harness->path, &db), SQLITE_OK);
    (void)sqlite3_exec(db, sql, NULL, NULL, &message);
    ck_assert_msg(message == NULL, "%s: %s", sql, message);
    (void)sqlite3_close(db);
}

START_TEST(test_a_file_that_is_no_database_is_foreign)
{
    static const char *const texts[] = {"x",
                                        "device_id,kind\nboiler,temperature\n",
                                        "SQLite format 2", "SQLite format 3"};
    struct harness harness;
    struct bytes noise = {support_alloc(3 * PAGE_SIZE), 3 * PAGE_SIZE};
    size_t i;

    for (i = 0; i < 4; i++) {
        harness_init(&harness);
        support_write_file(harness.path, texts[i]);
        assert_refused(&harness, COLLECTOR_ERR_FOREIGN);
    }
    for (i = 0; i < noise.size; i++)
        noise.data[i] = (char)(i * 7 + 1);
    harness_init(&harness);
    bytes_write(harness.path, noise);
    assert_refused(&harness, COLLECTOR_ERR_FOREIGN);
}
END_TEST

START_TEST(test_a_database_of_another_program_is_foreign)
{
    static const char *const programs[] = {
        "CREATE TABLE t (x); INSERT INTO t VALUES (1)",
        "PRAGMA application_id = 42; CREATE TABLE t (x)",
        "PRAGMA application_id = 42; VACUUM",
        "PRAGMA user_version = 1; VACUUM",
        "CREATE TABLE event_log (id INTEGER PRIMARY KEY, device_id, kind)",
    };
    struct harness harness;
    size_t i;

    for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        make_database(&harness, programs[i]);
        assert_refused(&harness, COLLECTOR_ERR_FOREIGN);
        ck_assert_uint_eq(
            support_log_count(harness.log, "database of another program"), 1);
    }
}
END_TEST

START_TEST(test_a_database_of_another_program_with_a_log_is_left_alone_too)
{
    struct harness harness;

    make_database(&harness, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    assert_refused(&harness, COLLECTOR_ERR_FOREIGN);
}
END_TEST

START_TEST(test_what_another_program_left_in_its_log_stays_there)
{
    sqlite3 *db = NULL;
    struct harness harness;
    struct harness copy;
    struct bytes wal;
    struct bytes after;

    make_database(&harness, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
    ck_assert_int_eq(sqlite3_open(harness.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "INSERT INTO t VALUES (1)", NULL, NULL, NULL),
        SQLITE_OK);
    damage_crash(&copy, &harness);
    wal = bytes_read(copy.wal_path);
    ck_assert_uint_gt(wal.size, 0);
    (void)sqlite3_close(db);

    support_log_expect_errors(copy.log);
    ck_assert_error(damage_try_open(&copy), COLLECTOR_ERR_FOREIGN);
    after = bytes_read(copy.wal_path);
    ck_assert_uint_eq(after.size, wal.size);
    ck_assert_int_eq(memcmp(after.data, wal.data, wal.size), 0);
    ck_assert_int_eq(support_sql_int(copy.path, "SELECT count(*) FROM t"), 1);
}
END_TEST

START_TEST(test_a_store_of_a_newer_version_is_left_alone)
{
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 5);
    harness_close(&harness);
    harness_exec(&harness, "PRAGMA user_version = 4");
    assert_refused(&harness, COLLECTOR_ERR_NEWER);
    harness_exec(&harness, "PRAGMA user_version = 3");
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 6);
    harness_close(&harness);
}
END_TEST

/** A closed store with some thousand events, ten pages or so of them settled.
 */
static struct bytes
make_store(struct harness *harness)
{
    harness_start(harness, COLLECTOR_MODE_GROUP);
    harness_append(harness, 2000);
    ck_assert_uint_eq(harness_deliver(harness, 700), 700);
    harness_close(harness);
    return bytes_read(harness->path);
}

START_TEST(test_a_truncated_store_is_refused)
{
    struct harness harness;
    struct bytes whole = make_store(&harness);
    struct bytes part = whole;
    size_t size;

    for (size = 1; size < whole.size; size = size * 3 + 1) {
        part.size = size;
        bytes_write(harness.path, part);
        support_log_expect_errors(harness.log);
        /* Cut behind the magic, it is still known as a database. */
        ck_assert_error(damage_try_open(&harness), size < 16
                                                       ? COLLECTOR_ERR_FOREIGN
                                                       : COLLECTOR_ERR_CORRUPT);
    }
    bytes_write(harness.path, whole);
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 2001);
    harness_close(&harness);
}
END_TEST

/** Overwrite a page with noise, and see it found. */
START_TEST(test_damage_in_any_page_is_found_at_open)
{
    struct harness harness;
    const struct bytes whole = make_store(&harness);
    struct bytes damaged = {support_alloc(whole.size), whole.size};
    size_t start;
    size_t i;
    int rc;

    support_log_expect_errors(harness.log);
    srandom(7);
    for (start = 0; start < whole.size; start += PAGE_SIZE) {
        memcpy(damaged.data, whole.data, whole.size);
        for (i = start == 0 ? 100 : 0; i < PAGE_SIZE; i++)
            damaged.data[start + i] = (char)random();
        bytes_write(harness.path, damaged);
        rc = damage_try_open(&harness);
        ck_assert_msg(rc == COLLECTOR_ERR_CORRUPT, "page %zu: %s",
                      start / PAGE_SIZE + 1, support_error_name(rc));
    }
    bytes_write(harness.path, whole);
    ck_assert_ok(damage_try_open(&harness));
}
END_TEST

START_TEST(test_a_state_that_does_not_fit_the_events_is_damage)
{
    static const char *const damages[] = {
        "DELETE FROM state", "DELETE FROM event_log WHERE id = 701",
        "UPDATE state SET settled_through = 600, delivered = 600",
        "UPDATE state SET settled_through = -5, delivered = -5"};
    struct harness harness;
    const struct bytes whole = make_store(&harness);
    size_t i;

    support_log_expect_errors(harness.log);
    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        bytes_write(harness.path, whole);
        harness_exec(&harness, "DELETE FROM event_log WHERE id <= 700");
        harness_exec(&harness, damages[i]);
        ck_assert_msg(damage_try_open(&harness) == COLLECTOR_ERR_CORRUPT,
                      "was taken: %s", damages[i]);
    }
}
END_TEST

START_TEST(test_a_creation_that_was_cut_short_is_made_whole)
{
    static const char *const steps[] = {
        NULL, /* an empty file */
        "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
        "PRAGMA journal_mode = WAL"};
    struct harness harness;
    size_t i;

    for (i = 0; i < 3; i++) {
        if (steps[i] == NULL) {
            harness_init(&harness);
            support_write_file(harness.path, "");
        } else {
            make_database(&harness, steps[i]);
        }
        harness_open(&harness);
        ck_assert_int_eq(harness_append(&harness, 2), 1);
        ck_assert_int_eq(harness_int(&harness, "PRAGMA user_version"), 3);
        ck_assert_int_eq(harness_int(&harness, "PRAGMA auto_vacuum"), 2);
        harness_reopen(&harness);
        ck_assert_int_eq(harness_append(&harness, 1), 3);
        harness_close(&harness);
    }
}
END_TEST

START_TEST(test_a_transaction_that_was_cut_short_leaves_nothing)
{
    struct harness harness;
    struct harness copy;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    damage_crash(&copy, &harness); /* right after the creation */
    harness_close(&harness);
    harness_open(&copy);
    ck_assert_int_eq(harness_append(&copy, 1), 1);
    harness_close(&copy);
}
END_TEST

START_TEST(test_a_read_only_directory_is_an_io_error)
{
    struct harness harness;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    ck_assert_int_eq(chmod(harness.dir, 0555), 0);
    damage_lose_rights(&harness);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_IO);
    ck_assert_int_eq(support_file_size(harness.path), -1);
    damage_regain_rights();
    ck_assert_int_eq(chmod(harness.dir, 0700), 0);
    ck_assert_ok(damage_try_open(&harness));
}
END_TEST

START_TEST(test_a_missing_directory_is_an_io_error)
{
    struct harness harness;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    harness.options.path = support_path(harness.dir, "no/events.sqlite");
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_IO);
    ck_assert_int_eq(support_file_size(support_path(harness.dir, "no")), -1);
    harness.options.path = harness.dir; /* a directory itself */
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_IO);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("file");
    TCase *foreign = tcase_create("not ours");
    TCase *damage = tcase_create("damage");
    TCase *creation = tcase_create("creation");

    tcase_add_test(foreign, test_a_file_that_is_no_database_is_foreign);
    tcase_add_test(foreign, test_a_database_of_another_program_is_foreign);
    tcase_add_test(
        foreign,
        test_a_database_of_another_program_with_a_log_is_left_alone_too);
    tcase_add_test(foreign,
                   test_what_another_program_left_in_its_log_stays_there);
    tcase_add_test(foreign, test_a_store_of_a_newer_version_is_left_alone);
    tcase_add_test(damage, test_a_truncated_store_is_refused);
    tcase_add_test(damage, test_damage_in_any_page_is_found_at_open);
    tcase_add_test(damage, test_a_state_that_does_not_fit_the_events_is_damage);
    tcase_add_test(creation, test_a_creation_that_was_cut_short_is_made_whole);
    tcase_add_test(creation,
                   test_a_transaction_that_was_cut_short_leaves_nothing);
    tcase_add_test(creation, test_a_missing_directory_is_an_io_error);
    tcase_add_test(creation, test_a_read_only_directory_is_an_io_error);
    suite_add_tcase(suite, foreign);
    suite_add_tcase(suite, damage);
    suite_add_tcase(suite, creation);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
