/* SPDX-License-Identifier: MIT */
/*
 * /healthz promises to say whether events are being delivered, and why not;
 * /livez only that the process serves; /stats the numbers. None of them writes,
 * and HEAD works wherever GET does.
 */
#include "site.h"

#include <sqlite3.h>
#include <sys/stat.h>

static int
status_of(int port, const char *path)
{
    http_get(port, path, &response);
    return response.status;
}

START_TEST(test_healthz_is_ok_when_events_flow)
{
    struct daemon *collectord =
        daemon_start(db, "-upload-interval", "20ms", NULL);
    int port = daemon_port(collectord);

    http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_eventually(status_of(port, "/healthz") == 200 &&
                         response_int(&response, "backlog") == 0 &&
                         response_int(&response, "uploader.runs") > 0);
    ck_assert(response_bool(&response, "ok"));
    ck_assert(response_bool(&response, "backlog_ok"));
    ck_assert(response_bool(&response, "uploader.healthy"));
    ck_assert_int_eq(response_int(&response, "uploader.failures"), 0);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    ck_assert_ptr_null(strstr(response.body, "last_error"));
    ck_assert_contains(response.body, "\"full_in_s\":null");
    ck_assert_contains(response.body, "\"reasons\":[],\"warnings\":[]");
    ck_assert(!response_bool(&response, "disk_full"));
    ck_assert_int_eq(response_int(&response, "oldest_pending_age_ms"), 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_healthz_says_why_the_upstream_fails)
{
    struct daemon *collectord;
    int port;

    upstream_set_default(upstream, (struct upstream_answer){.status = 503});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-upload-interval",
                              "20ms", NULL);
    port = daemon_port(collectord);
    http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_eventually(status_of(port, "/healthz") == 503);
    ck_assert(!response_bool(&response, "ok"));
    ck_assert(!response_bool(&response, "uploader.healthy"));
    ck_assert(response_bool(&response, "backlog_ok"));
    ck_assert_int_eq(response_int(&response, "backlog"), 1);
    ck_assert_int_ge(response_int(&response, "uploader.failures"), 1);
    ck_assert_contains(response_text(&response, "uploader.last_error"), "503");
    ck_assert_contains(response.body, "\"deliveries have failed since 20");
    ck_assert_int_eq(status_of(port, "/livez"), 200);

    upstream_set_default(upstream, (struct upstream_answer){0});
    ck_assert_eventually(status_of(port, "/healthz") == 200);
    ck_assert_int_eq(response_int(&response, "backlog"), 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_healthz_says_that_the_backlog_is_full)
{
    struct daemon *collectord;
    int port;
    int i;

    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-max-backlog",
                              "3", "-drain-timeout", "10ms", NULL);
    port = daemon_port(collectord);
    ck_assert_int_eq(status_of(port, "/healthz"), 200);
    for (i = 0; i < 3; i++)
        http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(status_of(port, "/healthz"), 503);
    ck_assert(!response_bool(&response, "ok"));
    ck_assert(!response_bool(&response, "backlog_ok"));
    ck_assert_int_eq(response_int(&response, "backlog"), 3);
    ck_assert_contains(response.body, "3 of 3 events");
    ck_assert_int_eq(status_of(port, "/livez"), 200);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_nobody_knows_the_age_of_what_has_no_time)
{
    struct daemon *collectord;
    int port;

    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-drain-timeout",
                              "10ms", NULL);
    port = daemon_port(collectord);
    http_post_events(port, "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1}",
                     &response);
    ck_assert_int_eq(response.status, 200);
    (void)status_of(port, "/healthz");
    ck_assert_int_eq(response_int(&response, "backlog"), 1);
    ck_assert_contains(response.body, "\"oldest_pending_age_ms\":null");
    http_get(port, "/metrics", &response);
    ck_assert_contains(response.body, "\ncollectord_backlog_events 1\n");
    ck_assert_ptr_null(
        strstr(response.body, "\ncollectord_backlog_oldest_age_seconds "));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_healthz_says_that_events_were_refused_for_want_of_room)
{
    struct daemon *collectord;
    int port;

    upstream_set_default(upstream, (struct upstream_answer){.held = true});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-max-backlog",
                              "3", "-upload-interval", "20ms", NULL);
    port = daemon_port(collectord);
    http_post_events(port, EVENT, &response);
    http_post_events(port, "[" EVENT "," EVENT "," EVENT "]", &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_int_eq(status_of(port, "/healthz"), 503);
    ck_assert(!response_bool(&response, "backlog_ok"));
    ck_assert_contains(response.body, "1 of 3 events");
    /* A smaller request has room: */
    http_post_events(port, EVENT, &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(status_of(port, "/healthz"), 200);
    /* or something has left the buffer since. */
    http_post_events(port, "[" EVENT "," EVENT "]", &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_int_eq(status_of(port, "/healthz"), 503);
    upstream_release(upstream);
    ck_assert_eventually(status_of(port, "/healthz") == 200);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_healthz_says_that_the_upstream_hangs)
{
    struct daemon *collectord;
    int port;

    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord =
        daemon_start(db, "-sink", "webhook", "-webhook-url",
                     upstream_url(upstream, "/in"), "-webhook-timeout", "500ms",
                     "-upload-interval", "20ms", "-drain-timeout", "0", NULL);
    port = daemon_port(collectord);
    http_post_events(
        port, "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1000000000000}",
        &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_eventually(status_of(port, "/stats") == 200 &&
                         response_int(&response, "uploader.in_flight_ms") > 0);
    ck_assert_eventually(status_of(port, "/healthz") == 503);
    ck_assert_contains(response.body, "deliveries have failed since 20");
    ck_assert_int_gt(response_int(&response, "oldest_pending_age_ms"),
                     INT64_C(700000000000));
    ck_assert_int_eq(status_of(port, "/stats"), 200);
    ck_assert_int_gt(response_int(&response, "uploader.failing_since"),
                     INT64_C(1700000000000));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_stats_count_what_happened)
{
    static const char *const zeros[] = {
        "store.full_in_ms",      "store.dead_letters",
        "store.dead_in_a_row",   "store.salvaged",
        "store.salvage_lost",    "ledger.dropped",
        "uploader.in_flight_ms", "uploader.failing_since",
    };
    size_t i;
    struct daemon *collectord =
        daemon_start(db, "-mode", _i == 0 ? "group" : "concurrent", "-indexed",
                     "-upload-interval", "20ms", "-max-size", "64MiB",
                     "-overflow", "drop-oldest", NULL);
    int port = daemon_port(collectord);

    http_post_events(port, "[" EVENT "," EVENT "," EVENT "]", &response);
    http_post_events(port, "{\"device_id\":\"b\",\"kind\":\"k\"}", &response);
    /* The uploader is asked before the store. */
    ck_assert_eventually(status_of(port, "/stats") == 200 &&
                         response_int(&response, "store.backlog") == 0 &&
                         response_int(&response, "uploader.in_flight_ms") ==
                             0 &&
                         response_int(&response, "uploader.runs") >= 1);
    ck_assert_str_eq(response_text(&response, "store.mode"),
                     _i == 0 ? "group" : "concurrent");
    ck_assert(response_bool(&response, "store.indexed"));
    ck_assert_int_eq(response_int(&response, "store.events_written"), 4);
    ck_assert_int_eq(response_int(&response, "store.events_uploaded"), 4);
    ck_assert_int_eq(response_int(&response, "store.devices_seen"), 2);
    ck_assert_int_ge(response_int(&response, "store.commit_conflicts"), 0);
    ck_assert_int_eq(response_int(&response, "store.size_max"),
                     64 * 1024 * 1024);
    ck_assert_str_eq(response_text(&response, "store.overflow"), "drop-oldest");
    ck_assert(!response_bool(&response, "store.disk_full"));
    ck_assert(!response_bool(&response, "store.salvaging"));
    for (i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        ck_assert_int_eq(response_int(&response, zeros[i]), 0);
    ck_assert_int_ge(response_int(&response, "store.file_size"), 0);
    ck_assert_int_ge(response_int(&response, "store.free_size"), 0);
    ck_assert(response_bool(&response, "uploader.healthy"));
    ck_assert_int_ge(response_int(&response, "uploader.runs"), 1);
    ck_assert_int_eq(response_int(&response, "uploader.failures"), 0);
    ck_assert_str_eq(response_text(&response, "uploader.sink"), "log");
    daemon_stop(collectord);
}
END_TEST

static int64_t
pragma_int(sqlite3 *connection, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t value;

    ck_assert_int_eq(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

/** When a file was last written, in nanoseconds. */
static int64_t
modified_at(const char *path)
{
    struct stat status;

    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec;
}

/** Whether all is delivered, and the last commit is counted. */
static bool
is_at_rest(int port)
{
    int64_t commits;

    if (status_of(port, "/stats") != 200)
        return false;
    commits = response_int(&response, "store.commits");
    return status_of(port, "/stats") == 200 &&
           response_int(&response, "store.backlog") == 0 &&
           response_int(&response, "store.commits") == commits;
}

START_TEST(test_probes_write_nothing)
{
    struct daemon *collectord =
        daemon_start(db, "-upload-interval", "20ms", NULL);
    int port = daemon_port(collectord);
    const char *wal = support_format("%s-wal", db);
    sqlite3 *connection = NULL;
    int64_t version;
    int64_t wal_size;
    int64_t written_at;
    int64_t commits;
    int64_t runs;
    int i;

    http_post_events(port, EVENT, &response);
    ck_assert_eventually(is_at_rest(port));
    ck_assert_int_eq(
        sqlite3_open_v2(db, &connection, SQLITE_OPEN_READONLY, NULL),
        SQLITE_OK);
    version = pragma_int(connection, "PRAGMA data_version");
    wal_size = support_file_size(wal);
    written_at = modified_at(db) + modified_at(wal);
    commits = response_int(&response, "store.commits");
    runs = pragma_int(connection, "SELECT count(*) FROM upload_runs");
    for (i = 0; i < 50; i++) {
        ck_assert_int_eq(status_of(port, "/healthz"), 200);
        ck_assert_int_eq(status_of(port, "/livez"), 200);
        ck_assert_int_eq(status_of(port, "/stats"), 200);
    }
    ck_assert_int_eq(pragma_int(connection, "PRAGMA data_version"), version);
    ck_assert_int_eq(support_file_size(wal), wal_size);
    ck_assert_int_eq(modified_at(db) + modified_at(wal), written_at);
    ck_assert_int_eq(response_int(&response, "store.commits"), commits);
    ck_assert_int_eq(pragma_int(connection, "SELECT count(*) FROM upload_runs"),
                     runs);
    ck_assert_int_eq(pragma_int(connection, "SELECT count(*) FROM event_log"),
                     1);
    (void)sqlite3_close(connection);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_head_answers_like_get_without_a_body)
{
    static const char *const paths[] = {"/healthz", "/livez", "/stats"};
    struct daemon *collectord = daemon_start(db, NULL);
    struct client *client = client_open(daemon_port(collectord));
    size_t i;

    for (i = 0; i < 3; i++) {
        ck_assert(client_print(client, "HEAD %s HTTP/1.1\r\nHost: box\r\n\r\n",
                               paths[i]));
        ck_assert(client_read_head(client, &response));
        ck_assert_int_eq(response.status, 200);
        ck_assert(client_is_silent(client, 50));
        /* A body would be taken for the beginning of the next answer. */
        ck_assert(client_print(client, "GET %s HTTP/1.1\r\nHost: box\r\n\r\n",
                               paths[i]));
        ck_assert(client_read(client, &response));
        ck_assert_int_eq(response.status, 200);
        ck_assert_uint_gt(response.body_size, 0);
    }
    client_free(client);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_probes_are_served_when_all_threads_are_taken)
{
    struct daemon *collectord = daemon_start(db, "-http-threads", "2", NULL);
    int port = daemon_port(collectord);
    struct client *clients[2];
    size_t i;

    for (i = 0; i < 2; i++) {
        clients[i] = client_open(port);
        ck_assert(client_post(clients[i], EVENT));
        ck_assert(client_read(clients[i], &response));
        ck_assert_int_eq(response.status, 200);
    }
    /* Both connections stay open, and hold a thread each. */
    for (i = 0; i < 20; i++) {
        struct client *client = client_open(port);

        ck_assert(client_print(client, "GET /livez HTTP/1.1\r\n"
                                       "Host: box\r\n\r\n"));
        ck_assert(client_read(client, &response));
        ck_assert_int_eq(response.status, 200);
        client_free(client);
    }
    for (i = 0; i < 2; i++)
        client_free(clients[i]);
    daemon_stop(collectord);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_status");
    TCase *healthz = tcase_create("healthz");
    TCase *stats = tcase_create("stats");
    TCase *probes = tcase_create("probes");

    tcase_add_checked_fixture(healthz, site_setup_upstream,
                              site_teardown_upstream);
    tcase_add_test(healthz, test_healthz_is_ok_when_events_flow);
    tcase_add_test(healthz, test_healthz_says_why_the_upstream_fails);
    tcase_add_test(healthz, test_healthz_says_that_the_backlog_is_full);
    tcase_add_test(healthz, test_nobody_knows_the_age_of_what_has_no_time);
    tcase_add_test(healthz,
                   test_healthz_says_that_events_were_refused_for_want_of_room);
    tcase_add_test(healthz, test_healthz_says_that_the_upstream_hangs);
    suite_add_tcase(suite, healthz);
    tcase_add_checked_fixture(stats, site_setup, NULL);
    tcase_add_loop_test(stats, test_stats_count_what_happened, 0, 2);
    suite_add_tcase(suite, stats);
    tcase_add_checked_fixture(probes, site_setup, NULL);
    tcase_add_test(probes, test_probes_write_nothing);
    tcase_add_test(probes, test_head_answers_like_get_without_a_body);
    tcase_add_test(probes, test_probes_are_served_when_all_threads_are_taken);
    suite_add_tcase(suite, probes);
    return support_run_suite(suite);
}
