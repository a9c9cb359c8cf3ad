/* SPDX-License-Identifier: MIT */
/*
 * What became of each event, which devices there are, how uploads went, and the
 * last hour can be asked for over HTTP: of the file that is there now, by few
 * at a time, and by those who may read.
 */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** Requests at once: more than are answered and may wait. */
#define CROWD_COUNT 60

static struct daemon *collectord;

static void
setup(void)
{
    site_setup();
    collectord = daemon_start(db, "-upload-interval", "5ms", NULL);
}

static void
teardown(void)
{
    daemon_stop(collectord);
}

static int
ask(const char *path)
{
    http_get(daemon_port(collectord), path, &response);
    return response.status;
}

static void
post(const char *json)
{
    ck_assert_msg(site_post(collectord, json) == 200, "%s", response.body);
}

/** Stop, change the file, and start with an upstream that nobody is at. */
static void
change(const char *sql)
{
    daemon_stop(collectord);
    support_sql_exec(db, sql);
    collectord =
        daemon_start(db, "-sink", "webhook", "-webhook-url",
                     "http://127.0.0.1:9/", "-drain-timeout", "0", NULL);
}

/** Events 1 … 9 of one device: 1 was settled longer ago than is written down
 *  and pruned, 2 and 3 were delivered, 4 died, 5 died and its letter was
 *  purged, 6 was dropped, 7 … 9 are pending. */
static const char fates_sql[] =
    "BEGIN;"
    "INSERT INTO event_log WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL"
    " SELECT i + 1 FROM n WHERE i < 9) SELECT i, 'd', 'k', '[' || i || ']',"
    " 1000 * i FROM n WHERE i <> 5 AND i <> 6;"
    "INSERT INTO dead_letters VALUES (4, 44, 400, 'HTTP 400', 2, NULL);"
    "INSERT INTO upload_runs (id, started_at, finished_at, event_count, status,"
    " error, first_id, last_id, attempts) VALUES"
    " (1, 20, 22, 2, 'success', NULL, 2, 3, 1),"
    " (2, 40, 44, 1, 'dead', 'HTTP 400', 4, 4, 2),"
    " (3, 50, 55, 1, 'dead', '<b>', 5, 5, 2),"
    " (4, 60, 66, 1, 'dropped', NULL, 6, 6, 1);"
    "UPDATE state SET settled_through = 6, delivered = 3, dead = 2,"
    " dropped = 1;"
    "COMMIT";

#define EVENT_OF(id, fate, at)                                                 \
    "{\"id\":" #id ",\"device_id\":\"d\",\"kind\":\"k\",\"payload\":[" #id     \
    "],\"ts\":" #id "000,\"fate\":\"" fate "\",\"uploaded_at\":" #at
#define GONE_OF(id, fate, at)                                                  \
    "{\"id\":" #id                                                             \
    ",\"device_id\":null,\"kind\":null,\"ts\":null,\"fate\":\"" fate           \
    "\",\"uploaded_at\":" #at ",\"kept\":0"

static const struct {
    const char *path;
    const char *body;
} fates[] = {
    {"/events/1", GONE_OF(1, "settled", 0) "}\n"},
    {"/events/2", EVENT_OF(2, "delivered", 22) ",\"kept\":1}\n"},
    {"/events/4",
     EVENT_OF(4, "dead", 44) ",\"kept\":1,\"status\":400,\"reason\":\"HTTP "
                             "400\",\"attempts\":2,\"replayed_as\":null}\n"},
    {"/events/5",
     GONE_OF(5, "dead",
             55) ",\"status\":null,\"reason\":null,\"attempts\":null,"
                 "\"replayed_as\":null}\n"},
    {"/events/6", GONE_OF(6, "dropped", 66) "}\n"},
    {"/events/9", EVENT_OF(9, "pending", null) ",\"kept\":1}\n"},
    {"/events?after=3&before=8",
     "{\"events\":[" EVENT_OF(4, "dead", 44) "}," EVENT_OF(
         7, "pending", null) "}],\"next\":null}\n"},
};

static void
assert_unknown(const char *id)
{
    ck_assert_int_eq(ask(support_format("/events/%s", id)), 404);
    ck_assert_str_eq(
        response.body,
        support_format("{\"error\":\"that id was never given out\","
                       "\"id\":%s,\"fate\":\"unknown\",\"kept\":0}\n",
                       id));
}

START_TEST(test_each_event_has_its_fate)
{
    size_t i;

    change(fates_sql);
    for (i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        ck_assert_msg(ask(fates[i].path) == 200, "%s", fates[i].path);
        ck_assert_str_eq(response.body, fates[i].body);
    }
    assert_unknown("10");
    assert_unknown("9223372036854775807");
    post(EVENT);
    ck_assert_int_eq(ask("/events/10"), 200);
    ck_assert_str_eq(response_text(&response, "fate"), "pending");
}
END_TEST

