/* SPDX-License-Identifier: MIT */
/*
 * The schema is there whole or not at all, with every pragma that was asked
 * for; its views tell the truth to somebody with only sqlite3; and no commit
 * that breaks the ledger can succeed.
 */
#include "harness.h"

#include "schema_sql.h"

#include "pool.h"

/** Assert that the file has these columns, in this order. */
static void
assert_columns(struct harness *harness, const char *table, const char *columns)
{
    const char *sql =
        support_format("SELECT group_concat(name, ' ') FROM"
                       " (SELECT name FROM pragma_table_xinfo('%s'))",
                       table);

    ck_assert_str_eq(harness_text(harness, sql), columns);
}

START_TEST(test_the_whole_schema_is_there_from_the_start)
{
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    assert_columns(&harness, "event_log", "id device_id kind payload_json ts");
    assert_columns(&harness, "state",
                   "id collector_id previous_collector_id snapshot_of"
                   " created_at settled_through delivered dead dropped"
                   " dead_in_a_row devices_through storage_faults uptime_ms");
    assert_columns(&harness, "upload_runs",
                   "id started_at finished_at event_count status error"
                   " first_id last_id attempts uptime_ms");
    assert_columns(&harness, "device_state",
                   "id device_key label last_seen_at");
    assert_columns(&harness, "dead_letters",
                   "event_id at status reason attempts replayed_as");
    assert_columns(&harness, "idempotency",
                   "first_id key event_count created_at body_hash uptime_ms");
    assert_columns(&harness, "quarantines",
                   "id at path reason previous_collector_id through salvaged"
                   " lost finished_at");
    assert_columns(&harness, "events",
                   "id device_id kind payload_json ts uploaded_at");
    assert_columns(&harness, "backlog", "id device_id kind payload_json ts");
    assert_columns(&harness, "devices", "id device_key label last_seen_at");
    assert_columns(&harness, "ledger",
                   "accepted delivered dead dropped pending");
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT group_concat(name, ' ') FROM (SELECT name FROM"
                     " sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
                     " ORDER BY name)"),
        "upload_runs_audit upload_runs_error upload_runs_settled");
    ck_assert_str_eq(harness_text(&harness, "SELECT count(*) || ' ' || id ||"
                                            " ' ' || settled_through"
                                            " FROM state"),
                     "1 1 0");
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_header_says_whose_file_it_is)
{
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_int_eq(harness_int(&harness, "PRAGMA application_id"),
                     0x434c5452); /* CLTR */
    ck_assert_int_eq(harness_int(&harness, "PRAGMA user_version"), 3);
    ck_assert_int_eq(harness_int(&harness, "PRAGMA auto_vacuum"), 2);
    ck_assert_int_eq(harness_int(&harness, "PRAGMA page_size"), 4096);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA journal_mode"), "wal");
    ck_assert_str_eq(harness_text(&harness, "PRAGMA encoding"), "UTF-8");
    harness_close(&harness);
}
END_TEST

/** A number that a pragma has on a connection. */
static int64_t
pragma(sqlite3 *db, const char *name)
{
    const char *sql = support_format("PRAGMA %s", name);
    sqlite3_stmt *statement = NULL;
    int64_t value;

    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "%s: no answer", sql);
    value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

static void
assert_pragmas(sqlite3 *db, int64_t busy_ms)
{
    ck_assert_int_eq(pragma(db, "synchronous"), 2);
    ck_assert_int_eq(pragma(db, "secure_delete"), 0);
    ck_assert_int_eq(pragma(db, "wal_autocheckpoint"), 0);
    ck_assert_int_eq(pragma(db, "temp_store"), 2);
    ck_assert_int_eq(pragma(db, "busy_timeout"), busy_ms);
    ck_assert_int_gt(pragma(db, "journal_size_limit"), 0);
}

