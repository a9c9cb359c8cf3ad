/* SPDX-License-Identifier: MIT */
/*
 * Events can be asked for over HTTP while they come in: by what they are, page
 * by page without one missing or twice, and by id with what became of them.
 * They are shown as they were sent, and a mistaken question is no other one.
 */
#include "site.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct daemon *collectord;

static void
start(void)
{
    collectord = daemon_start(db, "-upload-interval", "5ms", NULL);
}

static void
setup(void)
{
    site_setup();
    start();
}

static void
teardown(void)
{
    daemon_stop(collectord);
}

static int
ask(const char *method, const char *path)
{
    http_request(daemon_port(collectord), method, path, NULL, NULL, &response);
    return response.status;
}

static void
post(const char *json)
{
    ck_assert_msg(site_post(collectord, json) == 200, "%s", response.body);
}

/** Append a number to a list of them, as text of support.h. */
static const char *
listed(const char *list, int64_t number)
{
    return support_format("%s%s%" PRId64, list, *list != '\0' ? " " : "",
                          number);
}

/** The ids of a page, such as "1 2 3". */
static const char *
ids_of(const char *text, int64_t *ret_next)
{
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    json_t *events = json_object_get(json, "events");
    json_t *next = json_object_get(json, "next");
    const char *ids = "";
    json_t *event;
    size_t i;

    ck_assert_msg(json_is_array(events), "%s", text);
    ck_assert(json_is_null(next) || json_is_integer(next));
    json_array_foreach(events, i, event) ids =
        listed(ids, json_integer_value(json_object_get(event, "id")));
    if (ret_next != NULL)
        *ret_next = json_integer_value(next);
    json_decref(json);
    return ids;
}

/** Events 1 … 6. */
static const char some[] =
    "[{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1000,\"payload\":\"Foo_%\"},"
    "{\"device_id\":\"b\",\"kind\":\"k\",\"ts\":2000,\"payload\":[\"foo\"]},"
    "{\"device_id\":\"a\",\"kind\":\"l\",\"ts\":3000},"
    "{\"device_id\":\"\\u00e4 +&\",\"kind\":\"k\",\"ts\":4000,\"payload\":7},"
    "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":5000,\"payload\":null},"
    "{\"device_id\":\"A\",\"kind\":\"K\",\"ts\":6000,\"payload\":{\"a\":7}}]";

/** What is asked for, and what is found. */
static const struct {
    const char *query;
    const char *ids;
    int64_t next;
} questions[] = {
    {"", "1 2 3 4 5 6", 0},
    {"?", "1 2 3 4 5 6", 0},
    {"?device_id=a", "1 3 5", 0},
    {"?device_id=%61", "1 3 5", 0},
    {"?device_id=%C3%A4+%2B%26", "4", 0},
    {"?device_id=%c3%a4%20%2b%26", "4", 0},
    {"?device_id=%25", "", 0},
    {"?device_id=A", "6", 0},
    {"?kind=k", "1 2 4 5", 0},
    {"?kind=k&device_id=a", "1 5", 0},
    {"?text=foo", "1 2", 0},
    {"?text=_%25", "1", 0},
    {"?text=%25", "1", 0},
    {"?text=7", "4 6", 0},
    {"?text=null", "5", 0},
    {"?text=%22a%22:7", "6", 0},
    {"?since=3000", "3 4 5 6", 0},
    {"?until=3000", "1 2", 0},
    {"?since=2000&until=5000", "2 3 4", 0},
    {"?since=5000&until=5000", "", 0},
    {"?after=0", "1 2 3 4 5 6", 0},
    {"?after=4", "5 6", 0},
    {"?after=9223372036854775807", "", 0},
    {"?before=3", "1 2", 0},
    {"?before=1", "", 0},
    {"?after=2&before=5", "3 4", 0},
    {"?order=newest", "6 5 4 3 2 1", 0},
    {"?order=oldest", "1 2 3 4 5 6", 0},
    {"?order=newest&device_id=a&before=5", "3 1", 0},
    {"?limit=2", "1 2", 2},
    {"?limit=6", "1 2 3 4 5 6", 0},
    {"?limit=2&order=newest", "6 5", 5},
    {"?limit=2&order=newest&before=5", "4 3", 3},
    {"?limit=1&device_id=a&after=1", "3", 3},
    {"?limit=1&device_id=a&after=3", "5", 0},
};

