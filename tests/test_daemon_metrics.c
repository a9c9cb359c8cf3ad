/* SPDX-License-Identifier: MIT */
/*
 * /metrics promises numbers that are what was done: the ledger adds up in
 * every scrape, each answer is counted once under its route and status,
 * whatever a client asks for, and a histogram's buckets are those of its count.
 */
#include "site.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define READ "read-0123456789ab"
#define READER "Authorization: Bearer " READ "\r\n"

#define REQUESTS "collectord_http_requests_total"
#define APPENDS "collectord_append_duration_seconds"

static struct daemon *collectord;

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
    site_teardown_upstream();
}

/** Start with an upstream that answers like that. */
static void
start_upstream(struct upstream_answer answer)
{
    upstream_set_default(upstream, answer);
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-upload-interval",
                              "20ms", "-drain-timeout", "10ms", NULL);
}

static void
scrape(void)
{
    http_get(daemon_port(collectord), "/metrics", &response);
    ck_assert_int_eq(response.status, 200);
}

/** Where a sample's value stands in the scrape; NULL when there is none. */
static const char *
find(const char *sample)
{
    const char *line = support_format("\n%s ", sample);
    const char *at = strstr(response.body, line);

    if (at == NULL)
        return NULL;
    ck_assert_msg(strstr(at + 1, line) == NULL, "%s is there twice", sample);
    return at + strlen(line);
}

static double
value(const char *sample)
{
    const char *at = find(sample);

    ck_assert_msg(at != NULL, "there is no %s", sample);
    return strtod(at, NULL);
}

static uint64_t
number(const char *sample)
{
    const double is = value(sample);

    ck_assert(is >= 0 && is == (double)(uint64_t)is);
    return (uint64_t)is;
}

/** Requests of a route that were answered so. */
static uint64_t
requests(const char *route, const char *method, const char *code)
{
    const char *sample =
        support_format(REQUESTS "{route=\"%s\",method=\"%s\",code=\"%s\"}",
                       route, method, code);

    return find(sample) != NULL ? number(sample) : 0;
}

static void
assert_ledger_adds_up(void)
{
    ck_assert_uint_eq(number("collectord_events_accepted_total"),
                      number("collectord_events_delivered_total") +
                          number("collectord_events_dead_total") +
                          number("collectord_events_dropped_total") +
                          number("collectord_backlog_events"));
}

START_TEST(test_it_is_text_of_the_known_version)
{
    static const char type[] = "text/plain; version=0.0.4; charset=utf-8";
    struct client *client;

    collectord = daemon_start(db, NULL);
    scrape();
    ck_assert_str_eq(response_header(&response, "Content-Type"), type);
    ck_assert_int_eq(response.body[response.body_size - 1], '\n');
    ck_assert_uint_eq(strlen(response.body), response.body_size);
    ck_assert_contains(response.body, "collectord_build_info{version=\"");
    ck_assert_contains(response.body, ",sqlite=\"3.");

    client = client_open(daemon_port(collectord));
    ck_assert(client_print(client, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n"
                                   "Connection: close\r\n\r\n"));
    ck_assert(client_read_head(client, &response));
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Type"), type);
    ck_assert_int_gt(atoi(response_header(&response, "Content-Length")), 1000);
    ck_assert_uint_eq(client_drain(client), 0);
    client_free(client);
}
END_TEST

