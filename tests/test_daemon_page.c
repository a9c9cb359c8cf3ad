/* SPDX-License-Identifier: MIT */
/*
 * The page in the browser: one file for everybody, which asks nobody but its
 * own daemon, runs nothing but what it was built with, and comes again only
 * when it has changed. What it does there is tested by tests/page.
 */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>

#define READ "read-0123456789ab"

/* As long as the page may be. */
#define PAGE_SIZE_MAX (128 * 1024)

static struct daemon *collectord;

static void
setup(void)
{
    site_setup();
    collectord = daemon_start(db, NULL);
}

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
}

/** GET / with these headers. */
static void
get(const char *headers)
{
    http_request(daemon_port(collectord), "GET", "/", headers, NULL, &response);
}

/** What a shell's command makes of these bytes: text of support.h. */
static const char *
filter(const char *command, const void *bytes, size_t size)
{
    const char *path = support_path(dir, "bytes");
    FILE *file = fopen(path, "we");
    struct daemon *shell;
    const char *text;

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(setenv("SHELL_PROGRAM", "/bin/sh", 1), 0);
    shell = process_spawn("SHELL_PROGRAM", "-c",
                          support_format("{ %s; } <%s", command, path), NULL);
    ck_assert_int_eq(process_end(shell), 0);
    text = daemon_stdout(shell);
    daemon_free(shell);
    return text;
}

/** The hash of what stands between two texts of the page, as a policy names
 *  it. */
static const char *
hash_between(const char *begin, const char *end)
{
    const char *from = strstr(response.body, begin);
    const char *to;
    const char *hash;

    ck_assert_ptr_nonnull(from);
    from += strlen(begin);
    to = strstr(from, end);
    ck_assert_ptr_nonnull(to);
    hash = filter("openssl dgst -sha256 -binary | openssl base64", from,
                  (size_t)(to - from));
    return support_format("'sha256-%.*s'", (int)strcspn(hash, "\n"), hash);
}

START_TEST(test_it_is_one_page_with_a_length)
{
    get(NULL);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "text/html; charset=utf-8");
    ck_assert_str_eq(response_header(&response, "Cache-Control"), "no-cache");
    ck_assert_str_eq(response_header(&response, "X-Content-Type-Options"),
                     "nosniff");
    ck_assert_str_eq(response_header(&response, "Referrer-Policy"),
                     "no-referrer");
    ck_assert_str_eq(response_header(&response, "Vary"), "Accept-Encoding");
    ck_assert_ptr_null(response_header(&response, "Content-Encoding"));
    ck_assert_int_eq(strncmp(response.body, "<!doctype html>", 15), 0);
    ck_assert_uint_eq(strlen(response.body), response.body_size);
    ck_assert_ptr_nonnull(strstr(response.body, "</html>\n"));
}
END_TEST

START_TEST(test_its_policy_names_its_own_script_and_style)
{
    const char *policy;

    get(NULL);
    policy = response_header(&response, "Content-Security-Policy");
    ck_assert_str_eq(
        policy,
        support_format("default-src 'none'; script-src %s; style-src %s; "
                       "connect-src 'self'; img-src data:; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'",
                       hash_between("<script type=\"module\">", "</script>"),
                       hash_between("<style>", "</style>")));
}
END_TEST

/** What would need somebody else, or a policy that is less strict. */
START_TEST(test_it_has_nothing_from_elsewhere)
{
    static const char *const absent[] = {
        "http:",          "https:",         "//www",         " src=",
        " style=",        "onclick",        "eval(",         "innerHTML",
        "@import",        "url(",           "localStorage",  "cookie",
        "sessionStorage", "insertAdjacent", "document.write"};
    size_t i;

    get(NULL);
    for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        ck_assert_msg(strstr(response.body, absent[i]) == NULL, "it has \"%s\"",
                      absent[i]);
}
END_TEST

START_TEST(test_it_comes_compressed_to_whom_takes_that)
{
    static char packed[PAGE_SIZE_MAX];
    const char *tag;
    size_t packed_size;

    get("Accept-Encoding: deflate, gzip\r\n");
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Encoding"), "gzip");
    tag = response_header(&response, "ETag");
    packed_size = response.body_size;
    ck_assert_uint_lt(packed_size, sizeof(packed));
    memcpy(packed, response.body, packed_size);
    get(NULL);
    ck_assert_uint_lt(packed_size, response.body_size / 2);
    ck_assert_str_eq(response_header(&response, "ETag"), tag);
    ck_assert_str_eq(filter("gzip -dc", packed, packed_size), response.body);
}
END_TEST

