/* SPDX-License-Identifier: MIT */
/*
 * Whatever a reader is asked, the file stays as it is, byte for byte, as does
 * all that lies beside it; no file is made anywhere, and nothing outside is
 * reached. What takes too much is stopped, also when the file itself was made
 * to harm who reads it.
 */
#include "damage.h"
#include "harness.h"
#include "reader.h"
#include "reader_rows.h"
#include "reading.h"

#include <sqlite3.h>
#include <unistd.h>

#define NUMBERS "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c"

static struct harness harness;
static struct collector_reader *reader;

static void
setup(void)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 5);
    harness_close(&harness);
    reader = reading_open(harness.path);
    ck_assert_ok(reading_query(reader, "SELECT * FROM event_log").rc);
}

static void
teardown(void)
{
    collector_reader_free(reader);
    harness_close(&harness);
}

static const char *const harmful[] = {
    "INSERT INTO event_log VALUES (9, 'd', 'k', NULL, 1)",
    "INSERT INTO event_log DEFAULT VALUES",
    "INSERT INTO state SELECT * FROM state",
    "INSERT OR REPLACE INTO state (id, created_at) VALUES (1, 1)",
    "INSERT INTO event_log SELECT * FROM event_log RETURNING id",
    "INSERT INTO backlog VALUES (9, 'd', 'k', NULL, 1)",
    "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'x')",
    "INSERT INTO sqlite_sequence VALUES ('x', 1)",
    "REPLACE INTO event_log VALUES (1, 'd', 'k', NULL, 1)",
    "UPDATE event_log SET kind = 'x'",
    "UPDATE event_log SET kind = 'x' WHERE 0",
    "UPDATE state SET settled_through = 5 RETURNING *",
    "UPDATE sqlite_schema SET sql = 'x'",
    "UPDATE sqlite_master SET sql = NULL WHERE name = 'state'",
    "UPDATE OR IGNORE state SET id = 2",
    "DELETE FROM event_log",
    "DELETE FROM event_log WHERE 0",
    "DELETE FROM event_log RETURNING id",
    "DELETE FROM sqlite_schema",
    "DELETE FROM dead_letters",
    "WITH a AS (SELECT 1) INSERT INTO dead_letters SELECT * FROM a",
    "WITH a AS (SELECT 1) UPDATE state SET dead = 0",
    "WITH a AS (SELECT 1) DELETE FROM event_log",
    "CREATE TABLE x (y)",
    "CREATE TABLE IF NOT EXISTS event_log (y)",
    "CREATE TABLE x AS SELECT * FROM event_log",
    "CREATE TEMP TABLE x (y)",
    "CREATE TEMPORARY TABLE x AS SELECT 1",
    "CREATE TABLE temp.x (y)",
    "CREATE VIEW x AS SELECT 1",
    "CREATE TEMP VIEW event_log AS SELECT 1",
    "CREATE INDEX x ON event_log (kind)",
    "CREATE UNIQUE INDEX x ON event_log (kind)",
    "CREATE TRIGGER x AFTER INSERT ON event_log BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER x AFTER INSERT ON event_log BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE x USING fts5 (y)",
    "CREATE VIRTUAL TABLE x USING rtree (a, b, c)",
    "CREATE VIRTUAL TABLE temp.x USING fts4 (y)",
    "DROP TABLE event_log",
    "DROP TABLE IF EXISTS nothing_like_it_is_here; DROP TABLE event_log",
    "DROP VIEW events",
    "DROP INDEX upload_runs_settled",
    "DROP TRIGGER x",
    "ALTER TABLE event_log RENAME TO x",
    "ALTER TABLE event_log RENAME COLUMN kind TO x",
    "ALTER TABLE event_log ADD COLUMN x",
    "ALTER TABLE event_log DROP COLUMN kind",
    "ATTACH 'other.sqlite' AS x",
    "ATTACH ':memory:' AS x",
    "ATTACH '' AS x",
    "ATTACH DATABASE 'file:other.sqlite?mode=rwc' AS x",
    "ATTACH '/etc/passwd' AS x",
    "DETACH main",
    "DETACH temp",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT x",
    "RELEASE x",
    "ROLLBACK TO x",
    "VACUUM",
    "VACUUM main",
    "VACUUM INTO 'other.sqlite'",
    "VACUUM INTO '/tmp/other.sqlite'",
    "ANALYZE",
    "ANALYZE event_log",
    "REINDEX",
    "REINDEX upload_runs",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA user_version = 99",
    "PRAGMA user_version",
    "PRAGMA application_id = 1",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA wal_autocheckpoint = 1",
    "PRAGMA incremental_vacuum",
    "PRAGMA optimize",
    "PRAGMA temp_store_directory = '.'",
    "PRAGMA data_store_directory = '.'",
    "PRAGMA trusted_schema = ON",
    "PRAGMA hard_heap_limit = 1",
    "PRAGMA soft_heap_limit = 1",
    "PRAGMA integrity_check",
    "PRAGMA database_list",
    "PRAGMA table_info(state)",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA mmap_size = 1000000",
    "PRAGMA threads = 8",
    "PRAGMA shrink_memory",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_user_version",
    "SELECT * FROM pragma_table_info('state')",
    "SELECT * FROM pragma_wal_checkpoint",
    "SELECT 1 WHERE EXISTS (SELECT * FROM pragma_optimize)",
    "SELECT load_extension('x')",
    "SELECT load_extension('x', 'y')",
    "SELECT fts3_tokenizer('x')",
    "SELECT fts3_tokenizer('x', x'00')",
    "SELECT fts5(1)",
    "SELECT sqlite_log(1, 'x')",
    "SELECT sqlite_compileoption_get(0)",
    "SELECT sqlite_source_id()",
    "SELECT printf('%.2000000000c', 'x')",
    "SELECT format('%2000000000d', 1)",
    "SELECT trim('aaa', 'a')",
    "SELECT json_patch('{}', '{}')",
    "SELECT rtreecheck('main', 'x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('other.sqlite', 'x')",
    "SELECT edit('x')",
    "SELECT changes(), last_insert_rowid()",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM sqlite_stmt",
    "SELECT * FROM fts5vocab",
    "SELECT * FROM generate_series(1, 3)",
    "SELECT optimize(x) FROM (SELECT 1 AS x)",
    "SELECT 'x' MATCH 'y'",
    "SELECT 'x' REGEXP 'y'",
    "SELECT 1; DELETE FROM event_log",
    "SELECT 1; COMMIT; DELETE FROM event_log",
    "EXPLAIN DELETE FROM event_log",
    "EXPLAIN QUERY PLAN DELETE FROM event_log",
    "EXPLAIN QUERY PLAN CREATE TABLE x (y)",
    "EXPLAIN QUERY PLAN PRAGMA journal_mode = DELETE",
    ".shell touch other.sqlite",
};

