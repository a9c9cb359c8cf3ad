/* SPDX-License-Identifier: MIT */
/*
 * The reports promise to answer, in one call and in words, what somebody asks
 * who stands in front of the box: who is silent, what went wrong, and how full
 * is it.
 */
#include "mcp/site.h"

#include "ctl/standing.h"
#include "elapsed.h"

#include <unistd.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/** Close the store, and change its file. */
static void
change(const char *sql)
{
    mcp_teardown();
    support_sql_exec(mcp_db, sql);
}

/** SQL of a run that began and ended so long ago. */
static const char *
run_sql(const char *status, const char *error, int64_t begun_ms,
        int64_t ended_ms, int id)
{
    return support_format(
        "INSERT INTO upload_runs (started_at, finished_at, event_count, "
        "status, error, first_id, last_id, attempts) VALUES (%lld, %lld, 1, "
        "'%s', '%s', %d, %d, 3);",
        (long long)(mcp_now_ms() - begun_ms),
        (long long)(mcp_now_ms() - ended_ms), status, error, id, id);
}

START_TEST(test_silent_devices_are_named_with_how_long_in_words)
{
    json_t *answer;
    const json_t *device;

    mcp_append("pump-7", "k", NULL, 3 * HOUR + 12 * MINUTE + 1000);
    mcp_append("pump-8", "k", NULL, 20 * MINUTE + 1000);
    mcp_append("pump-9", "k", NULL, 1000);
    answer = talk_ask(mcp_db, "offline_devices", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "Silent for more than 10 minutes: 2 of 3 devices.");
    ck_assert_uint_eq(mcp_count(answer, "devices"), 2);
    device = mcp_at(answer, "devices", 0);
    ck_assert_str_eq(mcp_text(device, "device_id"), "pump-8");
    device = mcp_at(answer, "devices", 1);
    ck_assert_str_eq(mcp_text(device, "device_id"), "pump-7");
    ck_assert_str_eq(mcp_text(device, "silent_for"), "3 hours 12 minutes");
    ck_assert_int_ge(mcp_number(device, "silent_ms"), 3 * HOUR + 12 * MINUTE);
    ck_assert_contains(mcp_text(device, "last_seen_at_iso"), "Z");
    json_decref(answer);
}
END_TEST

START_TEST(test_how_long_is_silent_can_be_said)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 2 * HOUR);
    mcp_append("b", "k", NULL, 30 * MINUTE);
    answer = talk_ask(mcp_db, "offline_devices", "{\"silent_for\":\"1h\"}");
    ck_assert_int_eq(mcp_number(answer, "offline_count"), 1);
    ck_assert_int_eq(mcp_number(answer, "device_count"), 2);
    json_decref(answer);
    answer = talk_ask(mcp_db, "offline_devices", "{\"limit\":1}");
    ck_assert_uint_eq(mcp_count(answer, "devices"), 1);
    ck_assert(json_is_true(json_object_get(answer, "more")));
    ck_assert_contains(mcp_text(answer, "summary"), "All 2 devices");
    json_decref(answer);
    ck_assert_contains(talk_problem(mcp_db, "offline_devices",
                                    "{\"silent_for\":\"ten minutes\"}"),
                       "\"silent_for\" has to be a duration");
    ck_assert_contains(
        talk_problem(mcp_db, "offline_devices", "{\"silent_for\":\"0\"}"),
        "\"silent_for\" has to be a duration");
}
END_TEST

START_TEST(test_no_device_is_said_to_be_none)
{
    json_t *answer = talk_ask(mcp_db, "offline_devices", "{}");

    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "No device has ever been seen.");
    json_decref(answer);
}
END_TEST

START_TEST(test_nothing_wrong_is_said)
{
    json_t *answer;

    mcp_append("a", "temperature", NULL, 0);
    mcp_deliver();
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "In the last 1 hour nothing went wrong");
    ck_assert_uint_eq(mcp_count(answer, "outages"), 0);
    json_decref(answer);
}
END_TEST

