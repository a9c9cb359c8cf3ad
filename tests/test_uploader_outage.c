/* SPDX-License-Identifier: MIT */
/*
 * The audit trail promises one row an outage, however long, and a bounded
 * number of them; and settled runs that name every id up to settled_through
 * once. What the sink has confirmed is not sent again while the uploader lives,
 * only marked; an uploader that died in between sends it again, under the same
 * ids.
 */
#include "account.h"
#include "fixture.h"
#include "ledger.h"
#include "recorder.h"

#define BREAK_MARK                                                             \
    "CREATE TRIGGER no_mark BEFORE UPDATE OF settled_through ON state"         \
    " BEGIN SELECT RAISE(FAIL, 'x'); END"
#define MEND_MARK "DROP TRIGGER no_mark"

static struct fixture fixture;
static struct recorder *recorder;
static struct collector_sink *sink;
static struct collector_uploader *uploader;

static void
open_uploader(void)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.batch_count_max = 3;
    options.log = support_log;
    options.log_userdata = fixture.log;
    ck_assert_ok(
        collector_uploader_new(fixture.store, sink, &options, &uploader));
}

static void
setup(void)
{
    fixture_init(&fixture);
    recorder = recorder_new(&sink);
    open_uploader();
}

static void
teardown(void)
{
    collector_uploader_free(uploader);
    collector_sink_free(sink);
    recorder_free(recorder);
    fixture_close(&fixture);
}

/** End the process, as far as the file can tell, and start the next one. */
static void
restart(void)
{
    collector_uploader_free(uploader);
    fixture_reopen(&fixture);
    open_uploader();
}

/** One step, after its rest is over. */
static struct collector_drain
drain(void)
{
    struct collector_drain result;

    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_ok(collector_uploader_drain(uploader, &result));
    return result;
}

/** So many failed attempts in a row, for this reason. */
static void
fail_upload(int count, const char *why)
{
    const struct recorder_answer answer = {.result = COLLECTOR_RETRY,
                                           .error = why};

    for (; count > 0; count--) {
        recorder_script(recorder, answer);
        ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    }
}

/** Read a number from the one outage row there is. */
static int64_t
outage_int(const char *column)
{
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error'"),
                     1);
    return fixture_sql_int(&fixture, support_format("SELECT %s FROM upload_runs"
                                                    " WHERE status = 'error'",
                                                    column));
}

START_TEST(test_an_outage_is_one_row_that_is_kept_up_to_date)
{
    int64_t began_at;

    fixture_append(&fixture, 2);
    fail_upload(1, "first reason");
    began_at = fixture.clock.wall_ms;
    ck_assert_int_eq(outage_int("attempts"), 1);
    fail_upload(3, "other reason");
    fail_upload(1, "last reason");
    ck_assert_int_eq(outage_int("attempts"), 5);
    ck_assert_int_eq(outage_int("started_at"), began_at);
    ck_assert_int_eq(outage_int("finished_at"), fixture.clock.wall_ms);
    ck_assert_int_eq(outage_int("first_id"), 1);
    ck_assert_int_eq(outage_int("last_id"), 2);
    ck_assert_int_eq(outage_int("event_count"), 2);
    ck_assert_int_eq(outage_int("error = 'last reason'"), 1);
}
END_TEST

START_TEST(test_an_outage_goes_on_after_a_restart)
{
    fixture_append(&fixture, 1);
    fail_upload(3, "before");
    fixture_append(&fixture, 4);
    restart();
    fail_upload(2, "after");
    ck_assert_int_eq(outage_int("attempts"), 5);
    ck_assert_int_eq(outage_int("last_id"), 3);
    ck_assert_int_eq(outage_int("error = 'after'"), 1);
}
END_TEST

START_TEST(test_a_new_outage_after_a_success_is_another_row)
{
    fixture_append(&fixture, 4);
    fail_upload(2, "one");
    ck_assert_uint_eq(drain().event_count, 3);
    fail_upload(3, "two");
    ck_assert_str_eq(
        support_sql_text(fixture.path,
                         "SELECT group_concat(status || ' ' || attempts || ' '"
                         " || first_id || '-' || last_id || ' ' ||"
                         " coalesce(error, 'none'), ', ')"
                         " FROM (SELECT * FROM upload_runs ORDER BY id)"),
        "error 2 1-3 one, success 3 1-3 none, error 3 4-4 two");
}
END_TEST

