/* SPDX-License-Identifier: MIT */
/*
 * A refused request promises that nothing of it is stored, that no id is used
 * up, that the answer says in JSON what is wrong and where, and that the next
 * good request is served.
 */
#include "refusal.h"

/** The error names no event. */
#define NO_INDEX (-1)

/** More opening brackets than any stack has room for. */
#define BOMB_COUNT 100000

static void
assert_refused(int status, const char *words)
{
    ck_assert_msg(response.status == status, "%d instead of %d: %s",
                  response.status, status, response.body);
    ck_assert_contains(response_header(&response, "Content-Type"), "json");
    ck_assert_contains(response_text(&response, "error"), words);
}

static const struct {
    const char *body;
    const char *words;
    int index;
} malformed[] = {
    {"", "", NO_INDEX},
    {" \n ", "", NO_INDEX},
    {"x", "", NO_INDEX},
    {"17", "", NO_INDEX},
    {"\"text\"", "", NO_INDEX},
    {"null", "", NO_INDEX},
    {"{", "", NO_INDEX},
    {"[", "", NO_INDEX},
    {"[" EVENT, "", NO_INDEX},
    {"[" EVENT ",", "", NO_INDEX},
    {"[" EVENT ",]", "", NO_INDEX},
    {"[" EVENT " " EVENT "]", "", NO_INDEX},
    {EVENT " x", "", NO_INDEX},
    {EVENT EVENT, "", NO_INDEX},
    {EVENT "\n" EVENT "\n", "", NO_INDEX},
    {"[" EVENT "][]", "", NO_INDEX},
    {"[" EVENT ",17]", "", 1},
    {"[" EVENT ",[" EVENT "]]", "", 1},
    {"[" EVENT "," EVENT ",{\"kind\":\"k\"}]", "device_id is required", 2},
    {"[{\"device_id\":\"a\"}," EVENT "]", "kind is required", 0},
    {"{\"kind\":\"k\"}", "device_id is required", NO_INDEX},
    {"{}", "device_id is required", NO_INDEX},
    {"{\"device_id\":\"\",\"kind\":\"k\"}", "device_id", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"\"}", "kind", NO_INDEX},
    {"{\"device_id\":7,\"kind\":\"k\"}", "device_id", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":null}", "kind", NO_INDEX},
    {"{\"device_id\":\"a\\u0000b\",\"kind\":\"k\"}", "device_id", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":\"1\"}", "ts", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":1.5}", "ts", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":9223372036854775808}", "ts",
     NO_INDEX},
    {"{\"device_id\":\"a\",\"device_id\":\"b\",\"kind\":\"k\"}", "device_id",
     NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"kind\":\"k\"}", "kind", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":1e400}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"\\ud800\"}", "",
     NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":{\"\\u0000\":1}}", "",
     NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"\xff\"}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"\t\"}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":01}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":nul}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",}", "", NO_INDEX},
    {"{\"device_id\":\"a\",'kind':\"k\"}", "", NO_INDEX},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":[1}]", "", NO_INDEX},
};

START_TEST(test_malformed_body_is_refused)
{
    http_post_events(port, malformed[_i].body, &response);
    assert_refused(400, malformed[_i].words);
    if (malformed[_i].index != NO_INDEX)
        ck_assert_int_eq(response_int(&response, "index"), malformed[_i].index);
}
END_TEST

static const struct {
    const char *body;
    int index;
} malformed_lines[] = {
    {EVENT "\n{\"device_id\":\"a\"}\n" EVENT "\n", 1},
    {EVENT "\n" EVENT "\n{\"device_id\":\"a\",\"ki", 2},
    {EVENT " " EVENT "\n", 0},
    {EVENT EVENT "\n", 0},
    {"[" EVENT "]\n", 0},
    {EVENT "\n" EVENT "\n17\n", 2},
    {EVENT "\n{\"device_id\":\n\"a\",\"kind\":\"k\"}\n", 1},
};

START_TEST(test_malformed_line_refuses_all_lines)
{
    http_request(port, "POST", "/events", NDJSON, malformed_lines[_i].body,
                 &response);
    assert_refused(400, "");
    ck_assert_int_eq(response_int(&response, "index"),
                     malformed_lines[_i].index);
}
END_TEST

