/* SPDX-License-Identifier: MIT */
/*
 * With tokens, each request gets what its token is for and nothing else, and
 * who has none learns nothing, changes nothing, and sees no token anywhere.
 */
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define INGEST "ingest-0123456789"
#define READ "read-0123456789ab"
#define ADMIN "admin-0123456789a"
#define BOTH "both-0123456789ab"

#define TOKENS                                                                 \
    "# who may do what\n\n"                                                    \
    "ingest " INGEST "\n"                                                      \
    "  read\t" READ "  \r\n"                                                   \
    "admin " ADMIN "\n"                                                        \
    "ingest " BOTH "\n"                                                        \
    "read " BOTH

static struct daemon *collectord;

/** Write a file of tokens, and return its path. */
static const char *
write_tokens(const char *text, size_t size)
{
    const char *path = support_path(dir, "tokens");
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    return path;
}

static void
start(const char *option)
{
    collectord =
        daemon_start(db, "-auth-token-file",
                     write_tokens(TOKENS, strlen(TOKENS)), option, NULL);
}

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
}

/** The status for a request with this token, or with none. */
static int
ask_once(const char *method, const char *path, const char *token)
{
    const char *header =
        token != NULL ? support_format("Authorization: Bearer %s\r\n", token)
                      : NULL;

    http_request(daemon_port(collectord), method, path, header,
                 strcmp(path, "/events") == 0 ? EVENT : NULL, &response);
    return response.status;
}

/** The same, once nobody else's snapshot is in the way. */
static int
ask(const char *method, const char *path, const char *token)
{
    int status;

    (void)support_eventually((status = ask_once(method, path, token)) != 503,
                             SUPPORT_WAIT_MS);
    return status;
}

/** What a route answers to those who may, and to whom it does. */
static const struct {
    const char *method;
    const char *path;
    bool ingest;
    bool read;
} routes[] = {
    {"POST", "/events", true, false},
    {"GET", "/stats", false, true},
    {"HEAD", "/stats", false, true},
    {"GET", "/metrics", false, true},
    {"HEAD", "/metrics", false, true},
    {"GET", "/events", false, true},
    {"HEAD", "/events", false, true},
    {"GET", "/devices", false, true},
    {"GET", "/runs", false, true},
    {"GET", "/history", false, true},
    {"GET", "/dead-letters", false, true},
    {"GET", "/snapshot", false, true},
    {"DELETE", "/dead-letters", false, false},
    {"POST", "/dead-letters/replay", false, false},
};

START_TEST(test_each_route_takes_the_tokens_that_are_for_it)
{
    const char *method = routes[_i].method;
    const char *path = routes[_i].path;

    start(NULL);
    ck_assert_int_eq(ask(method, path, NULL), 401);
    ck_assert_int_eq(ask(method, path, "0123456789abcdef"), 401);
    ck_assert_int_eq(ask(method, path, INGEST), routes[_i].ingest ? 200 : 403);
    ck_assert_int_eq(ask(method, path, READ), routes[_i].read ? 200 : 403);
    ck_assert_int_eq(ask(method, path, BOTH),
                     routes[_i].read || routes[_i].ingest ? 200 : 403);
    ck_assert_int_eq(ask(method, path, ADMIN), 200);
    daemon_signal(collectord, SIGTERM);
    daemon_assert_exits(collectord, 0);
    ck_assert_int_eq(site_event_count(), routes[_i].ingest ? 3 : 0);
}
END_TEST

START_TEST(test_nobody_learns_without_a_token_whether_there_is_an_event)
{
    start(NULL);
    ck_assert_int_eq(ask("GET", "/events/1", NULL), 401);
    ck_assert_int_eq(ask("GET", "/events/x", INGEST), 403);
    ck_assert_int_eq(ask("GET", "/events/1", READ), 404);
    ck_assert_int_eq(ask("POST", "/events", INGEST), 200);
    ck_assert_int_eq(ask("GET", "/events/1", INGEST), 403);
    ck_assert_int_eq(ask("GET", "/events/1", READ), 200);
}
END_TEST

START_TEST(test_without_tokens_everybody_may)
{
    collectord = daemon_start(db, NULL);
    ck_assert_int_eq(ask("POST", "/events", NULL), 200);
    ck_assert_int_eq(ask("DELETE", "/dead-letters", "0123456789abcdef"), 200);
}
END_TEST

