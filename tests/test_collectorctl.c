/* SPDX-License-Identifier: MIT */
/*
 * collectorctl on a file promises that results, and nothing else, go to its
 * standard output, as they are stored; that its exit status is the answer to
 * whether it was done; and that it leaves the file as it was.
 */
#include "ctl.h"
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAYLOAD                                                                \
    "{\"celsius\":21.40,\"big\":1234567890123456789012345,\"celsius\":1E+2}"

static struct fixture fixture;

static void
append(const char *device_id, const char *kind, const char *payload, int64_t ts)
{
    const struct collector_event event = {device_id, kind, payload, ts};

    ck_assert_ok(collector_store_append(fixture.store, &event, 1, NULL, NULL));
}

/** Have the next event settled like that. */
static void
settle(enum collector_delivery_result result, const char *error)
{
    struct collector_delivery delivery = {.result = result, .status = 400};
    struct collector_batch *batch = fixture_fetch(&fixture, 1);

    (void)snprintf(delivery.error, sizeof(delivery.error), "%s", error);
    ck_assert_ok(collector_store_checkpoint(fixture.store, batch, &delivery));
    collector_batch_free(batch);
}

/** One that is delivered, one that is dead, one that waits. */
static void
setup(void)
{
    fixture_init(&fixture);
    append("pump-7", "temperature", PAYLOAD, 1700000000000);
    append("pump-8", "start", "\"a\\u0007b\"", 1700000001000);
    append("pump-9", "start", NULL, 1700000002000);
    settle(COLLECTOR_DELIVERED, "");
    settle(COLLECTOR_REJECTED, "HTTP 400");
}

/** The same, and nobody has the file. */
static void
setup_closed(void)
{
    setup();
    fixture_close(&fixture);
}

static void
teardown(void)
{
    fixture_close(&fixture);
}

/** All bytes of the file and of its log. */
static const char *
fingerprint(void)
{
    return support_format(
        "%lld %lld %s", (long long)support_file_size(fixture.path),
        (long long)support_file_size(support_format("%s-wal", fixture.path)),
        support_sql_text(fixture.path,
                         "SELECT group_concat(quote(device_id) || fate) FROM"
                         " (SELECT device_id, uploaded_at IS NULL AS fate FROM"
                         " events)"));
}

START_TEST(test_stats_are_words_or_a_row)
{
    ck_assert_contains(ctl_prints(fixture.path, "stats"),
                       "3 accepted = 1 delivered + 1 dead + 0 dropped +"
                       " 1 pending\n");
    ck_assert_contains(ctl_prints(fixture.path, "stats", "-format", "ndjson"),
                       "{\"accepted\":3,\"delivered\":1,\"dead\":1,"
                       "\"dropped\":0,\"pending\":1,");
    ck_assert_contains(ctl_prints(fixture.path, "stats", "-format=csv"),
                       "\r\n3,1,1,0,1,");
}
END_TEST

START_TEST(test_stats_of_a_file_say_what_is_wrong)
{
    ck_assert_ptr_null(strstr(ctl_prints(fixture.path, "stats"), "is full"));
    ck_assert_contains(ctl_prints(fixture.path, "stats", "-max-backlog", "1"),
                       "is full");
}
END_TEST

START_TEST(test_events_are_as_they_were_sent)
{
    ck_assert_contains(
        ctl_prints(fixture.path, "events", "--format=ndjson", "-limit", "1",
                   "-kind", "temperature"),
        "{\"id\":1,\"device_id\":\"pump-7\",\"kind\":\"temperature\","
        "\"payload\":" PAYLOAD ",\"ts\":1700000000000,\"fate\":\"delivered\"");
    ck_assert_contains(ctl_prints(fixture.path, "events"),
                       "\n 3  pump-9     start ");
}
END_TEST

/** How many events these flags leave. */
#define count_of(...)                                                          \
    support_occurrences(                                                       \
        ctl_prints(fixture.path, "events", "-format", "ndjson", __VA_ARGS__),  \
        "\n")

START_TEST(test_events_are_found_by_what_they_are)
{
    ck_assert_uint_eq(count_of("-device", "pump-7"), 1);
    ck_assert_uint_eq(count_of("-kind", "start"), 2);
    ck_assert_uint_eq(count_of("-text", "21.4"), 1);
    ck_assert_uint_eq(count_of("-since", "1700000001000"), 2);
    ck_assert_uint_eq(count_of("-until", "1700000001000"), 1);
    ck_assert_uint_eq(count_of("-since", "2023-11-14T22:13:21Z"), 2);
    ck_assert_uint_eq(count_of("-since", "1h"), 0);
    ck_assert_uint_eq(count_of("-after", "1"), 2);
    ck_assert_uint_eq(count_of("-before", "2"), 1);
    ck_assert_uint_eq(
        count_of("-after", "1", "-kind", "start", "-device", "pump-9"), 1);
}
END_TEST