START_TEST(test_oversize_field_is_refused)
{
    static const char form[] =
        "[" EVENT ",{\"device_id\":\"%s\",\"kind\":\"%s\",\"payload\":\"%s\"}]";
    static const char *const names[] = {"device_id", "kind", "payload"};
    const char *fields[3] = {"a", "k", "p"};
    static const size_t sizes[] = {COLLECTOR_DEVICE_ID_SIZE_MAX + 1,
                                   COLLECTOR_KIND_SIZE_MAX + 1,
                                   COLLECTOR_PAYLOAD_SIZE_MAX - 1};

    fields[_i] = support_repeat("x", sizes[_i]);
    http_post_events(
        port, support_format(form, fields[0], fields[1], fields[2]), &response);
    assert_refused(400, names[_i]);
    ck_assert_int_eq(response_int(&response, "index"), 1);
}
END_TEST

START_TEST(test_too_many_events_are_refused)
{
    const char *line = EVENT "\n";

    http_request(port, "POST", "/events", NDJSON,
                 support_repeat(line, COLLECTOR_APPEND_COUNT_MAX + 1),
                 &response);
    assert_refused(413, "10000");
}
END_TEST

START_TEST(test_deep_nesting_is_refused)
{
    static const char event[] = "{\"device_id\":\"a\",\"kind\":\"k\","
                                "\"payload\":%s%s}";
    const char *deeper = support_format(
        event, support_repeat("[", COLLECTOR_PAYLOAD_DEPTH_MAX + 1),
        support_repeat("]", COLLECTOR_PAYLOAD_DEPTH_MAX + 1));
    const char *const bombs[] = {
        deeper,
        support_repeat("[", BOMB_COUNT),
        support_repeat("{\"a\":", BOMB_COUNT),
        support_format("[" EVENT ",%s", support_repeat("[", BOMB_COUNT)),
        support_format(event, support_repeat("[", BOMB_COUNT / 4), ""),
        support_format("{\"extra\":%s}", support_repeat("[{\"\":", BOMB_COUNT)),
    };
    size_t i;

    for (i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        http_post_events(port, bombs[i], &response);
        assert_refused(400, "");
        http_request(port, "POST", "/events", NDJSON, bombs[i], &response);
        assert_refused(400, "");
    }
}
END_TEST

static const char *const unknown_paths[] = {
    "/index.html", "/events/",  "/events/1/", "/event",    "/eventsx",
    "/EVENTS",     "/healthz/", "/stats/x",   "/livez.txt"};

START_TEST(test_unknown_path_is_not_found)
{
    http_request(port, "POST", unknown_paths[_i], NULL, EVENT, &response);
    assert_refused(404, "");
    http_get(port, unknown_paths[_i], &response);
    assert_refused(404, "");
}
END_TEST

static const struct {
    const char *method;
    const char *path;
    const char *allow;
} wrong_methods[] = {
    {"PATCH", "/events", "POST"},  {"PUT", "/events", "POST"},
    {"DELETE", "/events", "POST"}, {"POST", "/healthz", "GET"},
    {"POST", "/livez", "GET"},     {"DELETE", "/stats", "GET"},
};

START_TEST(test_wrong_method_is_told_the_right_one)
{
    http_request(port, wrong_methods[_i].method, wrong_methods[_i].path, NULL,
                 EVENT, &response);
    assert_refused(405, "");
    ck_assert_contains(response_header(&response, "Allow"),
                       wrong_methods[_i].allow);
}
END_TEST

static const char *const odd_requests[] = {
    "FROB /events HTTP/1.1\r\nHost: box\r\n\r\n",
    "post /events HTTP/1.1\r\nHost: box\r\n\r\n",
    "TRACE /events HTTP/1.1\r\nHost: box\r\n\r\n",
    "OPTIONS /events HTTP/1.1\r\nHost: box\r\n\r\n",
    "PROPFIND / HTTP/1.1\r\nHost: box\r\n\r\n",
    "CONNECT box:80 HTTP/1.1\r\nHost: box\r\n\r\n",
    "GET /../../etc/passwd HTTP/1.1\r\nHost: box\r\n\r\n",
    "GET /events.sqlite HTTP/1.1\r\nHost: box\r\n\r\n",
    "DELETE /events.sqlite HTTP/1.1\r\nHost: box\r\n\r\n",
    "PUT /new HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\n\r\nx",
    "GET /livez HTTP/2.0\r\nHost: box\r\n\r\n",
    "GET /livez\r\n\r\n",
    "\x16\x03\x01\x02 a TLS hello\r\n\r\n",
};

