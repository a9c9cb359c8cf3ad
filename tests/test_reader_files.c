/* SPDX-License-Identifier: MIT */
/*
 * Which files a reader opens, and where they lie: of every schema that there
 * was, and on media that nobody can write; and which it refuses, and leaves as
 * they are. Files made by others to do harm do none.
 */
#include "damage.h"
#include "harness.h"
#include "reader_question.h"
#include "reading.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct harness harness;

/** Assert that a file is refused, and that the log says why. */
static void
assert_refused(const char *path, int rc, const char *words)
{
    struct collector_reader_options options = reading_options(path);
    struct collector_reader *reader = NULL;

    support_log_expect_errors(options.log_userdata);
    ck_assert_error(collector_reader_open(&options, &reader), rc);
    ck_assert_ptr_null(reader);
    ck_assert_msg(support_log_count(options.log_userdata, words) == 1,
                  "nobody has said: %s", words);
}

START_TEST(test_what_is_no_store_is_refused)
{
    const char *dir = support_dir_new();
    const char *path = support_path(dir, "x");
    const char *log_path = support_path(dir, "x-wal");

    assert_refused(path, COLLECTOR_ERR_IO, "No such file");
    assert_refused(dir, COLLECTOR_ERR_IO, "is no file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    assert_refused(path, COLLECTOR_ERR_IO, "is no file");
    ck_assert_int_eq(unlink(path), 0);
    support_write_file(path, "");
    support_write_file(log_path, "what is left");
    assert_refused(path, COLLECTOR_ERR_FOREIGN, "is empty");
    ck_assert_str_eq(support_read_file(log_path), "what is left");
    support_write_file(path, "S");
    assert_refused(path, COLLECTOR_ERR_FOREIGN, "is no database");
    ck_assert_str_eq(support_read_file(log_path), "what is left");
    ck_assert_int_eq(unlink(log_path), 0);
    support_write_file(path, support_repeat("text ", 1000));
    assert_refused(path, COLLECTOR_ERR_FOREIGN, "not a database");
    ck_assert_int_eq(unlink(path), 0);
    support_sql_create(path, "CREATE TABLE x (y)");
    assert_refused(path, COLLECTOR_ERR_FOREIGN,
                   "a database of another program");
}
END_TEST

START_TEST(test_newer_file_is_refused)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    harness_exec(&harness, "PRAGMA user_version = 99");
    assert_refused(harness.path, COLLECTOR_ERR_NEWER,
                   "has schema 99; this version knows up to 3");
}
END_TEST

START_TEST(test_damaged_file_says_so)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_ok(harness_fill(&harness, "d", 200, 1000));
    harness_close(&harness);
    bytes_spoil(harness.path, (size_t)30 * COLLECTOR_PAGE_SIZE,
                (size_t)20 * COLLECTOR_PAGE_SIZE, 1);
    options = reading_options(harness.path);
    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_error(
        reading_query(reader, "SELECT sum(length(payload_json)) FROM event_log")
            .rc,
        COLLECTOR_ERR_CORRUPT);
    ck_assert_error(reading_of(events, reader, NULL).rc, COLLECTOR_ERR_CORRUPT);
    ck_assert_uint_eq(support_log_count(options.log_userdata, "malformed"), 1);
    collector_reader_free(reader);
}
END_TEST

/** A name that SQLite would take for a URI, or for its memory. */
START_TEST(test_path_is_a_path)
{
    static const char *const names[] = {"file:x?mode=rwc",
                                        ":memory:", "a?b#c%d"};
    struct harness named;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        harness_init(&named);
        ck_assert_int_eq(chdir(named.dir), 0);
        assert_refused(names[i], COLLECTOR_ERR_IO, "No such file");
        named.path = named.options.path = support_path(named.dir, names[i]);
        harness_open(&named);
        harness_append(&named, 3);
        harness_close(&named);
        ck_assert_str_eq(
            reading_text(names[i], "SELECT count(*) FROM event_log"), "3\n");
        ck_assert_str_eq(
            reading_text(named.path, "SELECT count(*) FROM event_log"), "3\n");
    }
}
END_TEST

