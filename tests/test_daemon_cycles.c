/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is started, used and stopped again and again exits with 0 each
 * time, has delivered what it confirmed, and leaves nothing beside its file;
 * one that serves thousands of connections holds no more than after the first.
 */
#include "account.h"
#include "client.h"
#include "process.h"
#include "support.h"
#include "usage.h"

#include <dirent.h>
#include <stdio.h>

/** Requests before the first look: what is made once is made then. */
#define WARM_UP_COUNT 200

static const char event[] = "{\"device_id\":\"d\",\"kind\":\"k\"}";

static size_t
count_files(const char *dir)
{
    DIR *entries = opendir(dir);
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while (readdir(entries) != NULL)
        count++;
    (void)closedir(entries); /* it was only read */
    return count;
}

static void
post(int port, struct response *response)
{
    http_post_events(port, event, response);
    ck_assert_int_eq(response->status, 200);
}

START_TEST(test_a_daemon_is_started_and_stopped)
{
    const uint64_t rounds = support_rounds("CYCLES_DAEMON", 10, 300);
    struct response *response = support_alloc(sizeof(*response));
    const char *dir = support_dir_new();
    const char *db = support_path(dir, "events.sqlite");
    size_t file_count = 0;
    uint64_t i;

    for (i = 1; i <= rounds; i++) {
        struct daemon *collectord =
            daemon_start(db, "-sink", "file", "-file-path",
                         support_path(dir, "out.ndjson"), NULL);

        post(daemon_port(collectord), response);
        ck_assert_int_eq(response_int(response, "accepted"), 1);
        daemon_stop(collectord);
        ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"),
                         (int64_t)i);
        if (i == 1)
            file_count = count_files(dir);
        ck_assert_uint_eq(count_files(dir), file_count);
    }
    ck_assert_uint_eq(
        support_occurrences(support_read_file(support_path(dir, "out.ndjson")),
                            "\n"),
        rounds);
    account_assert(db);
}
END_TEST

START_TEST(test_a_connection_leaves_nothing_behind)
{
    const uint64_t rounds = support_rounds("CYCLES_CONNECTION", 300, 20000);
    struct response *response = support_alloc(sizeof(*response));
    const char *db = support_path(support_dir_new(), "events.sqlite");
    struct daemon *collectord = daemon_start(db, NULL);
    const int port = daemon_port(collectord);
    struct usage before;
    uint64_t i;

    for (i = 0; i < WARM_UP_COUNT; i++)
        post(port, response);
    before = usage_read(daemon_pid(collectord));
    for (i = 0; i < rounds; i++)
        post(port, response);
    usage_assert_flat(daemon_pid(collectord), &before);
    daemon_stop(collectord);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_cycles");
    TCase *tcase = tcase_create("cycles");

    tcase_set_timeout(tcase, 3600);
    tcase_add_test(tcase, test_a_daemon_is_started_and_stopped);
    tcase_add_test(tcase, test_a_connection_leaves_nothing_behind);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