START_TEST(test_a_rejection_beyond_those_buried_is_written_down_like_an_outage)
{
    const struct recorder_answer answer = {
        .result = COLLECTOR_REJECTED, .status = 422, .error = "HTTP 422"};

    recorder_script(recorder, answer);
    fixture_append(&fixture, 1);
    support_sql_exec(fixture.path, "UPDATE state SET dead_in_a_row = 10");
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    ck_assert_int_eq(outage_int("error = 'HTTP 422'"), 1);
    ck_assert_uint_eq(fixture_pending(&fixture), 1);
}
END_TEST

START_TEST(test_only_the_latest_outages_are_kept)
{
    int64_t newest;

    support_sql_exec(fixture.path,
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                     "  SELECT i + 1 FROM n WHERE i < 1500)"
                     "INSERT INTO upload_runs (started_at, finished_at,"
                     "  event_count, status, error, first_id, last_id,"
                     "  attempts) SELECT i, i, 1, 'error', 'old', 1, 1, 1"
                     "  FROM n");
    fixture_append(&fixture, 4);
    ck_assert_uint_eq(drain().event_count, 3);
    fail_upload(1, "new");
    ck_assert_int_eq(COLLECTOR_ERROR_RUN_COUNT_MAX, 1000);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'error'"),
                     1000);
    newest = fixture_sql_int(&fixture, "SELECT max(id) FROM upload_runs");
    ck_assert_int_eq(
        fixture_sql_int(&fixture,
                        support_format("SELECT error = 'new' FROM upload_runs"
                                       " WHERE id = %lld",
                                       (long long)newest)),
        1);
    ck_assert_int_eq(/* the 999 before it, and the success in between */
                     fixture_sql_int(&fixture,
                                     "SELECT min(id) FROM upload_runs"),
                     newest - 1000);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE status = 'success'"),
                     1);
}
END_TEST

/** Runs that settled name 1 … settled_through, each id once. */
static void
check_tiling(int64_t settled_through)
{
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT settled_through FROM state"),
        settled_through);
    account_assert(fixture.path);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM upload_runs"
                                     " WHERE started_at > finished_at"),
                     0);
    ck_assert_int_eq(fixture_sql_int(&fixture,
                                     "SELECT count(*) FROM events"
                                     " WHERE uploaded_at IS NOT NULL"),
                     settled_through);
}

START_TEST(test_retries_are_the_runs_after_a_failure)
{
    const struct recorder_answer gone = {.result = COLLECTOR_RETRY,
                                         .error = "gone"};
    const struct recorder_answer bad = {.result = COLLECTOR_REJECTED,
                                        .error = "bad"};
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 3);
    recorder_script(recorder, bad); /* its half is no retry */
    recorder_script(recorder, gone);
    recorder_script(recorder, gone);
    while (fixture_pending(&fixture) > 0)
        (void)drain();
    collector_uploader_stats(uploader, &stats);
    ck_assert_uint_eq(stats.events, 3);
    ck_assert_uint_eq(stats.runs, recorder_call_count(recorder));
    ck_assert_uint_eq(stats.failures, 3);
    ck_assert_uint_eq(stats.retries, 2);
}
END_TEST

START_TEST(test_settled_runs_name_every_id_once)
{
    int round;

    for (round = 0; round < 6; round++) {
        fixture_append(&fixture, 4);
        fail_upload(round % 3, "now and then");
        ck_assert_uint_eq(drain().event_count, 3);
        if (round % 2 == 0)
            restart();
        check_tiling(round * 3 + 3);
    }
    while (drain().event_count > 0)
        continue;
    check_tiling(24);
}
END_TEST

START_TEST(test_a_confirmed_batch_is_only_marked_again)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};
    int i;

    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 2);
    support_sql_exec(fixture.path, BREAK_MARK);
    for (i = 0; i < 5; i++) {
        ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
        ck_assert_uint_eq(recorder_call_count(recorder), 1);
        ck_assert_uint_eq(fixture_pending(&fixture), 2);
    }
    collector_uploader_stats(uploader, &stats);
    ck_assert(!stats.healthy);
    ck_assert_uint_eq(stats.events, 0);
    fixture_append(&fixture, 1);
    support_sql_exec(fixture.path, MEND_MARK);
    ck_assert_uint_eq(drain().event_count, 2);
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
    ck_assert_uint_eq(drain().event_count, 1);
    ck_assert_uint_eq(recorder_event_count(recorder), 3);
    ck_assert_uint_eq(fixture_pending(&fixture), 0);
    check_tiling(3);
}
END_TEST

