/* SPDX-License-Identifier: MIT */
/*
 * Where a buffer stands is told by its file alone: who has it open, how fast
 * events come and go, and what will be full first. What can't be told in time
 * is left unknown, and said to be.
 */
#include "mcp/view.h"

#include <unistd.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

START_TEST(test_collector_that_has_the_file_open_is_seen)
{
    struct standing standing = view_look(0, 0);

    ck_assert(standing.owner_seen == mcp_owners_are_seen());
    mcp_teardown();
    standing = view_look(0, 0);
    ck_assert(!standing.owner_seen);
    ck_assert_contains(standing.warnings.text[0],
                       "no collector was seen that has the file open");
}
END_TEST

START_TEST(test_collector_is_seen_through_a_link)
{
    const char *file = mcp_db;

    mcp_append("a", "k", NULL, 0);
    mcp_db = support_path(support_dir_new(), "link.sqlite");
    ck_assert_int_eq(symlink(file, mcp_db), 0);
    ck_assert(view_look(0, 0).owner_seen == mcp_owners_are_seen());
    ck_assert_int_gt(view_look(0, 0).wal_size, 0);
}
END_TEST

START_TEST(test_snapshot_has_no_collector_to_be_missed)
{
    struct standing standing;

    view_fill();
    mcp_change("UPDATE state SET snapshot_of = 'pump-house',"
               " collector_id = NULL");
    standing = view_look(600, 0);
    ck_assert_str_eq(standing.snapshot_of, "pump-house");
    ck_assert_uint_eq(standing.warnings.count, 0);
    ck_assert_uint_eq(standing.reasons.count, 0);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
}
END_TEST

START_TEST(test_snapshot_that_a_collector_runs_on_is_none)
{
    mcp_change("UPDATE state SET snapshot_of = 'pump-house'");
    ck_assert_str_eq(view_look(0, 0).snapshot_of, "");
    ck_assert_uint_eq(view_look(0, 0).warnings.count, 1);
}
END_TEST

/* 60,000 events in the last minute, of which as many leave as come. */
#define STEADY                                                                 \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT "    \
    "60000) INSERT INTO event_log (id, device_id, kind, ts)"                   \
    " SELECT x, 'a', 'k', %lld + x FROM c;"                                    \
    "INSERT INTO upload_runs (started_at, finished_at, event_count, status,"   \
    " first_id, last_id, attempts) SELECT ts, ts, 100, 'success', id - 99,"    \
    " id, 1 FROM event_log WHERE id %% 100 = 0;"                               \
    "UPDATE state SET settled_through = 60000, delivered = 60000;"

START_TEST(test_rates_are_over_the_same_stretch_of_time)
{
    struct standing standing;

    mcp_change(support_format(STEADY, (long long)(mcp_now_ms() - MINUTE)));
    standing = view_look(0, 0);
    ck_assert_int_ge(standing.flow.window_ms, 49000);
    ck_assert_int_lt(standing.flow.window_ms, FLOW_WINDOW_MS_MAX);
    ck_assert_double_eq_tol(standing.flow.settled_rate,
                            standing.flow.arrival_rate, 10);
}
END_TEST

START_TEST(test_rates_that_take_too_long_are_left_unknown)
{
    const struct standing_limits limits = {0, 0};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct collector_answer answer;
    struct standing standing;

    if (!mcp_slow_down())
        return;
    collector_reader_options_init(&options);
    options.path = mcp_db;
    options.deadline_ms = MCP_SLOW_DEADLINE_MS;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_ok(standing_look(reader, mcp_db, &limits, mcp_now_ms(), &standing,
                               &answer));
    collector_reader_free(reader);
    ck_assert_int_eq(standing.accepted, 20000);
    ck_assert_int_eq(standing.flow.window_ms, 0);
    ck_assert_contains(standing.warnings.text[standing.warnings.count - 1],
                       "it took too long to tell how fast events come and go");
}
END_TEST

START_TEST(test_backlog_that_grows_has_a_time_when_it_is_full)
{
    struct standing standing;

    view_fill();
    standing = view_look(600, 0);
    ck_assert_double_eq_tol(standing.flow.arrival_rate, 1, 0.05);
    ck_assert_double_eq_tol(standing.flow.settled_rate, 0, 0.001);
    ck_assert_int_eq(standing.full_by, STANDING_BACKLOG);
    ck_assert_int_ge(standing.full_in_ms, 280000);
    ck_assert_int_le(standing.full_in_ms, 330000);
    ck_assert(!standing.assumed);
}
END_TEST