START_TEST(test_file_of_any_schema_is_read)
{
    static const char *const names[] = {"v1.sqlite", "v2_first.sqlite",
                                        "v2.sqlite", "v3.sqlite"};
    const char *path = support_path(support_dir_new(), "x");
    const char *schemas = getenv("SCHEMAS");
    struct collector_reader *reader;
    struct reading reading;

    ck_assert_ptr_nonnull(schemas);
    bytes_write(path, bytes_read(support_path(schemas, names[_i])));
    reader = reading_open(path);
    reading = reading_of(ledger, reader);
    ck_assert_ok(reading.rc);
    ck_assert_contains(reading.text, _i < 2 ? "11|8|0|0|3|" : "11|7|1|0|3|");
    reading = reading_of(events, reader, NULL);
    ck_assert_ok(reading.rc);
    ck_assert_uint_eq(reading.answer.row_count, 11);
    ck_assert_ok(reading_of(devices, reader, 0, 0).rc);
    ck_assert_ok(reading_of(runs, reader, 0, NULL).rc);
    ck_assert_ok(reading_of(dead_letters, reader, 0).rc);
    reading = reading_of(verify, reader, true);
    ck_assert_ok(reading.rc);
    ck_assert_uint_eq(support_occurrences(reading.text, "|0|"), 0);
    collector_reader_free(reader);
}
END_TEST

/** Let everybody read the file, and nobody write beside it. */
static void
close_off(void)
{
    ck_assert_int_eq(chmod(harness.path, 0444), 0);
    ck_assert_int_eq(chmod(harness.dir, 0555), 0);
    damage_lose_rights(&harness);
}

static void
open_up(void)
{
    damage_regain_rights();
    ck_assert_int_eq(chmod(harness.dir, 0755), 0);
    ck_assert_int_eq(chmod(harness.path, 0644), 0);
}

START_TEST(test_file_is_read_where_nothing_can_be_written)
{
    const char *before;
    struct collector_reader *reader;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    harness_close(&harness);
    close_off();
    before = directory_text(harness.dir);
    reader = reading_open(harness.path);
    ck_assert_str_eq(reading_event_count(reader), "3\n");
    ck_assert_int_eq(support_file_size(harness.wal_path), -1);
    ck_assert_int_eq(support_file_size(damage_path(&harness, "-shm")), -1);
    ck_assert_str_eq(directory_text(harness.dir), before);
    ck_assert_ok(reading_of(verify, reader, true).rc);
    open_up();

    /* Somebody writes it after all. */
    harness_open(&harness);
    harness_append(&harness, 1);
    ck_assert_int_eq(chmod(harness.dir, 0555), 0);
    damage_lose_rights(&harness);
    ck_assert_str_eq(reading_event_count(reader), "4\n");
    damage_regain_rights();
    harness_append(&harness, 1);
    ck_assert_int_eq(chmod(harness.dir, 0755), 0);
    harness_close(&harness);
    ck_assert_str_eq(reading_event_count(reader), "5\n");
    collector_reader_free(reader);
}
END_TEST

/** What was read may be from before and after. */
START_TEST(test_file_that_is_written_meanwhile_is_to_be_asked_again)
{
    struct collector__question question;
    struct collector_reader *reader;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 1);
    harness_close(&harness);
    close_off();
    reader = reading_open(harness.path);
    ck_assert_ok(collector__question_begin(&question, reader, true));
    ck_assert_ok(collector__question_ask(&question, "SELECT 1", NULL, 0));
    open_up();
    harness_open(&harness);
    harness_append(&harness, 1);
    ck_assert_error(
        collector__question_end(&question, COLLECTOR_OK, NULL, NULL, NULL),
        COLLECTOR_ERR_BUSY);
    ck_assert_str_eq(reading_event_count(reader), "2\n");
    collector_reader_free(reader);
    harness_close(&harness);
}
END_TEST

/** It would be read without its last events. */
START_TEST(test_log_that_can_not_be_read_is_an_io_error)
{
    struct harness crashed;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    damage_crash(&crashed, &harness);
    harness_close(&harness);
    harness = crashed;
    ck_assert_int_gt(support_file_size(harness.wal_path), 32);
    ck_assert_int_eq(chmod(harness.wal_path, 0444), 0);
    close_off();
    assert_refused(harness.path, COLLECTOR_ERR_IO,
                   "can't be read without writing beside it");
    open_up();
    ck_assert_str_eq(
        reading_text(harness.path, "SELECT count(*) FROM event_log"), "3\n");
}
END_TEST

