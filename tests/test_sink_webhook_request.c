/* SPDX-License-Identifier: MIT */
/*
 * A webhook's request promises to be the batch as one JSON array, with headers
 * that say which one it is, and with the credentials it was given: they are
 * sent, and never part of a report.
 */
#include "hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TIMEOUT_MS 2000

START_TEST(test_a_request_is_what_was_promised)
{
    const struct upstream_request *request;
    struct collector_batch *batch = fixture_fetch(&hook.fixture, 2);
    const char *text;
    const char *id;
    size_t size;

    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size));
    text = support_format("%s", text);
    id = support_format("%s", collector_batch_collector_id(batch));
    collector_batch_free(batch);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    request = upstream_request(hook.upstream, 0);
    ck_assert_str_eq(request->method, "POST");
    ck_assert_str_eq(request->path, "/in?site=7");
    ck_assert_uint_eq(request->body_size, size);
    ck_assert_mem_eq(request->body, text, size);
    ck_assert_str_eq(upstream_header(request, "Content-Type"),
                     "application/json");
    ck_assert_str_eq(upstream_header(request, "X-Collector-Id"), id);
    ck_assert_str_eq(upstream_header(request, "X-Collector-First-Id"), "1");
    ck_assert_str_eq(upstream_header(request, "X-Collector-Last-Id"), "2");
    ck_assert_str_eq(upstream_header(request, "Content-Length"),
                     support_format("%zu", size));
    ck_assert_str_eq(upstream_header(request, "User-Agent"),
                     "libcollector/" COLLECTOR_VERSION);
    ck_assert_ptr_null(upstream_header(request, "Expect"));
    ck_assert_ptr_null(upstream_header(request, "Authorization"));
}
END_TEST

START_TEST(test_extra_headers_are_sent_along)
{
    char first[] = "X-Site: north 7";
    const char *headers[] = {first, "X-Other: 1"};
    const struct upstream_request *request;

    hook.options.headers = headers;
    hook.options.header_count = 2;
    ck_assert_ok(collector_sink_webhook_new(&hook.options, &hook.sink));
    memset(first, 'z', 3); /* it was copied */
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    request = upstream_request(hook.upstream, 1);
    ck_assert_str_eq(upstream_header(request, "X-Site"), "north 7");
    ck_assert_str_eq(upstream_header(request, "X-Other"), "1");
    ck_assert_str_eq(upstream_header(request, "X-Collector-First-Id"), "3");
}
END_TEST

/** What the last request had for authorization. */
static const char *
authorization(void)
{
    const size_t count = upstream_request_count(hook.upstream);

    return upstream_header(upstream_request(hook.upstream, count - 1),
                           "Authorization");
}

START_TEST(test_a_token_is_read_anew_for_each_request)
{
    const char *path = support_path(support_dir_new(), "token");

    hook.options.bearer_token_file = path;
    support_write_file(path, "first-secret\nsecond line\n");
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_str_eq(authorization(), "Bearer first-secret");
    support_write_file(path, "second-secret\r\n");
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_str_eq(authorization(), "Bearer second-secret");
    support_write_file(path, "third");
    upstream_script(hook.upstream, (struct upstream_answer){.status = 401});
    ck_assert_str_eq(hook_deliver().error, "HTTP 401");
    ck_assert_str_eq(authorization(), "Bearer third");
}
END_TEST

START_TEST(test_without_a_token_nothing_is_sent)
{
    const char *path = support_path(support_dir_new(), "token");
    char *longer = support_alloc(8193);
    struct collector_delivery delivery;

    hook.options.bearer_token_file = path;
    memset(longer, 's', 8192);
    ck_assert_error(hook_try(&delivery), COLLECTOR_ERR_IO); /* no file */
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_contains(delivery.error, path);
    support_write_file(path, "");
    ck_assert_error(hook_try(&delivery), COLLECTOR_ERR_IO);
    support_write_file(path, "\nsecret on the second line\n");
    ck_assert_error(hook_try(&delivery), COLLECTOR_ERR_IO);
    ck_assert_ptr_null(strstr(delivery.error, "secret"));
    support_write_file(path, longer); /* cut, it would be another one */
    ck_assert_error(hook_try(&delivery), COLLECTOR_ERR_IO);
    ck_assert_ptr_null(strstr(delivery.error, "sss"));
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 0);
    support_write_file(path, "secret");
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
}
END_TEST

