/* SPDX-License-Identifier: MIT */
/*
 * POST /events promises: one object, an array or NDJSON, however it is framed,
 * is stored as a whole before it is answered 200 with ids in the order of the
 * request; and a payload is stored as it was sent.
 */
#include "site.h"

static struct daemon *collectord;
static int port;

static void
setup(void)
{
    site_setup();
    collectord = daemon_start(db, NULL);
    port = daemon_port(collectord);
}

static void
teardown(void)
{
    daemon_stop(collectord);
}

static void
assert_accepted(int64_t first_id, size_t count)
{
    json_t *json;
    json_t *ids;
    size_t i;

    ck_assert_msg(response.status == 200, "%d: %s", response.status,
                  response.body);
    ck_assert_contains(response_header(&response, "Content-Type"), "json");
    ck_assert_int_eq(response_int(&response, "accepted"), count);
    json = response_json(&response);
    ids = json_object_get(json, "ids");
    ck_assert_uint_eq(json_array_size(ids), count);
    for (i = 0; i < count; i++)
        ck_assert_int_eq(json_integer_value(json_array_get(ids, i)),
                         first_id + (int64_t)i);
    json_decref(json);
}

static const char *
stored_text(const char *column, int64_t id)
{
    return support_sql_text(
        db, support_format("SELECT %s FROM events WHERE id = %jd", column,
                           (intmax_t)id));
}

START_TEST(test_object_is_stored_and_answered_with_its_id)
{
    http_post_events(port,
                     "{\"device_id\":\"pump-1\",\"kind\":\"temperature\","
                     "\"payload\":21.4,\"ts\":1700000000123}",
                     &response);
    assert_accepted(1, 1);
    ck_assert_str_eq(stored_text("device_id", 1), "pump-1");
    ck_assert_str_eq(stored_text("kind", 1), "temperature");
    ck_assert_str_eq(stored_text("payload_json", 1), "21.4");
    ck_assert_str_eq(stored_text("ts", 1), "1700000000123");
}
END_TEST

START_TEST(test_array_gets_ids_in_its_own_order)
{
    http_post_events(port,
                     " [ {\"device_id\":\"a\",\"kind\":\"k\"} ,\n"
                     "{\"device_id\":\"b\",\"kind\":\"k\"},"
                     "{\"device_id\":\"c\",\"kind\":\"k\"}]\n ",
                     &response);
    assert_accepted(1, 3);
    ck_assert_str_eq(stored_text("device_id", 1), "a");
    ck_assert_str_eq(stored_text("device_id", 2), "b");
    ck_assert_str_eq(stored_text("device_id", 3), "c");
}
END_TEST

START_TEST(test_ndjson_is_one_event_a_line)
{
    http_request(port, "POST", "/events", NDJSON,
                 "{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":[1]}\n"
                 "\n"
                 "{\"device_id\":\"b\",\"kind\":\"k\"}\r\n"
                 "{\"device_id\":\"c\",\"kind\":\"k\"}",
                 &response);
    assert_accepted(1, 3);
    ck_assert_str_eq(stored_text("payload_json", 1), "[1]");
    ck_assert_str_eq(stored_text("device_id", 3), "c");
}
END_TEST

START_TEST(test_ndjson_may_name_its_charset)
{
    http_request(port, "POST", "/events",
                 "content-type: Application/X-NDJSON; charset=utf-8\r\n",
                 "{\"device_id\":\"a\",\"kind\":\"k\"}\n"
                 "{\"device_id\":\"b\",\"kind\":\"k\"}\n",
                 &response);
    assert_accepted(1, 2);
}
END_TEST

START_TEST(test_empty_array_is_accepted_as_nothing)
{
    http_post_events(port, "[]", &response);
    assert_accepted(1, 0);
    ck_assert_int_eq(site_event_count(), 0);
}
END_TEST

START_TEST(test_any_other_content_type_means_json)
{
    static const char *const headers[] = {
        "", "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: text/plain\r\n"};

    http_request(port, "POST", "/events", headers[_i],
                 "{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"b=c&d\"}",
                 &response);
    assert_accepted(1, 1);
    ck_assert_str_eq(stored_text("payload_json", 1), "\"b=c&d\"");
}
END_TEST

