/* SPDX-License-Identifier: MIT */
/*
 * To replay or purge dead letters of a file, collectorctl promises, changes
 * nothing else in it: what a collector may have been told to keep is not
 * pruned by the defaults.
 */
#include "ctl.h"
#include "fixture.h"

/* More dead letters than are kept by default. */
#define LETTER_COUNT 10100

/* Longer than anything is kept by default. */
#define MONTH_MS "2592000000"

static struct fixture fixture;

/** Append an event, and have it settled like that. */
static void
append_and_settle(const char *key, enum collector_delivery_result result)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    const struct collector_delivery delivery = {.result = result,
                                                .status = 400};
    struct collector_batch *batch;

    ck_assert_ok(collector_store_append(fixture.store, &event, 1, key, NULL));
    batch = fixture_fetch(&fixture, 1);
    ck_assert_ok(collector_store_checkpoint(fixture.store, batch, &delivery));
    collector_batch_free(batch);
}

/** A delivered event with a key, and dead letters from event 2 on, all settled
 *  when the file was new. Nobody has it. */
static void
setup(void)
{
    fixture_init(&fixture);
    append_and_settle("key-1", COLLECTOR_DELIVERED);
    append_and_settle(NULL, COLLECTOR_REJECTED);
    fixture_close(&fixture);
    support_sql_exec(
        fixture.path,
        support_format(
            "WITH RECURSIVE n(id) AS"
            " (SELECT 3 UNION ALL SELECT id + 1 FROM n WHERE id <= %d)"
            " INSERT INTO event_log (id, device_id, kind, ts)"
            " SELECT id, 'd', 'k', 1 FROM n;"
            "INSERT INTO dead_letters (event_id, at, status, reason, attempts)"
            " SELECT id, 1, 400, 'no', 1 FROM event_log WHERE id > 2;"
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            "  status, first_id, last_id, attempts)"
            " SELECT 1, 1, count(*), 'dead', min(id), max(id), 1"
            "  FROM event_log WHERE id > 2;"
            "UPDATE state SET dead = %d, settled_through = 1 + %d,"
            " uptime_ms = " MONTH_MS,
            LETTER_COUNT, LETTER_COUNT, LETTER_COUNT));
}

static void
teardown(void)
{
    fixture_close(&fixture);
}

/** What may be pruned: events that are delivered, dead letters, keys. */
static const char *
kept(void)
{
    return support_sql_text(
        fixture.path, "SELECT (SELECT count(*) FROM event_log WHERE id = 1)"
                      " || ' ' || (SELECT count(*) FROM dead_letters) || ' '"
                      " || (SELECT count(*) FROM idempotency)");
}

/** Assert that all of it would be pruned by default. */
static void
check_defaults(void)
{
    fixture_reopen(&fixture);
    ck_assert_ok(collector_store_maintain(fixture.store));
    ck_assert_str_eq(kept(), "0 10000 0");
}

START_TEST(test_replay_prunes_nothing)
{
    ck_assert_str_eq(ctl_prints(fixture.path, "dead-letters", "replay", "7"),
                     "replayed 1\n");
    ck_assert_str_eq(kept(), "1 10100 1");
    ck_assert_ptr_null(strstr(ctl_prints(fixture.path, "verify"), "FAILED"));
    check_defaults();
}
END_TEST

START_TEST(test_purge_deletes_what_it_names_only)
{
    ck_assert_str_eq(ctl_prints(fixture.path, "dead-letters", "purge", "7"),
                     "purged 1\n");
    ck_assert_str_eq(kept(), "1 10099 1");
    ck_assert_ptr_null(strstr(ctl_prints(fixture.path, "verify"), "FAILED"));
    check_defaults();
}
END_TEST

/** Of four ids, of which one is named twice, one is of no letter. */
START_TEST(test_ids_that_are_of_no_letter_are_said)
{
    ck_assert_int_eq(
        ctl(fixture.path, "dead-letters", "replay", "7", "1", "7", "8"), 1);
    ck_assert_str_eq(ctl_out, "replayed 2\n");
    ck_assert_str_eq(ctl_err,
                     "collectorctl: 2 of 3 replayed: the rest are no dead "
                     "letters, or were replayed before\n");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay", "7"), 1);
    ck_assert_str_eq(ctl_out, "replayed 0\n");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "purge", "1", "7"), 1);
    ck_assert_str_eq(ctl_out, "purged 1\n");
    ck_assert_str_eq(ctl_err, "collectorctl: 1 of 2 purged: the rest are no "
                              "dead letters\n");
    ck_assert_str_eq(
        ctl_prints(fixture.path, "dead-letters", "purge", "9", "9"),
        "purged 1\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_letters");
    TCase *tcase = support_add_case(suite, "options", setup, teardown);

    tcase_add_test(tcase, test_replay_prunes_nothing);
    tcase_add_test(tcase, test_purge_deletes_what_it_names_only);
    tcase_add_test(tcase, test_ids_that_are_of_no_letter_are_said);
    return support_run_suite(suite);
}
