/* SPDX-License-Identifier: MIT */
/*
 * A service manager hears that it is ready when it is, that it is alive as long
 * as a restart would mend nothing, and that it reloads or stops; one that does
 * not listen is no trouble.
 */
#include "notify.h"
#include "site.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/** So long must a silence be that is no chance: several times as long as
 *  between two messages. */
#define SILENCE_MS 2500

static struct notify *notify;
static struct daemon *collectord;

static void
setup(void)
{
    site_setup_upstream();
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    notify = notify_new(support_path(dir, "notify"));
}

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
    notify_free(notify);
    site_teardown_upstream();
}

static void
set_watchdog(const char *microseconds)
{
    ck_assert_int_eq(setenv("WATCHDOG_USEC", microseconds, 1), 0);
}

/** Start, and wait until it is said to be ready. */
static void
start(const char *option, const char *value)
{
    collectord =
        daemon_spawn("-db", db, "-addr", "127.0.0.1:0", option, value, NULL);
    (void)notify_wait(notify, 0, "READY=1");
}

START_TEST(test_it_is_ready_when_it_serves)
{
    if (_i == 1) {
        notify_free(notify);
        notify = notify_new(support_format("@collectord-%d", (int)getpid()));
    }
    start(NULL, NULL);
    ck_assert_str_eq(notify_message(notify, 0), "READY=1");
    /* It has said where by then, or the pipe is slower than the socket. */
    http_get(daemon_port(collectord), "/livez", &response);
    ck_assert_int_eq(response.status, 200);
}
END_TEST

START_TEST(test_what_can_not_start_is_never_ready)
{
    start(NULL, NULL);
    daemon_free(daemon_spawn("-version", NULL));
    ck_assert_uint_eq(notify_count_of(notify, "READY=1"), 1);
    daemon_free(collectord);
    collectord = daemon_spawn("-db", dir, "-addr", "127.0.0.1:0", NULL);
    daemon_assert_exits(collectord, 1);
    notify_listen(notify, 100);
    ck_assert_uint_eq(notify_count_of(notify, "READY=1"), 1);
}
END_TEST

START_TEST(test_the_status_says_how_it_goes)
{
    start("-sink", "log");
    ck_assert_contains(notify_wait(notify, 0, "STATUS="),
                       "STATUS=Keeping and delivering events, 0 pending");
    notify_listen(notify, SILENCE_MS / 2);
    ck_assert_uint_eq(notify_count_of(notify, "WATCHDOG=1"), 0);
}
END_TEST

static const struct {
    const char *microseconds;
    const char *pid;
} no_watchdogs[] = {
    {"400000", "1"}, {"400000", "none"}, {"0", NULL}, {"often", NULL}};

START_TEST(test_a_watchdog_of_somebody_else_is_not_fed)
{
    set_watchdog(no_watchdogs[_i].microseconds);
    if (no_watchdogs[_i].pid != NULL)
        ck_assert_int_eq(setenv("WATCHDOG_PID", no_watchdogs[_i].pid, 1), 0);
    start(NULL, NULL);
    notify_listen(notify, SILENCE_MS / 2);
    ck_assert_uint_eq(notify_count_of(notify, "WATCHDOG=1"), 0);
}
END_TEST

/** Wait until it was fed once more. */
static void
wait_fed(void)
{
    (void)notify_wait(notify, notify_count(notify), "WATCHDOG=1");
}

START_TEST(test_a_watchdog_is_fed_in_time)
{
    size_t last;
    int i;

    set_watchdog("6000000");
    start("-auth-health", NULL);
    wait_fed();
    for (i = 0; i < 2; i++) {
        last = notify_count(notify) - 1;
        wait_fed();
        ck_assert_int_lt(notify_at_ms(notify, notify_count(notify) - 1) -
                             notify_at_ms(notify, last),
                         6000);
    }
}
END_TEST

START_TEST(test_with_tokens_for_health_it_is_fed_too)
{
    const char *path = support_path(dir, "tokens");

    support_write_file(path, "read 0123456789abcdef\n");
    set_watchdog("400000");
    collectord =
        daemon_start(db, "-auth-token-file", path, "-auth-health", NULL);
    wait_fed();
}
END_TEST

START_TEST(test_an_upstream_that_is_gone_is_no_reason_for_a_restart)
{
    set_watchdog("400000");
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), NULL);
    upstream_set_default(upstream, (struct upstream_answer){.status = 503});
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_contains(notify_wait(notify, 0, "in a row failed"), "WATCHDOG=1");
    ck_assert_contains(notify_wait(notify, 0, "in a row failed"),
                       "Keeping events, 1 pending");
}
END_TEST

/** Requests that hold all threads, as long as nobody can write to the file. */
#define HELD_COUNT 8

static void
hold_threads(struct client *clients[HELD_COUNT])
{
    int i;

    for (i = 0; i < HELD_COUNT; i++) {
        clients[i] = client_open(daemon_port(collectord));
        ck_assert(client_post(clients[i], EVENT));
    }
}