#define RUN_4                                                                  \
    "{\"id\":4,\"started_at\":60,\"finished_at\":66,\"event_count\":1,"        \
    "\"status\":\"dropped\",\"error\":null,\"first_id\":6,\"last_id\":6,"      \
    "\"attempts\":1}"
#define RUN_3                                                                  \
    "{\"id\":3,\"started_at\":50,\"finished_at\":55,\"event_count\":1,"        \
    "\"status\":\"dead\",\"error\":\"<b>\",\"first_id\":5,\"last_id\":5,"      \
    "\"attempts\":2}"

static const struct {
    const char *path;
    const char *body;
} pages_of_runs[] = {
    {"/runs?before=5&limit=2", "{\"runs\":[" RUN_4 "," RUN_3 "],\"next\":3}\n"},
    {"/runs?before=4&limit=1", "{\"runs\":[" RUN_3 "],\"next\":3}\n"},
    {"/runs?status=dropped", "{\"runs\":[" RUN_4 "],\"next\":null}\n"},
    {"/runs?before=4&status=dead&limit=1",
     "{\"runs\":[" RUN_3 "],\"next\":3}\n"},
    {"/runs?before=1", "{\"runs\":[],\"next\":null}\n"},
};

START_TEST(test_runs_come_in_pages_from_the_latest_back)
{
    size_t i;

    change(fates_sql);
    for (i = 0; i < sizeof(pages_of_runs) / sizeof(pages_of_runs[0]); i++) {
        ck_assert_msg(ask(pages_of_runs[i].path) == 200, "%s",
                      pages_of_runs[i].path);
        ck_assert_str_eq(response.body, pages_of_runs[i].body);
    }
    /* The outage that is going on. */
    ck_assert_eventually(ask("/runs?status=error&limit=1") == 200 &&
                         strstr(response.body, "\"id\":5,") != NULL);
}
END_TEST

START_TEST(test_devices_come_in_pages_with_when_they_were_seen)
{
    post("[{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":3000},"
         "{\"device_id\":\"<b>\\\"\",\"kind\":\"k\",\"ts\":1000},"
         "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":2000},"
         "{\"device_id\":\"c\",\"kind\":\"k\"}]");
    ck_assert_int_eq(ask("/devices?limit=2"), 200);
    ck_assert_str_eq(response.body,
                     "{\"devices\":[{\"id\":1,\"device_id\":\"a\",\"label\":"
                     "null,\"last_seen_at\":3000},{\"id\":2,\"device_id\":"
                     "\"<b>\\\"\",\"label\":null,\"last_seen_at\":1000}],"
                     "\"next\":2}\n");
    ck_assert_int_eq(ask("/devices?after=2"), 200);
    ck_assert_contains(response.body, "\"device_id\":\"c\"");
    ck_assert_contains(response.body, "}],\"next\":null}");
    ck_assert_uint_eq(support_occurrences(response.body, "\"id\":"), 1);
    ck_assert_int_eq(ask("/devices?seen_before=3000"), 200);
    ck_assert_uint_eq(support_occurrences(response.body, "\"id\":"), 1);
    ck_assert_contains(response.body, "\"id\":2,");
    ck_assert_int_eq(ask("/devices?seen_before=3001&limit=1&after=1"), 200);
    ck_assert_contains(response.body, "\"id\":2,");
    ck_assert_contains(response.body, "\"next\":null");
}
END_TEST

START_TEST(test_history_begins_with_the_start)
{
    const int64_t now_ms = (int64_t)time(NULL) * 1000;
    json_t *json;
    json_t *samples;
    json_t *sample;

    post(EVENT);
    /* The main thread takes it, once all is up. */
    ck_assert_eventually(ask("/history") == 200 &&
                         strstr(response.body, "[[") != NULL);
    json = response_json(&response);
    samples = json_object_get(json, "samples");
    sample = json_array_get(samples, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "step_ms")),
                     5000);
    ck_assert_uint_eq(json_array_size(sample), 6);
    ck_assert_int_gt(json_integer_value(json_array_get(sample, 0)),
                     now_ms - SUPPORT_WAIT_MS);
    ck_assert_int_eq(
        ask(support_format(
            "/history?after=%" JSON_INTEGER_FORMAT,
            json_integer_value(json_array_get(
                json_array_get(samples, json_array_size(samples) - 1), 0)))),
        200);
    ck_assert_ptr_null(
        strstr(response.body,
               support_format("[[%" JSON_INTEGER_FORMAT,
                              json_integer_value(json_array_get(sample, 0)))));
    json_decref(json);
}
END_TEST

static const char *const mistakes[] = {
    "/devices?after=-1",   "/devices?seen_before=0",
    "/devices?limit=1001", "/devices?device_id=a",
    "/runs?before=0",      "/runs?status=failed",
    "/runs?status=",       "/runs?after=1",
    "/runs?limit=0",       "/history?after=x",
    "/history?limit=1",    "/history?after=1&after=2",
};

