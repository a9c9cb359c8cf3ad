/* SPDX-License-Identifier: MIT */
/*
 * collectorctl promises the same rows of a collector as of its file, to the
 * byte, and to follow a collector over a restart without an event too many or
 * too few.
 */
#include "ctl.h"
#include "site.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct daemon *collectord;
static const char *url;

static void
setup(void)
{
    site_setup();
    collectord = daemon_start(db, "-upload-interval", "5ms", NULL);
    url = support_format("http://127.0.0.1:%d", daemon_port(collectord));
}

static void
teardown(void)
{
    daemon_stop(collectord);
}

/** Events of three devices, with what parsers get wrong, all delivered. */
static void
fill(void)
{
    ck_assert_int_eq(
        site_post(
            collectord,
            "[{\"device_id\":\"pump-7\",\"kind\":\"temperature\",\"payload\":"
            "{\"c\":21.40,\"big\":1234567890123456789012345,\"c\":1E+2}},"
            "{\"device_id\":\"a b&\\u00e9\\u001b[2J\",\"kind\":\"%=+\","
            "\"payload\":\"\\u009b31m\",\"ts\":1767225600000},"
            "{\"device_id\":\"p\",\"kind\":\"start\",\"payload\":null},"
            "{\"device_id\":\"p\",\"kind\":\"start\"}]"),
        200);
    site_wait_drained();
}

START_TEST(test_a_collector_says_what_its_file_says)
{
    static const char *const questions[][4] = {
        {"events"},
        {"events", "-kind", "%=+"},
        {"events", "-device", "a b&\xC3\xA9\033[2J"},
        {"events", "-text", "21.40"},
        {"events", "-since", "2026-06-01"},
        {"events", "-until", "2026-06-01"},
        {"events", "-after", "1"},
        {"events", "-before", "3"},
        {"events", "-limit", "4"},
        {"tail"},
        {"tail", "-n", "2"},
        {"tail", "-kind", "start"},
        {"event", "1"},
        {"event", "4"},
        {"event", "77"},
        {"devices"},
        {"devices", "-after", "2"},
        {"devices", "-silent", "1h"},
        {"runs"},
        {"runs", "-status", "error"},
        {"dead-letters"},
    };
    static const char *const formats[] = {"table", "json", "csv", "ndjson"};
    const size_t count = sizeof(questions) / sizeof(questions[0]);
    size_t i;

    fill();
    for (i = 0; i < count; i++) {
        const char *const *words = questions[i];
        const char *format = support_format("-format=%s", formats[i % 4]);
        const char *of_file =
            ctl_end_well(process_spawn("COLLECTORCTL", format, db, words[0],
                                       words[1], words[2], words[3], NULL));

        ck_assert_str_eq(
            ctl_end_well(process_spawn("COLLECTORCTL", format, url, words[0],
                                       words[1], words[2], words[3], NULL)),
            of_file);
        ck_assert(i >= count - 2 || *of_file != '\0');
    }
}
END_TEST

/** What stats say of something in a line, up to a comma. */
static const char *
said_of(const char *name, const char *target)
{
    const char *stats = ctl_prints(target, "stats");
    const char *at = strstr(stats, support_format("\n%s ", name));

    ck_assert_msg(at != NULL, "no %s in: %s", name, stats);
    return support_format("%.*s", (int)strcspn(at + 1, ",\n"), at + 1);
}

/** A number of the same stats as a row. */
static int64_t
number_of(const char *name, const char *target)
{
    const char *row = ctl_prints(target, "stats", "-format", "ndjson");
    const char *at = strstr(row, support_format("\"%s\":", name));

    ck_assert_msg(at != NULL, "no %s in: %s", name, row);
    return strtoll(strchr(at, ':') + 1, NULL, 10);
}

START_TEST(test_a_file_has_the_size_that_its_collector_says)
{
    fill();
    ck_assert_contains(said_of("file", url), " with its log");
    /* Until no log is moved any more. */
    ck_assert_eventually(
        strcmp(said_of("file", db), said_of("file", url)) == 0 &&
        number_of("file_size", db) == number_of("file_size", url));
}
END_TEST

