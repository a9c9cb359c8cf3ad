/* SPDX-License-Identifier: MIT */
/*
 * Delivery promises: every event reaches the upstream at least once, in the
 * order of the ids, with what was stored; it leaves the backlog only after the
 * upstream has confirmed it, whatever else the upstream says before; and the
 * credentials for it are shown to nobody.
 */
#include "site.h"

static struct upstream *other;

static void
setup(void)
{
    site_setup_upstream();
    other = upstream_new();
}

static void
teardown(void)
{
    site_teardown_upstream();
    upstream_free(other);
}

static struct daemon *
start_with_webhook(const char *url, const char *name, const char *value)
{
    return daemon_start(db, "-sink", "webhook", "-webhook-url", url,
                        "-upload-interval", "20ms", "-upload-batch", "4",
                        "-drain-timeout", "15s", name, value, NULL);
}

static void
post(struct daemon *collectord, const char *body)
{
    ck_assert_msg(site_post(collectord, body) == 200, "%d: %s", response.status,
                  response.body);
}

static int64_t
stats_int(struct daemon *collectord, const char *path)
{
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response.status, 200);
    return response_int(&response, path);
}

static void
wait_drained(struct daemon *collectord, int64_t count)
{
    ck_assert_eventually(stats_int(collectord, "store.events_uploaded") ==
                         count);
    ck_assert_int_eq(stats_int(collectord, "store.backlog"), 0);
    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM backlog"), 0);
    ck_assert_int_eq(
        support_sql_int(
            db, "SELECT count(*) FROM events WHERE uploaded_at IS NULL"),
        0);
}

START_TEST(test_webhook_gets_what_was_stored)
{
    struct daemon *collectord =
        start_with_webhook(upstream_url(upstream, "/in/here"), NULL, NULL);
    const struct upstream_request *request;

    post(collectord,
         "[{\"device_id\":\"caf\xc3\xa9\",\"kind\":\"q\\\"\",\"ts\":17,"
         "\"payload\":{ \"b\" : 21.4, \"a\":[1e2,1234567890123456789012345]}},"
         "{\"device_id\":\"b\",\"kind\":\"k\",\"ts\":18},"
         "{\"device_id\":\"c\",\"kind\":\"k\",\"ts\":19,\"payload\":null}]");
    wait_drained(collectord, 3);
    ck_assert_uint_eq(upstream_request_count(upstream), 1);
    request = upstream_request(upstream, 0);
    ck_assert_str_eq(request->method, "POST");
    ck_assert_str_eq(request->path, "/in/here");
    ck_assert_str_eq(
        request->body,
        "[{\"id\":1,\"device_id\":\"caf\xc3\xa9\",\"kind\":\"q\\\"\","
        "\"payload\":{\"b\":21.4,\"a\":[1e2,1234567890123456789012345]},"
        "\"ts\":17},"
        "{\"id\":2,\"device_id\":\"b\",\"kind\":\"k\",\"ts\":18},"
        "{\"id\":3,\"device_id\":\"c\",\"kind\":\"k\",\"payload\":null,"
        "\"ts\":19}]");
    ck_assert_str_eq(upstream_header(request, "Content-Type"),
                     "application/json");
    ck_assert_str_eq(upstream_header(request, "X-Collector-Id"),
                     support_sql_text(db, "SELECT collector_id FROM state"));
    ck_assert_str_eq(upstream_header(request, "X-Collector-First-Id"), "1");
    ck_assert_str_eq(upstream_header(request, "X-Collector-Last-Id"), "3");
    ck_assert_ptr_null(upstream_header(request, "Expect"));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_webhook_gets_every_event_in_order)
{
    struct daemon *collectord =
        start_with_webhook(upstream_url(upstream, "/in"), NULL, NULL);
    size_t i;

    site_post_events(collectord, 50);
    wait_drained(collectord, 50);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 50);
    ck_assert_uint_ge(upstream_request_count(upstream), 50 / 4);
    for (i = 0; i < upstream_request_count(upstream); i++)
        ck_assert_uint_eq(upstream_request(upstream, i)->connection, 1);
    daemon_stop(collectord);
}
END_TEST

/** What the upstream says to the first attempt. */
static const struct upstream_answer failures[] = {
    {.status = 500},
    {.status = 503, .headers = "Retry-After: 1\r\n", .body = "later"},
    {.status = 429, .headers = "Retry-After: 1\r\n"},
    {.status = 301, .headers = NULL /* set by the test */},
    {.status = 307, .headers = NULL /* likewise */},
    {.status = 304},
    {.status = 400},
    {.status = 401},
    {.status = 403},
    {.status = 404},
    {.status = 408},
    {.status = 413},
    {.status = 422},
    {.status = 600},
    {.trick = UPSTREAM_HANG},
    {.trick = UPSTREAM_CLOSE},
    {.trick = UPSTREAM_CUT},
    {.trick = UPSTREAM_CUT, .body = "[]"},
};