START_TEST(test_a_file_of_schema_1_is_migrated_with_its_events)
{
    struct harness harness;

    harness_init(&harness);
    support_sql_create(
        harness.path, COLLECTOR_SCHEMA_SQL_1
        "UPDATE state SET collector_id = "
        "'c0ffee00-0000-4000-8000-000000000000',"
        " settled_through = 1, delivered = 1;"
        "INSERT INTO event_log VALUES (1, 'd', 'k', NULL, 1), (2, 'd', 'k', "
        "'2',"
        " 2);"
        "INSERT INTO upload_runs VALUES (1, 5, 6, 1, 'success', NULL, 1, 1, 1);"
        "INSERT INTO idempotency VALUES (2, 'key', 1, 7, x'00');"
        "CREATE VIEW devices AS SELECT 1 AS id, 'old' AS device_key;");
    harness_open(&harness);
    ck_assert_int_eq(harness_int(&harness, "PRAGMA user_version"), 3);
    ck_assert_int_eq(harness_append(&harness, 1), 3);
    ck_assert_uint_eq(harness_deliver(&harness, 9), 2);
    ck_assert_str_eq(harness_text(&harness, "SELECT collector_id FROM state"),
                     "c0ffee00-0000-4000-8000-000000000000");
    ck_assert_int_eq(harness_int(&harness, "SELECT delivered FROM ledger"), 3);
    ck_assert_int_eq(
        harness_int(&harness, "SELECT sum(uptime_ms) FROM idempotency"), 0);
    ck_assert_str_eq(harness_text(&harness, "SELECT device_key FROM devices"),
                     "d");
    harness_close(&harness);
}
END_TEST

START_TEST(test_every_connection_has_every_pragma)
{
    struct harness harness;
    uint32_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    assert_pragmas(harness.store->writer.connection.db, COLLECTOR_BUSY_MS);
    assert_pragmas(harness.store->fetcher.connection.db, COLLECTOR_BUSY_MS);
    assert_pragmas(harness.store->asker.connection.db, COLLECTOR_BUSY_MS);
    harness_close(&harness);
    harness.options.mode = COLLECTOR_MODE_CONCURRENT;
    harness.options.connection_count_max = 3;
    harness_open(&harness);
    ck_assert_uint_eq(harness.store->writer.pool.connection_count, 3);
    for (i = 0; i < 3; i++)
        assert_pragmas(harness.store->writer.pool.connections[i].db, 0);
    harness_close(&harness);
}
END_TEST

/** What SQLite says to a change of the open file. */
static int
change(struct harness *harness, const char *sql)
{
    sqlite3 *db = NULL;
    int code;

    ck_assert_int_eq(sqlite3_open(harness->path, &db), SQLITE_OK);
    code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    (void)sqlite3_close(db);
    return code;
}

START_TEST(test_no_commit_can_break_the_ledger)
{
    static const char *const breaking[] = {
        "UPDATE state SET settled_through = settled_through + 1",
        "UPDATE state SET delivered = delivered + 1",
        "UPDATE state SET dead = dead + 1",
        "UPDATE state SET dropped = dropped - 1",
        "INSERT INTO state (id, created_at) VALUES (2, 0)",
        "INSERT INTO upload_runs VALUES (9, 0, 0, 1, 'new', NULL, 1, 1, 1, 0)",
        "INSERT INTO upload_runs VALUES (9, 0, 0, 2, 'dead', NULL, 1, 2, 1, 0)",
        "INSERT INTO event_log VALUES (9, NULL, 'k', NULL, 0)",
        "INSERT INTO event_log VALUES (9, 'd', 'k', NULL, NULL)",
    };
    struct harness harness;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2);
    for (i = 0; i < sizeof(breaking) / sizeof(breaking[0]); i++)
        ck_assert_msg(change(&harness, breaking[i]) == SQLITE_CONSTRAINT,
                      "was taken: %s", breaking[i]);
    ck_assert_int_eq(change(&harness,
                            "INSERT INTO upload_runs VALUES"
                            " (9, 0, 0, 2, 'error', NULL, 1, 2, 1, 0)"),
                     SQLITE_OK);
    harness_close(&harness);
}
END_TEST

START_TEST(test_events_view_says_when_each_event_was_uploaded)
{
    const int64_t at = INT64_C(1700000000000);
    struct harness harness;

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness_stop_clock(&harness);
    harness_open(&harness);
    harness_append(&harness, 6);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"
                                           " WHERE uploaded_at IS NULL"),
                     6);
    support_clock_advance(&harness.clock, 10);
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2);
    support_clock_advance(&harness.clock, 10);
    ck_assert_uint_eq(harness_deliver(&harness, 3), 3);
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT group_concat(coalesce(uploaded_at, 'no'), ' ')"
                     " FROM events"),
        support_format("%lld %lld %lld %lld %lld no", (long long)at + 10,
                       (long long)at + 10, (long long)at + 20,
                       (long long)at + 20, (long long)at + 20));
    ck_assert_str_eq(harness_text(&harness, "SELECT group_concat(id, ' ')"
                                            " FROM backlog"),
                     "6");
    harness_close(&harness);
    harness_exec(&harness, "DELETE FROM upload_runs");
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT group_concat(coalesce(uploaded_at, 'no'), ' ')"
                     " FROM events"),
        "0 0 0 0 0 no");
}
END_TEST

