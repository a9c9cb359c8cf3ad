/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP takes over what can change without a restart, all of it or nothing,
 * says what has changed or why nothing has, and loses and doubles no event.
 */
#include "site.h"
#include "usage.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OLD "old-0123456789abc"
#define NEW "new-0123456789abc"

static struct daemon *collectord;
static const char *config;
static const char *tokens;

/** Reloads that were answered so far. */
static size_t reload_count;

static void
setup(void)
{
    site_setup_upstream();
    config = support_path(dir, "config.json");
    tokens = support_path(dir, "tokens");
    support_write_file(config, "{}");
    support_write_file(tokens, "admin " OLD "\n");
    reload_count = 0;
}

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
    site_teardown_upstream();
}

/** Start with this as the config file, and with one option. */
static void
start(const char *json, const char *option, const char *value)
{
    support_write_file(config, json);
    collectord = daemon_start(db, "-config", config, "-drain-timeout", "0",
                              option, value, NULL);
}

static size_t
answered_count(void)
{
    const char *text = daemon_stderr(collectord);

    return support_occurrences(text, "info reloaded\n") +
           support_occurrences(text, "error nothing was reloaded: ");
}

/** Ask for a reload, and wait until it is over. Whether it was done. */
static bool
reload(void)
{
    const char *before = daemon_stderr(collectord);

    daemon_signal(collectord, SIGHUP);
    reload_count++;
    ck_assert_eventually(answered_count() == reload_count);
    return support_occurrences(daemon_stderr(collectord), "info reloaded\n") >
           support_occurrences(before, "info reloaded\n");
}

/** The same with another config file. */
static bool
reload_with(const char *json)
{
    support_write_file(config, json);
    return reload();
}

static void
assert_said(const char *words)
{
    ck_assert_contains(daemon_stderr(collectord), words);
}

static void
assert_never_said(const char *words)
{
    ck_assert_msg(strstr(daemon_stderr(collectord), words) == NULL,
                  "'%s' is in:\n%s", words, daemon_stderr(collectord));
}

/** The status for somebody with this token, or with none. */
static int
ask(const char *token)
{
    http_request(daemon_port(collectord), "GET", "/stats",
                 token != NULL
                     ? support_format("Authorization: Bearer %s\r\n", token)
                     : NULL,
                 NULL, &response);
    return response.status;
}

START_TEST(test_tokens_are_changed)
{
    start("{}", "-auth-token-file", tokens);
    ck_assert_int_eq(ask(OLD), 200);
    ck_assert_int_eq(ask(NEW), 401);
    support_write_file(tokens, "admin " NEW "\nread 0123456789abcdef\n");
    ck_assert_int_eq(ask(NEW), 401);
    ck_assert(reload());
    ck_assert_int_eq(ask(OLD), 401);
    ck_assert_int_eq(ask(NEW), 200);
    assert_said("info there are 2 tokens now, others than before\n");
    ck_assert(reload());
    ck_assert_uint_eq(
        support_occurrences(daemon_stderr(collectord), "others than before"),
        1);
    assert_never_said("0123456789");
}
END_TEST

START_TEST(test_tokens_come_and_go)
{
    const char *json = support_format("{\"auth-token-file\": \"%s\"}", tokens);

    start("{}", NULL, NULL);
    ck_assert_int_eq(ask(NULL), 200);
    ck_assert(reload_with(json));
    ck_assert_int_eq(ask(NULL), 401);
    ck_assert_int_eq(ask(OLD), 200);
    assert_said("-auth-token-file was not set, and is ");
    http_get(daemon_port(collectord), "/livez", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert(reload_with(support_format(
        "{\"auth-token-file\": \"%s\", \"auth-health\": true}", tokens)));
    http_get(daemon_port(collectord), "/livez", &response);
    ck_assert_int_eq(response.status, 401);
    ck_assert(reload_with("{}"));
    ck_assert_int_eq(ask(NULL), 200);
}
END_TEST

START_TEST(test_a_broken_token_file_keeps_the_old_ones)
{
    start("{\"max-backlog\": 7}", "-auth-token-file", tokens);
    support_write_file(tokens, "admin " NEW "\n\nwrite " NEW "\n");
    ck_assert(!reload_with("{\"max-backlog\": 8, \"sink\": \"file\","
                           " \"file-path\": \"/nowhere/file\"}"));
    assert_said("tokens:3: expected ingest, read or admin, and a token\n");
    assert_never_said("0123456789");
    assert_never_said(", and is ");
    ck_assert_int_eq(ask(NEW), 401);
    ck_assert_int_eq(ask(OLD), 200);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 7);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    ck_assert_int_eq(unlink(tokens), 0);
    ck_assert(!reload());
    ck_assert_int_eq(ask(OLD), 200);
    support_write_file(tokens, "admin " NEW "\n");
    ck_assert(reload());
    ck_assert_int_eq(ask(NEW), 200);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 8);
}
END_TEST

