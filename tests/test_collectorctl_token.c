/* SPDX-License-Identifier: MIT */
/*
 * collectorctl promises that what can't be shown to a collector, as a password
 * in its URL or a file that holds no token, is a mistake on the command line
 * whatever is to be asked, and that no secret is in the words for it.
 */
#include "ctl.h"
#include "site.h"

/** Of the upstream that stands in for a collector. */
static const char *url;

static void
setup(void)
{
    site_setup_upstream();
    url = upstream_url(upstream, "");
}

static void
teardown(void)
{
    ck_assert_uint_eq(upstream_request_count(upstream), 0);
    site_teardown_upstream();
}

START_TEST(test_mistakes_in_a_token_file_show_none_of_it)
{
    static const char *const texts[] = {"", "# none\n", "secret secret",
                                        "secret\nsecret\n"};
    const char *path = support_path(dir, "token");
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        support_write_file(path, texts[i]);
        ck_assert_int_eq(ctl(url, "stats", "-token-file", path), 2);
        ck_assert_contains(ctl_err, "token");
        ck_assert_ptr_null(strstr(ctl_err, "secret"));
    }
    ck_assert_int_eq(ctl("http://me:secret@127.0.0.1:1", "stats"), 2);
    ck_assert_contains(ctl_err, "use -token-file");
    ck_assert_ptr_null(strstr(ctl_err, "secret"));
}
END_TEST

START_TEST(test_a_mistake_is_one_whatever_is_asked)
{
    static const char *const commands[][3] = {
        {"stats"},
        {"tail"},
        {"tail", "-f"},
        {"events"},
        {"event", "1"},
        {"devices"},
        {"runs"},
        {"dead-letters"},
        {"dead-letters", "replay"},
        {"dead-letters", "purge", "1"},
        {"snapshot", "copy.sqlite"},
        {"health"},
        {"health", "-live"},
    };
    const char *none = support_path(dir, "none");
    const char *const *words = commands[_i];

    ck_assert_int_eq(
        ctl_end(process_spawn("COLLECTORCTL", "-token-file", none, url,
                              words[0], words[1], words[2], NULL)),
        2);
    ck_assert_str_eq(ctl_out, "");
    ck_assert_contains(ctl_err, "No such file");
    ck_assert_uint_eq(support_occurrences(ctl_err, "\n"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_token");
    TCase *tcase = support_add_case(suite, "mistakes", setup, teardown);

    tcase_add_test(tcase, test_mistakes_in_a_token_file_show_none_of_it);
    tcase_add_loop_test(tcase, test_a_mistake_is_one_whatever_is_asked, 0, 13);
    return support_run_suite(suite);
}