START_TEST(test_a_limit_says_that_there_is_more)
{
    ck_assert_int_eq(
        ctl(fixture.path, "events", "-limit", "2", "-format", "csv"), 0);
    ck_assert_uint_eq(support_occurrences(ctl_out, "\r\n"), 3);
    ck_assert_str_eq(ctl_err, "collectorctl: there is more: -after 2, or a"
                              " larger -limit\n");
    ck_assert_uint_eq(count_of("-limit", "3"), 3);
}
END_TEST

START_TEST(test_more_events_than_a_page_come_in_one_answer)
{
    fixture_append(&fixture, 1100);
    ck_assert_uint_eq(count_of("-limit", "100000"), 1103);
    ck_assert_int_eq(
        ctl(fixture.path, "events", "-limit", "1050", "-format", "ndjson"), 0);
    ck_assert_uint_eq(support_occurrences(ctl_out, "\n"), 1050);
    ck_assert_contains(ctl_err, "-after 1050,");
}
END_TEST

START_TEST(test_tail_has_the_latest_in_their_order)
{
    const char *json =
        ctl_prints(fixture.path, "tail", "-n", "2", "-format", "json");

    ck_assert_uint_eq(support_occurrences(json, "\"id\""), 2);
    ck_assert_contains(json, "[{\"id\":2,");
    ck_assert_contains(json, ",\n {\"id\":3,");
    ck_assert_contains(
        ctl_prints(fixture.path, "tail", "-kind", "temperature", "-n", "1"),
        "2023-11-14T22:13:20.000Z   1  pump-7");
    ck_assert_str_eq(ctl_prints(fixture.path, "tail", "-n", "0"), "");
    ck_assert_str_eq(
        ctl_prints(fixture.path, "tail", "-kind", "nope", "-format", "json"),
        "[]\n");
}
END_TEST

START_TEST(test_an_event_has_a_fate)
{
    ck_assert_contains(ctl_prints(fixture.path, "event", "1"),
                       "payload      " PAYLOAD "\n");
    ck_assert_contains(ctl_prints(fixture.path, "event", "2"),
                       "reason       HTTP 400\n");
    ck_assert_contains(
        ctl_prints(fixture.path, "event", "3", "-format", "ndjson"),
        "\"fate\":\"pending\"");
    ck_assert_contains(ctl_prints(fixture.path, "event", "4"), "unknown\n");
    ck_assert_int_eq(ctl(fixture.path, "event", "x"), 2);
}
END_TEST

START_TEST(test_devices_runs_and_letters_are_listed)
{
    ck_assert_contains(ctl_prints(fixture.path, "devices"), "pump-9");
    ck_assert_contains(
        ctl_prints(fixture.path, "devices", "-silent", "10m", "-format", "csv"),
        "pump-7");
    ck_assert_str_eq(ctl_prints(fixture.path, "devices", "-silent", "9000d"),
                     "");
    ck_assert_contains(ctl_prints(fixture.path, "runs", "-format", "ndjson"),
                       "\"status\":\"dead\"");
    ck_assert_str_eq(ctl_prints(fixture.path, "runs", "-status", "error"), "");
    ck_assert_contains(
        ctl_prints(fixture.path, "dead-letters", "-format", "ndjson"),
        "{\"id\":2,\"device_id\":\"pump-8\",\"kind\":\"start\","
        "\"payload\":\"a\\u0007b\"");
}
END_TEST

START_TEST(test_sql_that_does_not_just_read_is_refused)
{
    static const char *const texts[] = {
        "DELETE FROM event_log", "PRAGMA journal_mode = DELETE",
        "ATTACH 'x' AS y", "SELECT 1; SELECT 2", "SELECT nope FROM events"};
    const char *before = fingerprint();
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_int_eq(ctl(fixture.path, "query", texts[i]), 1);
        ck_assert_str_eq(ctl_out, "");
        ck_assert_contains(ctl_err, "collectorctl: ");
    }
    ck_assert_contains(ctl_err, "no such column: nope");
    ck_assert_str_eq(fingerprint(), before);
}
END_TEST