/** The status for a dead letter's purge, and for a look, with this header. */
static void
assert_statuses(const char *header, int purge, int look)
{
    const int port = daemon_port(collectord);

    http_request(port, "DELETE", "/dead-letters", header, NULL, &response);
    ck_assert_int_eq(response.status, purge);
    http_request(port, "POST", "/dead-letters/replay", header, NULL, &response);
    ck_assert_int_eq(response.status, purge);
    http_request(port, "GET", "/dead-letters", header, NULL, &response);
    ck_assert_int_eq(response.status, look);
}

/** Nor with tokens: a browser that has one shows it for any page. */
START_TEST(test_a_page_of_another_site_does_not_act_as_an_operator)
{
    collectord = daemon_start(db, NULL);
    assert_statuses("Sec-Fetch-Site: cross-site\r\n", 403, 200);
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "application/json");
    assert_statuses("Origin: http://elsewhere.example\r\n", 403, 200);
    assert_statuses("Sec-Fetch-Site: same-origin\r\n"
                    "Origin: https://a.name.of.a.proxy\r\n",
                    200, 200);
    assert_statuses("Origin: http://box\r\n", 200, 200); /* as the Host */
}
END_TEST

START_TEST(test_a_refusal_says_what_is_missing)
{
    start(NULL);
    ck_assert_int_eq(ask("GET", "/stats", NULL), 401);
    ck_assert_str_eq(response_header(&response, "WWW-Authenticate"),
                     "Bearer realm=\"collectord\"");
    ck_assert_str_eq(response_text(&response, "error"),
                     "a bearer token is required");
    ck_assert_int_eq(ask("GET", "/stats", "0123456789abcdef"), 401);
    ck_assert_str_eq(response_header(&response, "WWW-Authenticate"),
                     "Bearer realm=\"collectord\", error=\"invalid_token\"");
    ck_assert_int_eq(ask("GET", "/stats", INGEST), 403);
    ck_assert_str_eq(response_header(&response, "WWW-Authenticate"),
                     "Bearer realm=\"collectord\","
                     " error=\"insufficient_scope\", scope=\"read\"");
    ck_assert_str_eq(response_text(&response, "error"),
                     "this takes a token of scope read");
}
END_TEST

/** Headers that look like one with a token, and the status for each. */
static const struct {
    const char *headers;
    int status;
} credentials[] = {
    {"Authorization: Bearer " READ "\r\n", 200},
    {"authorization: bEARER   " READ " \r\n", 200},
    {"Authorization: " READ "\r\n", 401},
    {"Authorization: Basic " READ "\r\n", 401},
    {"Authorization: Bearer\r\n", 401},
    {"Authorization: Bearer \r\n", 401},
    {"Authorization:\r\n", 401},
    {"Authorization: Bearer read\r\n", 401},
    {"Authorization: Bearer read-0123456789a\r\n", 401},
    {"Authorization: Bearer " READ "b\r\n", 401},
    {"Authorization: Bearer R"
     "ead-0123456789ab\r\n",
     401},
    {"Authorization: Bearer read-0123456789aB\r\n", 401},
    {"Authorization: Bearer \"" READ "\"\r\n", 401},
    {"X-Authorization: Bearer " READ "\r\n", 401},
    {"Authorization: Bearer " READ "\r\nAuthorization: Bearer " READ "\r\n",
     400},
    {"Authorization: Bearer 0123456789abcdef\r\nAuthorization: Bearer " READ
     "\r\n",
     400},
};

START_TEST(test_a_header_is_read_as_the_standard_has_it)
{
    start(NULL);
    http_request(daemon_port(collectord), "GET", "/stats",
                 credentials[_i].headers, NULL, &response);
    ck_assert_int_eq(response.status, credentials[_i].status);
}
END_TEST

START_TEST(test_nobody_uploads_a_body_to_be_refused)
{
    struct client *client;

    start(NULL);
    client = client_open(daemon_port(collectord));
    ck_assert(client_print(client, "POST /events HTTP/1.1\r\nHost: box\r\n"
                                   "Expect: 100-continue\r\n"
                                   "Content-Length: 1000000\r\n\r\n"));
    ck_assert(client_read(client, &response));
    ck_assert_int_eq(response.status, 401);
    client_free(client);
}
END_TEST

