/* SPDX-License-Identifier: MIT */
/*
 * What /metrics says is what Prometheus' own promtool takes for metrics,
 * whatever has happened. Skipped where promtool is neither $PROMTOOL nor
 * installed.
 */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>

/* What Meson takes for a test that was skipped. */
#define EXIT_SKIPPED 77

static const char *
promtool(void)
{
    const char *named = getenv("PROMTOOL");

    return named != NULL ? named : "promtool";
}

/** The shell knows where promtool is. */
static int
run(const char *command)
{
    return system(command); /* NOLINT(cert-env33-c): see above */
}

/** Have it judge a text. */
static int
check(const char *text)
{
    const char *path = support_path(dir, "metrics.txt");

    support_write_file(path, text);
    return run(support_format("'%s' check metrics <'%s'", promtool(), path));
}

START_TEST(test_it_has_nothing_to_say_of_a_new_collector)
{
    struct daemon *collectord = daemon_start(db, NULL);

    ck_assert_int_eq(check(http_get_long(daemon_port(collectord), "/metrics")),
                     0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_nor_of_one_in_trouble)
{
    struct daemon *collectord;
    int port;

    upstream_set_default(upstream, (struct upstream_answer){.status = 503});
    collectord =
        daemon_start(db, "-sink", "webhook", "-webhook-url",
                     upstream_url(upstream, "/in"), "-max-backlog", "2",
                     "-flaky-every", "2", "-drain-timeout", "10ms", NULL);
    port = daemon_port(collectord);
    site_post_events(collectord, 2);
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    http_get(port, "/\"{}\\n", &response);
    http_post_events(port, "{", &response);
    ck_assert_eventually(strstr(http_get_long(port, "/metrics"),
                                "uploader_failures_total 0\n") == NULL);
    ck_assert_int_eq(check(http_get_long(port, "/metrics")), 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_it_is_asked_at_all)
{
    ck_assert_int_ne(check("# TYPE a_total gauge\na_total 1\n"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite;
    TCase *lint;

    if (run(support_format("command -v '%s' >/dev/null", promtool())) != 0) {
        (void)puts("there is no promtool: see tests/prometheus/promtool.sh");
        return EXIT_SKIPPED;
    }
    suite = suite_create("daemon_promtool");
    lint = support_add_case(suite, "lint", site_setup_upstream,
                            site_teardown_upstream);
    tcase_add_test(lint, test_it_has_nothing_to_say_of_a_new_collector);
    tcase_add_test(lint, test_nor_of_one_in_trouble);
    tcase_add_test(lint, test_it_is_asked_at_all);
    return support_run_suite(suite);
}