START_TEST(test_a_confirmed_batch_survives_stop_and_start)
{
    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 2);
    support_sql_exec(fixture.path, BREAK_MARK);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(support_log_count(fixture.log, "failed:") > 0);
    ck_assert_ok(collector_uploader_stop(uploader, 0));
    support_sql_exec(fixture.path, MEND_MARK);
    support_clock_advance(&fixture.clock, COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_ok(collector_uploader_start(uploader));
    ck_assert_eventually(fixture_pending(&fixture) == 0);
    ck_assert_ok(collector_uploader_stop(uploader, 0));
    ck_assert_uint_eq(recorder_call_count(recorder), 1);
}
END_TEST

START_TEST(test_an_uploader_killed_before_the_mark_sends_again)
{
    static const int64_t ids[] = {1, 2, 1, 2, 3};
    size_t i;

    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 2);
    support_sql_exec(fixture.path, BREAK_MARK);
    ck_assert_int_eq(drain().result, COLLECTOR_RETRY);
    support_sql_exec(fixture.path, MEND_MARK);
    fixture_append(&fixture, 1);
    restart();
    ck_assert_uint_eq(drain().event_count, 3);
    ck_assert_uint_eq(recorder_event_count(recorder), 5);
    for (i = 0; i < 5; i++)
        ck_assert_int_eq(recorder_event(recorder, i)->id, ids[i]);
    ck_assert_str_eq(recorder_event(recorder, 0)->payload,
                     recorder_event(recorder, 2)->payload);
    check_tiling(3);
}
END_TEST

START_TEST(test_damage_in_the_store_is_a_failure_not_an_error)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};
    struct collector_drain result;

    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 3);
    support_sql_exec(fixture.path, "DELETE FROM event_log WHERE id = 2");
    result = drain();
    ck_assert_int_eq(result.result, COLLECTOR_RETRY);
    ck_assert_uint_le(result.wait_ms, 1000);
    ck_assert_uint_eq(recorder_call_count(recorder), 0);
    collector_uploader_stats(uploader, &stats);
    ck_assert_str_eq(stats.last_error,
                     collector_error_text(COLLECTOR_ERR_CORRUPT));
    ck_assert(!stats.healthy);
}
END_TEST

START_TEST(test_what_was_marked_is_not_sent_after_a_restart)
{
    fixture_append(&fixture, 3);
    ck_assert_uint_eq(drain().event_count, 3);
    restart();
    fixture_append(&fixture, 1);
    ck_assert_uint_eq(drain().event_count, 1);
    ck_assert_uint_eq(recorder_event_count(recorder), 4);
    ck_assert_int_eq(recorder_event(recorder, 3)->id, 4);
}
END_TEST

/** An uploader that is freed gives its batch back, which is the only one. */
START_TEST(test_another_uploader_goes_on_in_the_same_store)
{
    fixture_append(&fixture, 2);
    fail_upload(1, "not now");
    collector_uploader_free(uploader);
    open_uploader();
    ck_assert_uint_eq(drain().event_count, 2);
    ck_assert_uint_eq(fixture_pending(&fixture), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("uploader_outage");
    TCase *rows = tcase_create("rows");
    TCase *marks = tcase_create("marks");

    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_test(rows, test_an_outage_is_one_row_that_is_kept_up_to_date);
    tcase_add_test(rows, test_an_outage_goes_on_after_a_restart);
    tcase_add_test(rows, test_a_new_outage_after_a_success_is_another_row);
    tcase_add_test(
        rows,
        test_a_rejection_beyond_those_buried_is_written_down_like_an_outage);
    tcase_add_test(rows, test_only_the_latest_outages_are_kept);
    tcase_add_test(rows, test_retries_are_the_runs_after_a_failure);
    tcase_add_test(rows, test_settled_runs_name_every_id_once);
    suite_add_tcase(suite, rows);
    tcase_add_checked_fixture(marks, setup, teardown);
    tcase_add_test(marks, test_a_confirmed_batch_is_only_marked_again);
    tcase_add_test(marks, test_a_confirmed_batch_survives_stop_and_start);
    tcase_add_test(marks, test_an_uploader_killed_before_the_mark_sends_again);
    tcase_add_test(marks, test_damage_in_the_store_is_a_failure_not_an_error);
    tcase_add_test(marks, test_what_was_marked_is_not_sent_after_a_restart);
    tcase_add_test(marks, test_another_uploader_goes_on_in_the_same_store);
    suite_add_tcase(suite, marks);
    return support_run_suite(suite);
}