#define HARMFUL_COUNT (sizeof(harmful) / sizeof(harmful[0]))

/** Assert that something is refused, with a reason. */
static void
assert_refused(const char *sql)
{
    const struct reading reading = reading_query(reader, sql);

    ck_assert_msg(reading.rc == COLLECTOR_ERR_INVALID, "%s: %s", sql,
                  collector_error_text(reading.rc));
    ck_assert_msg(reading.answer.problem[0] != '\0', "%s", sql);
    ck_assert_str_eq(reading.text, "");
}

START_TEST(test_nothing_that_could_harm_is_run)
{
    const char *before = directory_text(harness.dir);
    size_t i;

    ck_assert_uint_ge(HARMFUL_COUNT, 100);
    ck_assert_int_eq(chdir(harness.dir), 0);
    for (i = 0; i < HARMFUL_COUNT; i++)
        assert_refused(harmful[i]);
    ck_assert_str_eq(directory_text(harness.dir), before);
    ck_assert_str_eq(
        reading_query(reader, "SELECT count(*) FROM event_log").text, "5\n");
}
END_TEST

/** In the file as it lies while its owner writes to it. */
START_TEST(test_nor_is_it_while_the_store_is_open)
{
    size_t i;

    harness_open(&harness);
    harness_append(&harness, 5);
    for (i = 0; i < HARMFUL_COUNT; i++)
        assert_refused(harmful[i]);
    harness_assert_contiguous(&harness, 10);
    harness_append(&harness, 1);
}
END_TEST

START_TEST(test_refusals_say_why)
{
    static const struct {
        const char *sql;
        const char *problem;
    } refusals[] = {
        {"DELETE FROM event_log",
         "DELETE is not allowed here: this only reads"},
        {"DROP TABLE event_log",
         "A change of the tables is not allowed here: this only reads"},
        {"PRAGMA user_version", "PRAGMA is not allowed here: this only reads"},
        {"SELECT * FROM pragma_user_version",
         "PRAGMA is not allowed here: this only reads"},
        {"ATTACH 'x' AS y", "ATTACH is not allowed here: this only reads"},
        {"BEGIN", "A transaction is not allowed here: this only reads"},
        {"VACUUM", "only SELECT, and EXPLAIN QUERY PLAN of it"},
        {"SELECT load_extension('x')",
         "the function load_extension is not allowed here"},
    };
    size_t i;

    for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
        ck_assert_str_eq(reading_query(reader, refusals[i].sql).answer.problem,
                         refusals[i].problem);
}
END_TEST