/** A collector whose upstream answers that. */
static void
setup_webhook(int status)
{
    site_setup_upstream();
    upstream_set_default(upstream, (struct upstream_answer){.status = status});
    collectord = daemon_start(db, "-upload-interval", "5ms", "-sink", "webhook",
                              "-webhook-url", upstream_url(upstream, "/"),
                              "-max-backlog", "3", "-drain-timeout", "0", NULL);
    url = support_format("http://127.0.0.1:%d", daemon_port(collectord));
}

static void
setup_outage(void)
{
    setup_webhook(503);
}

static void
setup_refusal(void)
{
    setup_webhook(400);
}

static void
teardown_webhook(void)
{
    daemon_stop(collectord);
    site_teardown_upstream();
}

/** What the collector says, and what its file does. */
START_TEST(test_a_buffer_that_is_full_is_said)
{
    ck_assert_ptr_null(strstr(ctl_prints(url, "stats"), "the buffer is full"));
    ck_assert_str_eq(said_of("backlog", url),
                     "backlog      0 of at most 3 events");
    site_post_events(collectord, 3);
    ck_assert_eventually(strstr(ctl_prints(url, "stats"),
                                "\nnot well     deliveries have failed"));
    ck_assert_contains(ctl_prints(url, "stats"),
                       "\nnot well     the buffer is full, 3 of 3 events, ");
    ck_assert_contains(ctl_out, "\nbacklog      3 of at most 3 events\n");
    ck_assert_contains(ctl_prints(db, "stats", "-max-backlog", "3"),
                       "\nnot well     the buffer is full, 3 of 3 events\n");
}
END_TEST

START_TEST(test_warnings_are_said)
{
    site_post_events(collectord, 3);
    site_wait_drained();
    ck_assert_contains(
        ctl_prints(url, "stats"),
        "\nwarning      the last 3 events were refused for good");
}
END_TEST

START_TEST(test_letters_that_were_replayed_are_kept_until_they_are_purged)
{
    site_post_events(collectord, 3);
    site_wait_drained();
    upstream_set_default(upstream, (struct upstream_answer){.status = 200});
    ck_assert_str_eq(ctl_prints(url, "dead-letters", "replay", "2"),
                     "replayed 1\n");
    site_wait_drained();
    ck_assert_str_eq(said_of("dead letters", url), "dead letters 3");
    ck_assert_str_eq(said_of("dead letters", db), "dead letters 3");
    ck_assert_contains(ctl_prints(db, "health"), "3 dead letters are kept");
    ck_assert_str_eq(ctl_prints(url, "dead-letters", "purge", "2"),
                     "purged 1\n");
    ck_assert_str_eq(said_of("dead letters", url), "dead letters 2");
    ck_assert_str_eq(said_of("dead letters", db), "dead letters 2");
}
END_TEST

START_TEST(test_more_events_than_a_page_come_in_one_answer)
{
    int i;

    for (i = 0; i < 11; i++)
        ck_assert_int_eq(
            site_post(
                collectord,
                support_format("[%s" EVENT "]", support_repeat(EVENT ",", 99))),
            200);
    ck_assert_uint_eq(
        support_occurrences(
            ctl_prints(url, "events", "-limit", "5000", "-format", "ndjson"),
            "\n"),
        1100);
    ck_assert_int_eq(ctl(url, "events", "-limit", "1050", "-format", "ndjson"),
                     0);
    ck_assert_uint_eq(support_occurrences(ctl_out, "\n"), 1050);
    ck_assert_contains(ctl_err, "-after 1050,");
}
END_TEST

START_TEST(test_an_id_that_was_never_given_out_is_unknown)
{
    ck_assert_contains(ctl_prints(url, "event", "1"), "unknown\n");
}
END_TEST

/** A collector that has accepted so many, in the words of its /stats. */
#define STATS(accepted) "{\"ledger\":{\"accepted\":" accepted "},\"store\":{}}"

/** What is shown of an event of which nothing but its id was sent. */
#define SHOWN(id)                                                              \
    "{\"id\":" id ",\"device_id\":null,\"kind\":null,\"ts\":null,"             \
    "\"fate\":null,\"uploaded_at\":null}\n"