/** Ask all of them. */
static void
assert_questions(void)
{
    int64_t next;
    size_t i;

    for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const char *query = questions[i].query;

        ck_assert_msg(ask("GET", support_format("/events%s", query)) == 200,
                      "%s: %s", query, response.body);
        ck_assert_msg(strcmp(ids_of(response.body, &next), questions[i].ids) ==
                          0,
                      "%s: %s", query, response.body);
        ck_assert_msg(next == questions[i].next, "%s: %s", query,
                      response.body);
    }
}

START_TEST(test_each_parameter_selects)
{
    post(some);
    assert_questions();
    daemon_stop(collectord);
    collectord = daemon_start(db, "-indexed", NULL);
    assert_questions();
}
END_TEST

/** What is refused, and what has to be said of it. */
static const struct {
    const char *path;
    const char *problem;
} mistakes[] = {
    {"/events?device=a", "no parameter"},
    {"/events?device_id=a&device_id=b", "there twice"},
    {"/events?device_id=", "expected a value"},
    {"/events?device_id", "expected a value"},
    {"/events?device_id=%zz", "hexadecimal"},
    {"/events?device_id=%00", "NUL"},
    {"/events?device_id=%FF", "UTF-8"},
    {"/events?kind=%C0%80", "UTF-8"},
    {"/events?text=%", "hexadecimal"},
    {"/events?since=-1", "since"},
    {"/events?since=yesterday", "since"},
    {"/events?until=0", "until"},
    {"/events?after=1,2", "after"},
    {"/events?after=9223372036854775808", "after"},
    {"/events?before=0", "before"},
    {"/events?order=up", "oldest or newest"},
    {"/events?limit=0", "limit"},
    {"/events?limit=1001", "limit"},
    {"/events?limit=1e2", "limit"},
    {"/events?after=1;DROP%20TABLE%20event_log", "after"},
    {"/events/x", "no id"},
    {"/events/0", "no id"},
    {"/events/01", "no id"},
    {"/events/-1", "no id"},
    {"/events/+1", "no id"},
    {"/events/1.0", "no id"},
    {"/events/%31", "no id"},
    {"/events/1,2", "no id"},
    {"/events/9223372036854775808", "no id"},
    {"/events/99999999999999999999", "no id"},
    {"/events/1?id=2", "no parameter"},
};

START_TEST(test_mistaken_question_is_refused)
{
    size_t i;

    post(some);
    for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        ck_assert_msg(ask("GET", mistakes[i].path) == 400, "%s: %s",
                      mistakes[i].path, response.body);
        ck_assert_contains(response_text(&response, "error"),
                           mistakes[i].problem);
    }
    ck_assert_int_eq(site_event_count(), 6);
}
END_TEST

START_TEST(test_longest_names_and_texts_can_be_asked_for)
{
    const char *device_id = support_repeat("\303\244", 128);
    const char *kind = support_repeat("k", 128);

    post(support_format("{\"device_id\":\"%s\",\"kind\":\"%s\","
                        "\"payload\":\"%s\"}",
                        device_id, kind, support_repeat("x", 300)));
    ck_assert_int_eq(
        ask("GET", support_format("/events?device_id=%s&kind=%s&text=%s",
                                  support_repeat("%c3%A4", 128), kind,
                                  support_repeat("x", 256))),
        200);
    ck_assert_str_eq(ids_of(response.body, NULL), "1");
    ck_assert_int_eq(
        ask("GET", support_format("/events?text=%s", support_repeat("x", 257))),
        400);
    ck_assert_contains(response.body, "at most 256 bytes");
    ck_assert_int_eq(
        ask("GET", support_format("/events?device_id=%sx", device_id)), 400);
    ck_assert_int_eq(ask("GET", support_format("/events?kind=%sx", kind)), 400);
}
END_TEST

