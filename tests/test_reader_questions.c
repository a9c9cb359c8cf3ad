/* SPDX-License-Identifier: MIT */
/*
 * The ready-made questions about all but events: devices, runs, dead letters
 * and the ledger, with names for all that they tell, and where to go on.
 */
#include "readable.h"

#include <stdio.h>

/** Fail to deliver the next event. */
static void
fail_to_deliver(int64_t started_at, const char *error)
{
    struct collector_delivery outage = {
        .result = COLLECTOR_RETRY, .attempts = 1, .started_at = started_at};
    struct collector_batch *batch = harness_fetch(&harness, 1);

    (void)snprintf(outage.error, sizeof(outage.error), "%s", error);
    ck_assert_ok(collector_store_checkpoint(harness.store, batch, &outage));
    collector_batch_free(batch);
}

START_TEST(test_devices_come_by_their_ids)
{
    struct reading reading;

    harness_see(&harness, "b", 5);
    harness_see(&harness, "a", 10);
    ck_assert_uint_eq(harness_deliver(&harness, 9), 2);
    harness_see(&harness, "b", 30);
    harness_see(&harness, "c", 20);
    readable_limit_rows(2);
    reading = reading_of(devices, reader, 0, 0);
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names, "id|device_id|label|last_seen_at");
    ck_assert_str_eq(reading.text, "1|b|NULL|30\n2|a|NULL|10\n");
    ck_assert_int_eq(reading.answer.next_id, 2);
    reading = reading_of(devices, reader, 2, 0);
    ck_assert_str_eq(reading.text, "3|c|NULL|20\n");
    ck_assert(!reading.answer.more);
    ck_assert_str_eq(reading_of(devices, reader, 0, 20).text, "2|a|NULL|10\n");
}
END_TEST

START_TEST(test_runs_come_from_the_latest_back)
{
    struct reading reading;

    harness_append(&harness, 4);
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2);
    harness_bury(&harness, 1);
    fail_to_deliver(7, "no route");
    readable_limit_rows(2);
    reading = reading_of(runs, reader, 0, NULL);
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names, "id|started_at|finished_at|event_count|"
                                    "status|error|first_id|last_id|attempts");
    ck_assert_str_eq(reading.text, "3|7|" NOW "|1|error|no route|4|4|1\n"
                                   "2|" NOW "|" NOW "|1|dead|HTTP 422|3|3|3\n");
    ck_assert_int_eq(reading.answer.next_id, 2);
    reading = reading_of(runs, reader, 2, NULL);
    ck_assert_str_eq(reading.text, "1|" NOW "|" NOW "|2|success|NULL|1|2|1\n");
    ck_assert_str_eq(reading_of(runs, reader, 0, "success").text, reading.text);
}
END_TEST

START_TEST(test_dead_letters_come_by_their_ids)
{
    const struct collector_event event = {"x", "k", "[1]", 3};
    const int64_t first = 1;
    struct reading reading;

    harness_keep(&harness, &event, 1, NULL);
    harness_append(&harness, 2);
    harness_bury(&harness, 3);
    ck_assert_ok(collector_dead_letters_replay(harness.store, &first, 1, NULL));
    readable_limit_rows(2);
    reading = reading_of(dead_letters, reader, 0);
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names, "id|device_id|kind|payload|ts|at|status|"
                                    "reason|attempts|replayed_as");
    ck_assert_str_eq(reading.text,
                     "1|x|k|json:[1]|3|" NOW "|422|HTTP 422|3|4\n"
                     "2|d|k|NULL|" NOW "|" NOW "|422|HTTP 422|3|NULL\n");
    ck_assert_int_eq(reading.answer.next_id, 2);
    ck_assert_str_eq(reading_of(dead_letters, reader, 2).text,
                     "3|d|k|NULL|" NOW "|" NOW "|422|HTTP 422|3|NULL\n");
}
END_TEST