START_TEST(test_failed_delivery_is_repeated_and_marks_nothing)
{
    const char *location =
        support_format("Location: %s\r\n", upstream_url(other, "/elsewhere"));
    struct upstream_answer failure = failures[_i];
    struct daemon *collectord;

    if (failure.status / 100 == 3)
        failure.headers = location;
    upstream_script(upstream, failure);
    upstream_script(upstream, (struct upstream_answer){.held = true});
    collectord =
        start_with_webhook(upstream_url(upstream, "/in"), "-webhook-timeout",
                           failure.trick == UPSTREAM_HANG ? "3s" : "30s");
    post(collectord, "[" EVENT "," EVENT "," EVENT "]");
    ck_assert(upstream_wait_requests(upstream, 2, SUPPORT_WAIT_MS));
    /* One attempt has failed, and the next one waits for its answer. */
    ck_assert_int_eq(stats_int(collectord, "uploader.failures"), 1);
    ck_assert_int_eq(stats_int(collectord, "store.backlog"), 3);
    ck_assert_int_eq(stats_int(collectord, "store.events_uploaded"), 0);
    ck_assert_int_eq(
        support_sql_int(
            db, "SELECT count(*) FROM events WHERE uploaded_at IS NULL"),
        3);
    upstream_release(upstream);
    daemon_stop(collectord);

    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM backlog"), 0);
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"), 3);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 3);
    ck_assert_uint_eq(upstream_request_count(other), 0);
}
END_TEST

START_TEST(test_retry_after_is_waited_for)
{
    struct daemon *collectord;

    upstream_script(upstream,
                    (struct upstream_answer){.status = 503,
                                             .headers = "Retry-After: 2\r\n"});
    collectord = start_with_webhook(upstream_url(upstream, "/in"), NULL, NULL);
    site_post_events(collectord, 1);
    ck_assert(upstream_wait_requests(upstream, 2, SUPPORT_WAIT_MS));
    ck_assert_int_ge(upstream_request(upstream, 1)->at_ms -
                         upstream_request(upstream, 0)->at_ms,
                     1990); /* the two clocks may round */
    daemon_stop(collectord);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 1);
}
END_TEST

