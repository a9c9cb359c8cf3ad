/* SPDX-License-Identifier: MIT */
/*
 * Which files a reader opens, where they lie, and beside whom: with the store
 * that writes them, in this process or none, on media that nobody can write,
 * of every schema that there was, and made by others to do harm. Whoever
 * writes never waits for it, and the log is kept small.
 */
#include "crew.h"
#include "damage.h"
#include "harness.h"
#include "reading.h"
#include "schema.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODE_COUNT (COLLECTOR_MODE_CONCURRENT + 1)

/** A child that waits for a lock that nobody holds in it ends here. */
#define CHILD_S 60

static struct harness harness;

static const char *
count_events(struct collector_reader *reader)
{
    const struct reading reading =
        reading_query(reader, "SELECT count(*) FROM event_log");

    return reading.rc == COLLECTOR_OK ? reading.text
                                      : support_error_name(reading.rc);
}

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

START_TEST(test_reader_sees_what_the_store_has_kept)
{
    struct collector_reader *reader;

    harness_start(&harness, (enum collector_write_mode)_i);
    reader = reading_open(harness.path);
    ck_assert_str_eq(count_events(reader), "0\n");
    harness_append(&harness, 3);
    ck_assert_str_eq(count_events(reader), "3\n");
    harness_close(&harness);
    ck_assert_str_eq(count_events(reader), "3\n");
    harness_open(&harness);
    harness_append(&harness, 3);
    ck_assert_str_eq(count_events(reader), "6\n");
    harness_close(&harness);
    collector_reader_free(reader);
}
END_TEST

/** Who holds a lock on what SQLite locks in the file, as another process sees
 *  it; 0 for nobody. */
static pid_t
lock_holder(const char *path)
{
    int told[2];
    pid_t holder = -1;
    pid_t child;

    ck_assert_int_eq(pipe(told), 0);
    child = fork();
    if (child == 0) {
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = 0x40000000,
                             .l_len = 1024};

        (void)alarm(CHILD_S);
        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0)
            _exit(1);
        holder = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
        _exit(write(told[1], &holder, sizeof(holder)) == sizeof(holder) ? 0
                                                                        : 2);
    }
    ck_assert_int_eq(read(told[0], &holder, sizeof(holder)), sizeof(holder));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    return holder;
}

/** POSIX has a process lose its locks on a file with any descriptor of it. */
START_TEST(test_reader_takes_no_lock_of_the_store_away)
{
    struct collector_reader *reader;

    harness_start(&harness, (enum collector_write_mode)_i);
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    reader = reading_open(harness.path);
    ck_assert_str_eq(count_events(reader), "0\n");
    collector_reader_free(reader);
    assert_refused(support_path(harness.dir, "none"), COLLECTOR_ERR_IO, "none");
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    harness_close(&harness);
    ck_assert_int_eq(lock_holder(harness.path), 0);
}
END_TEST

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
    ck_assert_str_eq(count_events(reader), "1\n");
    (void)unlink(harness.wal_path);
    (void)unlink(damage_path(&harness, "-shm"));
    ck_assert_int_eq(rename(other.path, harness.path), 0);
    ck_assert_str_eq(count_events(reader), "2\n");
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
    ck_assert_str_eq(count_events(reader), "3\n");
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
    ck_assert_str_eq(count_events(reader), "4\n");
    damage_regain_rights();
    harness_append(&harness, 1);
    ck_assert_int_eq(chmod(harness.dir, 0755), 0);
    harness_close(&harness);
    ck_assert_str_eq(count_events(reader), "5\n");
    collector_reader_free(reader);
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