START_TEST(test_what_comes_first_is_what_is_full_first)
{
    struct standing standing;

    view_fill();
    standing = view_look(0, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    standing = view_look(STANDING_UNKNOWN, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    ck_assert(standing.assumed);
    ck_assert_int_eq(standing.limits.backlog_max, 50000);
    standing = view_look(0, 0);
    ck_assert_int_ne(standing.full_by, STANDING_FILE);
    ck_assert_int_ne(standing.full_by, STANDING_BACKLOG);
}
END_TEST

START_TEST(test_backlog_that_is_delivered_is_never_full)
{
    struct standing standing;

    view_fill();
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    standing = view_look(600, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
    ck_assert_double_eq_tol(standing.flow.settled_rate, 1, 0.05);
    ck_assert(standing.ok);
}
END_TEST

START_TEST(test_backlog_that_shrinks_is_never_full)
{
    struct standing standing;
    int i;

    for (i = 0; i < 300; i++)
        mcp_append("a", "k", NULL, HOUR);
    mcp_change(support_format(
        "%s UPDATE upload_runs SET event_count = 100, first_id = 1;"
        "UPDATE state SET settled_through = 100, delivered = 100;",
        mcp_run_sql("success", "", MINUTE, MINUTE, 100)));
    standing = view_look(600, 1024 * 1024);
    ck_assert_int_eq(standing.pending, 200);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
}
END_TEST

START_TEST(test_disk_that_is_full_first_is_named)
{
    struct standing standing;

    view_fill();
    view_disk_free = 2 * VIEW_DISK_FREE_MIN;
    standing = view_look(0, 0);
    ck_assert_int_eq(standing.full_by, STANDING_DISK);
    ck_assert_double_eq_tol(
        (double)standing.full_in_ms / 1000 * standing.flow.arrival_rate,
        (double)(view_disk_free + standing.file_size) * 300 /
                (double)(standing.file_size - standing.free_size) -
            300,
        1);
    ck_assert(view_says(&standing.warnings,
                        support_format("the disk will be full in %lld s if the "
                                       "last 300 s go on",
                                       (long long)standing.full_in_ms / 1000)));
    ck_assert(!view_says(&standing.reasons, "the disk"));
    ck_assert_int_eq(view_look(0, 1024 * 1024).full_by, STANDING_FILE);
}
END_TEST

#define BROKEN                                                                 \
    "the last 10 events were refused for good: the upstream is "               \
    "taken for broken"

/** That it refused the last events says nothing once there are none. */
START_TEST(test_broken_upstream_is_a_reason_while_events_wait)
{
    struct standing standing;

    mcp_append("a", "k", NULL, 0);
    mcp_change("UPDATE state SET dead_in_a_row = 9");
    ck_assert(view_look(0, 0).ok);
    mcp_change("UPDATE state SET dead_in_a_row = 10");
    standing = view_look(0, 0);
    ck_assert(!standing.ok);
    ck_assert(view_says(&standing.reasons, BROKEN));
    mcp_change("UPDATE state SET settled_through = 1, dead = 1");
    ck_assert(view_look(0, 0).ok);
}
END_TEST

START_TEST(test_dead_letters_and_faults_are_warnings)
{
    struct standing standing;

    mcp_append("a", "k", NULL, 0);
    mcp_change(support_format(
        "%s UPDATE state SET settled_through = 1, dead = 1, storage_faults = 4;"
        "INSERT INTO dead_letters VALUES (1, 1, 422, 'no such pump', 1, NULL);",
        mcp_run_sql("dead", "no such pump", MINUTE, MINUTE, 1)));
    standing = view_look(0, 0);
    ck_assert(standing.ok);
    ck_assert_uint_eq(standing.warnings.count, 3);
    ck_assert(view_says(&standing.warnings,
                        "1 dead letter is kept: the upstream refused that "
                        "event for good"));
    ck_assert(view_says(&standing.warnings,
                        "commits have failed 4 times since the file was made"));
    ck_assert_int_eq(standing.dead_letters, 1);
    ck_assert_int_eq(standing.storage_faults, 4);
    mcp_change("UPDATE state SET storage_faults = 1");
    standing = view_look(0, 0);
    ck_assert(view_says(&standing.warnings,
                        "commits have failed 1 time since the file was made"));
    mcp_change("UPDATE state SET storage_faults = 0; DELETE FROM dead_letters");
    ck_assert_uint_eq(view_look(0, 0).warnings.count, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("standing");
    TCase *tcase = support_add_case(suite, "owner", view_setup, mcp_teardown);

    tcase_add_test(tcase, test_collector_that_has_the_file_open_is_seen);
    tcase_add_test(tcase, test_collector_is_seen_through_a_link);
    tcase_add_test(tcase, test_snapshot_has_no_collector_to_be_missed);
    tcase_add_test(tcase, test_snapshot_that_a_collector_runs_on_is_none);

    tcase = support_add_case(suite, "rates", view_setup, mcp_teardown);
    tcase_add_test(tcase, test_rates_are_over_the_same_stretch_of_time);
    tcase_add_test(tcase, test_rates_that_take_too_long_are_left_unknown);

    tcase = support_add_case(suite, "forecast", view_setup, mcp_teardown);
    tcase_add_test(tcase, test_backlog_that_grows_has_a_time_when_it_is_full);
    tcase_add_test(tcase, test_what_comes_first_is_what_is_full_first);
    tcase_add_test(tcase, test_disk_that_is_full_first_is_named);

    tcase = support_add_case(suite, "upstream", view_setup, mcp_teardown);
    tcase_add_test(tcase, test_backlog_that_is_delivered_is_never_full);
    tcase_add_test(tcase, test_backlog_that_shrinks_is_never_full);
    tcase_add_test(tcase, test_broken_upstream_is_a_reason_while_events_wait);
    tcase_add_test(tcase, test_dead_letters_and_faults_are_warnings);
    return support_run_suite(suite);
}