START_TEST(test_it_takes_a_token_that_may_read)
{
    static const char tokens[] = "ingest ingest-0123456789\nread " READ "\n";
    const char *path = support_path(dir, "tokens");
    int i;

    support_write_file(path, tokens);
    ck_assert_int_eq(chmod(path, 0600), 0);
    collectord = daemon_start(db, "-auth-token-file", path, NULL);
    for (i = 0; i < 3; i++) {
        http_get(daemon_port(collectord), "/metrics", &response);
        ck_assert_int_eq(response.status, 401);
    }
    http_request(daemon_port(collectord), "GET", "/metrics",
                 "Authorization: Bearer ingest-0123456789\r\n", NULL,
                 &response);
    ck_assert_int_eq(response.status, 403);
    http_request(daemon_port(collectord), "GET", "/metrics", READER, NULL,
                 &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_uint_eq(requests("/metrics", "GET", "401"), 3);
    ck_assert_uint_eq(requests("/metrics", "GET", "403"), 1);
    ck_assert_uint_eq(requests("/metrics", "GET", "200"), 0);
    ck_assert_ptr_null(strstr(response.body, READ));
}
END_TEST

START_TEST(test_the_ledger_is_what_was_posted)
{
    start_upstream((struct upstream_answer){.trick = UPSTREAM_HANG});
    scrape();
    ck_assert_uint_eq(number("collectord_events_accepted_total"), 0);
    ck_assert_uint_eq(number("collectord_backlog_bytes"), 0);
    site_post_events(collectord, 4);
    ck_assert_int_eq(site_post(collectord, "[" EVENT "," EVENT "]"), 200);
    scrape();
    ck_assert_uint_eq(number("collectord_events_accepted_total"), 6);
    ck_assert_uint_eq(number("collectord_backlog_events"), 6);
    ck_assert_uint_gt(number("collectord_backlog_bytes"), 0);
    ck_assert(value("collectord_backlog_oldest_age_seconds") < 60);
    ck_assert_uint_eq(number("collectord_devices"), 1);
    assert_ledger_adds_up();
}
END_TEST

START_TEST(test_what_is_delivered_and_buried_is_counted)
{
    struct upstream_answer bad = {.status = 422};

    upstream_script(upstream, bad); /* all, then its first half, alone */
    upstream_script(upstream, bad);
    start_upstream((struct upstream_answer){0});
    ck_assert_int_eq(site_post(collectord, "[" EVENT "," EVENT "]"), 200);
    site_wait_drained();
    ck_assert_eventually(
        (scrape(), number("collectord_uploader_runs_total") == 3));
    ck_assert_uint_eq(number("collectord_events_delivered_total"), 1);
    ck_assert_uint_eq(number("collectord_events_dead_total"), 1);
    ck_assert_uint_eq(number("collectord_dead_letters"), 1);
    ck_assert_uint_eq(number("collectord_uploader_failures_total"), 2);
    ck_assert_uint_eq(number("collectord_uploader_retries_total"), 0);
    ck_assert_eventually(
        (scrape(), number("collectord_uploader_events_total") == 1));
    ck_assert(value("collectord_uploader_last_success_timestamp_seconds") >
              (double)time(NULL) - 60);
    assert_ledger_adds_up();
}
END_TEST

START_TEST(test_an_outage_has_retries_and_a_rest)
{
    start_upstream((struct upstream_answer){.status = 503,
                                            .headers = "Retry-After: 7\r\n"});
    scrape();
    ck_assert_ptr_null(
        find("collectord_uploader_last_success_timestamp_seconds"));
    ck_assert(value("collectord_uploader_backoff_seconds") == 0);
    site_post_events(collectord, 1);
    ck_assert_eventually(
        (scrape(), number("collectord_uploader_failures_in_a_row") == 1));
    ck_assert(value("collectord_uploader_backoff_seconds") > 0);
    ck_assert(value("collectord_uploader_backoff_seconds") <= 7);
    ck_assert_uint_eq(number("collectord_healthy"), 0);
    ck_assert_uint_eq(number("collectord_uploader_healthy"), 0);
    ck_assert_uint_eq(number("collectord_storage_ok"), 1);
    ck_assert_uint_eq(number("collectord_accepting"), 1);
    ck_assert_uint_eq(number("collectord_uploader_runs_total"), 1);
    ck_assert_uint_eq(number("collectord_uploader_failures_total"), 1);
}
END_TEST

START_TEST(test_a_failure_is_followed_by_retries)
{
    upstream_script(upstream, (struct upstream_answer){.status = 503});
    upstream_script(upstream, (struct upstream_answer){.status = 503});
    start_upstream((struct upstream_answer){0});
    site_post_events(collectord, 1);
    site_wait_drained();
    ck_assert_eventually(
        (scrape(), number("collectord_uploader_events_total") == 1));
    ck_assert_uint_eq(number("collectord_uploader_runs_total"), 3);
    ck_assert_uint_eq(number("collectord_uploader_failures_total"), 2);
    ck_assert_uint_eq(number("collectord_uploader_retries_total"), 2);
    ck_assert_uint_eq(number("collectord_uploader_failures_in_a_row"), 0);
}
END_TEST

START_TEST(test_a_dropped_event_is_counted)
{
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-max-backlog",
                              "3", "-overflow", "drop-oldest", "-drain-timeout",
                              "10ms", NULL);
    site_post_events(collectord, 5);
    scrape();
    ck_assert_uint_eq(number("collectord_events_dropped_total"), 2);
    ck_assert_uint_eq(number("collectord_backlog_events"), 3);
    ck_assert_uint_eq(number("collectord_backlog_limit_events"), 3);
    ck_assert_uint_eq(number("collectord_accepting"), 0);
    assert_ledger_adds_up();
}
END_TEST