/** A file in which everything has gone wrong half an hour ago. */
static void
spoil(void)
{
    mcp_append("pump-7", "k", NULL, 30 * MINUTE);
    mcp_append("pump-8", "pump_FAULT", "{\"code\":7}", 30 * MINUTE);
    mcp_append("pump-8", "alarm", NULL, 3 * HOUR);
    change(support_format(
        "%s %s UPDATE state SET settled_through = 2, dead = 1, dropped = 1, "
        "storage_faults = 4; %s %s"
        "INSERT INTO dead_letters VALUES (1, %lld, 422, 'no such pump', 1, "
        "NULL);"
        "INSERT INTO quarantines (at, path, reason) VALUES (%lld, "
        "'x.damaged-1', 'malformed');",
        run_sql("dead", "no such pump", 30 * MINUTE, 30 * MINUTE, 1),
        run_sql("dropped", "backlog", 30 * MINUTE, 30 * MINUTE, 2),
        run_sql("error", "HTTP 500", 5 * HOUR, 4 * HOUR, 3),
        run_sql("error", "HTTP 503", 5 * HOUR, 30 * MINUTE, 3),
        (long long)(mcp_now_ms() - 30 * MINUTE),
        (long long)(mcp_now_ms() - 30 * MINUTE)));
}

START_TEST(test_all_that_went_wrong_is_in_one_answer)
{
    json_t *answer;

    spoil();
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_str_eq(
        mcp_text(answer, "summary"),
        "In the last 1 hour: 1 outage of the upstream, 1 event that the "
        "upstream refused for good, 1 drop of undelivered events for want of "
        "room, 1 damaged file that was put aside, 1 event of a device that "
        "reports an error");
    ck_assert_str_eq(mcp_text(mcp_at(answer, "outages", 0), "error"),
                     "HTTP 503");
    ck_assert_int_eq(mcp_number(mcp_at(answer, "outages", 0), "ongoing"), 1);
    ck_assert_str_eq(mcp_text(mcp_at(answer, "dead_letters", 0), "reason"),
                     "no such pump");
    ck_assert_str_eq(mcp_text(mcp_at(answer, "dead_letters", 0), "device_id"),
                     "pump-7");
    ck_assert_int_eq(mcp_number(mcp_at(answer, "drops", 0), "first_id"), 2);
    ck_assert_str_eq(mcp_text(mcp_at(answer, "quarantines", 0), "path"),
                     "x.damaged-1");
    ck_assert_str_eq(mcp_text(mcp_at(answer, "device_errors", 0), "kind"),
                     "pump_FAULT");
    ck_assert_int_eq(mcp_number(answer, "storage_faults_ever"), 4);
    json_decref(answer);
}
END_TEST

START_TEST(test_how_far_back_can_be_said)
{
    json_t *answer;

    spoil();
    answer = talk_ask(mcp_db, "recent_errors", "{\"since\":\"7d\"}");
    ck_assert_int_eq(mcp_number(answer, "outages_count"), 2);
    ck_assert_int_eq(mcp_number(answer, "device_errors_count"), 2);
    json_decref(answer);
    answer = talk_ask(mcp_db, "recent_errors", "{\"since\":\"10m\"}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "In the last 10 minutes nothing went wrong");
    json_decref(answer);
    ck_assert_contains(
        talk_problem(mcp_db, "recent_errors", "{\"since\":\"9999-12-31\"}"),
        "\"since\" has to be before now");
}
END_TEST

START_TEST(test_lists_show_the_latest_and_count_all)
{
    json_t *answer;
    int i;

    for (i = 0; i < 60; i++)
        mcp_append("a", "error", NULL, 0);
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_uint_eq(mcp_count(answer, "device_errors"), 50);
    ck_assert_int_eq(mcp_number(answer, "device_errors_count"), 60);
    ck_assert_int_eq(mcp_number(mcp_at(answer, "device_errors", 0), "id"), 60);
    json_decref(answer);
}
END_TEST

START_TEST(test_healthy_buffer_is_called_so)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    mcp_append("a", "k", NULL, 0);
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"), "Healthy; 1 events pending.");
    ck_assert_uint_eq(mcp_count(answer, "reasons"), 0);
    ck_assert_int_eq(mcp_number(answer, "accepted"), 3);
    ck_assert_int_eq(mcp_number(answer, "delivered"), 2);
    ck_assert_int_eq(mcp_number(answer, "backlog_max"), 50000);
    ck_assert_int_eq(mcp_number(answer, "size_max"), INT64_C(1) << 30);
    ck_assert(json_is_true(json_object_get(answer, "limits_assumed")));
    ck_assert(json_is_null(json_object_get(answer, "full_in_s")));
    ck_assert_int_gt(mcp_number(answer, "disk_free"), 0);
    json_decref(answer);
}
END_TEST

