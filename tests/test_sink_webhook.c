/* SPDX-License-Identifier: MIT */
/*
 * The webhook sink promises that a batch is delivered only when the receiver
 * has said 2xx and finished saying it; that it returns in bounded time whatever
 * the receiver does; and that a cancel ends it, and spoils nothing.
 */
#include "hook.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** Long before this a time-out of TIMEOUT_MS has struck. */
#define PROMPT_MS 10000
#define TIMEOUT_MS 2000

/** It was not delivered, and there are words for it. */
static void
check_report(int status)
{
    const struct collector_delivery delivery = hook_deliver();

    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_int_eq(delivery.status, status);
    ck_assert_str_ne(delivery.error, "");
    ck_assert_uint_eq(fixture_pending(&hook.fixture), 5);
}

/** The same, within bounded time. */
static void
check_retry(int status)
{
    const int64_t start = support_now_ms();

    check_report(status);
    ck_assert_int_lt(support_now_ms() - start, PROMPT_MS);
}

static const struct {
    int status;
    enum collector_delivery_result result;
} statuses[] = {
    {200, COLLECTOR_DELIVERED}, {201, COLLECTOR_DELIVERED},
    {202, COLLECTOR_DELIVERED}, {204, COLLECTOR_DELIVERED},
    {299, COLLECTOR_DELIVERED}, {400, COLLECTOR_REJECTED},
    {413, COLLECTOR_REJECTED},  {415, COLLECTOR_REJECTED},
    {422, COLLECTOR_REJECTED},  {300, COLLECTOR_RETRY},
    {301, COLLECTOR_RETRY},     {302, COLLECTOR_RETRY},
    {303, COLLECTOR_RETRY},     {304, COLLECTOR_RETRY},
    {307, COLLECTOR_RETRY},     {308, COLLECTOR_RETRY},
    {401, COLLECTOR_RETRY},     {402, COLLECTOR_RETRY},
    {403, COLLECTOR_RETRY},     {404, COLLECTOR_RETRY},
    {405, COLLECTOR_RETRY},     {407, COLLECTOR_RETRY},
    {408, COLLECTOR_RETRY},     {409, COLLECTOR_RETRY},
    {410, COLLECTOR_RETRY},     {418, COLLECTOR_RETRY},
    {425, COLLECTOR_RETRY},     {429, COLLECTOR_RETRY},
    {499, COLLECTOR_RETRY},     {500, COLLECTOR_RETRY},
    {501, COLLECTOR_RETRY},     {502, COLLECTOR_RETRY},
    {503, COLLECTOR_RETRY},     {504, COLLECTOR_RETRY},
    {599, COLLECTOR_RETRY},     {999, COLLECTOR_RETRY},
};

START_TEST(test_a_status_means_what_the_table_says)
{
    const struct upstream_answer answer = {.status = statuses[_i].status};
    struct collector_delivery delivery;

    upstream_script(hook.upstream, answer);
    delivery = hook_deliver();
    ck_assert_int_eq(delivery.result, statuses[_i].result);
    ck_assert_int_eq(delivery.status, statuses[_i].status);
    ck_assert_int_eq(delivery.retry_after_ms, 0);
    ck_assert_str_eq(delivery.error,
                     statuses[_i].result == COLLECTOR_DELIVERED
                         ? ""
                         : support_format("HTTP %d", statuses[_i].status));
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 1);
}
END_TEST

static const int redirects[] = {301, 302, 303, 307, 308};

START_TEST(test_a_redirect_is_not_followed)
{
    struct upstream *target = upstream_new();
    const struct upstream_answer answer = {
        .status = redirects[_i],
        .headers =
            support_format("Location: %s\r\n", upstream_url(target, "/"))};

    upstream_script(hook.upstream, answer);
    check_retry(redirects[_i]);
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 1);
    ck_assert_uint_eq(upstream_request_count(target), 0);
    upstream_free(target);
}
END_TEST

static const char *
http_date(int64_t seconds_from_now)
{
    const time_t then = time(NULL) + (time_t)seconds_from_now;
    struct tm fields;
    char text[64];

    ck_assert_ptr_nonnull(gmtime_r(&then, &fields));
    ck_assert_uint_gt(
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &fields), 0);
    return support_format("%s", text);
}

/** The rest that is reported when an answer asks for this. */
static int64_t
reported_rest(int status, const char *retry_after)
{
    const struct upstream_answer answer = {
        .status = status,
        .headers = support_format("Retry-After: %s\r\n", retry_after)};

    upstream_script(hook.upstream, answer);
    return hook_deliver().retry_after_ms;
}

START_TEST(test_retry_after_is_reported_in_both_forms)
{
    int64_t rest;

    ck_assert_int_eq(reported_rest(503, "120"), 120000);
    ck_assert_int_eq(reported_rest(429, "1"), 1000);
    ck_assert_int_eq(reported_rest(301, "7"), 7000);
    rest = reported_rest(503, http_date(1000));
    ck_assert_int_le(rest, 1001 * 1000);
    ck_assert_int_ge(rest, 900 * 1000);
}
END_TEST

START_TEST(test_a_useless_retry_after_is_none)
{
    ck_assert_int_eq(reported_rest(503, "0"), 0);
    ck_assert_int_eq(reported_rest(503, "soon"), 0);
    ck_assert_int_eq(reported_rest(503, http_date(-1000)), 0);
    ck_assert_int_eq(reported_rest(503, "-5"), 0);
}
END_TEST

START_TEST(test_an_endless_retry_after_does_not_overflow)
{
    ck_assert_int_ge(reported_rest(503, "9223372036854775807"),
                     COLLECTOR_RETRY_AFTER_MS_MAX);
    ck_assert_int_ge(reported_rest(503, "9223372036854776"),
                     COLLECTOR_RETRY_AFTER_MS_MAX);
}
END_TEST