/** Everything that a client may do wrong, twice. */
static void
misbehave(int port)
{
    const char *long_body = support_format(
        "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
        2 * 1024 * 1024);
    int i;

    for (i = 0; i < 2; i++) {
        http_post_events(port, "{", &response);
        ck_assert_int_eq(response.status, 400);
        http_send_raw(port, long_body, strlen(long_body), &response);
        ck_assert_int_eq(response.status, 413);
        http_request(port, "PUT", "/events", NULL, NULL, &response);
        ck_assert_int_eq(response.status, 405);
        http_get(port, support_format("/events/%d", 1000 + i), &response);
        ck_assert_int_eq(response.status, 404);
        http_get(port, support_format("/nothing-%d\"\\", i), &response);
        ck_assert_int_eq(response.status, 404);
        http_send_raw(port, "GET /stats HTTP/1.1\r\nHost : a\r\n\r\n", 33,
                      &response);
        ck_assert_int_eq(response.status, 400);
        http_request(port, "PURGE", "/stats", NULL, NULL, &response);
        ck_assert_int_eq(response.status, 501);
    }
}

START_TEST(test_answers_are_counted_by_route_and_code)
{
    collectord = daemon_start(db, NULL);
    site_post_events(collectord, 3);
    misbehave(daemon_port(collectord));
    http_get(daemon_port(collectord), "/stats?a=b", &response);
    http_request(daemon_port(collectord), "HEAD", "/livez", NULL, NULL,
                 &response);
    scrape();
    scrape();
    ck_assert_uint_eq(requests("/events", "POST", "200"), 3);
    ck_assert_uint_eq(requests("/events", "POST", "400"), 2);
    ck_assert_uint_eq(requests("/events", "POST", "413"), 2);
    ck_assert_uint_eq(requests("/events/{id}", "GET", "404"), 2);
    ck_assert_uint_eq(requests("/stats", "GET", "200"), 1);
    ck_assert_uint_eq(requests("/livez", "GET", "200"), 1);
    ck_assert_uint_eq(requests("/metrics", "GET", "200"), 1);
    ck_assert_uint_eq(requests("other", "other", "405"), 2);
    ck_assert_uint_eq(requests("other", "other", "404"), 2);
    ck_assert_uint_eq(requests("other", "other", "400"), 2);
    ck_assert_uint_eq(requests("other", "other", "501"), 2);
    ck_assert_ptr_null(strstr(response.body, "nothing"));
}
END_TEST

START_TEST(test_there_are_no_more_lines_whatever_is_asked_for)
{
    size_t size;
    int i;

    collectord = daemon_start(db, NULL);
    http_get(daemon_port(collectord), "/none", &response);
    scrape();
    scrape();
    size = response.body_size;
    for (i = 0; i < 200; i++)
        http_get(daemon_port(collectord), support_format("/%d?%d", i, i),
                 &response);
    scrape();
    ck_assert_uint_eq(requests("other", "other", "404"), 201);
    ck_assert_uint_lt(response.body_size, size + 64); /* longer numbers */
}
END_TEST

/** Assert that the buckets rise to the count. */
static void
assert_appends(uint64_t count)
{
    const char *at = response.body;
    uint64_t last = 0;
    int buckets = 0;

    while ((at = strstr(at, "\n" APPENDS "_bucket{")) != NULL) {
        uint64_t bucket = strtoull(strstr(at, "} ") + 2, NULL, 10);

        ck_assert_uint_ge(bucket, last);
        last = bucket;
        at++;
        buckets++;
    }
    ck_assert_int_eq(buckets, 15);
    ck_assert_uint_eq(number(APPENDS "_bucket{le=\"+Inf\"}"), count);
    ck_assert_uint_eq(number(APPENDS "_count"), count);
}

START_TEST(test_appends_are_in_the_histogram)
{
    const int64_t began_ms = support_now_ms();
    int port;

    collectord = daemon_start(db, "-max-backlog", "12", "-sink", "webhook",
                              "-webhook-url", "http://127.0.0.1:1/",
                              "-drain-timeout", "10ms", NULL);
    port = daemon_port(collectord);
    scrape();
    assert_appends(0);
    ck_assert(value(APPENDS "_sum") == 0);
    site_post_events(collectord, 10);
    ck_assert_int_eq(site_post(collectord, "[" EVENT "," EVENT "]"), 200);
    /* None of these gets to the storage. */
    http_post_events(port, "{", &response);
    http_post_events(port, "[]", &response);
    ck_assert_int_eq(response.status, 200);
    http_post_events(port, "", &response);
    scrape();
    assert_appends(11);
    ck_assert(value(APPENDS "_sum") > 0);
    ck_assert(value(APPENDS "_sum") <
              (double)(support_now_ms() - began_ms) / 1000);
    /* This one is refused there. */
    ck_assert_int_eq(site_post(collectord, EVENT), 503);
    scrape();
    assert_appends(12);
    ck_assert_uint_eq(requests("/events", "POST", "503"), 1);
}
END_TEST