START_TEST(test_health_is_open_unless_told_otherwise)
{
    start(_i == 0 ? NULL : "-auth-health");
    ck_assert_int_eq(ask("GET", "/healthz", NULL), _i == 0 ? 200 : 401);
    ck_assert_int_eq(ask("GET", "/livez", NULL), _i == 0 ? 200 : 401);
    ck_assert_int_eq(ask("GET", "/healthz", READ), 200);
    ck_assert_int_eq(ask("GET", "/livez", READ), 200);
    ck_assert_int_eq(ask("GET", "/livez", INGEST), _i == 0 ? 200 : 403);
}
END_TEST

START_TEST(test_what_is_not_there_needs_no_token)
{
    start(NULL);
    ck_assert_int_eq(ask("GET", "/nothing", NULL), 404);
    ck_assert_int_eq(ask("PUT", "/stats", NULL), 405);
}
END_TEST

#define OTHER "other-0123456789a"

static const struct {
    const char *text;
    const char *words;
} mistakes[] = {
    {"", "expected a token"},
    {"# read " OTHER "\n\n", "expected a token"},
    {"read\n", "tokens:1: expected a token of 16"},
    {"\nwrite " OTHER "\n", "tokens:2: expected ingest, read or admin"},
    {"health " OTHER "\n", "tokens:1: expected ingest, read or admin"},
    {OTHER "\n", "tokens:1: expected ingest, read or admin"},
    {"read " OTHER " " OTHER "\n", "tokens:1: expected a token of 16"},
    {"read 0123456789abcde\n", "tokens:1: expected a token of 16"},
    {"read " OTHER ",\n", "tokens:1: expected a token of 16"},
    {"read " OTHER "\xc3\xa4\n", "tokens:1: expected a token of 16"},
};

/** Assert that it doesn't start with these tokens, says why, and has made no
 *  file. */
static void
assert_refused(const char *path, const char *words)
{
    collectord = daemon_spawn("-addr", "127.0.0.1:0", "-db", db,
                              "-auth-token-file", path, NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert_msg(daemon_says(collectord, words), "%s",
                  daemon_stderr(collectord));
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "0123456789"));
    ck_assert_int_eq(support_file_size(db), -1);
    daemon_free(collectord);
    collectord = NULL;
}

START_TEST(test_a_file_that_is_not_understood_lets_nobody_in)
{
    const char *text = mistakes[_i].text;

    assert_refused(write_tokens(text, strlen(text)), mistakes[_i].words);
}
END_TEST

/** What is behind a NUL must not go unseen. */
START_TEST(test_a_line_with_a_nul_is_refused)
{
    static const char text[] = "read " OTHER "\0 more\nread " OTHER "\n";

    assert_refused(write_tokens(text, sizeof(text) - 1),
                   "tokens:1: expected a shorter line of text");
}
END_TEST

START_TEST(test_a_file_that_can_not_be_read_lets_nobody_in)
{
    assert_refused(support_path(dir, "absent"), "expected a readable file (No");
    assert_refused(dir, "expected a readable file (Is a directory");
}
END_TEST

START_TEST(test_tokens_that_come_in_the_clear_are_warned_about)
{
    const char *tokens = write_tokens(TOKENS, strlen(TOKENS));

    collectord = daemon_spawn("-addr", "0.0.0.0:0", "-db", db,
                              "-auth-token-file", tokens, NULL);
    ck_assert(daemon_says(collectord, "info listening on "));
    ck_assert(daemon_says(
        collectord, "warning tokens and events come to 0.0.0.0 in the clear"));
    daemon_stop(collectord);
    collectord = daemon_start(db, "-auth-token-file", tokens, NULL);
    ck_assert_int_eq(ask("GET", "/livez", NULL), 200);
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "warning"));
}
END_TEST

/** As many lines of read tokens, each of so many characters. */
static const char *
make_tokens(size_t count, int size)
{
    const char *text = "";
    size_t i;

    for (i = 0; i < count; i++)
        text = support_format("%sread %0*zu\n", text, size, i);
    return text;
}

START_TEST(test_limits_are_as_documented)
{
    const char *text = make_tokens(64, 256);

    assert_refused(
        write_tokens(make_tokens(65, 16), strlen(make_tokens(65, 16))),
        "tokens:65: expected 64 tokens at most");
    assert_refused(
        write_tokens(make_tokens(1, 257), strlen(make_tokens(1, 257))),
        "tokens:1: expected a token of 16");
    collectord = daemon_start(db, "-auth-token-file",
                              write_tokens(text, strlen(text)), NULL);
    ck_assert_int_eq(ask("GET", "/stats", support_format("%0256d", 63)), 200);
    ck_assert_int_eq(ask("GET", "/stats", support_format("%0256d", 64)), 401);
    ck_assert_int_eq(ask("GET", "/stats", support_format("%0257d", 63)), 401);
}
END_TEST

