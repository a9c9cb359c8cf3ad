/* SPDX-License-Identifier: MIT */
/*
 * Verifying finds what does not add up in a file, each time by the check that
 * is for it, in words that say where; and finds nothing in a file that is
 * whole, at whatever moment of its life.
 */
#include "crew.h"
#include "damage.h"
#include "harness.h"
#include "reading.h"
#include "verifying.h"

#define MODE_COUNT (COLLECTOR_MODE_CONCURRENT + 1)

static struct harness harness;
static struct collector_reader *reader;

static void
setup(void)
{
    verifying_prepare(&harness);
}

static void
teardown(void)
{
    collector_reader_free(reader);
    reader = NULL;
    harness_close(&harness);
}

static const char *
failures(bool whole, const char **ret_text)
{
    return verifying_failures(harness.path, whole, ret_text);
}

START_TEST(test_every_check_is_a_row)
{
    const char *text;

    ck_assert_str_eq(failures(true, &text), "");
    ck_assert_str_eq(text, "pages|1|NULL\n"
                           "schema|1|NULL\n"
                           "state|1|NULL\n"
                           "ledger|1|NULL\n"
                           "ids|1|NULL\n"
                           "backlog|1|NULL\n"
                           "runs|1|NULL\n"
                           "counters|1|NULL\n"
                           "dead_letters|1|NULL\n"
                           "events|1|NULL\n"
                           "uploaded_at|1|NULL\n"
                           "every_uploaded_at|1|NULL\n"
                           "devices|1|NULL\n"
                           "every_device|1|NULL\n"
                           "views|1|NULL\n"
                           "idempotency|1|NULL\n");
    ck_assert_str_eq(failures(false, &text), "");
    ck_assert_uint_eq(support_occurrences(text, "\n"), 13);
}
END_TEST

START_TEST(test_no_cap_hides_a_check)
{
    struct collector_reader_options options = reading_options(harness.path);
    struct reading reading;

    options.rows_max = 1;
    options.bytes_max = 1;
    ck_assert_ok(collector_reader_open(&options, &reader));
    reading = reading_of(verify, reader, true);
    ck_assert_ok(reading.rc);
    ck_assert_uint_eq(reading.answer.row_count, 16);
    ck_assert(!reading.answer.more);
    ck_assert_error(reading_query(reader, "SELECT 1").rc,
                    COLLECTOR_ERR_TOO_BIG); /* they hold again */
}
END_TEST

static const struct {
    const char *sql;
    /** Of all of the checks; those that look at the whole file are last. */
    const char *failures;
    const char *detail;
} damages[] = {
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,"
     " 'status <> ''error''', 'status <> ''x''')"
     " WHERE name = 'upload_runs_error'; UPDATE sqlite_schema SET sql ="
     " 'CREATE INDEX upload_runs_error ON upload_runs(id)'"
     " WHERE name = 'upload_runs_error'",
     "pages ", "missing from index"},
    {"ALTER TABLE idempotency DROP COLUMN body_hash", "schema ",
     "no such column: body_hash"},
    {"UPDATE state SET devices_through = 10", "state ",
     "devices_through is beyond the last event"},
    {"UPDATE state SET collector_id = NULL", "state ", "it has no name"},
    {"PRAGMA ignore_check_constraints = ON;"
     "UPDATE state SET delivered = delivered + 1",
     "ledger ", "delivered 3 + dead 3 + dropped 1 is not settled_through 6"},
    {"DELETE FROM event_log WHERE id = 8", "backlog ",
     "1 of 3 pending events are missing"},
    {"UPDATE upload_runs SET event_count = 0 WHERE last_id = 2", "runs ",
     "2 to 2 are not 0 events"},
    {"UPDATE state SET dead = 2, delivered = 3", "counters ",
     "state counts 3 delivered, 2 dead"},
    {"UPDATE state SET dead = 4, delivered = 1", "counters ",
     "and the runs 2, 3 and 1"},
    {"INSERT INTO dead_letters (event_id, at, attempts) VALUES (7, 1, 1)",
     "dead_letters ", "event 7 is a dead letter, and pending"},
    {"INSERT INTO dead_letters (event_id, at, attempts) VALUES (1, 1, 1)",
     "dead_letters ", "event 1 is a dead letter, and its run says success"},
    {"DELETE FROM event_log WHERE id = 3", "dead_letters ",
     "event 3 is a dead letter, and gone"},
    {"UPDATE dead_letters SET replayed_as = 10 WHERE event_id = 4",
     "dead_letters ", "dead letter 4 was replayed as 10"},
    {"DELETE FROM event_log WHERE id = 2", "events ",
     "event 2 is missing, and the next is 3"},
    {"DELETE FROM dead_letters WHERE event_id = 4", "events ",
     "event 4 is dead without a letter, and still there"},
    {"INSERT INTO event_log VALUES (6, 'a', 'k', NULL, 1)", "events ",
     "event 6 is dropped, and still there"},
    {"UPDATE event_log SET device_id = 'ghost' WHERE id = 1", "every_device ",
     "event 1 is of a device that is not listed"},
    {"DROP VIEW devices; CREATE VIEW devices AS SELECT id, device_key, label,"
     " last_seen_at - 1 AS last_seen_at FROM device_state",
     "devices ", "device 'a' is not in the view as it should be"},
    {"DROP VIEW ledger; CREATE VIEW ledger AS SELECT 8 AS accepted,"
     " 3 AS pending",
     "views ", "the ledger says 8 accepted and 3 pending, not 9 and"},
    {"DROP VIEW backlog; CREATE VIEW backlog AS SELECT 5 AS id", "views ",
     "the backlog begins with 5"},
    {"UPDATE idempotency SET event_count = 0", "idempotency ",
     "the key of 1 to 0 is not of an append"},
    {"UPDATE idempotency SET first_id = 9", "idempotency ",
     "the key of 9 to 10 is not of an append"},
    /* Where one thing is wrong, others may be, too. */
    {"INSERT INTO event_log VALUES (-5, 'a', 'k', NULL, 1)",
     "ids every_uploaded_at ", "there is an event -5"},
    {"DELETE FROM upload_runs WHERE last_id = 2", "runs every_uploaded_at ",
     "no run has settled 2 to 2"},
    {"UPDATE upload_runs SET first_id = 1, event_count = 2 WHERE last_id = 2",
     "runs counters ", "has settled 1 again"},
    {"DROP VIEW events; CREATE VIEW events AS SELECT *, 7 AS uploaded_at"
     " FROM event_log",
     "uploaded_at every_uploaded_at ", ": uploaded_at is 7, and"},
    {"DROP TABLE dead_letters",
     "schema runs dead_letters events uploaded_at every_uploaded_at ",
     "no such table: dead_letters"},
    {"DELETE FROM state", "state ", "state has 0 rows"},
};