/** Change a snapshot, and leave it to others as if that had died half-way. */
static const char *
change_half(void)
{
    const char *copy = support_path(harness.dir, "copy");
    const char *half = support_path(harness.dir, "half");
    sqlite3 *db = NULL;

    ck_assert_ok(collector_store_snapshot(harness.store, copy));
    ck_assert_int_eq(sqlite3_open(copy, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "PRAGMA cache_size = 1; BEGIN;"
                                  "DELETE FROM event_log WHERE id > 3",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    bytes_write(half, bytes_read(copy));
    bytes_write(support_format("%s-journal", half),
                bytes_read(support_format("%s-journal", copy)));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    return half;
}

/** It would be read with what has to be taken back. */
START_TEST(test_change_that_was_not_finished_is_an_io_error)
{
    const char *half;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_ok(harness_fill(&harness, "d", 200, 1000));
    half = change_half();
    harness_close(&harness);
    assert_refused(half, COLLECTOR_ERR_IO, "a change of it was not finished");
    support_sql_exec(half, "BEGIN IMMEDIATE; ROLLBACK");
    ck_assert_str_eq(reading_text(half, "SELECT count(*) FROM event_log"),
                     "200\n");
}
END_TEST

/** What is said of a view of ours may be anything. */
START_TEST(test_harmful_file_harms_nobody)
{
    static const char sql[] =
        "DROP VIEW events; DROP VIEW devices; DROP VIEW ledger;"
        "CREATE VIEW events AS SELECT load_extension('x') AS id;"
        "CREATE VIEW devices AS SELECT * FROM pragma_database_list;"
        "CREATE VIEW ledger AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
        " SELECT n + 1 FROM c) SELECT max(n) FROM c;"
        "CREATE TEMP TABLE gone (x);"
        "CREATE TRIGGER t AFTER INSERT ON event_log BEGIN"
        " DELETE FROM event_log; END;";
    struct collector_reader_options options = reading_options(NULL);
    struct collector_reader *reader = NULL;
    const char *before;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    harness_close(&harness);
    harness_exec(&harness, sql);
    options.path = harness.path;
    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_str_eq(reading_event_count(reader), "3\n");
    before = directory_text(harness.dir);
    ck_assert_error(reading_query(reader, "SELECT * FROM events").rc,
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(reading_query(reader, "SELECT * FROM devices").rc,
                    COLLECTOR_ERR_INVALID);
    reading_set_deadline(reader, 50);
    ck_assert_error(reading_query(reader, "SELECT * FROM ledger").rc,
                    COLLECTOR_ERR_TIMEOUT);
    reading_set_deadline(reader, SUPPORT_WAIT_MS);
    ck_assert_ok(reading_of(events, reader, NULL).rc);
    ck_assert_ok(reading_of(devices, reader, 0, 0).rc);
    ck_assert_ok(reading_of(ledger, reader).rc);
    ck_assert_str_eq(directory_text(harness.dir), before);
    collector_reader_free(reader);
}
END_TEST

/** Views that stand for two of the one before, and tables that are none. */
START_TEST(test_file_of_views_harms_nobody)
{
    struct collector_reader_options options = reading_options(NULL);
    struct collector_reader *reader = NULL;
    const char *sql = "CREATE VIEW v0 AS SELECT 1 AS x;";
    int i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    for (i = 1; i <= 40; i++)
        sql = support_format("%sCREATE VIEW v%d AS SELECT a.x FROM v%d a, v%d;",
                             sql, i, i - 1, i - 1);
    harness_exec(&harness, sql);
    options.path = harness.path;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_str_eq(reading_query(reader, "SELECT x FROM v3").text, "1\n");
    ck_assert_str_eq(reading_query(reader, "SELECT x FROM v20").answer.problem,
                     "it is too complicated: its names stand for too much");
    ck_assert_str_eq(reading_event_count(reader), "0\n");
    collector_reader_free(reader);
    harness_exec(&harness, "DROP TABLE state;"
                           "CREATE VIEW state AS SELECT x FROM v40");
    assert_refused(harness.path, COLLECTOR_ERR_CORRUPT, "its tables are none");
}
END_TEST

/** Views that are chained as above, in ways to hide one from who counts; NEW is
 *  the one and OLD the one before. */
START_TEST(test_view_that_hides_another_is_found)
{
    static const char *const hidings[] = {
        "'CREATE VIEW vNEW AS SELECT a.x FROM vOLD a, vOLD -- c'",
        "'CREATE VIEW vNEW AS SELECT a.x FROM vOLD a, vOLD /* c'",
        "'CREATE VIEW vNEW AS SELECT a.x FROM vOLD a, vOLD; '''",
        "'CREATE VIEW vNEW AS SELECT a.x FROM vOLD a, vOLD' || char(0, 1)",
        "'CREATE VIEW vNEW AS SELECT a.x FROM vOLD a, vOLD --' || char(1)",
    };
    const char *sql = "CREATE VIEW v0 AS SELECT 1 AS x;";
    struct collector_reader *reader;
    int i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    for (i = 1; i <= 30; i++)
        sql = support_format("%sINSERT INTO sqlite_master VALUES"
                             " ('view', 'v%d', 'v%d', 0,"
                             " replace(replace(%s, 'NEW', %d), 'OLD', %d));",
                             sql, i, i, hidings[_i], i, i - 1);
    harness_exec(&harness,
                 support_format("PRAGMA writable_schema = ON;%s", sql));
    reader = reading_open(harness.path);
    ck_assert_str_eq(reading_query(reader, "SELECT x FROM v30").answer.problem,
                     "it is too complicated: its names stand for too much");
    ck_assert_ok(reading_of(ledger, reader).rc);
    collector_reader_free(reader);
}
END_TEST

/** Each says something of the tables that SQLite reads in another way. */
START_TEST(test_tables_that_are_none_are_refused)
{
    static const struct {
        const char *sql;
        const char *words;
    } strange[] = {
        {"DROP TABLE state; CREATE VIEW State AS SELECT 1 AS id",
         "its tables are none"},
        {"CREATE VIEW v AS SELECT 1;"
         "UPDATE sqlite_master SET type = 'VIEW' WHERE name = 'v'",
         "its tables are none"},
        {"CREATE VIEW v AS SELECT 1;"
         "UPDATE sqlite_master SET type = type || char(0, 1) WHERE name = 'v'",
         "its tables are none"},
        {"CREATE VIEW v AS SELECT 1;"
         "UPDATE sqlite_master SET name = name || char(0, 1) WHERE name = 'v'",
         "its tables are none"},
        {"ALTER TABLE event_log ADD COLUMN"
         " x AS (printf('%.*d', 2000000000, id))",
         "a column of its tables is computed"},
        {"CREATE TABLE other (a, b AS (printf('%.*d', 2000000000, a)) STORED)",
         "a column of its tables is computed"},
    };

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_close(&harness);
    harness_exec(&harness, support_format("PRAGMA writable_schema = ON;%s",
                                          strange[_i].sql));
    assert_refused(harness.path, COLLECTOR_ERR_CORRUPT, strange[_i].words);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_files");
    TCase *tcase = support_add_case(suite, "files", NULL, NULL);

    tcase_add_test(tcase, test_what_is_no_store_is_refused);
    tcase_add_test(tcase, test_newer_file_is_refused);
    tcase_add_test(tcase, test_damaged_file_says_so);
    tcase_add_test(tcase, test_path_is_a_path);
    tcase_add_loop_test(tcase, test_file_of_any_schema_is_read, 0, 4);
    tcase_add_test(tcase, test_file_is_read_where_nothing_can_be_written);
    tcase_add_test(tcase,
                   test_file_that_is_written_meanwhile_is_to_be_asked_again);
    tcase_add_test(tcase, test_log_that_can_not_be_read_is_an_io_error);
    tcase_add_test(tcase, test_change_that_was_not_finished_is_an_io_error);
    tcase_add_test(tcase, test_harmful_file_harms_nobody);
    tcase_add_test(tcase, test_file_of_views_harms_nobody);
    tcase_add_loop_test(tcase, test_view_that_hides_another_is_found, 0, 5);
    tcase_add_loop_test(tcase, test_tables_that_are_none_are_refused, 0, 6);
    return support_run_suite(suite);
}
