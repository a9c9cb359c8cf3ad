/* SPDX-License-Identifier: MIT */
/*
 * A body counts only when all of it came, within the limit, and with one
 * reading of where it ends: what is cut short, too long or ambiguous is
 * refused, nothing of it is stored, and the next request is served.
 */
#include "refusal.h"

#define HEAD "POST /events HTTP/1.1\r\nHost: box\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void
assert_refused(int status)
{
    ck_assert_msg(response.status == status, "%d instead of %d: %s",
                  response.status, status, response.body);
    ck_assert_contains(response_header(&response, "Content-Type"), "json");
    ck_assert_str_ne(response_text(&response, "error"), "");
}

START_TEST(test_announced_body_over_the_limit_is_refused)
{
    const char *request = support_format(HEAD "Content-Length: %d\r\n\r\n",
                                         COLLECTOR_APPEND_TEXT_SIZE_MAX + 1);

    /* Refused on its announcement: nothing of the body is sent. */
    http_send_raw(port, request, strlen(request), &response);
    assert_refused(413);
}
END_TEST

START_TEST(test_expected_body_over_the_limit_is_not_asked_for)
{
    const char *request = support_format(HEAD "Expect: 100-continue\r\n"
                                              "Content-Length: %d\r\n\r\n",
                                         COLLECTOR_APPEND_TEXT_SIZE_MAX + 1);

    http_send_raw(port, request, strlen(request), &response);
    assert_refused(413);
}
END_TEST

START_TEST(test_chunked_body_over_the_limit_is_refused)
{
    struct client *client = client_open(port);
    const char *spaces = support_repeat(" ", 65536);
    int i;

    ck_assert(client_print(client, HEAD "Transfer-Encoding: chunked\r\n\r\n"
                                        "1c\r\n" EVENT "\r\n"));
    /* The last one goes a little beyond; it may hang up before all is sent. */
    for (i = 0; i < COLLECTOR_APPEND_TEXT_SIZE_MAX / 65536; i++)
        if (!client_print(client, "10000\r\n%s\r\n", spaces))
            break;
    ck_assert(client_read(client, &response));
    assert_refused(413);
    client_free(client);
}
END_TEST

START_TEST(test_encoded_body_is_refused)
{
    http_request(port, "POST", "/events", "Content-Encoding: gzip\r\n", EVENT,
                 &response);
    assert_refused(415);
}
END_TEST

static const char *const ambiguous_requests[] = {
    HEAD "Content-Length: 28\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1c\r\n" EVENT "\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\nContent-Length: 28\r\n\r\n"
         "1c\r\n" EVENT "\r\n0\r\n\r\n",
    HEAD "Content-Length: 28\r\nContent-Length: 28\r\n\r\n" EVENT,
    HEAD "Content-Length: 28\r\nContent-Length: 2\r\n\r\n" EVENT,
    HEAD "Content-Length: 28, 28\r\n\r\n" EVENT,
    HEAD "Content-Length: +28\r\n\r\n" EVENT,
    HEAD "Content-Length: -1\r\n\r\n" EVENT,
    HEAD "Content-Length: 0x1c\r\n\r\n" EVENT,
    HEAD "Content-Length:\r\n\r\n" EVENT,
    HEAD "Transfer-Encoding: gzip\r\n\r\n" EVENT,
    HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n"
         "1c\r\n" EVENT "\r\n0\r\n\r\n",
    CHUNKED "zz\r\n" EVENT "\r\n0\r\n\r\n",
    CHUNKED "-1c\r\n" EVENT "\r\n0\r\n\r\n",
    CHUNKED "ffffffffffffffff\r\n" EVENT "\r\n0\r\n\r\n",
    CHUNKED "1000000000000001c\r\n" EVENT "\r\n0\r\n\r\n",
    CHUNKED "1c\r\n" EVENT "0\r\n\r\n",
    CHUNKED "1b\r\n" EVENT "\r\n0\r\n\r\n",
    /* Lines at which the server library stops reading headers. */
    HEAD " folded: x\r\nContent-Length: 28\r\n\r\n" EVENT,
    HEAD ": x\r\nContent-Length: 28\r\n\r\n" EVENT,
    HEAD "\xc3\xa9: x\r\nContent-Length: 28\r\n\r\n" EVENT,
    HEAD
    "Content-Length: 28\r\n: x\r\nTransfer-Encoding: chunked\r\n\r\n" EVENT,
};

START_TEST(test_ambiguous_length_is_refused)
{
    const char *request = ambiguous_requests[_i];

    http_send_raw(port, request, strlen(request), &response);
    assert_refused(400);
}
END_TEST

static const char *const odd_lines[] = {" folded: x", ": x", "\xc3\xa9: x"};