/** Three events, of which the second and the third can't be had at once. */
static void
script_pages(void)
{
    static const struct upstream_answer answers[] = {
        {.body = STATS("0")},
        {.body = "{\"events\":[],\"next\":null}"},
        {.body = STATS("3")},
        {.body = "{\"events\":[{\"id\":1}],\"next\":1}"},
        {.status = 503, .body = "{\"error\":\"busy\"}"},
        {.body = STATS("3")},
        {.body = "{\"events\":[{\"id\":2},{\"id\":3}],\"next\":null}"},
    };
    size_t i;

    for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        upstream_script(upstream, answers[i]);
    upstream_set_default(upstream,
                         (struct upstream_answer){.body = STATS("3")});
}

START_TEST(test_a_page_that_fails_loses_and_doubles_nothing)
{
    struct daemon *tail;

    script_pages();
    tail = process_spawn("COLLECTORCTL", upstream_url(upstream, ""), "tail",
                         "-f", "-n", "0", "-format", "ndjson", NULL);
    ck_assert(daemon_says(tail, "503: busy; trying again"));
    ck_assert(daemon_says(tail, ": it answers again"));
    daemon_signal(tail, SIGINT);
    ck_assert_int_eq(process_end(tail), 0);
    ck_assert_str_eq(daemon_stdout(tail), SHOWN("1") SHOWN("2") SHOWN("3"));
    ck_assert_uint_ge(upstream_request_count(upstream), 7);
    ck_assert_contains(upstream_request(upstream, 6)->path, "?after=1&");
    daemon_free(tail);
}
END_TEST

START_TEST(test_a_restart_loses_and_doubles_nothing)
{
    const int port = daemon_port(collectord);
    struct daemon *tail = process_spawn("COLLECTORCTL", url, "tail", "-f", "-n",
                                        "0", "-format", "csv", NULL);

    /* It has looked when it waits for what comes: that can't be seen, so that
     * events come until one is shown. */
    do
        ck_assert_int_eq(site_post(collectord, EVENT), 200);
    while (
        !support_eventually(strstr(daemon_stdout(tail), "\r\n") != NULL, 1000));
    daemon_stop(collectord);
    ck_assert(daemon_says(tail, "; trying again"));
    collectord = daemon_spawn("-db", db, "-addr",
                              support_format("127.0.0.1:%d", port), NULL);
    site_post_events(collectord, 3);
    ck_assert(daemon_says(tail, ": it answers again"));
    ck_assert_eventually(
        support_occurrences(daemon_stdout(tail), "\r\n") ==
        (size_t)support_sql_int(
            db, support_format("SELECT 2 + max(id) - %d FROM event_log",
                               atoi(strstr(daemon_stdout(tail), "\r\n") + 2))));
    daemon_signal(tail, SIGINT);
    ck_assert_int_eq(process_end(tail), 0);
    daemon_free(tail);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_pair");
    TCase *tcase = support_add_case(suite, "pair", setup, teardown);
    TCase *fake = support_add_case(suite, "fake", site_setup_upstream,
                                   site_teardown_upstream);
    TCase *outage =
        support_add_case(suite, "outage", setup_outage, teardown_webhook);
    TCase *refusal =
        support_add_case(suite, "refusal", setup_refusal, teardown_webhook);

    tcase_add_test(tcase, test_a_collector_says_what_its_file_says);
    tcase_add_test(tcase, test_a_file_has_the_size_that_its_collector_says);
    tcase_add_test(tcase, test_more_events_than_a_page_come_in_one_answer);
    tcase_add_test(tcase, test_an_id_that_was_never_given_out_is_unknown);
    tcase_add_test(tcase, test_a_restart_loses_and_doubles_nothing);
    tcase_add_test(fake, test_a_page_that_fails_loses_and_doubles_nothing);
    tcase_add_test(outage, test_a_buffer_that_is_full_is_said);
    tcase_add_test(refusal, test_warnings_are_said);
    tcase_add_test(
        refusal,
        test_letters_that_were_replayed_are_kept_until_they_are_purged);
    return support_run_suite(suite);
}