START_TEST(test_each_commit_syncs)
{
    uint64_t syncs;
    uint64_t written;
    uint64_t commits;

    start_upstream((struct upstream_answer){.trick = UPSTREAM_HANG});
    site_post_events(collectord, 1);
    scrape();
    syncs = number("collectord_syncs_total");
    written = number("collectord_written_bytes_total");
    commits = number("collectord_commits_total");
    site_post_events(collectord, 5);
    scrape();
    ck_assert_uint_eq(number("collectord_commits_total"), commits + 5);
    ck_assert_uint_eq(number("collectord_syncs_total"), syncs + 5);
    ck_assert_uint_ge(number("collectord_written_bytes_total"),
                      written + 5 * 4096);
}
END_TEST

START_TEST(test_who_rests_writes_nothing)
{
    uint64_t written;
    int64_t end_ms;

    collectord = daemon_start(db, "-upload-interval", "20ms", NULL);
    site_post_events(collectord, 3);
    site_wait_drained();
    scrape();
    written = number("collectord_written_bytes_total");
    /* Longer than between two looks at the store. */
    end_ms = support_now_ms() + 2000;
    ck_assert_eventually(support_now_ms() >= end_ms);
    scrape();
    ck_assert_uint_gt(written, 0);
    ck_assert_uint_eq(number("collectord_written_bytes_total"), written);
}
END_TEST

START_TEST(test_what_is_pruned_and_moved_is_counted)
{
    collectord = daemon_start(db, "-retain", "1ms", "-upload-interval", "20ms",
                              "-max-size", "1MiB", NULL);
    site_post_events(collectord, 30);
    ck_assert_eventually(
        (scrape(), number("collectord_pruned_events_total") == 30));
    ck_assert_int_eq(site_event_count(), 0);
    ck_assert_uint_eq(number("collectord_events_accepted_total"), 30);
    ck_assert_uint_gt(number("collectord_wal_checkpoints_total"), 0);
    ck_assert_uint_eq(number("collectord_file_limit_bytes"), 1024 * 1024);
    assert_ledger_adds_up();
}
END_TEST

static atomic_bool ended;

static void *
post_until_ended(void *userdata)
{
    struct response *answer = malloc(sizeof(*answer));

    (void)userdata;
    ck_assert_ptr_nonnull(answer);
    while (!atomic_load(&ended)) {
        http_post_events(daemon_port(collectord), EVENT, answer);
        ck_assert_int_eq(answer->status, 200);
    }
    free(answer);
    return NULL;
}

START_TEST(test_each_scrape_adds_up_while_events_flow)
{
    const int64_t end_ms = support_now_ms() + 1000;
    uint64_t accepted = 0;
    pthread_t thread;

    start_upstream((struct upstream_answer){0});
    ck_assert_int_eq(pthread_create(&thread, NULL, post_until_ended, NULL), 0);
    while (support_now_ms() < end_ms) {
        scrape();
        assert_ledger_adds_up();
        assert_appends(number(APPENDS "_count"));
        ck_assert_uint_ge(number("collectord_events_accepted_total"), accepted);
        accepted = number("collectord_events_accepted_total");
    }
    atomic_store(&ended, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_gt(accepted, 0);
    scrape();
    ck_assert_uint_eq(number("collectord_events_accepted_total"),
                      requests("/events", "POST", "200"));
    assert_appends(requests("/events", "POST", "200"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_metrics");
    TCase *format = support_add_case(suite, "format", site_setup, teardown);
    TCase *store =
        support_add_case(suite, "store", site_setup_upstream, teardown);
    TCase *http = support_add_case(suite, "http", site_setup, teardown);

    tcase_add_test(format, test_it_is_text_of_the_known_version);
    tcase_add_test(format, test_it_takes_a_token_that_may_read);
    tcase_add_test(store, test_the_ledger_is_what_was_posted);
    tcase_add_test(store, test_what_is_delivered_and_buried_is_counted);
    tcase_add_test(store, test_an_outage_has_retries_and_a_rest);
    tcase_add_test(store, test_a_failure_is_followed_by_retries);
    tcase_add_test(store, test_a_dropped_event_is_counted);
    tcase_add_test(store, test_each_scrape_adds_up_while_events_flow);
    tcase_add_test(store, test_each_commit_syncs);
    tcase_add_test(store, test_who_rests_writes_nothing);
    tcase_add_test(store, test_what_is_pruned_and_moved_is_counted);
    tcase_add_test(http, test_answers_are_counted_by_route_and_code);
    tcase_add_test(http, test_there_are_no_more_lines_whatever_is_asked_for);
    tcase_add_test(http, test_appends_are_in_the_histogram);
    return support_run_suite(suite);
}