START_TEST(test_damage_is_found_by_its_check)
{
    const char *text;

    harness_exec(&harness, damages[_i].sql);
    ck_assert_str_eq(failures(true, &text), damages[_i].failures);
    ck_assert_contains(text, damages[_i].detail);
}
END_TEST

START_TEST(test_damaged_page_is_a_row_and_not_the_end)
{
    const char *names;
    const char *text;

    harness_open(&harness);
    ck_assert_uint_eq(harness_deliver(&harness, 9), 3);
    harness.options.backlog_max = 1000;
    harness_reopen(&harness);
    ck_assert_ok(harness_fill(&harness, "d", 200, 1000));
    harness_close(&harness);
    bytes_spoil(harness.path,
                (size_t)support_file_size(harness.path) -
                    (size_t)30 * COLLECTOR_PAGE_SIZE,
                (size_t)20 * COLLECTOR_PAGE_SIZE, 1);
    names = failures(true, &text);
    ck_assert_contains(names, "pages ");
    ck_assert_contains(names, "backlog ");
    ck_assert_contains(text, "ledger|1|NULL\n");
    ck_assert_contains(text, "idempotency|1|NULL\n");
}
END_TEST

START_TEST(test_verify_ends_at_its_deadline)
{
    struct collector_reader_options options = reading_options(harness.path);
    int i;

    harness.options.backlog_max = 0;
    harness_open(&harness);
    for (i = 0; i < 40; i++)
        harness_append(&harness, 2500);
    options.deadline_ms = 1;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_error(reading_of(verify, reader, true).rc, COLLECTOR_ERR_TIMEOUT);
    /* The file was let go. */
    support_sql_exec(harness.path, "PRAGMA wal_checkpoint(TRUNCATE)");
    ck_assert_int_eq(support_file_size(harness.wal_path), 0);
    reading_set_deadline(reader, SUPPORT_WAIT_MS);
    ck_assert_str_eq(reading_query(reader, "SELECT 1").text, "1\n");
}
END_TEST

struct life {
    _Atomic bool over;
    _Atomic uint64_t count;
};

/** All that becomes of events, over and over. */
static void
live_once(void)
{
    harness_append(&harness, 7);
    (void)harness_deliver(&harness, 3);
    harness_bury(&harness, 1);
    (void)harness_deliver(&harness, 2);
    ck_assert_ok(collector_dead_letters_replay(harness.store, NULL, 0, NULL));
    ck_assert_ok(collector_dead_letters_purge(harness.store, NULL, 0, NULL));
    harness_append(&harness, 15);
    harness_append(&harness, 15);
    ck_assert_ok(collector_store_maintain(harness.store));
}

static void
live_or_verify(void *userdata, size_t number)
{
    struct life *life = userdata;
    int i;

    if (number == 0) {
        while (!atomic_load(&life->over)) {
            live_once();
            atomic_fetch_add(&life->count, 1);
        }
        return;
    }
    reader = reading_open(harness.path);
    for (i = 0; i < 20 || atomic_load(&life->count) < 10; i++) {
        const struct reading reading = reading_of(verify, reader, true);

        ck_assert_ok(reading.rc);
        ck_assert_uint_eq(reading.answer.row_count, 16);
        ck_assert_msg(strstr(reading.text, "|0|") == NULL, "%s", reading.text);
    }
    atomic_store(&life->over, true);
}