/** Have nothing delivered, so that events stay. */
static const char *
hanging(const char *more)
{
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    return support_format("{\"sink\": \"webhook\", \"webhook-url\": \"%s\"%s}",
                          upstream_url(upstream, "/in"), more);
}

START_TEST(test_limits_of_the_backlog_are_in_force_at_once)
{
    start(hanging(", \"max-backlog\": 2"), NULL, NULL);
    site_post_events(collectord, 2);
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    ck_assert(reload_with(hanging(", \"max-backlog\": 3")));
    assert_said("info -max-backlog was 2, and is 3\n");
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    ck_assert(reload_with(
        hanging(", \"max-backlog\": 3, \"overflow\": \"drop-oldest\"")));
    assert_said("info -overflow was \"reject\", and is \"drop-oldest\"\n");
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "ledger.dropped"), 1);
    ck_assert_int_eq(response_int(&response, "ledger.pending"), 3);
}
END_TEST

START_TEST(test_size_and_retention_are_in_force_at_once)
{
    start("{}", NULL, NULL);
    site_post_events(collectord, 5);
    site_wait_drained();
    ck_assert_int_eq(site_event_count(), 5);
    ck_assert(reload_with("{\"retain\": 0, \"max-size\": \"2MiB\"}"));
    assert_said("info -retain was \"168h\", and is \"0ms\"\n");
    assert_said("info -max-size was \"1GiB\", and is \"2MiB\"\n");
    ck_assert_eventually(site_event_count() == 0);
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.size_max"),
                     2 * 1024 * 1024);
}
END_TEST

START_TEST(test_what_takes_a_restart_is_named_and_left)
{
    start("{\"mode\": \"serialized\"}", NULL, NULL);
    ck_assert(reload_with("{\"mode\": \"concurrent\", \"http-threads\": 3,"
                          " \"log-format\": \"json\", \"indexed\": true,"
                          " \"max-backlog\": 9}"));
    assert_said("warning -mode is still \"serialized\": \"concurrent\" takes a "
                "restart\n");
    assert_said("warning -http-threads is still 256: 3 takes a restart\n");
    assert_said("warning -log-format is still \"text\": \"json\" takes a "
                "restart\n");
    assert_said("warning -indexed is still false: true takes a restart\n");
    assert_said("info -max-backlog was 50000, and is 9\n");
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_str_eq(response_text(&response, "store.mode"), "serialized");
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 9);
    /* It is still named when asked again, since it still is not done. */
    ck_assert(reload());
    ck_assert_uint_eq(support_occurrences(daemon_stderr(collectord),
                                          "warning -mode is still"),
                      2);
    ck_assert_uint_eq(
        support_occurrences(daemon_stderr(collectord), "-max-backlog was"), 1);
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
    start("{\"max-backlog\": 7}", NULL, NULL);
    ck_assert(!reload_with(mistakes[_i].json));
    assert_said(mistakes[_i].words);
    assert_never_said(", and is ");
    assert_never_said("secret");
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 7);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert(reload_with("{\"max-backlog\": 9}"));
    assert_said("-max-backlog was 7, and is 9\n");
}
END_TEST

START_TEST(test_flags_still_win)
{
    start("{\"max-backlog\": 7}", "-max-backlog", "5");
    ck_assert(reload_with("{\"max-backlog\": 9}"));
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response_int(&response, "store.backlog_max"), 5);
    assert_never_said("-max-backlog was");
}
END_TEST