START_TEST(test_a_server_that_answers_nobody_is_not_said_to_live)
{
    struct client *clients[HELD_COUNT];
    sqlite3 *writer = NULL;
    size_t before;
    int i;

    set_watchdog("400000");
    start("-http-threads", "1");
    wait_fed();
    ck_assert_int_eq(sqlite3_open(db, &writer), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(writer, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    hold_threads(clients);
    ck_assert(daemon_says(collectord, "error no answer from /livez"));
    notify_listen(notify, 0);
    before = notify_count_of(notify, "WATCHDOG=1");
    notify_listen(notify, SILENCE_MS / 2);
    ck_assert_uint_eq(notify_count_of(notify, "WATCHDOG=1"), before);
    ck_assert_int_eq(sqlite3_close(writer), SQLITE_OK);
    wait_fed();
    for (i = 0; i < HELD_COUNT; i++)
        client_free(clients[i]);
}
END_TEST

/** A pipe that nobody empties holds the sink up for good. */
START_TEST(test_an_uploader_that_is_stuck_is_not_said_to_live)
{
    const char *pipe_path = support_path(dir, "pipe");
    const char *event =
        support_format("{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":"
                       "\"%s\"}",
                       support_repeat("x", 60000));
    size_t fed;
    int i;

    ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
    set_watchdog("2000000");
    collectord = daemon_start(db, "-sink", "file", "-file-path", pipe_path,
                              "-drain-timeout", "0", NULL);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(site_post(collectord, event), 200);
    (void)notify_wait(notify, 0, "STATUS=The uploader is stuck");
    fed = notify_count_of(notify, "WATCHDOG=1");
    ck_assert_uint_gt(fed, 20);
    notify_listen(notify, SILENCE_MS);
    ck_assert_uint_eq(notify_count_of(notify, "WATCHDOG=1"), fed);
    ck_assert(daemon_says(collectord, "error the uploader is stuck"));
}
END_TEST

START_TEST(test_a_reload_is_announced_and_over)
{
    const char *path = support_path(dir, "config.json");
    const char *message;
    size_t i;

    support_write_file(path, "{}");
    start("-config", path);
    support_write_file(path, _i == 0 ? "{}" : "{");
    i = notify_count(notify);
    daemon_signal(collectord, SIGHUP);
    message = notify_wait(notify, i, "RELOADING=1");
    ck_assert_contains(message, "\nMONOTONIC_USEC=");
    ck_assert_int_gt(atoll(strstr(message, "USEC=") + strlen("USEC=")), 0);
    while (notify_message(notify, i) != message)
        ck_assert_str_ne(notify_message(notify, i++), "READY=1");
    ck_assert_str_eq(notify_wait(notify, i, "READY=1"), "READY=1");
    ck_assert(daemon_says(collectord, _i == 0 ? "info reloaded\n"
                                              : "error nothing was reloaded"));
}
END_TEST

START_TEST(test_a_stop_asks_for_as_long_as_it_may_take)
{
    const char *message;

    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-drain-timeout",
                              "123s", NULL);
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    daemon_signal(collectord, SIGTERM);
    message = notify_wait(notify, 0, "STOPPING=1");
    ck_assert_contains(message, "\nEXTEND_TIMEOUT_USEC=");
    ck_assert_int_ge(atoll(strstr(message, "USEC=") + strlen("USEC=")),
                     123000000);
    ck_assert_int_eq(daemon_wait(collectord, 200), DAEMON_RUNNING);
}
END_TEST

START_TEST(test_a_manager_that_does_not_listen_is_no_trouble)
{
    const char *const addresses[] = {"", "@", "/nowhere/at/all",
                                     support_repeat("/x", 100)};

    ck_assert_int_eq(setenv("NOTIFY_SOCKET", addresses[_i], 1), 0);
    set_watchdog("400000");
    collectord = daemon_start(db, NULL);
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    daemon_stop(collectord);
    collectord = NULL;
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_supervisor");
    TCase *words = support_add_case(suite, "words", setup, teardown);
    TCase *watchdog = support_add_case(suite, "watchdog", setup, teardown);
    TCase *stuck = support_add_case(suite, "stuck", setup, teardown);

    tcase_add_loop_test(words, test_it_is_ready_when_it_serves, 0, 2);
    tcase_add_test(words, test_what_can_not_start_is_never_ready);
    tcase_add_test(words, test_the_status_says_how_it_goes);
    tcase_add_loop_test(words, test_a_reload_is_announced_and_over, 0, 2);
    tcase_add_test(words, test_a_stop_asks_for_as_long_as_it_may_take);
    tcase_add_loop_test(
        words, test_a_manager_that_does_not_listen_is_no_trouble, 0, 4);
    tcase_add_loop_test(watchdog, test_a_watchdog_of_somebody_else_is_not_fed,
                        0, sizeof(no_watchdogs) / sizeof(no_watchdogs[0]));
    tcase_add_test(watchdog, test_a_watchdog_is_fed_in_time);
    tcase_add_test(watchdog, test_with_tokens_for_health_it_is_fed_too);
    tcase_add_test(watchdog,
                   test_an_upstream_that_is_gone_is_no_reason_for_a_restart);
    tcase_add_test(watchdog,
                   test_a_server_that_answers_nobody_is_not_said_to_live);
    /* As long as it takes to be taken for stuck, and on a busy machine. */
    tcase_set_timeout(stuck, 100);
    tcase_add_test(stuck, test_an_uploader_that_is_stuck_is_not_said_to_live);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
