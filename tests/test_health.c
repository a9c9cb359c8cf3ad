/* SPDX-License-Identifier: MIT */
/*
 * Health promises a verdict and its reasons in words with figures: whatever
 * keeps events from being kept or delivered is a reason, what mends itself a
 * warning, and the wall clock decides nothing.
 */
#include "health.h"

#include "support.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

static struct status status;
static struct health health;

/** A collector that has nothing to complain about. */
static void
setup(void)
{
    memset(&status, 0, sizeof(status));
    status.store.storage_ok = true;
    status.store.backlog_max = 50000;
    status.store.size_max = 1024 * 1024;
    status.store.file_size = 98304;
    status.uploader.healthy = true;
    status.uploader.last_success_at = NOW_MS - 1000;
}

static void
judge(void)
{
    json_decref(health.reasons);
    json_decref(health.warnings);
    health_judge(&status, NOW_MS, &health);
}

static void
teardown(void)
{
    json_decref(health.reasons);
    json_decref(health.warnings);
}

static const char *
sentence(const json_t *sentences)
{
    ck_assert_uint_eq(json_array_size(sentences), 1);
    return json_string_value(json_array_get(sentences, 0));
}

/** Judge, and return the only reason. */
static const char *
reason(void)
{
    judge();
    ck_assert(!health.ok);
    ck_assert_uint_eq(json_array_size(health.warnings), 0);
    return sentence(health.reasons);
}

/** Judge, and return the only warning, in spite of which all is well. */
static const char *
warning(void)
{
    judge();
    ck_assert(health.ok);
    ck_assert_uint_eq(json_array_size(health.reasons), 0);
    return sentence(health.warnings);
}

START_TEST(test_nothing_is_wrong)
{
    judge();
    ck_assert(health.ok);
    ck_assert(health.backlog_ok);
    ck_assert_uint_eq(json_array_size(health.reasons), 0);
    ck_assert_uint_eq(json_array_size(health.warnings), 0);
}
END_TEST

START_TEST(test_failing_deliveries_are_a_reason)
{
    status.uploader.healthy = false;
    status.uploader.failing_since = NOW_MS - 90 * 1000;
    status.uploader.failures_in_a_row = 12;
    strcpy(status.uploader.last_error, "HTTP 503");
    ck_assert_str_eq(reason(), "deliveries have failed since "
                               "2025-12-31T23:58:30Z (12 in a row: HTTP 503)");
}
END_TEST

START_TEST(test_time_that_cannot_be_written_is_left_out)
{
    static const int64_t times[] = {INT64_MAX, INT64_MIN, -1, 0};
    size_t i;

    for (i = 0; i < 4; i++) {
        status.uploader.healthy = false;
        status.uploader.failing_since = times[i];
        status.uploader.failures_in_a_row = 1;
        ck_assert_contains(reason(), "1 in a row");
    }
}
END_TEST

START_TEST(test_error_of_any_bytes_is_shown)
{
    status.uploader.healthy = false;
    status.uploader.failures_in_a_row = UINT32_MAX;
    memset(status.uploader.last_error, '\377',
           sizeof(status.uploader.last_error) - 1);
    ck_assert_contains(reason(), "???");
    ck_assert_contains(reason(), "?)");
}
END_TEST

START_TEST(test_hung_delivery_is_a_reason)
{
    status.uploader.in_flight_ms = COLLECTOR_STALL_MS;
    judge();
    ck_assert(health.ok);
    status.uploader.in_flight_ms = COLLECTOR_STALL_MS + 1000;
    status.uploader.healthy = false; /* as the library says then */
    ck_assert_contains(reason(), "nothing delivered for 46 s");
}
END_TEST

START_TEST(test_stuck_uploader_is_a_reason)
{
    static const int64_t odd_times[] = {0, NOW_MS + 5000};
    size_t i;

    status.uploader.healthy = false;
    status.uploader.last_success_at = NOW_MS - 300 * 1000;
    status.store.pending = 17;
    ck_assert_contains(reason(), "nothing delivered for 300 s");
    ck_assert_contains(reason(), "17 events pending");
    for (i = 0; i < 2; i++) {
        status.uploader.last_success_at = odd_times[i];
        ck_assert_contains(reason(), "nothing delivered yet");
    }
}
END_TEST

START_TEST(test_full_backlog_is_a_reason)
{
    status.store.pending = 49999;
    judge();
    ck_assert(health.backlog_ok);
    status.store.pending = 50000;
    ck_assert_str_eq(reason(),
                     "the buffer is full, 50000 of 50000 events, 98304 of "
                     "1048576 bytes: events are refused");
    ck_assert(!health.backlog_ok);
    status.store.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    status.store.dropped = 5;
    ck_assert_contains(reason(), "the oldest events are dropped, 5 so far");
    status.store.backlog_max = 0;
    judge();
    ck_assert(health.ok);
}
END_TEST

