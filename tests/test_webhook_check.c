/* SPDX-License-Identifier: MIT */
/*
 * A webhook's options are looked at in depth: a header that would spoil the
 * request is refused, whoever makes the sink, and a file that is of no use is
 * found without a word to anybody. What is wrong is said without a secret.
 */
#include "hook.h"

#include <stdio.h>
#include <stdlib.h>

static struct collector_problem problem;

static void
setup(void)
{
    hook_setup();
    memset(&problem, 0, sizeof(problem));
}

/** Neither a check lets it pass, nor a sink. */
static void
assert_refused(int64_t index, const char *words)
{
    ck_assert_error(collector_webhook_options_check(&hook.options, &problem),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, index);
    ck_assert_contains(problem.text, words);
    ck_assert_ptr_null(strstr(problem.text, "secret"));
    ck_assert_error(collector_sink_webhook_new(&hook.options, &hook.sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ptr_null(hook.sink);
}

/** Only a look into the files shows it. */
static void
assert_found(const char *words)
{
    ck_assert_error(collector_webhook_options_check(&hook.options, &problem),
                    COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(problem.index, -1);
    ck_assert_contains(problem.text, words);
    ck_assert_ptr_null(strstr(problem.text, "secret"));
    collector_sink_free(hook.sink);
    hook.sink = NULL;
    ck_assert_ok(collector_sink_webhook_new(&hook.options, &hook.sink));
}

static const struct {
    const char *header;
    const char *words;
} headers[] = {
    {NULL, "expected a header, Name: value"},
    {"", "expected a header, Name: value"},
    {"secret", "expected a header, Name: value"},
    {": secret", "expected a header, Name: value"},
    {"X-A : secret", "expected a header, Name: value"},
    {"X A: secret", "expected a header, Name: value"},
    {"X-\xc3\xa4: secret", "expected a header, Name: value"},
    {"X-A: secret\nX-B: 2", "without control characters"},
    {"X-A: secret\r", "without control characters"},
    {"X-A: \x7fsecret", "without control characters"},
    {"X-A: \x01secret", "without control characters"},
    {"Content-Type: secret", "the webhook sends itself"},
    {"content-length: 5", "the webhook sends itself"},
    {"Content-Encoding: secret", "the webhook sends itself"},
    {"Transfer-Encoding: chunked", "the webhook sends itself"},
    {"Expect: 100-continue", "the webhook sends itself"},
    {"X-Collector-Id: secret", "the webhook sends itself"},
    {"x-collector-secret: 1", "the webhook sends itself"},
};

START_TEST(test_a_header_that_would_spoil_the_request_is_refused)
{
    const char *both[] = {"X-A: 1", headers[_i].header};

    hook.options.headers = both;
    hook.options.header_count = 2;
    assert_refused(1, headers[_i].words);
}
END_TEST

START_TEST(test_other_headers_are_fine)
{
    const char *fine[] = {"X-Collect: 1",  "Content-Types: 2",   "X-A:\ttab",
                          "X-B: \xc3\xa4", "Authorization: own", "Accept:"};

    hook.options.headers = fine;
    hook.options.header_count = sizeof(fine) / sizeof(fine[0]);
    ck_assert_ok(collector_webhook_options_check(&hook.options, &problem));
    ck_assert_int_eq(hook_deliver().result, COLLECTOR_DELIVERED);
    ck_assert_str_eq(
        upstream_header(upstream_request(hook.upstream, 0), "Authorization"),
        "own");
}
END_TEST

START_TEST(test_two_authorizations_are_refused)
{
    const char *header = "AUTHORIZATION: secret";

    hook.options.headers = &header;
    hook.options.header_count = 1;
    hook.options.bearer_token_file = "/dev/null";
    assert_refused(0, "than that of the bearer token");
}
END_TEST

START_TEST(test_more_headers_than_32_are_refused)
{
    const char *many[33];
    size_t i;

    for (i = 0; i < 33; i++)
        many[i] = "X-A: 1";
    hook.options.headers = many;
    hook.options.header_count = 33;
    assert_refused(32, "expected 32 headers at most");
    hook.options.header_count = 32;
    ck_assert_ok(collector_webhook_options_check(&hook.options, NULL));
    hook.options.headers = NULL;
    assert_refused(-1, "expected headers");
}
END_TEST

static const char *const agents[] = {"a\r\nX-A: secret", "secret\n", "\x7f"};

START_TEST(test_a_user_agent_that_would_spoil_the_request_is_refused)
{
    hook.options.user_agent = agents[_i];
    assert_refused(-1, "expected a user agent");
}
END_TEST

static const char *const proxies[] = {"127.0.0.1:3128",
                                      "ftp://u:secret@127.0.0.1:1/",
                                      "http://",
                                      "http:127.0.0.1",
                                      "socks4://u:secret@h:1",
                                      "http://u:secret@127.0.0.1:99999/",
                                      "https://u:secret@[::1/"};

START_TEST(test_a_proxy_that_can_not_be_is_refused)
{
    hook.options.proxy = proxies[_i];
    assert_refused(-1, "expected the URL of a proxy");
}
END_TEST

START_TEST(test_a_url_that_can_not_be_is_not_shown)
{
    hook.options.url = "http://u:secret@127.0.0.1:99999/";
    assert_refused(-1, "expected a URL");
    hook.options.url = NULL;
    assert_refused(-1, "expected a URL");
}
END_TEST

START_TEST(test_no_time_is_refused)
{
    hook.options.low_speed_ms = 0;
    assert_refused(-1, "expected a time-out");
}
END_TEST

START_TEST(test_options_that_are_none_are_refused)
{
    ck_assert_error(collector_webhook_options_check(NULL, &problem),
                    COLLECTOR_ERR_INVALID);
    ck_assert_str_eq(problem.text, "expected options");
    hook.options.size = 0;
    ck_assert_error(collector_webhook_options_check(&hook.options, NULL),
                    COLLECTOR_ERR_INVALID);
}
END_TEST

START_TEST(test_a_token_that_is_not_there_is_found)
{
    const char *path = support_path(support_dir_new(), "token");

    hook.options.bearer_token_file = path;
    assert_found(path);
    support_write_file(path, "\nsecret");
    assert_found(path);
    support_write_file(path, "sec\x01ret");
    assert_found(path);
    support_write_file(path, "secret\n");
    ck_assert_ok(collector_webhook_options_check(&hook.options, &problem));
}
END_TEST

START_TEST(test_files_of_no_use_are_found)
{
    const char *path = support_path(support_dir_new(), "file.pem");

    hook.options.ca_file = path;
    assert_found(path);
    support_write_file(path, "secret\n");
    assert_found(path);
    hook.options.ca_file = NULL;
    hook.options.certificate_file = path;
    assert_found(path);
    hook.options.certificate_file = NULL;
    hook.options.key_file = path;
    assert_found("expected a certificate beside the key");
    ck_assert_uint_eq(upstream_request_count(hook.upstream), 0);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("webhook_check");
    TCase *texts = support_add_case(suite, "texts", setup, hook_teardown);
    TCase *files = support_add_case(suite, "files", setup, hook_teardown);

    tcase_add_loop_test(texts,
                        test_a_header_that_would_spoil_the_request_is_refused,
                        0, ROWS(headers));
    tcase_add_test(texts, test_other_headers_are_fine);
    tcase_add_test(texts, test_two_authorizations_are_refused);
    tcase_add_test(texts, test_more_headers_than_32_are_refused);
    tcase_add_loop_test(
        texts, test_a_user_agent_that_would_spoil_the_request_is_refused, 0,
        ROWS(agents));
    tcase_add_loop_test(texts, test_a_proxy_that_can_not_be_is_refused, 0,
                        ROWS(proxies));
    tcase_add_test(texts, test_a_url_that_can_not_be_is_not_shown);
    tcase_add_test(texts, test_no_time_is_refused);
    tcase_add_test(texts, test_options_that_are_none_are_refused);
    tcase_add_test(files, test_a_token_that_is_not_there_is_found);
    tcase_add_test(files, test_files_of_no_use_are_found);
    return support_run_suite(suite);
}