/** Every kind of function that people ask with. */
START_TEST(test_what_only_reads_is_run)
{
    static const char *const harmless[] = {
        "SELECT kind, count(*), sum(ts), avg(ts), total(id) FROM event_log"
        " GROUP BY kind HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 1",
        "SELECT json_extract('{\"a\":[1]}', '$.a[0]'), '[2]' -> 0, '[2]' ->> 0",
        "SELECT e.value FROM json_each('[1,2]') e, json_tree('[3]')",
        "SELECT datetime(ts / 1000, 'unixepoch'), strftime('%H', 'now')"
        " FROM event_log",
        "SELECT row_number() OVER (ORDER BY id), lag(id) OVER (ORDER BY id)"
        " FROM event_log",
        "SELECT group_concat(id, ', '), json_group_array(id) FROM event_log",
        "SELECT * FROM events JOIN devices ON device_key = device_id",
        "SELECT * FROM backlog UNION SELECT * FROM event_log",
        "SELECT * FROM ledger",
        "SELECT name, sql FROM sqlite_schema",
        "SELECT upper('a') || lower('B') || trim(' c ') || replace('d', 'd',"
        " 'e') || substr('fg', 2) || instr('h', 'h') || hex('i') || quote('j')",
        "SELECT round(1.55, 1), abs(-1), max(1, 2), coalesce(NULL, 1),"
        " iif(1, 2, 3), nullif(1, 1), typeof(1), length('x'), unicode('x')",
        "SELECT 'a' LIKE 'A', 'a' GLOB 'a*', 1 IN (SELECT 1), 2 BETWEEN 1 AND "
        "3",
        NUMBERS " LIMIT 10) SELECT sum(n) FROM c",
        "SELECT ln(2), pow(2, 3), pi(), random(), randomblob(4)",
    };
    size_t i;

    for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        const struct reading reading = reading_query(reader, harmless[i]);

        ck_assert_msg(reading.rc == COLLECTOR_OK, "%s: %s", harmless[i],
                      reading.answer.problem);
    }
}
END_TEST

START_TEST(test_too_much_is_refused)
{
    static const char *const large[] = {
        "SELECT hex(zeroblob(1000000))",
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(2000000000)",
        "SELECT replace(hex(zeroblob(100000)), '0', 'abc')",
        NUMBERS " LIMIT 60000) SELECT group_concat(n) FROM c",
        NUMBERS " LIMIT 60000) SELECT json_group_array(n) FROM c",
    };
    size_t i;

    for (i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        const struct reading reading = reading_query(reader, large[i]);

        ck_assert_msg(reading.rc == COLLECTOR_ERR_TOO_BIG, "%s: %s", large[i],
                      collector_error_text(reading.rc));
        ck_assert_str_ne(reading.answer.problem, "");
    }
}
END_TEST

START_TEST(test_what_is_too_complicated_is_refused)
{
    assert_refused(support_format("SELECT 1%s", support_repeat("+1", 200)));
    assert_refused(
        support_format("SELECT 1%s", support_repeat(" UNION SELECT 1", 60)));
    assert_refused(
        support_format("SELECT max(1%s)", support_repeat(",1", 120)));
    assert_refused(support_format("SELECT 1%s", support_repeat(",1", 300)));
    assert_refused("SELECT ?101");
    assert_refused(
        support_format("SELECT 'x' LIKE '%s'", support_repeat("_", 1001)));
}
END_TEST

/** SQLite looks at the deadline only when it has been through them. */
START_TEST(test_too_many_functions_are_refused)
{
    static const struct {
        const char *call;
        int max;
    } calls[] = {
        {"+instr('a', 'b')", 8},   {"+replace(1, 2, 3)", 8},
        {"+('a' LIKE 'b')", 8},    {"+('a' GLOB 'b')", 8},
        {"+like('a', 'b')", 8},    {", upper(lower('a'))", 128},
        {", 'a' NOT LIKE '_'", 8},
    };
    const char *problem =
        "it calls too many functions: 256 may be in a "
        "question, where LIKE, GLOB, instr() and replace() count for 32 each";
    const char *from = "FROM (SELECT 1)";
    size_t i;

    for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const char *most = support_repeat(calls[i].call, calls[i].max);

        ck_assert_str_eq(
            reading_query(reader, support_format("SELECT 1%s %s", most, from))
                .answer.problem,
            "");
        ck_assert_str_eq(
            reading_query(reader, support_format("SELECT 1%s%s %s", most,
                                                 calls[i].call, from))
                .answer.problem,
            problem);
    }
}
END_TEST