START_TEST(test_a_question_that_takes_too_long_is_ended)
{
    ck_assert_int_eq(
        ctl(fixture.path, "query", "-deadline", "50ms",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT count(*) FROM n"),
        1);
    ck_assert_contains(ctl_err, collector_error_text(COLLECTOR_ERR_TIMEOUT));
}
END_TEST

START_TEST(test_a_file_in_use_takes_no_changes)
{
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay"), 1);
    ck_assert_contains(ctl_err, "a collector has it open: give its URL");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "purge", "2"), 1);
    ck_assert_int_eq(
        fixture_sql_int(&fixture, "SELECT count(*) FROM dead_letters"), 1);
}
END_TEST

START_TEST(test_letters_are_replayed_and_purged)
{
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay", "7"), 1);
    ck_assert_str_eq(ctl_out, "replayed 0\n");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay"), 0);
    ck_assert_str_eq(ctl_out, "replayed 1\n");
    ck_assert_str_eq(
        support_sql_text(fixture.path,
                         "SELECT payload_json FROM backlog WHERE id = 4"),
        "\"a\\u0007b\"");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "purge"), 2);
    ck_assert_contains(ctl_err, "-yes");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "purge", "2"), 0);
    ck_assert_str_eq(ctl_out, "purged 1\n");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "purge", "-yes"), 0);
    ck_assert_str_eq(ctl_out, "purged 0\n");
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "bury"), 2);
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay", "x"), 2);
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "list", "2"), 2);
}
END_TEST

START_TEST(test_a_snapshot_is_whole_and_replaces_nothing)
{
    const char *copy = support_path(support_dir_new(), "copy.sqlite");

    ck_assert_str_eq(ctl_prints(fixture.path, "snapshot", copy), "");
    ck_assert_int_eq(support_sql_int(copy, "SELECT count(*) FROM event_log"),
                     3);
    ck_assert_contains(ctl_prints(copy, "stats"), "snapshot of  ");
    ck_assert_int_eq(ctl(copy, "verify", "-whole"), 0);
    /* What a collector does that is started on it. */
    support_sql_exec(copy, "UPDATE state SET collector_id = 'pump-house'");
    ck_assert_contains(ctl_prints(copy, "stats"), "collector    pump-house\n");
    ck_assert_int_eq(ctl(fixture.path, "snapshot", copy), 1);
    ck_assert_contains(ctl_err, copy);
    ck_assert_contains(ctl_err, "copy.sqlite: File exists");
}
END_TEST

START_TEST(test_a_whole_file_is_verified)
{
    const char *text = ctl_prints(fixture.path, "verify");

    ck_assert_contains(text, "ok      ledger\n");
    ck_assert_ptr_null(strstr(text, "FAILED"));
    ck_assert_contains(
        ctl_prints(fixture.path, "verify", "-whole", "-format", "csv"),
        "check,ok,detail\r\n");
}
END_TEST

START_TEST(test_damage_is_found)
{
    support_sql_exec(fixture.path, "PRAGMA ignore_check_constraints = ON;"
                                   "UPDATE state SET delivered = 2");
    ck_assert_int_eq(ctl(fixture.path, "verify"), 1);
    ck_assert_contains(ctl_out, "FAILED  ledger: ");
    ck_assert_int_eq(ctl(fixture.path, "verify", "-format", "ndjson"), 1);
    ck_assert_contains(ctl_out, "{\"check\":\"ledger\",\"ok\":0,\"detail\":\"");
}
END_TEST

START_TEST(test_torn_pages_are_found)
{
    const int fd = open(fixture.path, O_WRONLY | O_CLOEXEC);
    const char *noise = support_repeat("noise", 20000);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(pwrite(fd, noise, strlen(noise), 100), 0);
    (void)close(fd);
    ck_assert_int_eq(ctl(fixture.path, "verify", "-whole"), 1);
    ck_assert_str_ne(ctl_err, "");
}
END_TEST

START_TEST(test_health_is_one_line)
{
    const char *before;

    settle(COLLECTOR_DELIVERED, "");
    before = fingerprint();
    ck_assert_int_eq(
        strncmp(ctl_prints(fixture.path, "health"), "healthy; warning: ", 18),
        0);
    ck_assert_contains(ctl_out, "1 dead letter is kept");
    ck_assert_uint_eq(support_occurrences(ctl_out, "\n"), 1);
    ck_assert_str_eq(fingerprint(), before);
    ck_assert_int_eq(ctl("/nowhere", "health"), 1);
    ck_assert_str_eq(ctl_out, "");
}
END_TEST