START_TEST(test_file_that_is_in_use_is_whole_at_any_moment)
{
    struct life life = {.over = false};

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness.options.backlog_max = 20;
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness.options.retain_ms = 1;
    harness_open(&harness);
    crew_run(2, live_or_verify, &life);
    ck_assert_uint_gt(harness_stats(&harness).pruned, 0);
    ck_assert_uint_gt(harness_stats(&harness).dropped, 0);
}
END_TEST

START_TEST(test_snapshot_is_a_copy_of_all)
{
    const char *copy = support_path(harness.dir, "copy");
    const char *id = harness_text(&harness, "SELECT collector_id FROM state");

    reader = reading_open(harness.path);
    ck_assert_error(collector_reader_snapshot(NULL, copy),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_reader_snapshot(reader, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ok(collector_reader_snapshot(reader, copy));
    ck_assert_error(collector_reader_snapshot(reader, copy),
                    COLLECTOR_ERR_EXISTS);
    ck_assert_str_eq(support_text_or_nothing(support_sql_text(
                         copy, "SELECT snapshot_of FROM state")),
                     id);
    ck_assert_str_eq(
        reading_text(copy, "SELECT count(*) FROM event_log"),
        reading_query(reader, "SELECT count(*) FROM event_log").text);
    ck_assert_str_eq(
        reading_text(copy, "SELECT collector_id IS NULL FROM state"), "1\n");
    ck_assert_ok(collector_reader_snapshot(reader, damage_path(&harness, "2")));
}
END_TEST

/** A file from elsewhere may have triggers. */
START_TEST(test_snapshot_runs_nothing_of_the_file)
{
    const char *copy = support_path(harness.dir, "copy");

    harness_exec(&harness, "CREATE TRIGGER t AFTER UPDATE ON state BEGIN"
                           " DELETE FROM event_log; END");
    reader = reading_open(harness.path);
    ck_assert_ok(collector_reader_snapshot(reader, copy));
    ck_assert_str_eq(reading_text(copy, "SELECT count(*) FROM event_log"),
                     "7\n");
}
END_TEST

START_TEST(test_snapshot_of_a_file_in_use_is_whole)
{
    const char *copy = support_path(harness.dir, "copy");
    const char *text;

    harness_open(&harness);
    reader = reading_open(harness.path);
    ck_assert_ok(collector_reader_snapshot(reader, copy));
    collector_reader_free(reader);
    reader = NULL;
    harness_append(&harness, 1);
    harness_close(&harness);
    harness.path = copy;
    ck_assert_str_eq(failures(true, &text), "");
}
END_TEST

static void
snapshot_or_interrupt(void *userdata, size_t number)
{
    const char *copy = support_path(harness.dir, "copy");
    _Atomic int *rc = userdata;

    if (number == 0)
        atomic_store(rc, collector_reader_snapshot(reader, copy));
    while (number != 0 && atomic_load(rc) == 1) {
        collector_reader_interrupt(reader);
        support_pause();
    }
}

START_TEST(test_snapshot_can_be_interrupted)
{
    _Atomic int rc = 1;
    int i;

    harness.options.backlog_max = 0;
    harness_open(&harness);
    for (i = 0; i < 40; i++)
        ck_assert_ok(harness_fill(&harness, "d", 100, 10000));
    reader = reading_open(harness.path);
    crew_run(2, snapshot_or_interrupt, &rc);
    ck_assert_error(atomic_load(&rc), COLLECTOR_ERR_CANCELLED);
    ck_assert_int_eq(support_file_size(support_path(harness.dir, "copy")), -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_verify");
    TCase *tcase = support_add_case(suite, "verify", setup, teardown);

    tcase_add_test(tcase, test_every_check_is_a_row);
    tcase_add_test(tcase, test_no_cap_hides_a_check);
    tcase_add_loop_test(tcase, test_damage_is_found_by_its_check, 0,
                        (int)(sizeof(damages) / sizeof(damages[0])));
    tcase_add_test(tcase, test_damaged_page_is_a_row_and_not_the_end);
    tcase_add_test(tcase, test_verify_ends_at_its_deadline);
    tcase = support_add_case(suite, "snapshot", setup, teardown);
    tcase_add_test(tcase, test_snapshot_is_a_copy_of_all);
    tcase_add_test(tcase, test_snapshot_runs_nothing_of_the_file);
    tcase_add_test(tcase, test_snapshot_of_a_file_in_use_is_whole);
    tcase_add_test(tcase, test_snapshot_can_be_interrupted);
    tcase = support_add_case(suite, "live", NULL, teardown);
    tcase_add_loop_test(tcase, test_file_that_is_in_use_is_whole_at_any_moment,
                        0, MODE_COUNT);
    return support_run_suite(suite);
}