START_TEST(test_without_a_config_file_the_tokens_are_read_again)
{
    collectord = daemon_start(db, "-auth-token-file", tokens, NULL);
    support_write_file(tokens, "admin " NEW "\n");
    ck_assert(reload());
    ck_assert_int_eq(ask(NEW), 200);
    assert_never_said(", and is ");
}
END_TEST

START_TEST(test_a_password_is_not_shown)
{
    start(support_format("{\"sink\": \"webhook\", \"webhook-url\":"
                         " \"http://me:first@127.0.0.1:%d/in?key=second\"}",
                         upstream_port(upstream)),
          NULL, NULL);
    ck_assert(reload_with(
        support_format("{\"sink\": \"webhook\", \"webhook-url\":"
                       " \"http://me:third@127.0.0.1:%d/in?key=fourth\"}",
                       upstream_port(upstream))));
    assert_said("-webhook-url was \"http://(hidden)@127.0.0.1:");
    assert_said("/in?(hidden)\"\n");
    assert_never_said("first");
    assert_never_said("second");
    assert_never_said("third");
    assert_never_said("fourth");
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    ck_assert_ptr_nonnull(
        strstr(upstream_request(upstream, 0)->path, "key=fourth"));
}
END_TEST

/** Posts one event after the other, until it is told to stop. */
static atomic_bool posting;
static int posted_count;

static void *
post_on(void *port)
{
    struct client *client = client_open(*(const int *)port);
    struct response *answer = support_alloc(sizeof(*answer));

    while (atomic_load(&posting)) {
        ck_assert(client_post(client, EVENT));
        ck_assert(client_read(client, answer));
        ck_assert_int_eq(answer->status, 200);
        posted_count++;
    }
    client_free(client);
    return NULL;
}

/** One for each id. */
static unsigned *arrivals;

static void
note_id(int64_t id)
{
    ck_assert_int_ge(id, 1);
    ck_assert_int_le(id, posted_count);
    arrivals[id]++;
}

/** Read the ids of a file sink, and assert that they only rise. */
static void
note_file(const char *path)
{
    const char *line = support_read_file(path);
    int64_t last = 0;
    long long id;

    ck_assert_int_eq(*line, '{');
    for (; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        ck_assert_int_eq(sscanf(line, "{\"id\":%lld,", &id), 1);
        ck_assert_int_gt(id, last);
        last = id;
        note_id(id);
    }
}

static void
note_event(void *userdata, const struct upstream_request *request,
           const struct upstream_event *event)
{
    (void)userdata;
    (void)request;
    note_id(event->id);
}

/** What goes on with sinks while somebody posts. */
static void
change_sinks(const char *files[2])
{
    size_t requests;
    int round;

    for (round = 0; round < 6; round++) {
        requests = upstream_request_count(upstream);
        ck_assert(reload_with(
            support_format("{\"sink\": \"webhook\", \"webhook-url\": \"%s\"}",
                           upstream_url(upstream, "/in"))));
        ck_assert(
            upstream_wait_requests(upstream, requests + 2, SUPPORT_WAIT_MS));
        ck_assert(reload_with(support_format(
            "{\"sink\": \"file\", \"file-path\": \"%s\"}", files[round % 2])));
        ck_assert_eventually(support_file_size(files[round % 2]) > 0);
    }
}