START_TEST(test_failing_delivery_is_said_with_its_reason)
{
    json_t *answer;

    mcp_append("a", "k", NULL, HOUR);
    change(run_sql("error", "HTTP 503", 2 * HOUR, MINUTE, 1));
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert(json_is_false(json_object_get(answer, "healthy")));
    ck_assert_contains(mcp_text(answer, "summary"),
                       "Not healthy: deliveries have failed since");
    ck_assert_str_eq(mcp_text(answer, "last_error"), "HTTP 503");
    ck_assert_str_eq(mcp_text(answer, "oldest_pending_age"), "1 hour");
    json_decref(answer);
}
END_TEST

START_TEST(test_backlog_that_nobody_delivers_is_no_health)
{
    json_t *answer;

    mcp_append("a", "k", NULL, HOUR);
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_contains(mcp_text(answer, "summary"), "does the collector run?");
    json_decref(answer);
}
END_TEST

/** Look at the file with these limits. */
static struct standing
look(int64_t backlog_max, int64_t size_max)
{
    const struct standing_limits limits = {backlog_max, size_max};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct collector_answer answer;
    struct standing standing;

    collector_reader_options_init(&options);
    options.path = mcp_db;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_ok(standing_look(reader, mcp_db, &limits, mcp_now_ms(), &standing,
                               &answer));
    collector_reader_free(reader);
    return standing;
}

/** 300 events in five minutes, none of which was delivered. */
static void
fill(void)
{
    int i;

    for (i = 300; i > 0; i--)
        mcp_append("a", "k", NULL, i * INT64_C(990));
}

START_TEST(test_collector_that_has_the_file_open_is_seen)
{
    struct standing standing = look(0, 0);

    /* Not every kernel tells of locks. */
    if (access("/proc/locks", R_OK) == 0)
        ck_assert(standing.owner_seen);
    mcp_teardown();
    standing = look(0, 0);
    ck_assert(!standing.owner_seen);
    ck_assert_contains(standing.warnings.text[0],
                       "no collector was seen that has the file open");
}
END_TEST

START_TEST(test_backlog_that_grows_has_a_time_when_it_is_full)
{
    struct standing standing;

    fill();
    standing = look(600, 0);
    ck_assert_double_eq_tol(standing.arrival_rate, 1, 0.05);
    ck_assert_double_eq_tol(standing.settled_rate, 0, 0.001);
    ck_assert_int_eq(standing.full_by, STANDING_BACKLOG);
    ck_assert_int_ge(standing.full_in_ms, 280000);
    ck_assert_int_le(standing.full_in_ms, 330000);
    ck_assert(!standing.assumed);
}
END_TEST

