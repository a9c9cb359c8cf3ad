/* SPDX-License-Identifier: MIT */
/*
 * Whatever is wrong with a file is said in its own words, and before anything
 * has changed: the file, its log and its journal stay byte for byte what they
 * were, and nothing appears beside them.
 */
#include "clean_mark.h"
#include "damage.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE 4096
#define EVENT_COUNT 2000

static struct harness harness;

/** Assert that open refuses with these words, and changes nothing. */
static void
assert_refused(int expected, const char *words)
{
    const char *before = directory_text(harness.dir);
    const char *after;

    support_log_expect_errors(harness.log);
    ck_assert_error(damage_try_open(&harness), expected);
    after = directory_text(harness.dir);
    ck_assert_str_eq(after, before);
    ck_assert_msg(support_log_count(harness.log, words) == 1,
                  "'%s' was logged %zu times", words,
                  support_log_count(harness.log, words));
    ck_assert_uint_eq(support_log_count(harness.log, "error "), 1);
}

/** Change a good file from outside, and assert that open refuses it. */
static void
assert_change_refused(const char *sql, int expected, const char *words)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    harness_exec(&harness, sql);
    assert_refused(expected, words);
}

/** Where a page of a table begins. */
static size_t
offset_of(const char *table)
{
    const int64_t page = harness_int(
        &harness, support_format("SELECT rootpage FROM sqlite_schema"
                                 " WHERE name = '%s'",
                                 table));

    return (size_t)(page - 1) * PAGE_SIZE;
}

START_TEST(test_noise_is_no_database)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    bytes_spoil(harness.path, 0, PAGE_SIZE, 1);
    if (_i == 1) /* a log beside it is left alone as well */
        support_write_file(damage_path(&harness, "-wal"), "not a log either");
    if (_i == 2)
        support_write_file(damage_path(&harness, "-journal"), "nor a journal");
    assert_refused(COLLECTOR_ERR_FOREIGN, "is no database");
}
END_TEST

/** SQLite takes it for a new one, and would remove the log. */
START_TEST(test_one_byte_is_no_database)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    support_write_file(harness.path, "S");
    support_write_file(damage_path(&harness, "-wal"), "what is left of it");
    assert_refused(COLLECTOR_ERR_FOREIGN, "is no database");
}
END_TEST

START_TEST(test_a_page_of_zeros_is_no_database)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    bytes_write(harness.path, (struct bytes){support_alloc(PAGE_SIZE * 4),
                                             (size_t)PAGE_SIZE * 4});
    assert_refused(COLLECTOR_ERR_FOREIGN, "is no database");
}
END_TEST

/** Another program's database, with a log as after a power cut if need be. */
static void
make_foreign(bool with_log)
{
    struct harness original;

    harness_init(&original);
    harness_init(&harness);
    support_sql_create(original.path,
                       with_log ? "PRAGMA journal_mode = WAL; CREATE TABLE t "
                                  "(x); INSERT INTO t VALUES (1)"
                                : "CREATE TABLE t (x)");
    bytes_write(harness.path, bytes_read(original.path));
    if (with_log) /* whatever it holds: it is theirs */
        bytes_write(damage_path(&harness, "-wal"),
                    (struct bytes){support_alloc(5000), 5000});
}

START_TEST(test_another_programs_database_is_foreign)
{
    make_foreign(_i != 0);
    assert_refused(COLLECTOR_ERR_FOREIGN, "is a database of another program");
}
END_TEST

START_TEST(test_a_newer_schema_is_newer)
{
    assert_change_refused("PRAGMA user_version = 7", COLLECTOR_ERR_NEWER,
                          "has schema 7; this version knows");
}
END_TEST

START_TEST(test_a_page_of_noise_is_damage)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    bytes_spoil(harness.path, offset_of(_i == 0 ? "event_log" : "state"),
                PAGE_SIZE, 1);
    ck_assert_int_eq(unlink(damage_path(&harness, "-wal")), 0); /* our look's */
    assert_refused(COLLECTOR_ERR_CORRUPT, "is damaged: ");
}
END_TEST

START_TEST(test_a_log_with_damage_behind_it_in_the_main_file_is_not_moved)
{
    struct bytes log;

    damage_store_new(&harness, EVENT_COUNT, 100, false);
    harness_open(&harness);
    damage_append(&harness, EVENT_COUNT + 1, EVENT_COUNT + 5);
    log = bytes_read(damage_path(&harness, "-wal"));
    harness_close(&harness);
    ck_assert_int_eq(support_file_size(damage_path(&harness, "-wal")), -1);
    bytes_write(damage_path(&harness, "-wal"), log);
    bytes_spoil(harness.path, (size_t)20 * PAGE_SIZE, PAGE_SIZE, 1);
    assert_refused(COLLECTOR_ERR_CORRUPT, "is damaged: ");
}
END_TEST