START_TEST(test_an_outage_is_no_upload)
{
    struct collector_batch *batch;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    batch = harness_fetch(&harness, 1);
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_RETRY));
    collector_batch_free(batch);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"
                                           " WHERE uploaded_at IS NULL"),
                     3);
    ck_assert_uint_eq(harness_deliver(&harness, 3), 3);
    harness_exec(&harness, "UPDATE upload_runs SET finished_at = 7"
                           " WHERE status = 'error'");
    ck_assert_int_gt(
        harness_int(&harness, "SELECT uploaded_at FROM events WHERE id = 1"),
        7);
    harness_close(&harness);
}
END_TEST

START_TEST(test_views_use_the_primary_key)
{
    static const char *const questions[] = {
        "SELECT * FROM backlog ORDER BY id LIMIT 1",
        "SELECT * FROM events WHERE id = 1",
        "SELECT * FROM events ORDER BY id DESC LIMIT 1"};
    const char *plan;
    struct harness harness;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    for (i = 0; i < 3; i++) {
        plan = "";
        sqlite3_stmt *statement = NULL;

        ck_assert_int_eq(
            sqlite3_prepare_v2(
                harness.store->asker.connection.db,
                support_format("EXPLAIN QUERY PLAN %s", questions[i]), -1,
                &statement, NULL),
            SQLITE_OK);
        while (sqlite3_step(statement) == SQLITE_ROW)
            plan =
                support_format("%s%s\n", plan,
                               (const char *)sqlite3_column_text(statement, 3));
        (void)sqlite3_finalize(statement);
        ck_assert_ptr_null(strstr(plan, "TEMP B-TREE"));
        ck_assert_ptr_null(strstr(plan, "SCAN upload_runs"));
        ck_assert_ptr_null(strstr(plan, "SCAN r\n"));
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_ledger_adds_up_at_every_step)
{
    struct harness harness;
    int i;

    harness_start(&harness, (enum collector_write_mode)_i);
    for (i = 0; i < 20; i++) {
        if (i % 3 == 2)
            ck_assert_uint_gt(harness_deliver(&harness, 5), 0);
        else
            harness_append(&harness, (size_t)(i % 7 + 1));
        ck_assert_int_eq(
            harness_int(&harness,
                        "SELECT accepted = delivered + dead + dropped + pending"
                        "   AND accepted = (SELECT max(id) FROM event_log)"
                        "   AND pending = (SELECT count(*) FROM backlog)"
                        "   AND delivered = (SELECT sum(event_count)"
                        "     FROM upload_runs WHERE status = 'success')"
                        "    OR delivered = 0 FROM ledger"),
            1);
    }
    /* The settled runs tile 1 … settled_through. */
    ck_assert_int_eq(
        harness_int(&harness,
                    "SELECT count(*) FROM (SELECT first_id,"
                    "  lag(last_id, 1, 0) OVER (ORDER BY last_id) AS before"
                    "  FROM upload_runs) WHERE first_id <> before + 1"),
        0);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("schema");
    TCase *schema = tcase_create("schema");
    TCase *views = tcase_create("views");

    tcase_add_test(schema, test_the_whole_schema_is_there_from_the_start);
    tcase_add_test(schema, test_the_header_says_whose_file_it_is);
    tcase_add_test(schema, test_a_file_of_schema_1_is_migrated_with_its_events);
    tcase_add_test(schema, test_every_connection_has_every_pragma);
    tcase_add_test(schema, test_no_commit_can_break_the_ledger);
    tcase_add_loop_test(
        views, test_events_view_says_when_each_event_was_uploaded, 0, 3);
    tcase_add_test(views, test_an_outage_is_no_upload);
    tcase_add_test(views, test_views_use_the_primary_key);
    tcase_add_loop_test(views, test_ledger_adds_up_at_every_step, 0, 3);
    suite_add_tcase(suite, schema);
    suite_add_tcase(suite, views);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