#define EXACT                                                                  \
    "{\"n\":21.40,\"big\":1234567890123456789012345,\"e\":1E+2,\"n\":0,"       \
    "\"\":\"\\u00e4\\ud83d\\ude00/\\/\303\244\\u0000\"}"
#define MARKUP "</script><img src=x onerror=alert(1)>'\\\"&amp;"

static const char odd[] =
    "[{\"device_id\":\"" MARKUP "\",\"kind\":\"" MARKUP
    "\",\"ts\":7,\"payload\":\"" MARKUP "\"},"
    "{\"device_id\":\"\\u0001\\n\\u2028\\u007f\",\"kind\":\"k\",\"ts\":8,"
    "\"payload\":" EXACT "},"
    "{\"device_id\":\"c\",\"kind\":\"k\",\"ts\":9},"
    "{\"device_id\":\"c\",\"kind\":\"k\",\"ts\":10,\"payload\":null}]";

/** How many events i and i + 4 are the same but for their ids. */
static int64_t
same_count(void)
{
    return support_sql_int(
        db, "SELECT count(*) FROM event_log a JOIN event_log b"
            " ON b.id = a.id + 4 AND a.payload_json IS b.payload_json"
            " AND a.device_id = b.device_id AND a.kind = b.kind"
            " AND a.ts = b.ts");
}

/** The array in a page of events. */
static const char *
array_of(const char *text)
{
    const char *begin = strchr(text, '[');
    const char *end = strstr(text, ",\"next\"");

    ck_assert(begin != NULL && end != NULL);
    return support_format("%.*s", (int)(end - begin), begin);
}

START_TEST(test_what_is_shown_can_be_posted_again)
{
    post(odd);
    site_wait_drained();
    ck_assert_int_eq(ask("GET", "/events"), 200);
    ck_assert_contains(response.body, "\"payload\":" EXACT ",");
    ck_assert_contains(response.body, "\"payload\":null,");
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "application/json");
    post(array_of(response.body));
    ck_assert_int_eq(same_count(), 4);
}
END_TEST

START_TEST(test_lines_can_be_posted_again)
{
    const char *body;

    post(odd);
    http_request(daemon_port(collectord), "GET", "/events?limit=4",
                 "Accept: text/html, application/x-ndjson;q=0.9\r\n", NULL,
                 &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "application/x-ndjson");
    ck_assert_ptr_null(response_header(&response, "X-Next"));
    ck_assert_uint_eq(support_occurrences(response.body, "\n"), 4);
    body = support_format("%s", response.body);
    http_request(daemon_port(collectord), "POST", "/events", NDJSON, body,
                 &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(same_count(), 4);
    http_request(daemon_port(collectord), "GET", "/events?limit=3",
                 "Accept: application/x-ndjson\r\n", NULL, &response);
    ck_assert_str_eq(response_header(&response, "X-Next"), "3");
    http_request(daemon_port(collectord), "GET", "/events?limit=3",
                 "Accept: application/x-ndjsonx, */*\r\n", NULL, &response);
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "application/json");
}
END_TEST

START_TEST(test_head_and_other_methods)
{
    post(some);
    ck_assert_int_eq(ask("GET", "/events?limit=1"), 200);
    ck_assert_int_eq(ask("DELETE", "/events"), 405);
    ck_assert_str_eq(response_header(&response, "Allow"), "POST, GET, HEAD");
    ck_assert_int_eq(ask("DELETE", "/events/1"), 405);
    ck_assert_str_eq(response_header(&response, "Allow"), "GET, HEAD");
    ck_assert_int_eq(ask("POST", "/events/1"), 405);
    ck_assert_int_eq(ask("GET", "/events/"), 404);
    ck_assert_int_eq(ask("GET", "/events/1/"), 404);
    ck_assert_int_eq(ask("GET", "/events/{id}"), 400);
}
END_TEST

