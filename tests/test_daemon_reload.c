/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP takes over what can change without a restart, all of it or nothing,
 * says what has changed or why nothing has.
 */
#include "reload.h"
#include "usage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OLD "old-0123456789abc"
#define NEW "new-0123456789abc"

static const char *tokens;

static void
setup(void)
{
    reload_setup();
    tokens = support_path(dir, "tokens");
    support_write_file(tokens, "admin " OLD "\n");
}

/** The status for somebody with this token, or with none. */
static int
ask(const char *token)
{
    http_request(daemon_port(reload_daemon), "GET", "/stats",
                 token != NULL
                     ? support_format("Authorization: Bearer %s\r\n", token)
                     : NULL,
                 NULL, &response);
    return response.status;
}

START_TEST(test_tokens_are_changed)
{
    reload_start("{}", "-auth-token-file", tokens);
    ck_assert_int_eq(ask(OLD), 200);
    ck_assert_int_eq(ask(NEW), 401);
    support_write_file(tokens, "admin " NEW "\nread 0123456789abcdef\n");
    ck_assert_int_eq(ask(NEW), 401);
    ck_assert(reload_now());
    ck_assert_int_eq(ask(OLD), 401);
    ck_assert_int_eq(ask(NEW), 200);
    reload_assert_said("info there are 2 tokens now, others than before\n");
    ck_assert(reload_now());
    ck_assert_uint_eq(
        support_occurrences(daemon_stderr(reload_daemon), "others than before"),
        1);
    reload_assert_unsaid("0123456789");
}
END_TEST

START_TEST(test_tokens_come_and_go)
{
    const char *json = support_format("{\"auth-token-file\": \"%s\"}", tokens);

    reload_start("{}", NULL, NULL);
    ck_assert_int_eq(ask(NULL), 200);
    ck_assert(reload_with(json));
    ck_assert_int_eq(ask(NULL), 401);
    ck_assert_int_eq(ask(OLD), 200);
    reload_assert_said("-auth-token-file was not set, and is ");
    http_get(daemon_port(reload_daemon), "/livez", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert(reload_with(support_format(
        "{\"auth-token-file\": \"%s\", \"auth-health\": true}", tokens)));
    http_get(daemon_port(reload_daemon), "/livez", &response);
    ck_assert_int_eq(response.status, 401);
    ck_assert(reload_with("{}"));
    ck_assert_int_eq(ask(NULL), 200);
}
END_TEST

START_TEST(test_a_broken_token_file_keeps_the_old_ones)
{
    reload_start("{\"max-backlog\": 7}", "-auth-token-file", tokens);
    support_write_file(tokens, "admin " NEW "\n\nwrite " NEW "\n");
    ck_assert(!reload_with("{\"max-backlog\": 8, \"sink\": \"file\","
                           " \"file-path\": \"/nowhere/file\"}"));
    reload_assert_said(
        "tokens:3: expected ingest, read or admin, and a token\n");
    reload_assert_unsaid("0123456789");
    reload_assert_unsaid(", and is ");
    ck_assert_int_eq(ask(NEW), 401);
    ck_assert_int_eq(ask(OLD), 200);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 7);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    ck_assert_int_eq(unlink(tokens), 0);
    ck_assert(!reload_now());
    ck_assert_int_eq(ask(OLD), 200);
    support_write_file(tokens, "admin " NEW "\n");
    ck_assert(reload_now());
    ck_assert_int_eq(ask(NEW), 200);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 8);
}
END_TEST

START_TEST(test_limits_of_the_backlog_are_in_force_at_once)
{
    reload_start(reload_hanging(", \"max-backlog\": 2"), NULL, NULL);
    site_post_events(reload_daemon, 2);
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 503);
    ck_assert(reload_with(reload_hanging(", \"max-backlog\": 3")));
    reload_assert_said("info -max-backlog was 2, and is 3\n");
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 200);
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 503);
    ck_assert(reload_with(
        reload_hanging(", \"max-backlog\": 3, \"overflow\": \"drop-oldest\"")));
    reload_assert_said(
        "info -overflow was \"reject\", and is \"drop-oldest\"\n");
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 200);
    http_get(daemon_port(reload_daemon), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "ledger.dropped"), 1);
    ck_assert_int_eq(response_int(&response, "ledger.pending"), 3);
}
END_TEST

