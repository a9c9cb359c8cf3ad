/* SPDX-License-Identifier: MIT */
/*
 * collectorctl on a URL promises the rows that the file would give, from a
 * collector that runs, and a failure in words from whatever else is there.
 */
#include "ctl.h"
#include "site.h"

#include "ctl/remote.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TOKEN "0123456789abcdef-read"
#define PAYLOAD "{\"celsius\":21.40,\"big\":1234567890123456789012345}"

static struct daemon *collectord;

/** Of the collector, or of the upstream that stands in for one. */
static const char *url;

static void
start(const char *option, const char *value)
{
    collectord =
        daemon_start(db, "-upload-interval", "5ms", option, value, NULL);
    url = support_format("http://127.0.0.1:%d", daemon_port(collectord));
}

static void
setup(void)
{
    site_setup();
    start(NULL, NULL);
}

static void
teardown(void)
{
    if (collectord != NULL)
        daemon_stop(collectord);
    collectord = NULL;
}

static void
setup_fake(void)
{
    site_setup_upstream();
    url = upstream_url(upstream, "");
}

START_TEST(test_stats_are_those_of_the_collector)
{
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    site_wait_drained();
    ck_assert_contains(ctl_prints(url, "stats"),
                       "1 accepted = 1 delivered + 0 dead + 0 dropped +"
                       " 0 pending\n");
    ck_assert_contains(
        ctl_prints(support_format("%s/", url), "stats", "-format", "ndjson"),
        "{\"accepted\":1,\"delivered\":1,");
}
END_TEST

START_TEST(test_health_is_that_of_the_collector)
{
    ck_assert_str_eq(ctl_prints(url, "health"), "healthy\n");
    ck_assert_str_eq(ctl_prints(url, "health", "-live"), "it serves\n");
    daemon_stop(collectord);
    collectord = NULL;
    ck_assert_int_eq(ctl(url, "health", "-live"), 1);
    ck_assert_str_eq(ctl_out, "");
    ck_assert_contains(ctl_err, "Failed to connect");
}
END_TEST