static const struct {
    const char *codings;
    bool gzip;
} codings[] = {
    {"gzip", true},
    {"br;q=1.0, GZIP ;q=0.5", true},
    {"gzip;q=0.001", true},
    {"gzip;q=0", false},
    {"gzip; q=0.000, br", false},
    {"gzipped, xgzip", false},
    {"identity", false},
    {"", false},
};

START_TEST(test_codings_are_read_as_the_standard_has_them)
{
    get(support_format("Accept-Encoding: %s\r\n", codings[_i].codings));
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(response_header(&response, "Content-Encoding") != NULL,
                     codings[_i].gzip);
}
END_TEST

/** The status for a client that knows these tags. */
static int
ask_with_tags(struct client *client, const char *tags)
{
    ck_assert(client_print(client,
                           "GET / HTTP/1.1\r\nHost: box\r\n"
                           "If-None-Match: %s\r\n\r\n",
                           tags));
    ck_assert(client_read_head(client, &response));
    return response.status;
}

START_TEST(test_it_comes_again_only_when_it_has_changed)
{
    struct client *client = client_open(daemon_port(collectord));
    const char *tag;

    get(NULL);
    tag = response_header(&response, "ETag");
    ck_assert_int_eq(strncmp(tag, "W/\"", 3), 0);
    /* One after the other on one connection: a 304 has no body. */
    ck_assert_int_eq(ask_with_tags(client, tag), 304);
    ck_assert_str_eq(response_header(&response, "ETag"), tag);
    ck_assert_ptr_nonnull(
        response_header(&response, "Content-Security-Policy"));
    ck_assert_int_eq(ask_with_tags(client, tag + 2), 304);
    ck_assert_int_eq(
        ask_with_tags(client, support_format("\"other\", %s", tag)), 304);
    ck_assert_int_eq(ask_with_tags(client, "*"), 304);
    ck_assert_int_eq(ask_with_tags(client, "W/\"other\""), 200);
    client_free(client);
}
END_TEST

START_TEST(test_other_methods_are_told_which_there_are)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE"};
    size_t i;

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        http_request(daemon_port(collectord), methods[i], "/", NULL, NULL,
                     &response);
        ck_assert_int_eq(response.status, 405);
        ck_assert_str_eq(response_header(&response, "Allow"), "GET, HEAD");
    }
    http_get(daemon_port(collectord), "/page.html", &response);
    ck_assert_int_eq(response.status, 404);
}
END_TEST

START_TEST(test_head_has_its_length_and_no_body)
{
    struct client *client = client_open(daemon_port(collectord));
    const char *length;

    get(NULL);
    length = response_header(&response, "Content-Length");
    ck_assert(client_print(client, "HEAD / HTTP/1.1\r\nHost: box\r\n\r\n"));
    ck_assert(client_read_head(client, &response));
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Length"), length);
    ck_assert(client_is_silent(client, 50));
    client_free(client);
}
END_TEST

/** It holds no data: what it shows it has to ask for. */
START_TEST(test_it_is_open_and_what_it_asks_for_is_not)
{
    const char *path = support_path(dir, "tokens");
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    (void)fputs("read " READ "\n", file);
    ck_assert_int_eq(fclose(file), 0);
    daemon_stop(collectord);
    collectord =
        daemon_start(db, "-auth-token-file", path, "-auth-health", NULL);
    get(NULL);
    ck_assert_int_eq(response.status, 200);
    get("Authorization: Bearer 0123456789abcdef\r\n");
    ck_assert_int_eq(response.status, 200);
    ck_assert_ptr_null(strstr(response.body, READ));
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response.status, 401);
    http_get(daemon_port(collectord), "/healthz", &response);
    ck_assert_int_eq(response.status, 401);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_page");
    TCase *page = support_add_case(suite, "page", setup, teardown);

    tcase_add_test(page, test_it_is_one_page_with_a_length);
    tcase_add_test(page, test_its_policy_names_its_own_script_and_style);
    tcase_add_test(page, test_it_has_nothing_from_elsewhere);
    tcase_add_test(page, test_it_comes_compressed_to_whom_takes_that);
    tcase_add_loop_test(page, test_codings_are_read_as_the_standard_has_them, 0,
                        sizeof(codings) / sizeof(codings[0]));
    tcase_add_test(page, test_it_comes_again_only_when_it_has_changed);
    tcase_add_test(page, test_other_methods_are_told_which_there_are);
    tcase_add_test(page, test_head_has_its_length_and_no_body);
    tcase_add_test(page, test_it_is_open_and_what_it_asks_for_is_not);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