START_TEST(test_size_and_retention_are_in_force_at_once)
{
    reload_start("{}", NULL, NULL);
    site_post_events(reload_daemon, 5);
    site_wait_drained();
    ck_assert_int_eq(site_event_count(), 5);
    ck_assert(reload_with("{\"retain\": 0, \"max-size\": \"2MiB\"}"));
    reload_assert_said("info -retain was \"168h\", and is \"0ms\"\n");
    reload_assert_said("info -max-size was \"1GiB\", and is \"2MiB\"\n");
    ck_assert_eventually(site_event_count() == 0);
    http_get(daemon_port(reload_daemon), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.size_max"),
                     2 * 1024 * 1024);
}
END_TEST

START_TEST(test_what_takes_a_restart_is_named_and_left)
{
    reload_start("{\"mode\": \"serialized\"}", NULL, NULL);
    ck_assert(reload_with("{\"mode\": \"concurrent\", \"http-threads\": 3,"
                          " \"log-format\": \"json\", \"indexed\": true,"
                          " \"max-backlog\": 9}"));
    reload_assert_said(
        "warning -mode is still \"serialized\": \"concurrent\" takes a "
        "restart\n");
    reload_assert_said(
        "warning -http-threads is still 256: 3 takes a restart\n");
    reload_assert_said(
        "warning -log-format is still \"text\": \"json\" takes a "
        "restart\n");
    reload_assert_said(
        "warning -indexed is still false: true takes a restart\n");
    reload_assert_said("info -max-backlog was 50000, and is 9\n");
    http_get(daemon_port(reload_daemon), "/stats", &response);
    ck_assert_str_eq(response_text(&response, "store.mode"), "serialized");
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 9);
    /* It is still named when asked again, since it still is not done. */
    ck_assert(reload_now());
    ck_assert_uint_eq(support_occurrences(daemon_stderr(reload_daemon),
                                          "warning -mode is still"),
                      2);
    ck_assert_uint_eq(
        support_occurrences(daemon_stderr(reload_daemon), "-max-backlog was"),
        1);
}
END_TEST

/** Files that must not be taken over, and what is said of each. */
static const struct {
    const char *json;
    const char *words;
} mistakes[] = {
    {"{\n\"max-backlog\": 8,\n\"max-size\"", "config.json:3: expected JSON"},
    {"{\"max-backlog\": 8,\n\"frobnicate\": 1}",
     "config.json:2: \"frobnicate\" is not an option"},
    {"{\"max-backlog\": 8,\n\n\"retain\": true}",
     "config.json:3: \"retain\" has a value of the wrong type"},
    {"{\"max-backlog\": 8,\n\"max-backlog\": 8}", "config.json:2: "},
    {"{\"max-backlog\": 8, \"sink\": \"webhook\"}", "-webhook-url beside it"},
    {"{\"max-backlog\": 8, \"sink\": \"webhook\","
     " \"webhook-url\": \"http://u:secret@h:99999/\"}",
     "-sink \"webhook\": expected a URL"},
    {"", "config.json:1: expected JSON"},
};

START_TEST(test_a_mistake_keeps_all_as_it_was)
{
    reload_start("{\"max-backlog\": 7}", NULL, NULL);
    ck_assert(!reload_with(mistakes[_i].json));
    reload_assert_said(mistakes[_i].words);
    reload_assert_unsaid(", and is ");
    reload_assert_unsaid("secret");
    http_get(daemon_port(reload_daemon), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 7);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 200);
    ck_assert(reload_with("{\"max-backlog\": 9}"));
    reload_assert_said("-max-backlog was 7, and is 9\n");
}
END_TEST

