/* SPDX-License-Identifier: MIT */
#include "reload.h"

#include <signal.h>
#include <stdio.h>

struct daemon *reload_daemon;

const char *reload_config;

/** Reloads that were answered so far. */
static size_t reload_count;

void
reload_setup(void)
{
    site_setup_upstream();
    reload_config = support_path(dir, "config.json");
    support_write_file(reload_config, "{}");
    reload_count = 0;
}

void
reload_teardown(void)
{
    daemon_free(reload_daemon);
    reload_daemon = NULL;
    site_teardown_upstream();
}

void
reload_start(const char *json, const char *option, const char *value)
{
    support_write_file(reload_config, json);
    reload_daemon = daemon_start(db, "-config", reload_config, "-drain-timeout",
                                 "0", option, value, NULL);
}

size_t
reload_answer_count(void)
{
    const char *text = daemon_stderr(reload_daemon);

    return support_occurrences(text, "info reloaded\n") +
           support_occurrences(text, "error nothing was reloaded: ");
}

bool
reload_now(void)
{
    const char *before = daemon_stderr(reload_daemon);

    daemon_signal(reload_daemon, SIGHUP);
    reload_count++;
    ck_assert_eventually(reload_answer_count() == reload_count);
    return support_occurrences(daemon_stderr(reload_daemon),
                               "info reloaded\n") >
           support_occurrences(before, "info reloaded\n");
}

bool
reload_with(const char *json)
{
    support_write_file(reload_config, json);
    return reload_now();
}

void
reload_assert_said(const char *words)
{
    ck_assert_contains(daemon_stderr(reload_daemon), words);
}

void
reload_assert_unsaid(const char *words)
{
    ck_assert_msg(strstr(daemon_stderr(reload_daemon), words) == NULL,
                  "'%s' is in:\n%s", words, daemon_stderr(reload_daemon));
}

const char *
reload_hanging(const char *more)
{
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    return support_format("{\"sink\": \"webhook\", \"webhook-url\": \"%s\"%s}",
                          upstream_url(upstream, "/in"), more);
}