START_TEST(test_an_interrupted_change_of_another_program_is_not_undone)
{
    struct harness original;
    sqlite3 *db = NULL;

    harness_init(&original);
    harness_init(&harness);
    support_sql_create(original.path, "CREATE TABLE t (x);"
                                      "INSERT INTO t VALUES (1)");
    ck_assert_int_eq(sqlite3_open(original.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "PRAGMA cache_size = 1; BEGIN;"
                                  "UPDATE t SET x = 2;"
                                  "CREATE TABLE u AS WITH RECURSIVE c(x) AS"
                                  " (VALUES (1) UNION ALL SELECT x + 1 FROM c"
                                  " WHERE x < 5000) SELECT x FROM c",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    bytes_write(harness.path, bytes_read(original.path));
    bytes_write(damage_path(&harness, "-journal"),
                bytes_read(damage_path(&original, "-journal")));
    (void)sqlite3_close(db);
    assert_refused(COLLECTOR_ERR_IO, "has a journal of an interrupted change");
}
END_TEST

START_TEST(test_a_creation_that_was_interrupted_is_played_back)
{
    struct bytes journal = {support_alloc(512), 512};

    /* As SQLite writes it for a file that had no page. */
    memcpy(journal.data, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
    journal.data[22] = 2;  /* bytes of a sector: 512 */
    journal.data[26] = 16; /* bytes of a page: 4096 */
    harness_init(&harness);
    support_sql_create(harness.path, "PRAGMA journal_mode = WAL");
    if (_i == 1) /* its first sector was not written yet */
        bytes_write(harness.path, (struct bytes){support_alloc(3584), 3584});
    bytes_write(damage_path(&harness, "-journal"), journal);
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_state_that_does_not_fit_is_damage)
{
    assert_change_refused("DELETE FROM event_log WHERE id = 101",
                          COLLECTOR_ERR_CORRUPT,
                          "its state does not fit its events");
}
END_TEST

/** Prepare a store that is larger than any that is checked whole for its size
 *  alone. */
static void
prepare_large(void)
{
    damage_store_new(&harness, 30000, 0, false);
    harness_exec(&harness, "UPDATE event_log SET kind = hex(randomblob(60));"
                           "UPDATE event_log SET payload_json ="
                           " '{\"n\":' || id || ',\"t\":\"' ||"
                           " hex(randomblob(300)) || '\"}'");
    ck_assert_int_gt(support_file_size(harness.path), 17 * 1024 * 1024);
    ck_assert_ok(damage_try_open(&harness));
}

/** Damage a page in the middle. */
static void
spoil_middle(size_t page)
{
    bytes_spoil(harness.path, page * (size_t)COLLECTOR_PAGE_SIZE,
                COLLECTOR_PAGE_SIZE, 9);
    support_log_expect_errors(harness.log);
}

/** Say that nobody has touched the file since it was closed. */
static void
mark_clean(void)
{
    const int lock_fd =
        open(damage_path(&harness, ".lock"), O_RDWR | O_CREAT, 0600);

    ck_assert_int_ge(lock_fd, 0);
    collector__clean_mark_set(lock_fd, harness.path);
    ck_assert_int_eq(close(lock_fd), 0);
}

START_TEST(test_damage_in_a_large_file_is_found_at_open)
{
    prepare_large();
    spoil_middle(2000);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_CORRUPT);
}
END_TEST

START_TEST(test_a_large_file_that_nobody_touched_is_not_read_through)
{
    prepare_large();
    spoil_middle(2000);
    mark_clean();
    ck_assert_ok(damage_try_open(&harness)); /* or it would have been found */
}
END_TEST

START_TEST(test_a_small_file_is_read_through_always)
{
    damage_store_new(&harness, EVENT_COUNT, 0, false);
    spoil_middle(20);
    mark_clean();
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_CORRUPT);
}
END_TEST

START_TEST(test_missing_tables_are_damage)
{
    assert_change_refused("DROP VIEW events; DROP VIEW backlog;"
                          "DROP VIEW devices; DROP VIEW ledger;"
                          "DROP TABLE state",
                          COLLECTOR_ERR_CORRUPT,
                          "is damaged: no such table: state");
}
END_TEST

static const char *const misfits[][2] = {
    {"PRAGMA user_version = 1", "its tables are not those of its version"},
    {"PRAGMA user_version = 0", "its tables are not those of its version"},
    {"PRAGMA user_version = -1", "its tables are not those of its version"},
    {"DROP TABLE idempotency", "no such table: idempotency"},
    {"ALTER TABLE dead_letters RENAME COLUMN reason TO why",
     "no such column: reason"},
    {"INSERT INTO event_log (id, device_id, kind, ts)"
     " VALUES (9223372036854775807, 'd', 'k', 1)",
     "its state does not fit its events"},
    {"PRAGMA ignore_check_constraints = 1; UPDATE state SET id = 2",
     "its state does not fit its events"},
    {"PRAGMA ignore_check_constraints = 1; UPDATE state SET dropped = 1",
     "its state does not fit its events"},
    {"UPDATE state SET collector_id = 'x' || char(10) || 'y'",
     "its state does not fit its events"},
};

START_TEST(test_what_we_could_not_work_with_is_damage)
{
    assert_change_refused(misfits[_i][0], COLLECTOR_ERR_CORRUPT,
                          misfits[_i][1]);
}
END_TEST

START_TEST(test_a_header_that_forbids_to_write_is_damage)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    bytes_flip(harness.path, 18); /* the version for those who write */
    assert_refused(COLLECTOR_ERR_CORRUPT, "its header forbids to write it");
}
END_TEST