/** To count rows is one step of SQLite's, however many there are. */
START_TEST(test_what_reads_the_whole_file_in_one_step_is_stopped)
{
    struct collector_reader *fresh;
    struct reading reading;

    harness_open(&harness);
    ck_assert_ok(harness_fill(&harness, "d", 200, 3000));
    harness_close(&harness);
    fresh = reading_open(harness.path);
    /* Where no room is left: it is stopped at a read that comes soon. */
    sqlite3_free(fresh->guard.temporary_path);
    fresh->guard.temporary_path = sqlite3_mprintf("/proc/x");
    reading = reading_query(fresh, "SELECT count(*) FROM event_log");
    ck_assert_error(reading.rc, COLLECTOR_ERR_TOO_BIG);
    ck_assert_str_eq(reading.answer.problem,
                     "it takes more room for sorting than there is");
    ck_assert_str_eq(reading.text, "");
    ck_assert_int_lt(reading_page_count(fresh), 60);
    collector_reader_free(fresh);
}
END_TEST

/** It may have counted until then only. */
START_TEST(test_row_that_comes_after_a_stop_is_not_taken)
{
    const int stopped_by = COLLECTOR_ERR_TIMEOUT;
    struct collector__rows rows;
    sqlite3_stmt *statement = NULL;
    int step = SQLITE_OK;

    collector__rows_init(&rows, 1, 100);
    ck_assert_int_eq(
        sqlite3_prepare_v2(reader->db, "SELECT 1", -1, &statement, NULL),
        SQLITE_OK);
    ck_assert_ok(collector__rows_gather(&rows, statement, &stopped_by, &step));
    ck_assert_int_eq(step, SQLITE_ROW);
    ck_assert_uint_eq(rows.row_count, 0);
    (void)sqlite3_finalize(statement);
    collector__rows_clear(&rows);
}
END_TEST

START_TEST(test_memory_is_bounded)
{
    const struct reading reading = reading_query(
        reader, NUMBERS " LIMIT 1000) SELECT json_group_array(hex(zeroblob("
                        "100000))) FROM c");

    ck_assert_error(reading.rc, COLLECTOR_ERR_TOO_BIG);
    ck_assert_str_eq(reading.answer.problem,
                     "it takes more memory than it may");
    ck_assert_int_lt(sqlite3_memory_highwater(1),
                     2 * COLLECTOR_READER_MEMORY_SIZE_MAX);
    ck_assert_int_lt(sqlite3_memory_used(), 1024 * 1024);
}
END_TEST

START_TEST(test_memory_that_is_not_counted_is_said)
{
    struct collector_reader_options options = reading_options(harness.path);
    const char *words = "memory statistics are off";
    struct collector_reader *other = NULL;

    ck_assert_ok(collector_reader_open(&options, &other));
    ck_assert_uint_eq(support_log_count(options.log_userdata, words), 0);
    collector_reader_free(other);
    collector_reader_free(reader);
    ck_assert_int_eq(sqlite3_shutdown(), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0), SQLITE_OK);
    reader = NULL;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_uint_eq(support_log_count(options.log_userdata, words), 1);
    collector_reader_free(reader);
    reader = NULL;
    ck_assert_int_eq(sqlite3_shutdown(), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1), SQLITE_OK);
}
END_TEST

/** What is sorted need not fit into memory. */
START_TEST(test_sorting_takes_little_memory)
{
    const struct reading reading =
        reading_query(reader, NUMBERS
                      " LIMIT 300) SELECT length(x) FROM (SELECT n, hex("
                      "zeroblob(100000)) AS x FROM c ORDER BY -n, x) LIMIT 1");

    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.text, "200000\n");
    ck_assert_int_lt(sqlite3_memory_highwater(1), 30 * 1000 * 1000);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_guard");
    TCase *tcase = support_add_case(suite, "guard", setup, teardown);

    tcase_add_test(tcase, test_nothing_that_could_harm_is_run);
    tcase_add_test(tcase, test_nor_is_it_while_the_store_is_open);
    tcase_add_test(tcase, test_refusals_say_why);
    tcase_add_test(tcase, test_what_only_reads_is_run);
    tcase_add_test(tcase, test_too_much_is_refused);
    tcase_add_test(tcase, test_what_is_too_complicated_is_refused);
    tcase_add_test(tcase, test_too_many_functions_are_refused);
    tcase_add_test(tcase,
                   test_what_reads_the_whole_file_in_one_step_is_stopped);
    tcase_add_test(tcase, test_row_that_comes_after_a_stop_is_not_taken);
    tcase_add_test(tcase, test_memory_is_bounded);
    tcase_add_test(tcase, test_memory_that_is_not_counted_is_said);
    tcase_add_test(tcase, test_sorting_takes_little_memory);
    return support_run_suite(suite);
}