START_TEST(test_a_password_is_sent_but_never_shown)
{
    const struct upstream_answer hang = {.trick = UPSTREAM_HANG};
    const struct upstream_answer cut = {.trick = UPSTREAM_CUT};
    struct collector_delivery delivery;
    int i;

    hook.options.timeout_ms = TIMEOUT_MS;
    hook.options.url = support_format("http://user:pass%%40word@127.0.0.1:%d/",
                                      upstream_port(hook.upstream));
    upstream_script(hook.upstream, (struct upstream_answer){.status = 401});
    upstream_script(hook.upstream, hang);
    upstream_script(hook.upstream, cut);
    upstream_script(hook.upstream, (struct upstream_answer){.status = 400});
    for (i = 0; i < 4; i++) {
        delivery = hook_deliver();
        ck_assert_int_ne(delivery.result, COLLECTOR_DELIVERED);
        ck_assert_ptr_null(strstr(delivery.error, "pass"));
        ck_assert_ptr_null(strstr(delivery.error, "user"));
    }
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_str_eq(authorization(), "Basic dXNlcjpwYXNzQHdvcmQ=");
}
END_TEST

START_TEST(test_a_password_is_not_shown_when_nobody_is_there)
{
    struct collector_delivery delivery;

    hook.options.url = "http://user:passport@127.0.0.1:1/";
    delivery = hook_deliver();
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_str_ne(delivery.error, "");
    ck_assert_msg(strstr(delivery.error, "pass") == NULL, "it says: %s",
                  delivery.error);
}
END_TEST

static const char *const wrong_urls[] = {
    NULL,
    "",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "127.0.0.1",
    "http:/a/",
    "httpx://a/",
    " http://127.0.0.1/",
    "//a/",
    "mailto:a",
    "https:a",
    "gopher://a/",
    "http://",
    "http:///",
    "http://u:p@",
    "http://u:p@127.0.0.1:99999/",
    "http://u:p@[::zz]/",
    "http://u:p q@h/",
    "http://u:p@127.0.0.1:1p/",
};

START_TEST(test_a_url_that_cannot_work_is_refused)
{
    hook.options.url = wrong_urls[_i];
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ptr_null(hook.sink);
}
END_TEST

START_TEST(test_a_scheme_in_capitals_is_fine)
{
    hook.options.url =
        support_format("HTTP://127.0.0.1:%d/in", upstream_port(hook.upstream));
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_str_eq(collector_sink_name(hook.sink), "webhook");
}
END_TEST

START_TEST(test_options_out_of_range_are_refused)
{
    const struct collector_webhook_options good = hook.options;
    const char *headers[33];
    size_t i;

    for (i = 0; i < 33; i++)
        headers[i] = "X-A: 1";
    hook.options.connect_timeout_ms = 0;
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    hook.options = good;
    hook.options.timeout_ms = 0;
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    hook.options = good;
    hook.options.size = 0;
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    hook.options = good;
    hook.options.header_count = 1;
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    hook.options.headers = headers;
    hook.options.header_count = 33;
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_webhook_new(NULL, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_webhook_new(&good, NULL),
                    COLLECTOR_ERR_INVALID);
    hook.options.header_count = 32;
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
}
END_TEST

START_TEST(test_the_defaults_are_the_documented_ones)
{
    struct collector_webhook_options all;

    memset(&all, 0xff, sizeof(all));
    collector_webhook_options_init(&all);
    ck_assert_uint_eq(all.size, sizeof(all));
    ck_assert_ptr_null(all.url);
    ck_assert_uint_eq(all.connect_timeout_ms, 10000);
    ck_assert_uint_eq(all.timeout_ms, 30000);
    ck_assert_uint_eq(all.header_count, 0);
    ck_assert_ptr_null(all.bearer_token_file);
    ck_assert_ptr_null(all.ca_file);
    ck_assert_ptr_null(all.certificate_file);
    ck_assert_ptr_null(all.key_file);
    ck_assert_ptr_null(all.proxy);
    ck_assert_ptr_null(all.user_agent);
    ck_assert_ptr_null(all.log);
    ck_assert_uint_eq(all.low_speed_size, 0);
    ck_assert_uint_eq(all.low_speed_ms, 10000);
    ck_assert(!all.gzip);
    collector_webhook_options_init(NULL);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("sink_webhook_request");
    TCase *requests =
        support_add_case(suite, "requests", hook_setup, hook_teardown);
    TCase *choices =
        support_add_case(suite, "options", hook_setup, hook_teardown);

    tcase_add_test(requests, test_a_request_is_what_was_promised);
    tcase_add_test(requests, test_extra_headers_are_sent_along);
    tcase_add_test(requests, test_a_token_is_read_anew_for_each_request);
    tcase_add_test(requests, test_without_a_token_nothing_is_sent);
    tcase_add_test(requests, test_a_password_is_sent_but_never_shown);
    tcase_add_test(requests, test_a_password_is_not_shown_when_nobody_is_there);
    tcase_add_loop_test(choices, test_a_url_that_cannot_work_is_refused, 0,
                        ROWS(wrong_urls));
    tcase_add_test(choices, test_a_scheme_in_capitals_is_fine);
    tcase_add_test(choices, test_options_out_of_range_are_refused);
    tcase_add_test(choices, test_the_defaults_are_the_documented_ones);
    return support_run_suite(suite);
}