START_TEST(test_a_file_that_is_not_well_is_not_healthy)
{
    ck_assert_int_eq(ctl(fixture.path, "health", "-max-backlog", "1"), 1);
    ck_assert_str_eq(ctl_err, "");
    ck_assert_contains(ctl_out, "not healthy: the buffer is full, 1 of 1 "
                                "events; nothing was delivered since ");
    ck_assert_contains(ctl_out, "with 1 event pending: does the collector run?"
                                "; warning: ");
    settle(COLLECTOR_RETRY, "HTTP 503\033[2J");
    ck_assert_int_eq(ctl(fixture.path, "health"), 1);
    ck_assert_contains(ctl_out, "not healthy: deliveries have failed since ");
    ck_assert_contains(ctl_out, "HTTP 503\\x1b[2J");
}
END_TEST

START_TEST(test_that_nobody_has_a_file_is_a_warning)
{
    settle(COLLECTOR_DELIVERED, "");
    fixture_close(&fixture);
    ck_assert_contains(ctl_prints(fixture.path, "health"),
                       "healthy; warning: no collector was seen");
}
END_TEST

START_TEST(test_that_a_file_is_a_snapshot_is_a_warning)
{
    const char *copy = support_path(support_dir_new(), "copy.sqlite");

    settle(COLLECTOR_DELIVERED, "");
    (void)ctl_prints(fixture.path, "snapshot", copy);
    ck_assert_int_eq(
        strncmp(ctl_prints(copy, "health"), "healthy; warning: ", 18), 0);
    ck_assert_contains(ctl_out, "it is a snapshot of ");
    ck_assert_ptr_null(strstr(ctl_prints(fixture.path, "health"), "snapshot"));
}
END_TEST

/** Run it with standard output there, and return its status. */
static int
run_into(const char *redirection, const char *command)
{
    const int status =
        system(/* NOLINT(cert-env33-c): a shell redirects */
               support_format("\"$COLLECTORCTL\" '%s' %s 2>'%s.err' %s",
                              fixture.path, command, fixture.path,
                              redirection));

    ctl_err = support_read_file(support_format("%s.err", fixture.path));
    return WEXITSTATUS(status);
}

START_TEST(test_results_that_are_lost_are_a_failure)
{
    static const char *const commands[] = {
        "events",       "events -format json", "stats",  "event 1", "devices",
        "dead-letters", "query 'SELECT 1'",    "health", "-help",   "tail",
        "verify"};
    size_t i;

    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        ck_assert_int_eq(run_into(">/dev/full", commands[i]), 1);
        ck_assert_contains(ctl_err, "standard output: No space left");
        ck_assert_int_eq(run_into(">&-", commands[i]), 1);
    }
    ck_assert_contains(ctl_prints(fixture.path, "verify"), "ok ");
}
END_TEST

static void
add_questions(Suite *suite)
{
    TCase *tcase = support_add_case(suite, "questions", setup, teardown);

    tcase_add_test(tcase, test_stats_are_words_or_a_row);
    tcase_add_test(tcase, test_stats_of_a_file_say_what_is_wrong);
    tcase_add_test(tcase, test_events_are_as_they_were_sent);
    tcase_add_test(tcase, test_events_are_found_by_what_they_are);
    tcase_add_test(tcase, test_a_limit_says_that_there_is_more);
    tcase_add_test(tcase, test_more_events_than_a_page_come_in_one_answer);
    tcase_add_test(tcase, test_tail_has_the_latest_in_their_order);
    tcase_add_test(tcase, test_an_event_has_a_fate);
    tcase_add_test(tcase, test_devices_runs_and_letters_are_listed);
    tcase_add_test(tcase, test_sql_that_does_not_just_read_is_refused);
    tcase_add_test(tcase, test_a_question_that_takes_too_long_is_ended);
    tcase_add_test(tcase, test_a_file_in_use_takes_no_changes);
    tcase_add_test(tcase, test_a_snapshot_is_whole_and_replaces_nothing);
    tcase_add_test(tcase, test_a_whole_file_is_verified);
    tcase_add_test(tcase, test_health_is_one_line);
    tcase_add_test(tcase, test_a_file_that_is_not_well_is_not_healthy);
    tcase_add_test(tcase, test_that_nobody_has_a_file_is_a_warning);
    tcase_add_test(tcase, test_that_a_file_is_a_snapshot_is_a_warning);
    tcase_add_test(tcase, test_results_that_are_lost_are_a_failure);
}

int
main(void)
{
    Suite *suite = suite_create("collectorctl");
    TCase *closed = support_add_case(suite, "closed", setup_closed, teardown);

    add_questions(suite);
    tcase_add_test(closed, test_letters_are_replayed_and_purged);
    tcase_add_test(closed, test_damage_is_found);
    tcase_add_test(closed, test_torn_pages_are_found);
    return support_run_suite(suite);
}