START_TEST(test_request_in_a_hidden_body_is_not_read)
{
    const char *hidden = HEAD "Content-Length: 28\r\n\r\n" EVENT;
    struct client *client = client_open(port);

    ck_assert(client_print(client,
                           "GET /livez HTTP/1.1\r\nHost: box\r\n%s\r\n"
                           "Content-Length: %zu\r\n\r\n%s",
                           odd_lines[_i], strlen(hidden), hidden));
    ck_assert(client_read(client, &response));
    assert_refused(400);
    ck_assert(client_is_closed(client));
    client_free(client);
}
END_TEST

START_TEST(test_length_beyond_all_numbers_is_refused)
{
    static const char request[] =
        HEAD "Content-Length: 99999999999999999999999\r\n\r\n";

    http_send_raw(port, request, strlen(request), &response);
    assert_refused(413);
}
END_TEST

START_TEST(test_body_without_a_length_is_refused)
{
    static const char request[] = HEAD "\r\n";

    http_send_raw(port, request, strlen(request), &response);
    assert_refused(411);
}
END_TEST

static const char *const cut_requests[] = {
    HEAD "Content-Length: 100\r\n\r\n" EVENT,
    HEAD "Content-Length: 100\r\n\r\n",
    HEAD NDJSON "Content-Length: 100\r\n\r\n" EVENT "\n" EVENT "\n",
    CHUNKED "1c\r\n" EVENT "\r\n",
    CHUNKED "1c\r\n" EVENT,
    CHUNKED "40\r\n" EVENT,
    HEAD NDJSON "Transfer-Encoding: chunked\r\n\r\n1d\r\n" EVENT "\n\r\n",
    HEAD NDJSON "Transfer-Encoding: chunked\r\n\r\n1d\r\n" EVENT
                "\n\r\nxyz\r\n",
};

START_TEST(test_body_cut_short_stores_nothing)
{
    struct client *client = client_open(port);

    ck_assert(client_print(client, "%s", cut_requests[_i]));
    client_finish(client);
    /* It may say so or just hang up: after that it is done with the body. */
    if (client_read(client, &response))
        assert_refused(400);
    client_free(client);
}
END_TEST

START_TEST(test_client_that_vanishes_stores_nothing)
{
    struct client *client = client_open(port);

    ck_assert(client_print(client, "%s", cut_requests[_i]));
    client_free(client);
}
END_TEST

/** Whether the collector has answered, or hung up. */
static bool
is_let_go(struct client *client)
{
    return !client_is_silent(client, 0);
}

static bool
drip(struct client *client)
{
    (void)client_send(client, "x", 1); /* fails when it has hung up */
    return is_let_go(client);
}

START_TEST(test_request_that_never_ends_is_let_go)
{
    static const char *const beginnings[] = {
        "", "POST /eve", HEAD "Content-Length: 100\r\n\r\n", CHUNKED};
    struct client *clients[4];
    struct client *dripping = client_open(port);
    size_t i;

    for (i = 0; i < 4; i++) {
        clients[i] = client_open(port);
        ck_assert(client_print(clients[i], "%s", beginnings[i]));
    }
    ck_assert(client_print(dripping, HEAD "X-Drip: "));
    ck_assert_eventually(drip(dripping));
    for (i = 0; i < 4; i++) {
        ck_assert_eventually(is_let_go(clients[i]));
        client_free(clients[i]);
    }
    client_free(dripping);
}
END_TEST

#define add_table(tcase, test, table)                                          \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("daemon_framing");
    TCase *limits = tcase_create("limits");
    TCase *lengths = tcase_create("lengths");
    TCase *cuts = tcase_create("cuts");

    tcase_add_checked_fixture(limits, refusal_setup, refusal_teardown);
    tcase_add_test(limits, test_announced_body_over_the_limit_is_refused);
    tcase_add_test(limits, test_expected_body_over_the_limit_is_not_asked_for);
    tcase_add_test(limits, test_chunked_body_over_the_limit_is_refused);
    tcase_add_loop_test(limits, test_request_in_a_hidden_body_is_not_read, 0,
                        3);
    tcase_add_test(limits, test_length_beyond_all_numbers_is_refused);
    tcase_add_test(limits, test_encoded_body_is_refused);
    suite_add_tcase(suite, limits);
    tcase_add_checked_fixture(lengths, refusal_setup, refusal_teardown);
    add_table(lengths, test_ambiguous_length_is_refused, ambiguous_requests);
    tcase_add_test(lengths, test_body_without_a_length_is_refused);
    suite_add_tcase(suite, lengths);
    tcase_add_checked_fixture(cuts, refusal_setup, refusal_teardown);
    add_table(cuts, test_body_cut_short_stores_nothing, cut_requests);
    add_table(cuts, test_client_that_vanishes_stores_nothing, cut_requests);
    tcase_add_test(cuts, test_request_that_never_ends_is_let_go);
    suite_add_tcase(suite, cuts);
    return support_run_suite(suite);
}