START_TEST(test_mistaken_question_is_refused)
{
    size_t i;

    for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        ck_assert_msg(ask(mistakes[i]) == 400, "%s", mistakes[i]);
        ck_assert_contains(response.body, "\"error\"");
    }
}
END_TEST

static const char *const paths[] = {"/events", "/events/1", "/devices", "/runs",
                                    "/history"};

START_TEST(test_head_is_get_without_a_body)
{
    int size;

    post(EVENT);
    site_wait_drained();
    ck_assert_int_eq(ask(paths[_i]), 200);
    size = (int)response.body_size;
    http_request(daemon_port(collectord), "HEAD", paths[_i], NULL, NULL,
                 &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_ge(atoi(response_header(&response, "Content-Length")), size);
    http_request(daemon_port(collectord), "PUT", paths[_i], NULL, "x",
                 &response);
    ck_assert_int_eq(response.status, 405);
}
END_TEST

/** Have so many requests answered at once, and say how many were told to come
 *  again. All others have to be answered. */
static unsigned
crowd(const char *path)
{
    struct client *clients[CROWD_COUNT];
    unsigned busy = 0;
    unsigned i;

    for (i = 0; i < CROWD_COUNT; i++)
        clients[i] = client_open(daemon_port(collectord));
    for (i = 0; i < CROWD_COUNT; i++)
        ck_assert(client_print(clients[i],
                               "GET %s HTTP/1.1\r\nHost: box\r\n\r\n", path));
    for (i = 0; i < CROWD_COUNT; i++) {
        ck_assert(client_read(clients[i], &response));
        if (response.status == 503) {
            ck_assert_str_eq(response_text(&response, "error"), "busy");
            ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
            busy++;
        } else {
            ck_assert_msg(response.status == 200, "%s", response.body);
        }
        client_free(clients[i]);
    }
    ck_assert_uint_lt(busy, CROWD_COUNT);
    return busy;
}

START_TEST(test_few_questions_are_asked_at_a_time)
{
    change("INSERT INTO event_log WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
           " SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'd', 'k', '[]', 1"
           " FROM n");
    ck_assert_eventually(crowd("/events?text=nowhere") > 0);
    ck_assert_int_eq(ask("/events?text=nowhere"), 200);
    ck_assert_str_eq(response.body, "{\"events\":[],\"next\":null}\n");
    post(EVENT);
}
END_TEST

/** Overwrite a part of the file, which is not ours. */
static void
spoil(long offset, size_t size)
{
    FILE *file = fopen(db, "r+b");
    size_t i;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, offset, SEEK_SET), 0);
    for (i = 0; i < size; i++)
        (void)putc((int)(i * 7 + 3) & 0xFF, file);
    ck_assert_int_eq(fclose(file), 0);
}

/** Start with an upstream that takes nothing yet. */
static void
start_with_upstream(void)
{
    collectord = daemon_start(
        db, "-on-damage", "quarantine", "-sink", "webhook", "-webhook-url",
        upstream_url(upstream, "/in"), "-drain-timeout", "0", NULL);
}

START_TEST(test_file_in_the_place_of_a_damaged_one_is_read)
{
    upstream = upstream_new();
    upstream_set_default(upstream, (struct upstream_answer){.status = 503});
    change("INSERT INTO event_log WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
           " SELECT i + 1 FROM n WHERE i < 5000) SELECT i, 'd', 'k',"
           " printf('\"%0100d\"', i), 1 FROM n");
    daemon_stop(collectord);
    start_with_upstream();
    ck_assert_int_eq(ask("/events/5000"), 200);
    spoil(8L * 4096, (size_t)40 * 4096);
    upstream_set_default(upstream, (struct upstream_answer){.status = 200});
    ck_assert(daemon_says(collectord, "a new file is in the place of"));
    ck_assert_eventually(site_post(collectord, EVENT) == 200);
    ck_assert_int_eq(ask("/events?device_id=a&order=newest&limit=1"), 200);
    ck_assert_uint_eq(support_occurrences(response.body, "\"id\":"), 1);
    upstream_free(upstream);
    upstream = NULL;
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_views");
    TCase *views = support_add_case(suite, "views", setup, teardown);

    tcase_add_test(views, test_each_event_has_its_fate);
    tcase_add_test(views, test_runs_come_in_pages_from_the_latest_back);
    tcase_add_test(views, test_devices_come_in_pages_with_when_they_were_seen);
    tcase_add_test(views, test_history_begins_with_the_start);
    tcase_add_test(views, test_mistaken_question_is_refused);
    tcase_add_loop_test(views, test_head_is_get_without_a_body, 0,
                        sizeof(paths) / sizeof(paths[0]));
    tcase_add_test(views, test_few_questions_are_asked_at_a_time);
    tcase_add_test(views, test_file_in_the_place_of_a_damaged_one_is_read);
    return support_run_suite(suite);
}