START_TEST(test_upstream_that_comes_late_gets_everything)
{
    int port = upstream_port(upstream);
    const char *url = upstream_url(upstream, "/in");
    struct daemon *collectord;

    upstream_free(upstream);
    collectord = start_with_webhook(url, NULL, NULL);
    site_post_events(collectord, 6);
    ck_assert_eventually(stats_int(collectord, "uploader.failures") > 0);
    upstream = upstream_new_at(port);
    wait_drained(collectord, 6);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 6);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_full_buffer_has_room_again_after_delivery)
{
    struct daemon *collectord;

    upstream_set_default(upstream, (struct upstream_answer){.held = true});
    collectord =
        start_with_webhook(upstream_url(upstream, "/in"), "-max-backlog", "5");
    site_post_events(collectord, 5);
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    upstream_release(upstream);
    wait_drained(collectord, 5);
    site_post_events(collectord, 1);
    wait_drained(collectord, 6);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 6);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_flaky_delivery_delivers_all_in_the_end)
{
    struct daemon *collectord =
        start_with_webhook(upstream_url(upstream, "/in"), "-flaky-every", "3");

    site_post_events(collectord, 16);
    ck_assert_eventually(stats_int(collectord, "store.backlog") == 0);
    ck_assert_int_ge(stats_int(collectord, "uploader.failures"), 1);
    ck_assert_int_eq(upstream_confirmed_id(upstream), 16);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_file_sink_writes_one_event_a_line)
{
    const char *path = support_path(dir, "out.ndjson");
    struct daemon *collectord =
        daemon_start(db, "-sink", "file", "-file-path", path,
                     "-upload-interval", "20ms", NULL);

    post(collectord, "[{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":17,"
                     "\"payload\":21.4},"
                     "{\"device_id\":\"b\",\"kind\":\"k\",\"ts\":18}]");
    wait_drained(collectord, 2);
    ck_assert_str_eq(support_read_file(path),
                     "{\"id\":1,\"device_id\":\"a\",\"kind\":\"k\","
                     "\"payload\":21.4,\"ts\":17}\n"
                     "{\"id\":2,\"device_id\":\"b\",\"kind\":\"k\","
                     "\"ts\":18}\n");
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_file_sink_writes_to_standard_output)
{
    struct daemon *collectord =
        daemon_start(db, "-sink", "file", "-file-path", "-", "-upload-interval",
                     "20ms", NULL);

    post(collectord, "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":17}");
    wait_drained(collectord, 1);
    ck_assert_eventually(strcmp(daemon_stdout(collectord),
                                "{\"id\":1,\"device_id\":\"a\",\"kind\":\"k\","
                                "\"ts\":17}\n") == 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_log_sink_says_how_many)
{
    struct daemon *collectord =
        daemon_start(db, "-sink", "log", "-upload-interval", "20ms", NULL);

    post(collectord, "[" EVENT "," EVENT "," EVENT "]");
    ck_assert(daemon_says(collectord, "uploaded 3 events"));
    wait_drained(collectord, 3);
    daemon_stop(collectord);
}
END_TEST

static void
assert_no_secret(const char *text)
{
    ck_assert_msg(strstr(text, "s3cret") == NULL, "it is shown:\n%s", text);
    ck_assert_msg(strstr(text, "t0ken") == NULL, "it is shown:\n%s", text);
}

START_TEST(test_credentials_are_shown_to_nobody)
{
    const char *url = support_format(
        "http://box:s3cret@127.0.0.1:%d/in?key=t0ken", upstream_port(upstream));
    const char *config = support_path(dir, "config.json");
    struct daemon *collectord;
    int port;

    upstream_script(upstream, (struct upstream_answer){.status = 401});
    upstream_script(upstream,
                    (struct upstream_answer){.trick = UPSTREAM_CLOSE});
    upstream_set_default(upstream, (struct upstream_answer){.held = true});
    support_write_file(config,
                       support_format("{\"webhook-url\": \"%s\"}", url));
    collectord = daemon_start(db, "-sink", "webhook", "-config", config, NULL);
    port = daemon_port(collectord);
    site_post_events(collectord, 2);
    ck_assert(upstream_wait_requests(upstream, 3, SUPPORT_WAIT_MS));
    http_get(port, "/stats", &response);
    assert_no_secret(response.body);
    http_get(port, "/healthz", &response);
    ck_assert_int_eq(response.status, 503);
    assert_no_secret(response.body);
    upstream_release(upstream);
    daemon_signal(collectord, 15);
    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 0);
    assert_no_secret(daemon_stderr(collectord));
    daemon_free(collectord);
    assert_no_secret(support_sql_text(
        db, "SELECT group_concat(coalesce(error, '')) FROM upload_runs"));
    /* And yet they were sent. */
    ck_assert_ptr_nonnull(
        upstream_header(upstream_request(upstream, 0), "Authorization"));
    ck_assert_str_eq(upstream_request(upstream, 0)->path, "/in?key=t0ken");
}
END_TEST

START_TEST(test_refused_credentials_are_shown_to_nobody)
{
    static const char *const urls[] = {
        "ftp://box:s3cret@127.0.0.1/", "http:/box:s3cret@127.0.0.1/",
        "https://box:s3cret@127.0.0.1/a b", "https://box:s3cret@127.0.0.1/"};
    struct daemon *collectord =
        daemon_spawn("-db", db, "-addr", "127.0.0.1:0", "-sink", "webhook",
                     "-webhook-url", urls[_i], NULL);

    ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS), 2);
    ck_assert(daemon_says(collectord, "webhook-url"));
    assert_no_secret(daemon_stderr(collectord));
    daemon_free(collectord);
}
END_TEST

static TCase *
webhook_case(void)
{
    TCase *tcase = tcase_create("webhook");
    int count = sizeof(failures) / sizeof(failures[0]);

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_webhook_gets_what_was_stored);
    tcase_add_test(tcase, test_webhook_gets_every_event_in_order);
    tcase_add_loop_test(
        tcase, test_failed_delivery_is_repeated_and_marks_nothing, 0, count);
    tcase_add_test(tcase, test_retry_after_is_waited_for);
    tcase_add_test(tcase, test_upstream_that_comes_late_gets_everything);
    tcase_add_test(tcase, test_full_buffer_has_room_again_after_delivery);
    tcase_add_test(tcase, test_flaky_delivery_delivers_all_in_the_end);
    tcase_add_test(tcase, test_credentials_are_shown_to_nobody);
    tcase_add_loop_test(tcase, test_refused_credentials_are_shown_to_nobody, 0,
                        4);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("daemon_delivery");
    TCase *local = tcase_create("local");

    suite_add_tcase(suite, webhook_case());
    tcase_add_checked_fixture(local, setup, teardown);
    tcase_add_test(local, test_file_sink_writes_one_event_a_line);
    tcase_add_test(local, test_file_sink_writes_to_standard_output);
    tcase_add_test(local, test_log_sink_says_how_many);
    suite_add_tcase(suite, local);
    return support_run_suite(suite);
}