START_TEST(test_odd_request_is_refused_in_json)
{
    const char *request = odd_requests[_i];

    http_send_raw(port, request, strlen(request), &response);
    ck_assert_int_ge(response.status, 400);
    assert_refused(response.status, "");
}
END_TEST

START_TEST(test_oversize_head_is_refused)
{
    const char *request =
        support_format("GET /livez HTTP/1.1\r\nHost: box\r\n%s: x\r\n\r\n",
                       support_repeat("X", 20000));

    http_send_raw(port, request, strlen(request), &response);
    assert_refused(response.status, "");
    request = support_format("GET /livez HTTP/1.1\r\nHost: box\r\n%s\r\n",
                             support_repeat("X: y\r\n", 100));
    http_send_raw(port, request, strlen(request), &response);
    assert_refused(431, "");
}
END_TEST

/** Post to a collector with room for 5 whose upstream is away. */
static void
setup_full(void)
{
    const char *url;

    site_setup_upstream();
    url = upstream_url(upstream, "/in");
    site_teardown_upstream(); /* nobody listens there any more */
    collectord =
        daemon_start(db, "-max-backlog", "5", "-sink", "webhook",
                     "-webhook-url", url, "-drain-timeout", "10ms", NULL);
    port = daemon_port(collectord);
}

static void
teardown_full(void)
{
    daemon_stop(collectord);
}

START_TEST(test_full_buffer_refuses_until_there_is_room)
{
    http_post_events(port, "[" EVENT "," EVENT "," EVENT "]", &response);
    ck_assert_int_eq(response.status, 200);
    http_post_events(port, "[" EVENT "," EVENT "," EVENT "]", &response);
    assert_refused(503, "buffer full");
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_eq(response_int(&response, "backlog"), 3);
    http_post_events(port, "[" EVENT "," EVENT "]", &response);
    ck_assert_int_eq(response.status, 200);
    http_post_events(port, EVENT, &response);
    assert_refused(503, "buffer full");
    ck_assert_int_eq(response_int(&response, "backlog"), 5);
    http_post_events(port, "[]", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(support_sql_int(db, "SELECT max(id) FROM event_log"), 5);
    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM backlog"), 5);
}
END_TEST

#define add_table(tcase, test, table)                                          \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

static TCase *
content_case(void)
{
    TCase *tcase = tcase_create("content");

    tcase_add_checked_fixture(tcase, refusal_setup, refusal_teardown);
    add_table(tcase, test_malformed_body_is_refused, malformed);
    add_table(tcase, test_malformed_line_refuses_all_lines, malformed_lines);
    tcase_add_loop_test(tcase, test_oversize_field_is_refused, 0, 3);
    tcase_add_test(tcase, test_too_many_events_are_refused);
    tcase_add_test(tcase, test_deep_nesting_is_refused);
    return tcase;
}

static TCase *
routes_case(void)
{
    TCase *tcase = tcase_create("routes");

    tcase_add_checked_fixture(tcase, refusal_setup, refusal_teardown);
    add_table(tcase, test_unknown_path_is_not_found, unknown_paths);
    add_table(tcase, test_wrong_method_is_told_the_right_one, wrong_methods);
    add_table(tcase, test_odd_request_is_refused_in_json, odd_requests);
    tcase_add_test(tcase, test_oversize_head_is_refused);
    return tcase;
}

static TCase *
full_case(void)
{
    TCase *tcase = tcase_create("full");

    tcase_add_checked_fixture(tcase, setup_full, teardown_full);
    tcase_add_test(tcase, test_full_buffer_refuses_until_there_is_room);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("daemon_errors");

    suite_add_tcase(suite, content_case());
    suite_add_tcase(suite, routes_case());
    suite_add_tcase(suite, full_case());
    return support_run_suite(suite);
}