/** What is said of a view of ours may be anything. */
START_TEST(test_harmful_file_harms_nobody)
{
    static const char sql[] =
        "DROP VIEW events; DROP VIEW devices; DROP VIEW ledger;"
        "CREATE VIEW events AS SELECT load_extension('x') AS id;"
        "CREATE VIEW devices AS SELECT * FROM pragma_database_list;"
        "CREATE VIEW ledger AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
        " SELECT n + 1 FROM c) SELECT max(n) FROM c;"
        "CREATE TABLE computed (a, b AS (hex(zeroblob(a))));"
        "INSERT INTO computed (a) VALUES (400000000);"
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
    options.deadline_ms = 50;
    support_log_expect_errors(options.log_userdata);
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_str_eq(count_events(reader), "3\n");
    before = directory_text(harness.dir);
    ck_assert_error(reading_query(reader, "SELECT * FROM events").rc,
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(reading_query(reader, "SELECT * FROM devices").rc,
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(reading_query(reader, "SELECT * FROM ledger").rc,
                    COLLECTOR_ERR_TIMEOUT);
    ck_assert_error(reading_query(reader, "SELECT * FROM computed").rc,
                    COLLECTOR_ERR_TOO_BIG);
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
    ck_assert_str_eq(count_events(reader), "0\n");
    collector_reader_free(reader);
    harness_exec(&harness, "DROP TABLE state;"
                           "CREATE VIEW state AS SELECT x FROM v40");
    assert_refused(harness.path, COLLECTOR_ERR_CORRUPT, "its tables are none");
}
END_TEST

struct curious {
    _Atomic bool over;
    _Atomic uint64_t count;
};

/** The first appends, and the others ask. */
static void
append_or_ask(void *userdata, size_t number)
{
    struct curious *curious = userdata;
    struct collector_reader *reader = NULL;
    int i;

    if (number > 0) {
        reader = reading_open(harness.path);
        while (!atomic_load(&curious->over)) {
            ck_assert_ok(reading_query(reader, "SELECT * FROM events").rc);
            ck_assert_ok(reading_of(ledger, reader).rc);
            atomic_fetch_add(&curious->count, 1);
        }
    }
    for (i = 0; number == 0 && i < 80; i++)
        ck_assert_ok(harness_fill(&harness, "d", 10, 10000));
    if (number == 0)
        ck_assert_eventually(atomic_load(&curious->count) > 3);
    atomic_store(&curious->over, true);
    collector_reader_free(reader);
}

/** Each question lets go of the file: the log starts again and again. */
START_TEST(test_questions_in_a_row_do_not_make_the_log_grow)
{
    struct curious curious = {.over = false};

    harness_prepare(&harness, _i);
    harness.options.size_max = (uint64_t)24 * 1024 * 1024;
    harness_open(&harness);
    crew_run(2, append_or_ask, &curious);
    ck_assert_uint_gt(harness_stats(&harness).written_size, 12 * 1000 * 1000);
    ck_assert_uint_gt(harness_stats(&harness).log_moves, 1);
    ck_assert_int_lt(support_file_size(harness.wal_path), 6 * 1024 * 1024);
    harness_close(&harness);
}
END_TEST

/** What a child asks of a reader that it has inherited. @return The number of
 *  the first question that is answered wrongly; 0 for none. */
static int
ask_as_a_child(struct collector_reader *reader)
{
    struct collector_answer answer = {.size = sizeof(answer), .row_count = 7};
    const int rc = COLLECTOR_ERR_FORK;

    (void)alarm(CHILD_S);
    if (collector_reader_query(reader, "SELECT 1", NULL, 0, NULL, NULL,
                               &answer) != rc ||
        answer.row_count != 0)
        return 1;
    if (collector_reader_events(reader, NULL, NULL, NULL, NULL) != rc ||
        collector_reader_event(reader, 1, NULL, NULL, NULL) != rc ||
        collector_reader_devices(reader, 0, 0, NULL, NULL, NULL) != rc ||
        collector_reader_runs(reader, 0, NULL, NULL, NULL, NULL) != rc ||
        collector_reader_dead_letters(reader, 0, NULL, NULL, NULL) != rc ||
        collector_reader_ledger(reader, NULL, NULL, NULL) != rc)
        return 2;
    if (collector_reader_verify(reader, true, NULL, NULL, NULL) != rc ||
        collector_reader_snapshot(reader, "x") != rc ||
        collector_reader_set_rows_max(reader, 1) != rc)
        return 3;
    collector_reader_interrupt(reader);
    collector_reader_free(reader);
    return 0;
}

START_TEST(test_reader_is_its_makers)
{
    struct collector_reader *reader;
    int status = 0;
    pid_t child;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    reader = reading_open(harness.path);
    ck_assert_str_eq(count_events(reader), "0\n");
    child = fork();
    if (child == 0)
        _exit(ask_as_a_child(reader));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    harness_append(&harness, 1);
    ck_assert_str_eq(count_events(reader), "1\n");
    collector_reader_free(reader);
    harness_close(&harness);
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
    tcase_add_test(tcase, test_file_in_place_of_another_is_read);
    tcase_add_test(tcase, test_file_is_read_where_nothing_can_be_written);
    tcase_add_test(tcase, test_log_that_can_not_be_read_is_an_io_error);
    tcase_add_test(tcase, test_harmful_file_harms_nobody);
    tcase_add_test(tcase, test_file_of_views_harms_nobody);
    tcase = support_add_case(suite, "beside the store", NULL, NULL);
    tcase_add_loop_test(tcase, test_reader_sees_what_the_store_has_kept, 0,
                        MODE_COUNT);
    tcase_add_loop_test(tcase, test_reader_takes_no_lock_of_the_store_away, 0,
                        MODE_COUNT);
    tcase_add_loop_test(tcase, test_questions_in_a_row_do_not_make_the_log_grow,
                        0, MODE_COUNT);
    tcase_add_test(tcase, test_reader_is_its_makers);
    return support_run_suite(suite);
}