START_TEST(test_a_snapshot_is_whole_and_replaces_nothing)
{
    const char *copy = support_path(dir, "copy.sqlite");
    struct stat status;

    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_str_eq(ctl_prints(url, "snapshot", copy), "");
    ck_assert_int_eq(support_sql_int(copy, "SELECT count(*) FROM events"), 1);
    ck_assert_int_eq(stat(copy, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(ctl(url, "snapshot", copy), 1);
    ck_assert_contains(ctl_err, "copy.sqlite: File exists");
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp"), 0);
}
END_TEST

/** Events that the upstream refuses, and so are dead. */
static void
bury(void)
{
    const struct upstream_answer refusal = {.status = 400};

    upstream = upstream_new();
    upstream_set_default(upstream, refusal);
    daemon_stop(collectord);
    collectord =
        daemon_start(db, "-upload-interval", "5ms", "-sink", "webhook",
                     "-webhook-url", upstream_url(upstream, "/"), NULL);
    url = support_format("http://127.0.0.1:%d", daemon_port(collectord));
    ck_assert_int_eq(
        site_post(collectord,
                  "[{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":" PAYLOAD
                  "}," EVENT "]"),
        200);
    ck_assert_eventually(
        support_sql_int(db, "SELECT count(*) FROM dead_letters") == 2);
    upstream_set_default(upstream, (struct upstream_answer){.status = 200});
}

START_TEST(test_letters_are_listed_replayed_and_purged)
{
    bury();
    ck_assert_contains(ctl_prints(url, "dead-letters", "-format", "ndjson"),
                       "{\"id\":1,\"device_id\":\"a\",\"kind\":\"k\","
                       "\"payload\":" PAYLOAD ",");
    ck_assert_int_eq(ctl(url, "dead-letters", "-limit", "1"), 0);
    ck_assert_contains(ctl_err, "there is more: -after 1,");
    ck_assert_str_eq(ctl_prints(url, "dead-letters", "replay", "1"),
                     "replayed 1\n");
    ck_assert_str_eq(ctl_prints(url, "dead-letters", "replay"), "replayed 1\n");
    ck_assert_int_eq(ctl(url, "dead-letters", "replay", "1", "2"), 1);
    ck_assert_str_eq(ctl_out, "replayed 0\n");
    ck_assert_contains(ctl_err, "0 of 2 replayed");
    ck_assert_int_eq(ctl(url, "dead-letters", "purge", "1", "7"), 1);
    ck_assert_str_eq(ctl_out, "purged 1\n");
    ck_assert_contains(ctl_err, "1 of 2 purged");
    ck_assert_str_eq(ctl_prints(url, "dead-letters", "purge", "-yes"),
                     "purged 1\n");
    site_teardown_upstream();
}
END_TEST

/** A file with this text in it. */
static const char *
token_file(const char *text)
{
    const char *path = support_path(dir, "token");

    support_write_file(path, text);
    return path;
}

START_TEST(test_tokens_come_from_a_file)
{
    const char *tokens = support_path(dir, "tokens");

    support_write_file(tokens,
                       "read " TOKEN "\ningest 0123456789abcdef-post\n");
    daemon_stop(collectord);
    start("-auth-token-file", tokens);
    ck_assert_int_eq(ctl(url, "stats"), 1);
    ck_assert_contains(ctl_err, ": 401: ");
    ck_assert_contains(ctl_err, "give a token with -token-file");
    ck_assert_contains(ctl_prints("-token-file",
                                  token_file("# mine\n" TOKEN "\n"), url,
                                  "stats"),
                       "accepted");
    ck_assert_int_eq(
        ctl(url, "stats", "-token-file", token_file("0123456789abcdef-what")),
        1);
    ck_assert_contains(ctl_err, "-token-file has one that nobody has");
    ck_assert_int_eq(
        ctl(url, "stats", "-token-file", token_file("0123456789abcdef-post")),
        1);
    ck_assert_contains(ctl_err, ": 403: ");
    ck_assert_int_eq(ctl(url, "dead-letters", "purge", "1", "-token-file",
                         token_file(TOKEN)),
                     1);
    ck_assert_contains(ctl_err, ": 403: ");
}
END_TEST

/** Let the next request be answered like that. */
static void
answer(int status, const char *body)
{
    upstream_script(upstream,
                    (struct upstream_answer){.status = status, .body = body});
}

/** The path of the last request. */
static const char *
last_path(void)
{
    const size_t count = upstream_request_count(upstream);

    ck_assert_uint_gt(count, 0);
    return upstream_request(upstream, count - 1)->path;
}

START_TEST(test_an_option_that_is_for_a_list_deletes_nothing)
{
    ck_assert_int_eq(
        ctl(url, "dead-letters", "purge", "-yes", "-limit", "1", "-after", "5"),
        2);
    ck_assert_contains(ctl_err, "changes nothing about dead-letters purge");
    ck_assert_int_eq(ctl(url, "dead-letters", "replay", "-format", "csv"), 2);
    ck_assert_uint_eq(upstream_request_count(upstream), 0);
}
END_TEST

START_TEST(test_questions_are_asked_as_they_are_meant)
{
    answer(200, "{\"events\":[],\"next\":null}");
    ck_assert_str_eq(ctl_prints(url, "events", "-device", "a b&c=\xC3\xA9",
                                "-kind", "k", "-text", "50%", "-since", "5",
                                "-until", "2026-01-01", "-after", "3",
                                "-before", "9", "-limit", "7"),
                     "");
    ck_assert_str_eq(last_path(),
                     "/events?device_id=a%20b%26c%3D%C3%A9&kind=k&text=50%25"
                     "&since=5&until=1767225600000&after=3&before=9&limit=7");
    answer(200, "{\"runs\":[],\"next\":null}");
    (void)ctl_prints(url, "runs", "-status", "error", "-before", "8");
    ck_assert_str_eq(last_path(), "/runs?before=8&status=error&limit=1000");
    answer(200, "{\"devices\":[],\"next\":null}");
    (void)ctl_prints(url, "devices");
    ck_assert_str_eq(last_path(), "/devices?limit=1000");
}
END_TEST

START_TEST(test_pages_are_one_answer)
{
    answer(200, "{\"devices\":[{\"id\":1,\"device_id\":\"a\"}],\"next\":1}");
    answer(200, "{\"devices\":[{\"id\":2,\"device_id\":\"b\"}],\"next\":2}");
    ck_assert_int_eq(ctl(url, "devices", "-limit", "2", "-format", "csv"), 0);
    ck_assert_str_eq(ctl_out, "id,device_id,label,last_seen_at\r\n"
                              "1,a,,\r\n2,b,,\r\n");
    ck_assert_contains(ctl_err, "-after 2,");
    ck_assert_str_eq(last_path(), "/devices?after=1&limit=1");
}
END_TEST

START_TEST(test_pages_that_do_not_move_on_have_an_end)
{
    static const struct {
        const char *command[4];
        const char *body;
    } questions[] = {
        {{"events", "-format", "csv"}, "{\"events\":[],\"next\":7}"},
        {{"events", "-after=7"}, "{\"events\":[],\"next\":6}"},
        {{"devices", "-after=7"}, "{\"devices\":[],\"next\":-1}"},
        {{"dead-letters"}, "{\"dead_letters\":[],\"next\":7}"},
        {{"runs"}, "{\"runs\":[],\"next\":7}"},
        {{"runs", "-before=7"}, "{\"runs\":[],\"next\":8}"},
        {{"runs"}, "{\"runs\":[],\"next\":-7}"},
    };
    const char *const *words = questions[_i].command;

    upstream_set_default(
        upstream,
        (struct upstream_answer){.status = 200, .body = questions[_i].body});
    ck_assert_int_eq(ctl_end(process_spawn("COLLECTORCTL", url, words[0],
                                           words[1], words[2], NULL)),
                     1);
    ck_assert_contains(ctl_err, "it does not answer as a collector does");
    ck_assert_uint_le(upstream_request_count(upstream), 2);
}
END_TEST

START_TEST(test_pages_back_from_the_latest_have_an_end)
{
    answer(200, "{\"ledger\":{\"accepted\":9},\"store\":{}}");
    answer(200, "{\"events\":[{\"id\":9}],\"next\":9}");
    answer(200, "{\"events\":[{\"id\":8}],\"next\":9}");
    ck_assert_int_eq(ctl(url, "tail"), 1);
    ck_assert_contains(ctl_err, "it does not answer as a collector does");
    ck_assert_uint_eq(upstream_request_count(upstream), 3);
}
END_TEST

START_TEST(test_an_event_that_is_none_is_an_answer)
{
    answer(404, "{\"error\":\"no such event\",\"id\":9,\"fate\":\"unknown\"}");
    ck_assert_contains(ctl_prints(url, "event", "9"), "unknown\n");
    ck_assert_str_eq(last_path(), "/events/9");
    answer(404, "{\"error\":\"not found\"}");
    ck_assert_int_eq(ctl(url, "event", "9"), 1);
    ck_assert_contains(ctl_err, "404: not found; is a collector there");
}
END_TEST

START_TEST(test_what_is_no_collector_is_said)
{
    static const char *const bodies[] = {"<html>",
                                         "",
                                         "{}",
                                         "[]",
                                         "{\"events\":7}",
                                         "{\"events\":[7]}",
                                         "{\"events\":[{]}",
                                         "{\"next\":null,\"events\":[]"};
    size_t i;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        answer(200, bodies[i]);
        ck_assert_int_eq(ctl(url, "events"), 1);
        ck_assert_contains(ctl_err, "it does not answer as a collector does");
    }
    answer(200, "<html>");
    ck_assert_int_eq(ctl(url, "stats"), 1);
    ck_assert_contains(ctl_err, "as a collector does");
    answer(200, "<html>");
    ck_assert_int_eq(ctl(url, "health"), 1);
    answer(200, "{\"replayed\":\"all\"}");
    ck_assert_int_eq(ctl(url, "dead-letters", "replay"), 1);
    ck_assert_contains(ctl_err, "as a collector does");
}
END_TEST

START_TEST(test_a_collector_that_is_not_well_is_said)
{
    answer(503, "{\"ok\":false,\"reasons\":[\"a\\u001b[2J\",\"b\"],"
                "\"warnings\":[\"c\"]}");
    ck_assert_int_eq(ctl(url, "health"), 1);
    ck_assert_str_eq(ctl_out, "not healthy: a\\x1b[2J; b; warning: c\n");
    answer(401, "{\"error\":\"a token is needed\"}");
    ck_assert_str_eq(ctl_prints(url, "health", "-live"), "it serves\n");
    answer(401, "{\"error\":\"a token is needed\"}");
    ck_assert_int_eq(ctl(url, "health"), 1);
    answer(503, "{\"error\":\"stopping \\u009b31m\"}");
    ck_assert_int_eq(ctl(url, "events"), 1);
    ck_assert_contains(ctl_err, ": 503: stopping ");
    ck_assert_ptr_null(strstr(ctl_err, "\xC2\x9B"));
}
END_TEST

START_TEST(test_redirects_are_not_followed)
{
    upstream_script(
        upstream, (struct upstream_answer){
                      .status = 302,
                      .headers = support_format("Location: %s/other\r\n", url),
                  });
    ck_assert_int_eq(ctl(url, "stats", "-token-file", token_file(TOKEN)), 1);
    ck_assert_contains(ctl_err, ": 302");
    ck_assert_uint_eq(upstream_request_count(upstream), 1);
    ck_assert_str_eq(
        upstream_header(upstream_request(upstream, 0), "Authorization"),
        "Bearer " TOKEN);
}
END_TEST

START_TEST(test_silence_has_an_end)
{
    upstream_script(upstream, (struct upstream_answer){.trick = UPSTREAM_HANG});
    ck_assert_int_eq(ctl(url, "stats", "-timeout", "100ms"), 1);
    ck_assert_contains(ctl_err, "timed out");
    upstream_script(upstream, (struct upstream_answer){.trick = UPSTREAM_CUT,
                                                       .body = "{\"ok\":"});
    ck_assert_int_eq(ctl(url, "health"), 1);
    ck_assert_str_eq(ctl_out, "");
}
END_TEST

START_TEST(test_an_answer_has_room_and_an_end)
{
    static const char json[] = "{\"events\":[]}";
    const size_t space_count = REMOTE_ANSWER_SIZE_MAX - strlen(json);

    answer(200, support_format("%s%s", support_repeat(" ", space_count), json));
    ck_assert_str_eq(ctl_prints(url, "events"), "");
    answer(200,
           support_format("%s %s", support_repeat(" ", space_count), json));
    ck_assert_int_eq(ctl(url, "events"), 1);
    ck_assert_contains(ctl_err, "its answer is too long");
}
END_TEST

START_TEST(test_a_copy_that_is_not_whole_is_none)
{
    const char *copy = support_path(dir, "copy.sqlite");

    upstream_script(upstream, (struct upstream_answer){.trick = UPSTREAM_CUT,
                                                       .body = "SQLite for"});
    ck_assert_int_eq(ctl(url, "snapshot", copy), 1);
    answer(200, "<html>");
    ck_assert_int_eq(ctl(url, "snapshot", copy), 1);
    ck_assert_contains(ctl_err, "what came is no database");
    answer(503, "{\"error\":\"another snapshot is being taken\"}");
    ck_assert_int_eq(ctl(url, "snapshot", copy), 1);
    ck_assert_contains(ctl_err, "another snapshot");
    ck_assert_int_eq(support_file_size(copy), -1);
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp"), 0);
}
END_TEST

START_TEST(test_nothing_takes_the_place_of_standard_output)
{
    const char *err = support_path(dir, "err");
    int status;

    /* More than is written at the end, when the connection is closed; and it
     * would be descriptor 1, and be sent the results. */
    answer(200, support_format("{\"events\":[{\"payload\":\"%s\"}]}",
                               support_repeat("x", 20000)));
    status =
        system(/* NOLINT(cert-env33-c): a shell closes it */
               support_format("\"$COLLECTORCTL\" %s events -limit 1 2>'%s' >&-",
                              url, err));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
    ck_assert_contains(support_read_file(err), "Bad file descriptor");
}
END_TEST

START_TEST(test_what_is_here_is_asked_without_a_proxy)
{
    ck_assert_int_eq(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    answer(200, "{\"ok\":true}");
    ck_assert_str_eq(ctl_prints(url, "health", "-live"), "it serves\n");
    ck_assert_int_eq(ctl("http://192.0.2.1:9", "health", "-live"), 1);
    ck_assert_contains(ctl_err, "127.0.0.1 port 1 ");
}
END_TEST

START_TEST(test_a_copy_can_be_stopped)
{
    const char *copy = support_path(dir, "copy.sqlite");
    struct daemon *run;

    upstream_script(upstream, (struct upstream_answer){.trick = UPSTREAM_HANG});
    run = process_spawn("COLLECTORCTL", url, "snapshot", copy, NULL);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    daemon_signal(run, SIGINT);
    ck_assert_int_eq(ctl_end(run), 1);
    ck_assert_contains(ctl_err, "stopped");
    ck_assert_int_eq(support_file_size(copy), -1);
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp"), 0);
}
END_TEST

static void
add_fakes(Suite *suite)
{
    TCase *fake =
        support_add_case(suite, "fake", setup_fake, site_teardown_upstream);

    tcase_add_test(fake, test_an_option_that_is_for_a_list_deletes_nothing);
    tcase_add_test(fake, test_questions_are_asked_as_they_are_meant);
    tcase_add_test(fake, test_pages_are_one_answer);
    tcase_add_loop_test(fake, test_pages_that_do_not_move_on_have_an_end, 0, 7);
    tcase_add_test(fake, test_pages_back_from_the_latest_have_an_end);
    tcase_add_test(fake, test_an_event_that_is_none_is_an_answer);
    tcase_add_test(fake, test_what_is_no_collector_is_said);
    tcase_add_test(fake, test_a_collector_that_is_not_well_is_said);
    tcase_add_test(fake, test_redirects_are_not_followed);
    tcase_add_test(fake, test_silence_has_an_end);
    tcase_add_test(fake, test_an_answer_has_room_and_an_end);
    tcase_add_test(fake, test_a_copy_that_is_not_whole_is_none);
    tcase_add_test(fake, test_nothing_takes_the_place_of_standard_output);
    tcase_add_test(fake, test_what_is_here_is_asked_without_a_proxy);
    tcase_add_test(fake, test_a_copy_can_be_stopped);
}

int
main(void)
{
    Suite *suite = suite_create("collectorctl_url");
    TCase *real = support_add_case(suite, "real", setup, teardown);

    tcase_add_test(real, test_stats_are_those_of_the_collector);
    tcase_add_test(real, test_health_is_that_of_the_collector);
    tcase_add_test(real, test_a_snapshot_is_whole_and_replaces_nothing);
    tcase_add_test(real, test_letters_are_listed_replayed_and_purged);
    tcase_add_test(real, test_tokens_come_from_a_file);
    add_fakes(suite);
    return support_run_suite(suite);
}
