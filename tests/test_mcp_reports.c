/* SPDX-License-Identifier: MIT */
/*
 * The reports promise to answer, in one call and in words, what somebody asks
 * who stands in front of the box: who is silent, what went wrong, and how full
 * is it.
 */
#include "mcp/site.h"

#include "ctl/elapsed.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/* What is said first of a file that nobody has open. */
#define LEFT "No collector was seen running; the file is as it was left"

/** Assert what an answer sums up, behind a lead where no owner can be seen. */
static void
check_summary(const json_t *answer, const char *lead, const char *text)
{
    ck_assert_str_eq(
        mcp_text(answer, "summary"),
        support_format("%s%s", mcp_owners_are_seen() ? "" : lead, text));
}

START_TEST(test_silent_devices_are_named_with_how_long_in_words)
{
    json_t *answer;
    const json_t *device;

    mcp_append("pump-7", "k", NULL, 3 * HOUR + 12 * MINUTE + 1000);
    mcp_append("pump-8", "k", NULL, 20 * MINUTE + 1000);
    mcp_append("pump-9", "k", NULL, 1000);
    answer = talk_ask(mcp_db, "offline_devices", "{}");
    check_summary(answer, LEFT ". ",
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

START_TEST(test_one_device_is_spoken_of_as_one)
{
    json_t *answer;

    mcp_append("a", "k", NULL, HOUR);
    answer = talk_ask(mcp_db, "offline_devices", "{}");
    ck_assert_contains(mcp_text(answer, "summary"),
                       "The only device has been silent for more than "
                       "10 minutes: perhaps");
    json_decref(answer);
}
END_TEST

START_TEST(test_no_device_is_said_to_be_none)
{
    json_t *answer = talk_ask(mcp_db, "offline_devices", "{}");

    check_summary(answer, LEFT ". ", "No device has ever been seen.");
    json_decref(answer);
}
END_TEST

START_TEST(test_nothing_wrong_is_said)
{
    json_t *answer;

    mcp_append("a", "temperature", NULL, 0);
    mcp_deliver();
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    check_summary(answer, LEFT ". ", "In the last 1 hour nothing went wrong");
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
    mcp_change(support_format(
        "%s %s %s UPDATE state SET settled_through = 2, dead = 1, dropped = 1, "
        "storage_faults = 4; %s"
        "INSERT INTO dead_letters VALUES (1, %lld, 422, 'no such pump', 1, "
        "NULL);"
        "INSERT INTO quarantines (at, path, reason) VALUES (%lld, "
        "'x.damaged-1', 'malformed');",
        mcp_run_sql("error", "HTTP 500", 5 * HOUR, 4 * HOUR, 1),
        mcp_run_sql("dead", "no such pump", 30 * MINUTE, 30 * MINUTE, 1),
        mcp_run_sql("dropped", "backlog", 30 * MINUTE, 30 * MINUTE, 2),
        mcp_run_sql("error", "HTTP 503", 5 * HOUR, 30 * MINUTE, 3),
        (long long)(mcp_now_ms() - 30 * MINUTE),
        (long long)(mcp_now_ms() - 30 * MINUTE)));
}

START_TEST(test_all_that_went_wrong_is_in_one_answer)
{
    json_t *answer;

    spoil();
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_contains(
        mcp_text(answer, "summary"), LEFT
        ". In the last 1 hour: 1 outage of the upstream, 1 event that the "
        "upstream refused for good, 1 drop of undelivered events for want of "
        "room, 1 damaged file that was put aside, 1 event of a device that "
        "reports an error; deliveries have failed since ");
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

START_TEST(test_outage_goes_on_between_its_attempts)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    mcp_append("a", "k", NULL, 0);
    mcp_change(mcp_run_sql("error", "HTTP 503", HOUR, 4 * MINUTE, 1));
    mcp_change(support_format(
        "%s UPDATE state SET settled_through = 1, dropped = 1",
        mcp_run_sql("dropped", "backlog", 3 * MINUTE, 3 * MINUTE, 1)));
    answer = talk_ask(mcp_db, "recent_errors", "{\"since\":\"1m\"}");
    ck_assert_contains(mcp_text(answer, "summary"),
                       "In the last 1 minute: 1 outage of the upstream; "
                       "deliveries have failed since 20");
    ck_assert_contains(mcp_text(answer, "summary"), "(HTTP 503)");
    ck_assert_int_eq(mcp_number(answer, "outages_count"), 1);
    ck_assert_int_eq(mcp_number(mcp_at(answer, "outages", 0), "ongoing"), 1);
    json_decref(answer);
}
END_TEST

START_TEST(test_errors_of_devices_are_whole_words_of_their_kind)
{
    static const char *const kinds[] = {
        "error",         "pump_FAULT", "disk-failures", "a.b/alarm:7",
        "it has failed", "x:fails",    "ERRORS"};
    static const char *const others[] = {
        "default", "defaults", "failover", "terror", "error5", "alarmed", "k"};
    json_t *answer;
    size_t i;

    for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        mcp_append("a", kinds[i], NULL, 0);
    for (i = 0; i < sizeof(others) / sizeof(*others); i++)
        mcp_append("a", others[i], NULL, 0);
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_int_eq(mcp_number(answer, "device_errors_count"), 7);
    for (i = 0; i < 7; i++)
        ck_assert_str_eq(
            mcp_text(mcp_at(answer, "device_errors", 6 - i), "kind"), kinds[i]);
    json_decref(answer);
}
END_TEST

START_TEST(test_list_that_takes_too_long_is_left_out)
{
    json_t *answer;

    if (!mcp_slow_down())
        return;
    support_sql_exec(mcp_db, mcp_run_sql("error", "HTTP 503", HOUR, 0, 20000));
    talk_deadline_ms = MCP_SLOW_DEADLINE_MS;
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_int_eq(mcp_number(answer, "outages_count"), 1);
    ck_assert_ptr_null(json_object_get(answer, "device_errors"));
    ck_assert_uint_eq(mcp_count(answer, "left_out"), 1);
    ck_assert_str_eq(json_string_value(mcp_at(answer, "left_out", 0)),
                     "device_errors");
    ck_assert_contains(mcp_text(answer, "summary"),
                       "1 outage of the upstream; it took too long to look for "
                       "events of devices that report an error");
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
    support_sql_exec(mcp_db, mcp_run_sql("success", "", MINUTE, MINUTE, 4));
    answer = talk_ask(mcp_db, "recent_errors", "{\"since\":\"10m\"}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     LEFT ". In the last 10 minutes nothing went wrong");
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
    check_summary(answer, "",
                  mcp_owners_are_seen() ? "Healthy; 1 event pending."
                                        : LEFT ": 1 event pending.");
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

START_TEST(test_file_without_room_is_said_to_be_full)
{
    json_t *answer;

    talk_limits = (struct standing_limits){0, COLLECTOR_STORE_SIZE_MIN};
    mcp_limit(COLLECTOR_STORE_SIZE_MIN, false);
    mcp_fill(1, 20000, NULL);
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert(json_is_false(json_object_get(answer, "healthy")));
    ck_assert_contains(
        json_string_value(mcp_at(answer, "reasons", 0)),
        support_format("the buffer is full, %lld of 1048576 bytes",
                       (long long)(mcp_number(answer, "file_size") +
                                   mcp_number(answer, "wal_size"))));
    json_decref(answer);
}
END_TEST

START_TEST(test_failing_delivery_is_said_with_its_reason)
{
    json_t *answer;

    mcp_append("a", "k", NULL, HOUR);
    mcp_change(mcp_run_sql("error", "HTTP 503", 2 * HOUR, MINUTE, 1));
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert(json_is_false(json_object_get(answer, "healthy")));
    ck_assert_contains(mcp_text(answer, "summary"),
                       LEFT ". Not healthy: deliveries have failed since");
    ck_assert_str_eq(mcp_text(answer, "last_error"), "HTTP 503");
    ck_assert_str_eq(mcp_text(answer, "oldest_pending_age"), "1 hour");
    json_decref(answer);
}
END_TEST

START_TEST(test_summary_has_every_reason_and_first_that_events_are_refused)
{
    json_t *answer;

    talk_limits = (struct standing_limits){1, 0};
    mcp_append("a", "k", NULL, HOUR);
    mcp_change(mcp_run_sql("error", "HTTP 503", 2 * HOUR, MINUTE, 1));
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_uint_eq(mcp_count(answer, "reasons"), 2);
    ck_assert_str_eq(
        mcp_text(answer, "summary"),
        support_format(LEFT ". Not healthy: the buffer is full, 1 of 1 events; "
                            "%s; 1 event pending.",
                       json_string_value(mcp_at(answer, "reasons", 1))));
    json_decref(answer);
}
END_TEST

START_TEST(test_file_that_no_collector_has_open_is_not_called_healthy)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    mcp_teardown();
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"), LEFT ": 1 event pending.");
    ck_assert(json_is_null(json_object_get(answer, "healthy")));
    json_decref(answer);
    answer = talk_ask(mcp_db, "offline_devices", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     LEFT ". Silent for more than 10 minutes: 0 of 1 device.");
    json_decref(answer);
}
END_TEST

START_TEST(test_snapshot_is_said_to_be_one)
{
    json_t *answer;

    mcp_append("a", "k", NULL, HOUR);
    mcp_change("UPDATE state SET snapshot_of = 'pump-house',"
               " collector_id = NULL");
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "This is a snapshot of pump-house: 1 event pending.");
    json_decref(answer);
    answer = talk_ask(mcp_db, "recent_errors", "{}");
    ck_assert_str_eq(mcp_text(answer, "summary"),
                     "This is a snapshot of pump-house. In the last 1 hour "
                     "nothing went wrong");
    json_decref(answer);
}
END_TEST

START_TEST(test_rates_say_what_they_are_over)
{
    json_t *answer;

    mcp_append("a", "k", NULL, 0);
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert_double_eq(json_number_value(json_object_get(answer, "window_s")),
                        300);
    json_decref(answer);
    if (!mcp_slow_down())
        return;
    talk_deadline_ms = MCP_SLOW_DEADLINE_MS;
    answer = talk_ask(mcp_db, "buffer_status", "{}");
    ck_assert(json_is_null(json_object_get(answer, "window_s")));
    ck_assert(json_is_null(json_object_get(answer, "arrival_per_s")));
    ck_assert_int_eq(mcp_number(answer, "delivered"), 20001);
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
    tcase_add_test(tcase, test_one_device_is_spoken_of_as_one);
    tcase_add_test(tcase, test_no_device_is_said_to_be_none);

    tcase = support_add_case(suite, "errors", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_nothing_wrong_is_said);
    tcase_add_test(tcase, test_all_that_went_wrong_is_in_one_answer);
    tcase_add_test(tcase, test_outage_goes_on_between_its_attempts);
    tcase_add_test(tcase, test_errors_of_devices_are_whole_words_of_their_kind);
    tcase_add_test(tcase, test_list_that_takes_too_long_is_left_out);
    tcase_add_test(tcase, test_how_far_back_can_be_said);
    tcase_add_test(tcase, test_lists_show_the_latest_and_count_all);

    tcase = support_add_case(suite, "standing", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_healthy_buffer_is_called_so);
    tcase_add_test(tcase, test_file_without_room_is_said_to_be_full);
    tcase_add_test(tcase, test_failing_delivery_is_said_with_its_reason);
    tcase_add_test(
        tcase, test_summary_has_every_reason_and_first_that_events_are_refused);
    tcase_add_test(tcase,
                   test_file_that_no_collector_has_open_is_not_called_healthy);
    tcase_add_test(tcase, test_snapshot_is_said_to_be_one);
    tcase_add_test(tcase, test_rates_say_what_they_are_over);
    tcase_add_test(tcase, test_backlog_that_nobody_delivers_is_no_health);

    tcase = support_add_case(suite, "words", NULL, NULL);
    tcase_add_test(tcase, test_stretches_of_time_are_in_words);
    return support_run_suite(suite);
}