START_TEST(test_nobody_listening_is_a_retry)
{
    struct upstream *gone = upstream_new();

    hook.options.url = upstream_url(gone, "/");
    upstream_free(gone);
    check_retry(0);
}
END_TEST

static const struct {
    struct upstream_answer answer;
    int status;
} breakdowns[] = {
    {{.trick = UPSTREAM_HANG}, 0},
    {{.trick = UPSTREAM_CLOSE}, 0},
    {{.trick = UPSTREAM_CUT, .body = "ok"}, 200},
    {{.trick = UPSTREAM_CUT}, 200},
    {{.trick = UPSTREAM_CUT, .status = 205, .body = "x"}, 205},
    {{.trick = UPSTREAM_CUT, .status = 400, .body = "bad"}, 400},
    {{.held = true}, 0},
    {{.raw = "HTTP/1.1 200 OK\r\n"}, 200},
    {{.raw = "HTTP/1.1 200 OK\r\nContent-Le"}, 200},
    {{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 20"}, 200},
    {{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Le"}, 200},
    {{.raw = "HTTP/1.1 204 No Content\r\nX: y"}, 204},
    {{.raw = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"}, 200},
};

START_TEST(test_an_answer_that_does_not_come_whole_is_a_retry)
{
    const struct upstream_answer *answer = &breakdowns[_i].answer;

    if (answer->trick == UPSTREAM_HANG || answer->held)
        hook.options.timeout_ms = TIMEOUT_MS;
    upstream_script(hook.upstream, *answer);
    check_retry(breakdowns[_i].status);
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 1);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
}
END_TEST

START_TEST(test_a_time_out_is_called_one)
{
    const struct upstream_answer hang = {.trick = UPSTREAM_HANG};

    hook.options.timeout_ms = TIMEOUT_MS;
    upstream_script(hook.upstream, hang);
    ck_assert_contains(hook_deliver().error, "timed out");
}
END_TEST

/** An answer with a body of this size. */
static struct upstream_answer
answer_of_size(size_t size)
{
    char *body = support_alloc(size + 1);

    memset(body, 'b', size);
    return (struct upstream_answer){.body = body};
}

START_TEST(test_an_answer_of_32_mib_is_read_and_a_larger_one_cut)
{
    upstream_script(hook.upstream, answer_of_size(32 * 1024 * 1024 + 1));
    upstream_script(hook.upstream, answer_of_size(32 * 1024 * 1024));
    check_report(200); /* so much takes its time */
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
}
END_TEST

START_TEST(test_the_connection_is_used_again)
{
    int i;

    for (i = 0; i < 2; i++)
        ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    upstream_script(hook.upstream, (struct upstream_answer){.status = 503});
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_RETRY);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 4);
    for (i = 0; i < 4; i++)
        ck_assert_uint_eq(
            upstream_request(hook.upstream, (size_t)i)->connection, 1);
    ck_assert_int_eq(upstream_confirmed_id(hook.upstream), 5);
}
END_TEST

/** Cancel what is under way once the upstream has it. */
static void *
cancel_when_sent(void *userdata)
{
    const size_t request_count = *(const size_t *)userdata;

    (void)upstream_wait_requests(hook.upstream, request_count, SUPPORT_WAIT_MS);
    collector_sink_cancel(hook.sink);
    return NULL;
}

START_TEST(test_cancel_ends_a_delivery_and_spoils_no_later_one)
{
    const struct upstream_answer hang = {.trick = UPSTREAM_HANG};
    const int64_t start = support_now_ms();
    struct collector_delivery delivery;
    pthread_t thread;
    size_t round;

    ck_assert_ok(collector_sink_webhook_new(&hook.options, &hook.sink));
    for (round = 1; round <= 3; round++) {
        upstream_script(hook.upstream, hang);
        ck_assert_int_eq(
            pthread_create(&thread, NULL, cancel_when_sent, &round), 0);
        ck_assert_error(hook_try(&delivery), COLLECTOR_ERR_CANCELLED);
        ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    ck_assert_int_lt(support_now_ms() - start, PROMPT_MS);
    collector_sink_cancel(hook.sink); /* nothing is under way */
    collector_sink_cancel(hook.sink);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(fixture_pending(&hook.fixture), 3);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("sink_webhook");
    TCase *answers =
        support_add_case(suite, "answers", hook_setup, hook_teardown);
    TCase *exchanges =
        support_add_case(suite, "exchanges", hook_setup, hook_teardown);

    tcase_add_loop_test(answers, test_a_status_means_what_the_table_says, 0,
                        ROWS(statuses));
    tcase_add_loop_test(answers, test_a_redirect_is_not_followed, 0,
                        ROWS(redirects));
    tcase_add_test(answers, test_retry_after_is_reported_in_both_forms);
    tcase_add_test(answers, test_a_useless_retry_after_is_none);
    tcase_add_test(answers, test_an_endless_retry_after_does_not_overflow);
    tcase_add_test(answers, test_nobody_listening_is_a_retry);
    tcase_add_loop_test(answers,
                        test_an_answer_that_does_not_come_whole_is_a_retry, 0,
                        ROWS(breakdowns));
    tcase_add_test(answers, test_a_time_out_is_called_one);
    tcase_add_test(answers,
                   test_an_answer_of_32_mib_is_read_and_a_larger_one_cut);
    tcase_add_test(exchanges, test_the_connection_is_used_again);
    tcase_add_test(exchanges,
                   test_cancel_ends_a_delivery_and_spoils_no_later_one);
    return support_run_suite(suite);
}