START_TEST(test_ledger_says_how_it_stands)
{
    const char *id = harness_text(&harness, "SELECT collector_id FROM state");
    const int64_t size = support_file_size(harness.path);
    struct reading reading = reading_of(ledger, reader);

    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names,
                     "accepted|delivered|dead|dropped|pending|collector_id|"
                     "snapshot_of|oldest_pending_ts|last_success_at|"
                     "failing_since|last_error|dead_letters|devices|file_size|"
                     "free_size");
    ck_assert_str_eq(reading.text,
                     support_format("0|0|0|0|0|%s|NULL|NULL|NULL|NULL|NULL|0|0|"
                                    "%lld|0\n",
                                    id, (long long)size));
    harness_see(&harness, "a", 5);
    harness_see(&harness, "b", 6);
    harness_see(&harness, "b", 7);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    harness_bury(&harness, 1);
    fail_to_deliver(7, "no route");
    reading = reading_of(ledger, reader);
    ck_assert_str_eq(reading.text, support_format("3|1|1|0|1|%s|NULL|7|" NOW
                                                  "|7|no route|1|2|%lld|0\n",
                                                  id, (long long)size));
    /* One that was replayed is kept. */
    support_sql_exec(harness.path, "UPDATE dead_letters SET replayed_as = 3");
    ck_assert_str_eq(reading_of(ledger, reader).text, reading.text);
}
END_TEST

/** Assert since when deliveries fail, and with what words. */
static void
assert_failing(const char *expected)
{
    const struct reading reading = reading_of(ledger, reader);
    const char *at = reading.text;
    int i;

    ck_assert_ok(reading.rc);
    for (i = 0; i < 9; i++)
        at = strchr(at, '|') + 1;
    ck_assert_str_eq(support_format("%.*s", (int)strlen(expected), at),
                     expected);
}

START_TEST(test_outage_lasts_until_the_upstream_answers)
{
    collector_reader_free(reader);
    harness.options.backlog_max = 2;
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness_reopen(&harness);
    reader = reading_open(harness.path);
    harness_append(&harness, 2);
    assert_failing("NULL|NULL|");
    fail_to_deliver(7, "no route");
    assert_failing("7|no route|");
    harness_append(&harness, 1);
    ck_assert_uint_eq(harness_stats(&harness).dropped, 1);
    assert_failing("7|no route|");
    fail_to_deliver(9, "no answer");
    harness_append(&harness, 1);
    assert_failing("7|no answer|");
    harness_bury(&harness, 1);
    assert_failing("NULL|NULL|");
    fail_to_deliver(11, "no route");
    assert_failing("11|no route|");
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    assert_failing("NULL|NULL|");
}
END_TEST

/** What its tables should be is not what they are. */
START_TEST(test_file_without_our_tables_is_damaged)
{
    struct collector_reader_options options = reading_options(harness.path);

    support_log_expect_errors(options.log_userdata);
    harness_append(&harness, 1);
    harness_close(&harness);
    harness_exec(&harness, "ALTER TABLE upload_runs RENAME TO gone");
    collector_reader_free(reader);
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_error(reading_of(events, reader, NULL).rc, COLLECTOR_ERR_CORRUPT);
    ck_assert_error(reading_of(event, reader, 1).rc, COLLECTOR_ERR_CORRUPT);
    ck_assert_error(reading_of(runs, reader, 0, NULL).rc,
                    COLLECTOR_ERR_CORRUPT);
    ck_assert_error(reading_of(ledger, reader).rc, COLLECTOR_ERR_CORRUPT);
    ck_assert_ok(reading_of(devices, reader, 0, 0).rc);
    ck_assert_uint_eq(support_log_count(options.log_userdata, "no such table"),
                      1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_questions");
    TCase *tcase =
        support_add_case(suite, "questions", readable_start, readable_stop);

    tcase_add_test(tcase, test_devices_come_by_their_ids);
    tcase_add_test(tcase, test_runs_come_from_the_latest_back);
    tcase_add_test(tcase, test_dead_letters_come_by_their_ids);
    tcase_add_test(tcase, test_ledger_says_how_it_stands);
    tcase_add_test(tcase, test_outage_lasts_until_the_upstream_answers);
    tcase_add_test(tcase, test_file_without_our_tables_is_damaged);
    return support_run_suite(suite);
}