START_TEST(test_what_comes_first_is_what_is_full_first)
{
    struct standing standing;

    fill();
    standing = look(0, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    standing = look(STANDING_UNKNOWN, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    ck_assert(standing.assumed);
    ck_assert_int_eq(standing.limits.backlog_max, 50000);
    standing = look(0, 0);
    ck_assert_int_ne(standing.full_by, STANDING_FILE);
    ck_assert_int_ne(standing.full_by, STANDING_BACKLOG);
}
END_TEST

START_TEST(test_full_buffer_is_said_to_be_full)
{
    struct standing standing;

    fill();
    standing = look(300, 0);
    ck_assert(!standing.ok);
    ck_assert_contains(standing.reasons.text[standing.reasons.count - 1],
                       "the buffer is full, 300 of 300 events");
}
END_TEST

START_TEST(test_backlog_that_is_delivered_is_never_full)
{
    struct standing standing;

    fill();
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    standing = look(600, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
    ck_assert_double_eq_tol(standing.settled_rate, 1, 0.05);
    ck_assert(standing.ok);
}
END_TEST

START_TEST(test_backlog_that_shrinks_is_never_full)
{
    struct standing standing;
    int i;

    for (i = 0; i < 300; i++)
        mcp_append("a", "k", NULL, HOUR);
    change(support_format(
        "%s UPDATE upload_runs SET event_count = 100, first_id = 1;"
        "UPDATE state SET settled_through = 100, delivered = 100;",
        run_sql("success", "", MINUTE, MINUTE, 100)));
    standing = look(600, 1024 * 1024);
    ck_assert_int_eq(standing.pending, 200);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
}
END_TEST

START_TEST(test_dead_letters_and_faults_are_warnings)
{
    struct standing standing;

    spoil();
    standing = look(0, 0);
    ck_assert_uint_ge(standing.warnings.count, 2);
    ck_assert_int_eq(standing.dead_letters, 1);
    ck_assert_int_eq(standing.storage_faults, 4);
}
END_TEST

START_TEST(test_stretches_of_time_are_in_words)
{
    static const struct {
        int64_t ms;
        const char *words;
    } cases[] = {
        {-5, "0 seconds"},
        {999, "0 seconds"},
        {1000, "1 second"},
        {59999, "59 seconds"},
        {60000, "1 minute"},
        {61000, "1 minute 1 second"},
        {2 * HOUR + 30000, "2 hours"},
        {25 * HOUR, "1 day 1 hour"},
        {INT64_MAX, "106751991167 days 7 hours"},
    };
    char words[ELAPSED_SIZE];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        ck_assert_str_eq(elapsed_words(cases[i].ms, words), cases[i].words);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp_reports");
    TCase *tcase = support_add_case(suite, "devices", mcp_setup, mcp_teardown);

    tcase_add_test(tcase, test_silent_devices_are_named_with_how_long_in_words);
    tcase_add_test(tcase, test_how_long_is_silent_can_be_said);
    tcase_add_test(tcase, test_no_device_is_said_to_be_none);

    tcase = support_add_case(suite, "errors", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_nothing_wrong_is_said);
    tcase_add_test(tcase, test_all_that_went_wrong_is_in_one_answer);
    tcase_add_test(tcase, test_how_far_back_can_be_said);
    tcase_add_test(tcase, test_lists_show_the_latest_and_count_all);

    tcase = support_add_case(suite, "standing", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_healthy_buffer_is_called_so);
    tcase_add_test(tcase, test_failing_delivery_is_said_with_its_reason);
    tcase_add_test(tcase, test_backlog_that_nobody_delivers_is_no_health);
    tcase_add_test(tcase, test_collector_that_has_the_file_open_is_seen);
    tcase_add_test(tcase, test_backlog_that_grows_has_a_time_when_it_is_full);
    tcase_add_test(tcase, test_what_comes_first_is_what_is_full_first);
    tcase_add_test(tcase, test_full_buffer_is_said_to_be_full);
    tcase_add_test(tcase, test_backlog_that_is_delivered_is_never_full);
    tcase_add_test(tcase, test_backlog_that_shrinks_is_never_full);
    tcase_add_test(tcase, test_dead_letters_and_faults_are_warnings);

    tcase = support_add_case(suite, "words", NULL, NULL);
    tcase_add_test(tcase, test_stretches_of_time_are_in_words);
    return support_run_suite(suite);
}