/** A line that may not even be cut in two. */
START_TEST(test_a_long_line_is_refused)
{
    const char *text =
        support_format("# %s\n", support_repeat("read 0123456789abcdef ", 400));

    assert_refused(write_tokens(text, strlen(text)), "tokens:1: expected a");
}
END_TEST

START_TEST(test_a_token_is_shown_nowhere)
{
    char line[4096];
    size_t size;
    FILE *file;

    start(NULL);
    ck_assert_int_eq(ask("POST", "/events", ADMIN), 200);
    ck_assert_int_eq(ask("GET", "/stats", ADMIN), 200);
    ck_assert_ptr_null(strstr(response.body, "0123456789"));
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "0123456789"));
    file = fopen(
        support_format("/proc/%d/cmdline", (int)daemon_pid(collectord)), "re");
    ck_assert_ptr_nonnull(file);
    size = fread(line, 1, sizeof(line), file);
    (void)fclose(file);
    ck_assert_uint_gt(size, 0);
    ck_assert_ptr_null(memmem(line, size, "0123456789", 10));
}
END_TEST

/** Give up what lets root look into any process, for those that are started
 *  from here on as well. */
static void
be_nobody_special(void)
{
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    (void)prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0); /* who had none */
    ck_assert_int_eq(syscall(SYS_capget, &header, sets), 0);
    sets[0].effective &= ~(1U << CAP_SYS_PTRACE);
    sets[0].permitted &= ~(1U << CAP_SYS_PTRACE);
    sets[0].inheritable &= ~(1U << CAP_SYS_PTRACE);
    ck_assert_int_eq(syscall(SYS_capset, &header, sets), 0);
}

/** Whether its memory can be looked at, and a core file would be written. */
static bool
is_open_to_see(void)
{
    const char *path =
        support_format("/proc/%d/mem", (int)daemon_pid(collectord));
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        ck_assert_int_eq(close(fd), 0);
    else
        ck_assert_int_eq(errno, EACCES);
    return fd >= 0;
}

START_TEST(test_who_has_secrets_leaves_no_core_file)
{
    if (support_is_sanitized()) /* it has to look into it, too */
        return;
    be_nobody_special();
    collectord = daemon_start(db, NULL);
    if (!is_open_to_see()) {
        (void)puts("left out: this system lets nobody look into a process");
        return;
    }
    daemon_stop(collectord);
    start(NULL);
    ck_assert(!is_open_to_see());
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_access");
    TCase *requests = support_add_case(suite, "requests", site_setup, teardown);
    TCase *files = support_add_case(suite, "files", site_setup, teardown);

    tcase_add_loop_test(requests,
                        test_each_route_takes_the_tokens_that_are_for_it, 0,
                        sizeof(routes) / sizeof(routes[0]));
    tcase_add_test(
        requests, test_nobody_learns_without_a_token_whether_there_is_an_event);
    tcase_add_test(requests, test_without_tokens_everybody_may);
    tcase_add_test(requests,
                   test_a_page_of_another_site_does_not_act_as_an_operator);
    tcase_add_test(requests, test_a_refusal_says_what_is_missing);
    tcase_add_loop_test(requests, test_a_header_is_read_as_the_standard_has_it,
                        0, sizeof(credentials) / sizeof(credentials[0]));
    tcase_add_test(requests, test_nobody_uploads_a_body_to_be_refused);
    tcase_add_loop_test(requests, test_health_is_open_unless_told_otherwise, 0,
                        2);
    tcase_add_test(requests, test_what_is_not_there_needs_no_token);
    tcase_add_loop_test(files,
                        test_a_file_that_is_not_understood_lets_nobody_in, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_test(files, test_a_line_with_a_nul_is_refused);
    tcase_add_test(files, test_a_file_that_can_not_be_read_lets_nobody_in);
    tcase_add_test(files, test_tokens_that_come_in_the_clear_are_warned_about);
    tcase_add_test(files, test_limits_are_as_documented);
    tcase_add_test(files, test_a_long_line_is_refused);
    tcase_add_test(files, test_a_token_is_shown_nowhere);
    tcase_add_test(files, test_who_has_secrets_leaves_no_core_file);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