START_TEST(test_a_damaged_log_is_damage)
{
    damage_store_new(&harness, EVENT_COUNT, 100, true);
    bytes_flip(damage_path(&harness, "-wal"), 32 + 30 * (PAGE_SIZE + 24) + 99);
    assert_refused(COLLECTOR_ERR_CORRUPT,
                   "the write-ahead log is damaged behind frame 30");
}
END_TEST

START_TEST(test_a_log_without_its_file_is_damage)
{
    damage_store_new(&harness, EVENT_COUNT, 100, true);
    if (_i == 0)
        ck_assert_int_eq(unlink(harness.path), 0);
    else
        bytes_write(harness.path, (struct bytes){NULL, 0});
    assert_refused(COLLECTOR_ERR_CORRUPT,
                   "there is a write-ahead log without its file");
}
END_TEST

START_TEST(test_a_file_cut_short_is_damage)
{
    struct bytes part;

    damage_store_new(&harness, EVENT_COUNT, 100, false);
    part = bytes_read(harness.path);
    part.size = part.size * (size_t)_i / 8 + 99;
    bytes_write(harness.path, part);
    assert_refused(COLLECTOR_ERR_CORRUPT, "is damaged: ");
}
END_TEST

START_TEST(test_a_file_that_may_not_be_written_is_an_io_error)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    ck_assert_int_eq(chmod(harness.path, 0444), 0);
    ck_assert_int_eq(chmod(harness.dir, 0777), 0);
    damage_lose_rights(&harness);
    assert_refused(COLLECTOR_ERR_IO, "can't read and write");
    damage_regain_rights();
    ck_assert_int_eq(chmod(harness.path, 0600), 0);
}
END_TEST

START_TEST(test_a_directory_that_may_not_be_written_is_an_io_error)
{
    damage_store_new(&harness, EVENT_COUNT, 100, false);
    ck_assert_ok(damage_try_open(&harness)); /* the lock file is there */
    ck_assert_int_eq(chmod(harness.path, 0666), 0);
    ck_assert_int_eq(chmod(damage_path(&harness, ".lock"), 0666), 0);
    ck_assert_int_eq(chmod(harness.dir, 0555), 0);
    damage_lose_rights(&harness);
    assert_refused(COLLECTOR_ERR_IO, "events.sqlite");
    damage_regain_rights();
    ck_assert_int_eq(chmod(harness.dir, 0700), 0);
    ck_assert_ok(damage_try_open(&harness));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("file_check");
    TCase *other = tcase_create("not ours");
    TCase *damage = tcase_create("damage");
    TCase *rights = tcase_create("rights");

    tcase_add_loop_test(other, test_noise_is_no_database, 0, 3);
    tcase_add_test(other, test_one_byte_is_no_database);
    tcase_add_test(other, test_a_page_of_zeros_is_no_database);
    tcase_add_loop_test(other, test_another_programs_database_is_foreign, 0, 2);
    tcase_add_test(other, test_a_newer_schema_is_newer);
    tcase_add_loop_test(damage, test_a_page_of_noise_is_damage, 0, 2);
    tcase_add_test(
        damage, test_a_log_with_damage_behind_it_in_the_main_file_is_not_moved);
    tcase_add_test(other,
                   test_an_interrupted_change_of_another_program_is_not_undone);
    tcase_add_loop_test(
        other, test_a_creation_that_was_interrupted_is_played_back, 0, 2);
    tcase_add_test(damage, test_a_state_that_does_not_fit_is_damage);
    tcase_add_test(damage, test_damage_in_a_large_file_is_found_at_open);
    tcase_add_test(damage,
                   test_a_large_file_that_nobody_touched_is_not_read_through);
    tcase_add_test(damage, test_a_small_file_is_read_through_always);
    tcase_add_test(damage, test_missing_tables_are_damage);
    tcase_add_loop_test(damage, test_what_we_could_not_work_with_is_damage, 0,
                        sizeof(misfits) / sizeof(misfits[0]));
    tcase_add_test(damage, test_a_header_that_forbids_to_write_is_damage);
    tcase_add_test(damage, test_a_damaged_log_is_damage);
    tcase_add_loop_test(damage, test_a_log_without_its_file_is_damage, 0, 2);
    tcase_add_loop_test(damage, test_a_file_cut_short_is_damage, 0, 8);
    tcase_add_test(rights, test_a_file_that_may_not_be_written_is_an_io_error);
    tcase_add_test(rights,
                   test_a_directory_that_may_not_be_written_is_an_io_error);
    suite_add_tcase(suite, other);
    suite_add_tcase(suite, damage);
    suite_add_tcase(suite, rights);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
