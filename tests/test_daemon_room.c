/* SPDX-License-Identifier: MIT */
/*
 * A file that may not grow any more refuses events in words, or makes room on
 * the record, as it was asked to; health says so, and that it is over.
 */
#include "account.h"
#include "site.h"

#define SIZE_MAX_FLAG "1MiB"
#define FILE_SIZE_MAX (1024 * 1024)

/** Requests that no file of that size can hold, and how large each is. */
#define REQUEST_COUNT_MAX 200
#define PAYLOAD_SIZE 20000

static struct daemon *collectord;

static void
start(const char *overflow)
{
    collectord = daemon_start(
        db, "-sink", "webhook", "-webhook-url", upstream_url(upstream, "/in"),
        "-upload-interval", "20ms", "-drain-timeout", "20s", "-max-backlog",
        "0", "-max-size", SIZE_MAX_FLAG, "-overflow", overflow, NULL);
}

static void
setup(void)
{
    site_setup_upstream();
    upstream_set_default(upstream, (struct upstream_answer){.held = true});
}

static void
teardown(void)
{
    upstream_release(upstream);
    daemon_stop(collectord);
    account_assert(db);
    site_teardown_upstream();
}

static const char *
event(int payload_size)
{
    return support_format("{\"device_id\":\"d\",\"kind\":\"k\",\"payload\":"
                          "\"%0*d\"}",
                          payload_size, 0);
}

static int
health(void)
{
    http_get(daemon_port(collectord), "/healthz", &response);
    return response.status;
}

static int64_t
files_size(void)
{
    return support_file_size(db) +
           support_file_size(support_format("%s-wal", db));
}

START_TEST(test_full_file_refuses_events_until_some_have_left)
{
    const char *body = event(PAYLOAD_SIZE);
    int count = 0;

    start("reject");
    while (site_post(collectord, body) == 200)
        ck_assert_int_lt(++count, REQUEST_COUNT_MAX);
    ck_assert_int_eq(response.status, 503);
    ck_assert_str_eq(response_text(&response, "error"), "buffer full");
    ck_assert_int_eq(response_int(&response, "backlog"), count);
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_le(files_size(), FILE_SIZE_MAX);
    ck_assert_int_eq(health(), 503);
    ck_assert(!response_bool(&response, "backlog_ok"));
    ck_assert_contains(response.body, "of 1048576 bytes: events are refused");

    upstream_release(upstream);
    ck_assert_eventually(health() == 200);
    ck_assert(response_bool(&response, "backlog_ok"));
    ck_assert_eventually(site_post(collectord, body) == 200);
    ck_assert_int_le(files_size(), FILE_SIZE_MAX);
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"),
                     count + 1);
}
END_TEST

START_TEST(test_full_file_drops_the_oldest_on_the_record)
{
    const char *body = event(PAYLOAD_SIZE);
    int i;

    start("drop-oldest");
    for (i = 0; i < REQUEST_COUNT_MAX; i++)
        ck_assert_int_eq(site_post(collectord, body), 200);
    ck_assert_int_le(files_size(), FILE_SIZE_MAX);
    ck_assert_int_gt(support_sql_int(db, "SELECT dropped FROM ledger"), 100);
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"),
                     REQUEST_COUNT_MAX);
    ck_assert_int_eq(support_sql_int(db, "SELECT sum(event_count) FROM"
                                         " upload_runs WHERE"
                                         " status = 'dropped'"),
                     support_sql_int(db, "SELECT dropped FROM ledger"));
}
END_TEST

START_TEST(test_request_that_can_never_fit_is_too_large)
{
    const char *body = "[";
    int i;

    start("drop-oldest");
    for (i = 0; i < 16; i++)
        body = support_format("%s%s%s", body, i == 0 ? "" : ",", event(60000));
    ck_assert_int_eq(site_post(collectord, support_format("%s]", body)), 413);
    ck_assert_contains(response_text(&response, "error"), "size limit");
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"), 0);
    ck_assert_int_eq(health(), 200);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_room");
    TCase *tcase = tcase_create("room");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, test_full_file_refuses_events_until_some_have_left);
    tcase_add_test(tcase, test_full_file_drops_the_oldest_on_the_record);
    tcase_add_test(tcase, test_request_that_can_never_fit_is_too_large);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