START_TEST(test_no_event_is_lost_while_sinks_change)
{
    const char *files[2] = {support_path(dir, "a"), support_path(dir, "b")};
    unsigned doubles = 0;
    pthread_t poster;
    int port;
    int i;

    start(
        support_format("{\"sink\": \"file\", \"file-path\": \"%s\"}", files[0]),
        "-upload-interval", "5ms");
    port = daemon_port(collectord);
    atomic_store(&posting, true);
    ck_assert_int_eq(pthread_create(&poster, NULL, post_on, &port), 0);
    change_sinks(files);
    atomic_store(&posting, false);
    ck_assert_int_eq(pthread_join(poster, NULL), 0);
    site_wait_drained();
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"),
                     posted_count);
    arrivals = support_alloc((size_t)(posted_count + 1) * sizeof(*arrivals));
    note_file(files[0]);
    note_file(files[1]);
    upstream_each_event(upstream, note_event, NULL);
    for (i = 1; i <= posted_count; i++) {
        ck_assert_msg(arrivals[i] > 0, "event %d never arrived", i);
        doubles += arrivals[i] - 1;
    }
    /* A batch that was broken off may have arrived, once a change. */
    ck_assert_uint_lt(doubles, (unsigned)posted_count / 2);
    assert_said("info -sink was \"file\", and is \"webhook\"\n");
}
END_TEST

START_TEST(test_a_delivery_that_hangs_is_broken_off_for_another_sink)
{
    const char *path = support_path(dir, "file");

    start(hanging(""), NULL, NULL);
    site_post_events(collectord, 3);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    ck_assert(reload_with(
        support_format("{\"sink\": \"file\", \"file-path\": \"%s\"}", path)));
    site_wait_drained();
    ck_assert_uint_eq(support_occurrences(support_read_file(path), "\n"), 3);
    assert_never_said(" failed: ");
}
END_TEST

START_TEST(test_many_signals_in_a_row_end_with_the_last_file)
{
    struct usage before;
    int i;

    start("{}", "-auth-token-file", tokens);
    ck_assert(reload());
    before = usage_read(daemon_pid(collectord));
    for (i = 1; i <= 200; i++) {
        support_write_file(config, support_format("{\"max-backlog\": %d}", i));
        daemon_signal(collectord, SIGHUP);
        if (i % 20 == 0)
            ck_assert_int_eq(ask(OLD), 200);
    }
    /* One that saw the last file half written was refused; this one sees it. */
    daemon_signal(collectord, SIGHUP);
    ck_assert_eventually(ask(OLD) == 200 &&
                         response_int(&response, "store.backlog_max") == 200);
    usage_assert_flat(daemon_pid(collectord), &before);
}
END_TEST

START_TEST(test_a_reload_does_not_end_the_drain)
{
    upstream_set_default(upstream, (struct upstream_answer){.delay_ms = 1000});
    collectord =
        daemon_start(db, "-sink", "webhook", "-webhook-url",
                     upstream_url(upstream, "/in"), "-upload-batch", "1", NULL);
    site_post_events(collectord, 2);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    daemon_signal(collectord, SIGTERM);
    ck_assert(daemon_says(collectord, "info stopping\n"));
    daemon_signal(collectord, SIGHUP);
    daemon_assert_exits(collectord, 0);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 2);
    assert_never_said("reloaded");
}
END_TEST

START_TEST(test_a_signal_during_the_start_is_not_lost)
{
    support_write_file(config, "{}");
    collectord = daemon_spawn("-db", db, "-addr", "127.0.0.1:0", "-config",
                              config, NULL);
    ck_assert(daemon_says(collectord, "info collectord "));
    daemon_signal(collectord, SIGHUP);
    ck_assert_eventually(answered_count() == 1);
    assert_said("info reloaded\n");
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
}
END_TEST

static void
add_sinks(Suite *suite)
{
    TCase *sinks = support_add_case(suite, "sinks", setup, teardown);

    tcase_add_test(sinks, test_a_password_is_not_shown);
    tcase_add_test(sinks, test_no_event_is_lost_while_sinks_change);
    tcase_add_test(sinks,
                   test_a_delivery_that_hangs_is_broken_off_for_another_sink);
}

static void
add_moments(Suite *suite)
{
    TCase *moments = support_add_case(suite, "moments", setup, teardown);

    tcase_add_test(moments, test_many_signals_in_a_row_end_with_the_last_file);
    tcase_add_test(moments, test_a_reload_does_not_end_the_drain);
    tcase_add_test(moments, test_a_signal_during_the_start_is_not_lost);
}

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_reload");
    TCase *access = support_add_case(suite, "access", setup, teardown);
    TCase *options = support_add_case(suite, "options", setup, teardown);

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
    add_sinks(suite);
    add_moments(suite);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
