/* SPDX-License-Identifier: MIT */
/*
 * Faults that CivetWeb 1.15 is known to have: a write beyond a heap buffer when
 * it redirects to a directory (CVE-2025-55763), and a loop without end in its
 * reader of forms (CVE-2025-9648). All requests are answered before either, so
 * that requests which would show them are refused like any other.
 */
#include "siege.h"

/** About all that fits into a head, beside what else has to be in it. */
#define URI_SIZE_MAX (16 * 1024 - 128)

static void
assert_answered(int status)
{
    ck_assert_msg(response.status == status, "%d instead of %d: %s",
                  response.status, status, response.body);
    ck_assert_contains(response_header(&response, "Content-Type"), "json");
}

/** A path that names a directory without a slash behind it, up to the size of
 *  the buffer that the fault is about. */
static const char *const directories[] = {"/a", "/.",   "/./",
                                          "//", "/%2e", "/%00"};

static void
assert_not_redirected(const char *part, size_t size)
{
    const char *path = support_repeat(part, size / strlen(part));

    http_get(siege_port, path, &response);
    assert_answered(404);
    http_get(siege_port, support_format("/..%s", path), &response);
    assert_answered(404);
}

START_TEST(test_long_path_of_a_directory_is_not_redirected)
{
    size_t i;
    size_t size;

    for (i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        for (size = 1024; size <= URI_SIZE_MAX; size += 4096 - 1)
            assert_not_redirected(directories[i], size);
}
END_TEST

START_TEST(test_long_query_is_not_redirected)
{
    const char *query = support_repeat("q", URI_SIZE_MAX - 64);

    http_get(siege_port, support_format("/tmp?%s", query), &response);
    assert_answered(404);
    http_get(siege_port, support_format("/tmp/?%s", query), &response);
    assert_answered(404);
    http_get(siege_port, support_format("/livez?%s", query), &response);
    assert_answered(200);
}
END_TEST

/** A form's body with a NUL in it, and ends where the reader would go on. */
static const struct {
    const char *type;
    const char *body;
    size_t size;
} forms[] = {
#define FORM(type, body)                                                       \
    {                                                                          \
        type, body, sizeof(body) - 1                                           \
    }
    FORM("application/x-www-form-urlencoded", "a=b\0c&d=e"),
    FORM("application/x-www-form-urlencoded", "\0"),
    FORM("application/x-www-form-urlencoded", "a=%"),
    FORM("multipart/form-data; boundary=x",
         "--x\r\nContent-Disposition: form-data; name=\"a\0b\"\r\n\r\n\0\r\n"
         "--x--\r\n"),
    FORM("multipart/form-data; boundary=x", "\0--x\r\n\r\n--x--\r\n"),
};

START_TEST(test_form_is_no_more_than_a_body)
{
    static const char *const paths[] = {"/events", "/stats", "/form"};
    static const int statuses[] = {400, 405, 404};
    size_t i;

    for (i = 0; i < 3; i++) {
        struct client *client = client_open(siege_port);

        ck_assert(client_print(client,
                               "POST %s HTTP/1.1\r\nHost: box\r\n"
                               "Content-Type: %s\r\n"
                               "Content-Length: %zu\r\n\r\n",
                               paths[i], forms[_i].type, forms[_i].size));
        ck_assert(client_send(client, forms[_i].body, forms[_i].size));
        ck_assert(client_read(client, &response));
        assert_answered(statuses[i]);
        client_free(client);
    }
}
END_TEST

START_TEST(test_files_and_other_protocols_are_not_served)
{
    static const char *const requests[] = {
        "PROPFIND /tmp HTTP/1.1\r\nHost: box\r\nDepth: 1\r\n\r\n",
        "MKCOL /tmp/hostile HTTP/1.1\r\nHost: box\r\n\r\n",
        "OPTIONS /tmp HTTP/1.1\r\nHost: box\r\nOrigin: x\r\n"
        "Access-Control-Request-Method: PUT\r\n\r\n",
        "GET /tmp HTTP/1.1\r\nHost: box\r\nRange: bytes=0-\r\n\r\n",
        "GET /livez/ HTTP/1.1\r\nHost: box\r\nAuthorization: Digest "
        "username=\"a\", nonce=\"\", uri=\"/\"\r\n\r\n",
    };
    const char *request = requests[_i];

    http_send_raw(siege_port, request, strlen(request), &response);
    ck_assert_int_ge(response.status, 400);
    assert_answered(response.status);
}
END_TEST

#define add_table(tcase, test, table)                                          \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("civetweb");
    TCase *tcase = support_add_case(suite, "known", siege_begin, siege_end);

    tcase_add_test(tcase, test_long_path_of_a_directory_is_not_redirected);
    tcase_add_test(tcase, test_long_query_is_not_redirected);
    add_table(tcase, test_form_is_no_more_than_a_body, forms);
    tcase_add_loop_test(tcase, test_files_and_other_protocols_are_not_served, 0,
                        5);
    return support_run_suite(suite);
}