START_TEST(test_query_string_is_ignored)
{
    http_request(port, "POST", "/events?source=test", NULL,
                 "{\"device_id\":\"a\",\"kind\":\"k\"}", &response);
    assert_accepted(1, 1);
}
END_TEST

START_TEST(test_chunked_body_is_put_together)
{
    struct client *client = client_open(port);

    ck_assert(client_print(client, "POST /events HTTP/1.1\r\nHost: box\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n"
                                   "f\r\n[{\"device_id\":\"\r\n"));
    ck_assert(client_is_silent(client, 50));
    ck_assert(client_print(client, "b\r\na\",\"kind\":\"\r\n4\r\nk\"}]\r\n"));
    ck_assert(client_print(client, "0\r\n\r\n"));
    ck_assert(client_read(client, &response));
    assert_accepted(1, 1);
    client_free(client);
}
END_TEST

START_TEST(test_expect_is_answered_before_the_body)
{
    static const char body[] = "{\"device_id\":\"a\",\"kind\":\"k\"}";
    struct client *client = client_open(port);

    ck_assert(client_print(client,
                           "POST /events HTTP/1.1\r\nHost: box\r\n"
                           "Expect: 100-continue\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           strlen(body)));
    ck_assert(client_read(client, &response));
    ck_assert_int_eq(response.status, 100);
    ck_assert(client_print(client, "%s", body));
    ck_assert(client_read(client, &response));
    assert_accepted(1, 1);
    client_free(client);
}
END_TEST

START_TEST(test_connection_serves_many_requests)
{
    struct client *client = client_open(port);
    int i;

    for (i = 1; i <= 20; i++) {
        ck_assert(client_post(client, "{\"device_id\":\"a\",\"kind\":\"k\"}"));
        ck_assert_msg(client_read(client, &response), "after %d requests", i);
        assert_accepted(i, 1);
    }
    /* A refused one, whose body was read, does not end it either. */
    ck_assert(client_post(client, "{\"device_id\":\"a\"}"));
    ck_assert(client_read(client, &response));
    ck_assert_int_eq(response.status, 400);
    ck_assert(client_post(client, "{\"device_id\":\"a\",\"kind\":\"k\"}"));
    ck_assert(client_read(client, &response));
    assert_accepted(21, 1);
    client_free(client);
}
END_TEST

START_TEST(test_pipelined_requests_are_answered_in_turn)
{
    static const char request[] = "POST /events HTTP/1.1\r\nHost: box\r\n"
                                  "Content-Length: 28\r\n\r\n"
                                  "{\"device_id\":\"a\",\"kind\":\"k\"}";
    struct client *client = client_open(port);
    int i;

    ck_assert(client_print(client, "%s%s%s", request, request, request));
    for (i = 1; i <= 3; i++) {
        ck_assert(client_read(client, &response));
        assert_accepted(i, 1);
    }
    client_free(client);
}
END_TEST

START_TEST(test_body_in_small_pieces_is_put_together)
{
    static const char body[] = "[{\"device_id\":\"a\",\"kind\":\"k\"}]";
    struct client *client = client_open(port);
    size_t i;

    ck_assert(client_print(client,
                           "POST /events HTTP/1.1\r\nHost: box\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           strlen(body)));
    for (i = 0; i < strlen(body); i++)
        ck_assert(client_send(client, body + i, 1));
    ck_assert(client_read(client, &response));
    assert_accepted(1, 1);
    client_free(client);
}
END_TEST

START_TEST(test_unknown_members_are_ignored)
{
    http_post_events(port,
                     "{\"id\":77,\"extra\":{\"device_id\":\"no\"},"
                     "\"device_id\":\"a\",\"uploaded_at\":1,\"kind\":\"k\"}",
                     &response);
    assert_accepted(1, 1);
    ck_assert_str_eq(stored_text("device_id", 1), "a");
}
END_TEST

START_TEST(test_absent_ts_is_the_time_of_receipt)
{
    int64_t before = support_sql_int(
        db, "SELECT (julianday('now') - 2440587.5) * 86400000 - 5");
    int64_t ts;

    http_post_events(port,
                     _i == 0 ? "{\"device_id\":\"a\",\"kind\":\"k\"}"
                             : "{\"device_id\":\"a\",\"kind\":\"k\",\"ts\":0}",
                     &response);
    assert_accepted(1, 1);
    ts = support_sql_int(db, "SELECT ts FROM events WHERE id = 1");
    ck_assert_int_ge(ts, before);
    ck_assert_int_lt(ts, before + SUPPORT_WAIT_MS);
}
END_TEST

/** A payload as sent, and as stored: NULL for the same. */
static const struct {
    const char *sent;
    const char *stored;
} payloads[] = {
    {"21.4", NULL},
    {"1e2", NULL},
    {"-0", NULL},
    {"1.0E+2", NULL},
    {"9223372036854775807", NULL},
    {"1234567890123456789", NULL},
    {"1234567890123456789012345", NULL},
    {"0.1000000000000000055511151231257827", NULL},
    {"null", NULL},
    {"true", NULL},
    {"\"\"", NULL},
    {"{}", NULL},
    {"[]", NULL},
    {"{\"z\":1,\"a\":2,\"m\":3}", NULL},
    {"{\"a\":1,\"a\":2,\"a\":{\"a\":3}}", NULL},
    {"\"\\u00e9\\n\\/\\\"\\\\\\ud83d\\ude00\"", NULL},
    {"\"caf\xc3\xa9 \xf0\x9f\x98\x80\"", NULL},
    {"\" two  spaces, { } and [ , ] \"", NULL},
    {" { \"a\" : [ 1 , 2.50 ,\t{ } ] ,\r\n \"b\" : null } ",
     "{\"a\":[1,2.50,{}],\"b\":null}"},
    {"[[[[[[[[[[\"deep\"]]]]]]]]]]", NULL},
};

START_TEST(test_payload_is_stored_as_sent)
{
    const char *sent = payloads[_i].sent;
    const char *stored = payloads[_i].stored;

    http_post_events(
        port,
        support_format("{\"device_id\":\"a\",\"payload\":%s,\"kind\":\"k\"}",
                       sent),
        &response);
    assert_accepted(1, 1);
    ck_assert_str_eq(stored_text("payload_json", 1),
                     stored == NULL ? sent : stored);
}
END_TEST

START_TEST(test_absent_payload_is_sql_null)
{
    http_post_events(port, "{\"device_id\":\"a\",\"kind\":\"k\"}", &response);
    assert_accepted(1, 1);
    ck_assert_ptr_null(stored_text("payload_json", 1));
}
END_TEST

START_TEST(test_names_keep_their_characters)
{
    http_post_events(port,
                     "{\"device_id\":\"caf\xc3\xa9\",\"kind\":\"\\u00e9\\n\"}",
                     &response);
    assert_accepted(1, 1);
    ck_assert_str_eq(stored_text("device_id", 1), "caf\xc3\xa9");
    ck_assert_str_eq(stored_text("kind", 1), "\xc3\xa9\n");
}
END_TEST

START_TEST(test_fields_at_their_limit_are_accepted)
{
    http_post_events(
        port,
        support_format(
            "{\"device_id\":\"%s\",\"kind\":\"%s\",\"payload\":\"%s\"}",
            support_repeat("d", COLLECTOR_DEVICE_ID_SIZE_MAX),
            support_repeat("k", COLLECTOR_KIND_SIZE_MAX),
            support_repeat("p", COLLECTOR_PAYLOAD_SIZE_MAX - 2)),
        &response);
    assert_accepted(1, 1);
    ck_assert_int_eq(
        support_sql_int(db, "SELECT length(payload_json) FROM event_log"),
        COLLECTOR_PAYLOAD_SIZE_MAX);
}
END_TEST

START_TEST(test_payload_at_the_depth_limit_is_accepted)
{
    http_post_events(
        port,
        support_format("{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":%s%s}",
                       support_repeat("[", COLLECTOR_PAYLOAD_DEPTH_MAX),
                       support_repeat("]", COLLECTOR_PAYLOAD_DEPTH_MAX)),
        &response);
    assert_accepted(1, 1);
}
END_TEST

START_TEST(test_most_events_of_a_request_are_accepted)
{
    static const char event[] = "{\"device_id\":\"a\",\"kind\":\"k\"}\n";
    char *body = support_alloc(COLLECTOR_APPEND_COUNT_MAX * strlen(event) + 1);
    size_t i;

    for (i = 0; i < COLLECTOR_APPEND_COUNT_MAX; i++)
        memcpy(body + i * strlen(event), event, strlen(event));
    http_request(port, "POST", "/events", NDJSON, body, &response);
    assert_accepted(1, COLLECTOR_APPEND_COUNT_MAX);
    ck_assert_int_eq(site_event_count(), COLLECTOR_APPEND_COUNT_MAX);
}
END_TEST

START_TEST(test_body_of_the_largest_size_is_accepted)
{
    static const char event[] = "{\"device_id\":\"a\",\"kind\":\"k\"}";
    char *body = support_repeat(" ", COLLECTOR_APPEND_TEXT_SIZE_MAX);

    memcpy(body, event, strlen(event));
    http_post_events(port, body, &response);
    assert_accepted(1, 1);
}
END_TEST

START_TEST(test_ids_go_on_after_a_restart)
{
    http_post_events(port,
                     "[{\"device_id\":\"a\",\"kind\":\"k\"},"
                     "{\"device_id\":\"b\",\"kind\":\"k\"}]",
                     &response);
    assert_accepted(1, 2);
    daemon_stop(collectord);
    collectord = daemon_start(db, NULL);
    http_post_events(daemon_port(collectord),
                     "{\"device_id\":\"c\",\"kind\":\"k\"}", &response);
    assert_accepted(3, 1);
    ck_assert_int_eq(site_event_count(), 3);
}
END_TEST

static TCase *
framing_case(void)
{
    TCase *tcase = tcase_create("framing");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_object_is_stored_and_answered_with_its_id);
    tcase_add_test(tcase, test_array_gets_ids_in_its_own_order);
    tcase_add_test(tcase, test_ndjson_is_one_event_a_line);
    tcase_add_test(tcase, test_ndjson_may_name_its_charset);
    tcase_add_test(tcase, test_empty_array_is_accepted_as_nothing);
    tcase_add_loop_test(tcase, test_any_other_content_type_means_json, 0, 3);
    tcase_add_test(tcase, test_query_string_is_ignored);
    tcase_add_test(tcase, test_chunked_body_is_put_together);
    tcase_add_test(tcase, test_expect_is_answered_before_the_body);
    tcase_add_test(tcase, test_connection_serves_many_requests);
    tcase_add_test(tcase, test_pipelined_requests_are_answered_in_turn);
    tcase_add_test(tcase, test_body_in_small_pieces_is_put_together);
    return tcase;
}

static TCase *
content_case(void)
{
    TCase *tcase = tcase_create("content");
    int count = sizeof(payloads) / sizeof(payloads[0]);

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_unknown_members_are_ignored);
    tcase_add_loop_test(tcase, test_absent_ts_is_the_time_of_receipt, 0, 2);
    tcase_add_loop_test(tcase, test_payload_is_stored_as_sent, 0, count);
    tcase_add_test(tcase, test_absent_payload_is_sql_null);
    tcase_add_test(tcase, test_names_keep_their_characters);
    tcase_add_test(tcase, test_fields_at_their_limit_are_accepted);
    tcase_add_test(tcase, test_payload_at_the_depth_limit_is_accepted);
    tcase_add_test(tcase, test_most_events_of_a_request_are_accepted);
    tcase_add_test(tcase, test_body_of_the_largest_size_is_accepted);
    tcase_add_test(tcase, test_ids_go_on_after_a_restart);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("daemon_events");

    suite_add_tcase(suite, framing_case());
    suite_add_tcase(suite, content_case());
    return support_run_suite(suite);
}