/** Somebody who posts all the time. */
static void *
post_often(void *userdata)
{
    static struct response received; /* of this thread */
    const int *port = userdata;
    int i;

    for (i = 0; i < 100; i++) {
        http_post_events(*port, "[" EVENT "," EVENT "," EVENT "]", &received);
        ck_assert_int_eq(received.status, 200);
    }
    return NULL;
}

/** Read one page after the other until none is left, and assert that each id
 *  between is in them once. @return The last id. */
static int64_t
read_on(int64_t last, const char *query)
{
    int64_t next;

    do {
        const char *ids;
        const char *expected = "";
        int64_t id;

        ck_assert_int_eq(
            ask("GET",
                support_format("/events?after=%" PRId64 "%s", last, query)),
            200);
        ids = ids_of(response.body, &next);
        for (id = last + 1; strlen(expected) < strlen(ids); id++)
            expected = listed(expected, id);
        ck_assert_str_eq(ids, expected);
        if (next != 0)
            ck_assert_int_eq(next, id - 1);
        last = id - 1;
    } while (next != 0);
    return last;
}

START_TEST(test_pages_have_each_event_once_while_others_come)
{
    int port = daemon_port(collectord);
    int64_t last = 0;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, post_often, &port), 0);
    while (last < 300)
        last = read_on(last, "&limit=7&device_id=a");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(last, 300);
    ck_assert_int_eq(read_on(0, ""), 300); /* a hundred each */
    ck_assert_int_eq(read_on(0, "&limit=1000"), 300);
}
END_TEST

START_TEST(test_pages_of_large_events_end_early)
{
    const char *event = support_format("{\"device_id\":\"d\",\"kind\":\"k\","
                                       "\"payload\":\"%s\"}",
                                       support_repeat("x", 65534));
    struct client *client;
    int64_t next = 0;
    int pages = 0;
    int i;

    for (i = 0; i < 40; i++)
        post(event);
    do {
        const char *text = http_get_long(
            daemon_port(collectord),
            support_format("/events?limit=1000&after=%" PRId64, next));

        ck_assert_uint_le(strlen(text), 1024 * 1024);
        (void)ids_of(text, &next);
        pages++;
    } while (next != 0);
    ck_assert_int_ge(pages, 3);
    ck_assert_int_le(pages, 4);
    client = client_open(daemon_port(collectord));
    ck_assert(client_print(client,
                           "HEAD /events?limit=1000 HTTP/1.1\r\nHost: box\r\n"
                           "\r\nGET /livez HTTP/1.1\r\nHost: box\r\n\r\n"));
    ck_assert(client_read_head(client, &response));
    ck_assert_int_gt(atoi(response_header(&response, "Content-Length")),
                     900000);
    ck_assert(client_read(client, &response));
    ck_assert_str_eq(response.body, "{\"ok\":true}\n");
    client_free(client);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_search");
    TCase *search = support_add_case(suite, "search", setup, teardown);

    tcase_add_test(search, test_each_parameter_selects);
    tcase_add_test(search, test_mistaken_question_is_refused);
    tcase_add_test(search, test_longest_names_and_texts_can_be_asked_for);
    tcase_add_test(search, test_what_is_shown_can_be_posted_again);
    tcase_add_test(search, test_lines_can_be_posted_again);
    tcase_add_test(search, test_head_and_other_methods);
    tcase_add_test(search, test_pages_have_each_event_once_while_others_come);
    tcase_add_test(search, test_pages_of_large_events_end_early);
    return support_run_suite(suite);
}
