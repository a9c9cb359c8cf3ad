/* SPDX-License-Identifier: MIT */
/*
 * Whoever runs with a secret of any kind has it known, so that his memory is
 * hidden; and a URL with a user in it is told from one without.
 */
#include "secret.h"
#include "support.h"

#include <stdlib.h>

static struct config config;

static void
setup(void)
{
    static const char *const variables[] = {
        "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    size_t i;

    for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        ck_assert_int_eq(unsetenv(variables[i]), 0);
    memset(&config, 0, sizeof(config));
    config.sink = CONFIG_SINK_WEBHOOK;
    config.webhook_url = (char *)"https://127.0.0.1/a@b";
    config.webhook_proxy = (char *)"env";
}

START_TEST(test_a_user_in_a_url_is_seen)
{
    ck_assert(secret_is_in_url("http://user:pass@h/"));
    ck_assert(secret_is_in_url("https://user@h"));
    ck_assert(secret_is_in_url("socks5h://:pass@h?x"));
    ck_assert(secret_is_in_url("http://a@b@c/"));
    ck_assert(!secret_is_in_url("http://h/a@b"));
    ck_assert(!secret_is_in_url("http://h?a@b"));
    ck_assert(!secret_is_in_url("http://h#a@b"));
    ck_assert(!secret_is_in_url("http://h"));
    ck_assert(!secret_is_in_url("off"));
    ck_assert(!secret_is_in_url("a@b"));
}
END_TEST

START_TEST(test_nothing_secret_is_none)
{
    ck_assert(!secret_is_configured(&config));
    config.webhook_ca_file = (char *)"ca.pem";
    config.webhook_user_agent = (char *)"box";
    ck_assert(!secret_is_configured(&config));
}
END_TEST

/** Members that name a file with a secret. */
static const size_t files[] = {
    offsetof(struct config, auth_token_file),
    offsetof(struct config, webhook_bearer_token_file),
    offsetof(struct config, webhook_header_file),
    offsetof(struct config, webhook_certificate_file),
};

START_TEST(test_a_file_with_a_secret_is_one)
{
    *(const char **)((char *)&config + files[_i]) = "file";
    ck_assert(secret_is_configured(&config));
}
END_TEST

START_TEST(test_urls_with_a_secret_are_some)
{
    config.webhook_url = (char *)"https://user:pass@127.0.0.1/";
    ck_assert(secret_is_configured(&config));
    config.webhook_url = (char *)"https://127.0.0.1/in?key=1";
    ck_assert(secret_is_configured(&config));
    config.webhook_url = (char *)"https://127.0.0.1/";
    ck_assert(!secret_is_configured(&config));
    config.webhook_proxy = (char *)"http://user:pass@127.0.0.1:3128";
    ck_assert(secret_is_configured(&config));
    config.sink = CONFIG_SINK_LOG; /* which has no use for it */
    ck_assert(!secret_is_configured(&config));
}
END_TEST

START_TEST(test_the_environment_may_hold_one)
{
    ck_assert_int_eq(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    ck_assert(!secret_is_configured(&config));
    ck_assert_int_eq(setenv("https_proxy", "http://u:p@127.0.0.1:1", 1), 0);
    ck_assert(secret_is_configured(&config));
    config.webhook_proxy = (char *)"off";
    ck_assert(!secret_is_configured(&config));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("secret");
    TCase *tcase = support_add_case(suite, "secret", setup, NULL);

    tcase_add_test(tcase, test_a_user_in_a_url_is_seen);
    tcase_add_test(tcase, test_nothing_secret_is_none);
    tcase_add_loop_test(tcase, test_a_file_with_a_secret_is_one, 0,
                        sizeof(files) / sizeof(files[0]));
    tcase_add_test(tcase, test_urls_with_a_secret_are_some);
    tcase_add_test(tcase, test_the_environment_may_hold_one);
    return support_run_suite(suite);
}