START_TEST(test_flags_still_win)
{
    reload_start("{\"max-backlog\": 7}", "-max-backlog", "5");
    ck_assert(reload_with("{\"max-backlog\": 9}"));
    http_get(daemon_port(reload_daemon), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 5);
    reload_assert_unsaid("-max-backlog was");
}
END_TEST

START_TEST(test_without_a_config_file_the_tokens_are_read_again)
{
    reload_daemon = daemon_start(db, "-auth-token-file", tokens, NULL);
    support_write_file(tokens, "admin " NEW "\n");
    ck_assert(reload_now());
    ck_assert_int_eq(ask(NEW), 200);
    reload_assert_unsaid(", and is ");
}
END_TEST

START_TEST(test_many_signals_in_a_row_end_with_the_last_file)
{
    struct usage before;
    int i;

    reload_start("{}", "-auth-token-file", tokens);
    ck_assert(reload_now());
    before = usage_read(daemon_pid(reload_daemon));
    for (i = 1; i <= 200; i++) {
        support_write_file(reload_config,
                           support_format("{\"max-backlog\": %d}", i));
        daemon_signal(reload_daemon, SIGHUP);
        if (i % 20 == 0)
            ck_assert_int_eq(ask(OLD), 200);
    }
    /* One that saw the last file half written was refused; this one sees it. */
    daemon_signal(reload_daemon, SIGHUP);
    ck_assert_eventually(ask(OLD) == 200 &&
                         response_int(&response, "store.backlog_max") == 200);
    usage_assert_flat(daemon_pid(reload_daemon), &before);
}
END_TEST

START_TEST(test_a_reload_does_not_end_the_drain)
{
    upstream_set_default(upstream, (struct upstream_answer){.delay_ms = 1000});
    reload_daemon =
        daemon_start(db, "-sink", "webhook", "-webhook-url",
                     upstream_url(upstream, "/in"), "-upload-batch", "1", NULL);
    site_post_events(reload_daemon, 2);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    daemon_signal(reload_daemon, SIGTERM);
    ck_assert(daemon_says(reload_daemon, "info stopping\n"));
    daemon_signal(reload_daemon, SIGHUP);
    daemon_assert_exits(reload_daemon, 0);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 2);
    reload_assert_unsaid("reloaded");
}
END_TEST

START_TEST(test_a_signal_during_the_start_is_not_lost)
{
    support_write_file(reload_config, "{}");
    reload_daemon = daemon_spawn("-db", db, "-addr", "127.0.0.1:0", "-config",
                                 reload_config, NULL);
    ck_assert(daemon_says(reload_daemon, "info collectord "));
    daemon_signal(reload_daemon, SIGHUP);
    ck_assert_eventually(reload_answer_count() == 1);
    reload_assert_said("info reloaded\n");
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 200);
}
END_TEST

static void
add_moments(Suite *suite)
{
    TCase *moments = support_add_case(suite, "moments", setup, reload_teardown);

    tcase_add_test(moments, test_many_signals_in_a_row_end_with_the_last_file);
    tcase_add_test(moments, test_a_reload_does_not_end_the_drain);
    tcase_add_test(moments, test_a_signal_during_the_start_is_not_lost);
}

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_reload");
    TCase *access = support_add_case(suite, "access", setup, reload_teardown);
    TCase *options = support_add_case(suite, "options", setup, reload_teardown);

    tcase_add_test(access, test_tokens_are_changed);
    tcase_add_test(access, test_tokens_come_and_go);
    tcase_add_test(access, test_a_broken_token_file_keeps_the_old_ones);
    tcase_add_test(access,
                   test_without_a_config_file_the_tokens_are_read_again);
    tcase_add_test(options, test_limits_of_the_backlog_are_in_force_at_once);
    tcase_add_test(options, test_size_and_retention_are_in_force_at_once);
    tcase_add_test(options, test_what_takes_a_restart_is_named_and_left);
    tcase_add_loop_test(options, test_a_mistake_keeps_all_as_it_was, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(options, test_flags_still_win);
    add_moments(suite);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
