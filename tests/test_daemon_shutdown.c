/* SPDX-License-Identifier: MIT */
/*
 * A signal promises an orderly end: requests are finished, the backlog is
 * delivered if that can be done in time, and what can't stays in the file. The
 * second signal does not wait for any of it.
 */
#include "site.h"

#include <signal.h>
#include <stdlib.h>

/** Long before this a process that does not wait has ended, and long after it
 *  one that does. */
#define PROMPT_MS 5000

static struct daemon *
start_with_upstream(const char *drain_timeout)
{
    return daemon_start(db, "-sink", "webhook", "-webhook-url",
                        upstream_url(upstream, "/in"), "-upload-batch", "5",
                        "-upload-interval", "50ms", "-drain-timeout",
                        drain_timeout, NULL);
}

static bool
is_refusing(int port)
{
    struct client *client = client_new(port);

    client_free(client);
    return client == NULL;
}

static int64_t
pending_count(void)
{
    return support_sql_int(db, "SELECT count(*) FROM backlog");
}

START_TEST(test_signal_waits_for_the_drain)
{
    struct daemon *collectord = start_with_upstream("15s");

    upstream_set_default(upstream, (struct upstream_answer){.delay_ms = 50});
    site_post_events(collectord, 30);
    daemon_signal(collectord, _i == 0 ? SIGTERM : SIGINT);
    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 0);
    ck_assert_int_eq(pending_count(), 0);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 30);
    ck_assert_int_le(support_file_size(support_format("%s-wal", db)), 0);
    daemon_free(collectord);
}
END_TEST

START_TEST(test_drain_goes_on_through_a_failure)
{
    struct daemon *collectord = start_with_upstream("15s");

    upstream_script(upstream,
                    (struct upstream_answer){.status = 503, .delay_ms = 100});
    site_post_events(collectord, 10);
    daemon_stop(collectord);
    ck_assert_int_eq(pending_count(), 0);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 10);
}
END_TEST

START_TEST(test_drain_ends_at_its_deadline)
{
    struct daemon *collectord = start_with_upstream("400ms");
    int64_t started_ms;
    int64_t spent_ms;

    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    site_post_events(collectord, 8);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    started_ms = support_now_ms();
    daemon_signal(collectord, SIGTERM);
    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 0);
    spent_ms = support_now_ms() - started_ms;
    ck_assert_int_ge(spent_ms, 350);
    ck_assert_int_lt(spent_ms, PROMPT_MS);
    ck_assert_int_eq(pending_count(), 8);
    daemon_free(collectord);

    /* Nothing was lost on the way. */
    upstream_set_default(upstream, (struct upstream_answer){0});
    collectord = start_with_upstream("15s");
    daemon_stop(collectord);
    ck_assert_int_eq(pending_count(), 0);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 8);
}
END_TEST

START_TEST(test_second_signal_ends_it_at_once)
{
    const char *options = getenv("TSAN_OPTIONS");
    struct daemon *collectord;
    int port;

    /* Whoever ends at once has not joined its threads. */
    (void)setenv("TSAN_OPTIONS",
                 support_format("%s:report_thread_leaks=0",
                                options != NULL ? options : ""),
                 1);
    collectord = start_with_upstream("60s");
    port = daemon_port(collectord);
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    site_post_events(collectord, 8);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    daemon_signal(collectord, SIGTERM);
    ck_assert_eventually(is_refusing(port));
    ck_assert_int_eq(daemon_wait(collectord, 0), DAEMON_RUNNING);
    daemon_signal(collectord, _i == 0 ? SIGTERM : SIGINT);
    ck_assert_int_ne(daemon_wait(collectord, PROMPT_MS), DAEMON_RUNNING);
    ck_assert_int_eq(pending_count(), 8);
    daemon_free(collectord);
}
END_TEST

START_TEST(test_idle_connections_do_not_hold_it_up)
{
    struct daemon *collectord = start_with_upstream("15s");
    struct client *clients[6];
    size_t i;

    for (i = 0; i < 6; i++)
        clients[i] = client_open(daemon_port(collectord));
    for (i = 0; i < 4; i++) {
        ck_assert(client_post(clients[i], EVENT));
        ck_assert(client_read(clients[i], &response));
        ck_assert_int_eq(response.status, 200);
    }
    /* Of the others, one has said nothing, and one not all of a head. */
    ck_assert(client_print(clients[5], "POST /events HTT"));
    daemon_signal(collectord, SIGTERM);
    ck_assert_int_eq(daemon_wait(collectord, PROMPT_MS), 0);
    for (i = 0; i < 6; i++)
        client_free(clients[i]);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 4);
    daemon_free(collectord);
}
END_TEST

START_TEST(test_answers_and_file_agree_when_a_signal_meets_a_request)
{
    struct daemon *collectord = start_with_upstream("15s");
    struct client *client = client_open(daemon_port(collectord));
    bool answered;

    ck_assert(client_print(client,
                           "POST /events HTTP/1.1\r\nHost: box\r\n"
                           "Expect: 100-continue\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           strlen(EVENT)));
    ck_assert(client_read(client, &response)); /* it is in the handler now */
    ck_assert_int_eq(response.status, 100);
    ck_assert(client_send(client, EVENT, 10));
    daemon_signal(collectord, SIGTERM);
    ck_assert(client_send(client, &EVENT[10], strlen(EVENT) - 10));
    answered = client_read(client, &response) && response.status == 200;
    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 0);
    ck_assert_int_eq(site_event_count(), answered ? 1 : 0);
    ck_assert_msg(answered, "the request was not finished");
    client_free(client);
    daemon_free(collectord);
}
END_TEST

START_TEST(test_silent_request_does_not_hold_it_up_for_ever)
{
    struct daemon *collectord = start_with_upstream("15s");
    struct client *client = client_open(daemon_port(collectord));

    ck_assert(client_print(client, "POST /events HTTP/1.1\r\nHost: box\r\n"
                                   "Expect: 100-continue\r\n"
                                   "Content-Length: 100\r\n\r\n"));
    ck_assert(client_read(client, &response));
    daemon_signal(collectord, SIGTERM);
    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 0);
    ck_assert_int_eq(site_event_count(), 0);
    client_free(client);
    daemon_free(collectord);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_shutdown");
    TCase *drain = tcase_create("drain");
    TCase *requests = tcase_create("requests");

    tcase_add_checked_fixture(drain, site_setup_upstream,
                              site_teardown_upstream);
    tcase_add_loop_test(drain, test_signal_waits_for_the_drain, 0, 2);
    tcase_add_test(drain, test_drain_goes_on_through_a_failure);
    tcase_add_test(drain, test_drain_ends_at_its_deadline);
    tcase_add_loop_test(drain, test_second_signal_ends_it_at_once, 0, 2);
    suite_add_tcase(suite, drain);
    tcase_add_checked_fixture(requests, site_setup_upstream,
                              site_teardown_upstream);
    tcase_add_test(requests, test_idle_connections_do_not_hold_it_up);
    tcase_add_test(requests,
                   test_answers_and_file_agree_when_a_signal_meets_a_request);
    tcase_add_test(requests, test_silent_request_does_not_hold_it_up_for_ever);
    suite_add_tcase(suite, requests);
    return support_run_suite(suite);
}