START_TEST(test_refused_events_are_a_reason)
{
    status.refusing = true;
    status.store.backlog_max = 0;
    status.store.file_size = 1048570;
    ck_assert_str_eq(reason(), "the buffer is full, 1048570 of 1048576 bytes: "
                               "events are refused");
    ck_assert(!health.backlog_ok);
}
END_TEST

START_TEST(test_full_disk_is_a_reason)
{
    status.store.disk_full = true;
    ck_assert_contains(reason(), "the disk is full");
    ck_assert_contains(reason(), "98304 bytes");
}
END_TEST

START_TEST(test_failing_storage_is_a_reason)
{
    status.store.storage_ok = false;
    status.store.commit_failures = 3;
    ck_assert_contains(reason(), "the storage is failing");
    ck_assert_contains(reason(), "one of 3 since the start");
}
END_TEST

START_TEST(test_dead_letters_in_a_row_are_a_warning_at_first)
{
    status.store.pending = 1;
    status.store.dead_letter_count = 40;
    judge();
    ck_assert(health.ok); /* old ones are nothing to worry about */
    ck_assert_uint_eq(json_array_size(health.warnings), 0);
    status.store.dead_in_a_row = COLLECTOR_DEAD_IN_A_ROW_MAX - 1;
    ck_assert_str_eq(warning(), "the last 9 events were refused for good, of "
                                "40 dead letters");
    status.store.dead_in_a_row = COLLECTOR_DEAD_IN_A_ROW_MAX;
    ck_assert_contains(reason(), "taken for broken");
    /* There is none that it could refuse. */
    status.store.pending = 0;
    ck_assert_contains(warning(), "the last 10 events");
}
END_TEST

START_TEST(test_one_of_anything_has_words_of_its_own)
{
    status.store.pending = 1;
    status.store.dead_letter_count = 1;
    status.store.dead_in_a_row = 1;
    ck_assert_str_eq(warning(), "the last 1 event was refused for good, of 1 "
                                "dead letter");
    status.store.dead_in_a_row = 0;
    status.store.salvaging = true;
    status.store.salvaged = 1;
    ck_assert_str_eq(warning(),
                     "a damaged file is being salvaged: 1 event so far");
    status.store.salvaging = false;
    status.uploader.healthy = false;
    status.uploader.last_success_at = 0;
    ck_assert_str_eq(reason(), "nothing delivered yet: the uploader is stuck, "
                               "with 1 event pending");
}
END_TEST

START_TEST(test_reader_that_holds_the_log_is_a_warning)
{
    status.store.wal_pinned_ms = 75 * 1000;
    status.store.wal_size = 4096000;
    ck_assert_contains(warning(), "held the log for 75 s");
    ck_assert_contains(warning(), "4096000 bytes");
}
END_TEST

START_TEST(test_salvage_is_a_warning)
{
    status.store.salvaged = 1234;
    judge();
    ck_assert_uint_eq(json_array_size(health.warnings), 0);
    status.store.salvaging = true;
    ck_assert_contains(warning(), "1234 events so far");
}
END_TEST

START_TEST(test_every_reason_is_named)
{
    status.uploader.healthy = false;
    status.uploader.failures_in_a_row = 1;
    status.refusing = true;
    status.store.disk_full = true;
    status.store.storage_ok = false;
    status.store.dead_in_a_row = 10;
    status.store.pending = 1;
    status.store.wal_pinned_ms = 1;
    status.store.salvaging = true;
    judge();
    ck_assert(!health.ok);
    ck_assert_uint_eq(json_array_size(health.reasons), 5);
    ck_assert_uint_eq(json_array_size(health.warnings), 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("health");
    TCase *tcase = tcase_create("judge");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_nothing_is_wrong);
    tcase_add_test(tcase, test_failing_deliveries_are_a_reason);
    tcase_add_test(tcase, test_time_that_cannot_be_written_is_left_out);
    tcase_add_test(tcase, test_error_of_any_bytes_is_shown);
    tcase_add_test(tcase, test_hung_delivery_is_a_reason);
    tcase_add_test(tcase, test_stuck_uploader_is_a_reason);
    tcase_add_test(tcase, test_full_backlog_is_a_reason);
    tcase_add_test(tcase, test_refused_events_are_a_reason);
    tcase_add_test(tcase, test_full_disk_is_a_reason);
    tcase_add_test(tcase, test_failing_storage_is_a_reason);
    tcase_add_test(tcase, test_dead_letters_in_a_row_are_a_warning_at_first);
    tcase_add_test(tcase, test_one_of_anything_has_words_of_its_own);
    tcase_add_test(tcase, test_reader_that_holds_the_log_is_a_warning);
    tcase_add_test(tcase, test_salvage_is_a_warning);
    tcase_add_test(tcase, test_every_reason_is_named);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
