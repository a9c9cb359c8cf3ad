/* SPDX-License-Identifier: MIT */
/*
 * A purge promises to delete dead letters with their events, and nothing else:
 * the ledger and the devices stay as they were. Whoever was killed in the
 * middle of it, or of a replay, just calls again.
 */
#include "account.h"
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODES 3
#define STEP_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

static struct harness harness;

static uint64_t
purge(const int64_t *ids, size_t id_count)
{
    uint64_t count = 4711;

    ck_assert_ok(
        collector_dead_letters_purge(harness.store, ids, id_count, &count));
    account_assert(harness.path);
    return count;
}

START_TEST(test_a_purge_deletes_letters_with_their_events)
{
    static const int64_t ids[] = {2, 2, 99, 4, 1};

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 5);
    harness_bury(&harness, 3);
    ck_assert_uint_eq(purge(ids, 5), 2);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT (SELECT group_concat(id) FROM event_log)"
                               " || ' ' || (SELECT group_concat(event_id) FROM"
                               " dead_letters)"),
        "3,4,5 3");
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), 3);
    ck_assert_uint_eq(purge(ids, 5), 0);
    harness_reopen(&harness);
    ck_assert_uint_eq(purge(NULL, 0), 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), 3);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    ck_assert_int_eq(harness_append(&harness, 1), 6);
    account_assert(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_many_letters_are_purged_in_steps)
{
    uint64_t commits;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_bury_many(&harness, 2 * STEP_MAX + 1);
    ck_assert_ok(collector_dead_letters_replay(harness.store, NULL, 0, NULL));
    commits = harness_stats(&harness).commits;
    ck_assert_uint_eq(purge(NULL, 0), 2 * STEP_MAX + 1);
    ck_assert_uint_eq(harness_stats(&harness).commits - commits, 3);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     2 * STEP_MAX + 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     2 * STEP_MAX + 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_purge_never_takes_an_event_of_the_backlog)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 2);
    harness_exec(&harness, "INSERT INTO dead_letters (event_id, at, attempts)"
                           " VALUES (2, 1, 1)");
    (void)purge((const int64_t[]){2}, 1);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_purge_keeps_what_is_known_of_the_devices)
{
    int64_t seen_at;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_see(&harness, "only-here", 1700000000000);
    harness_bury(&harness, 1);
    seen_at = harness_int(&harness, "SELECT last_seen_at FROM devices"
                                    " WHERE device_key = 'only-here'");
    ck_assert_uint_eq(purge(NULL, 0), 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT last_seen_at FROM devices"
                                           " WHERE device_key = 'only-here'"),
                     seen_at);
    harness_close(&harness);
}
END_TEST

/** Do it in a process of its own, which is killed when it has got somewhere. */
static void
kill_in_the_middle(int (*work)(struct collector_store *store,
                               const int64_t *event_ids, size_t id_count,
                               uint64_t *ret_count),
                   const char *begun)
{
    pid_t pid;
    int status;

    harness_close(&harness);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        harness_open(&harness);
        _exit(work(harness.store, NULL, 0, NULL) == COLLECTOR_OK ? 0 : 1);
    }
    ck_assert_eventually(harness_int(&harness, begun) > 0);
    (void)kill(pid, SIGKILL); /* it may have come to its end before */
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    account_assert(harness.path);
    harness_open(&harness);
}

START_TEST(test_whoever_was_killed_just_calls_again)
{
    const int64_t count = 40 * STEP_MAX;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_bury_many(&harness, (size_t)count);
    kill_in_the_middle(collector_dead_letters_replay,
                       "SELECT count(*) FROM dead_letters"
                       " WHERE replayed_as IS NOT NULL");
    ck_assert_ok(collector_dead_letters_replay(harness.store, NULL, 0, NULL));
    ck_assert_int_eq(harness_int(&harness, "SELECT count(DISTINCT replayed_as)"
                                           " FROM dead_letters"),
                     count);
    harness_assert_contiguous(&harness, 2 * count);
    kill_in_the_middle(collector_dead_letters_purge,
                       support_format("SELECT count(*) < %jd"
                                      " FROM dead_letters",
                                      (intmax_t)count));
    (void)purge(NULL, 0);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     count);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     count);
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), count);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_purge_of_no_store_is_refused)
{
    uint64_t count = 4711;
    const int64_t id = 1;

    ck_assert_error(collector_dead_letters_purge(NULL, &id, 1, &count),
                    COLLECTOR_ERR_INVALID);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dead_letters_purge");
    TCase *purges = tcase_create("purge");

    tcase_add_loop_test(purges, test_a_purge_deletes_letters_with_their_events,
                        0, MODES);
    tcase_add_test(purges, test_many_letters_are_purged_in_steps);
    tcase_add_test(purges, test_a_purge_never_takes_an_event_of_the_backlog);
    tcase_add_test(purges, test_a_purge_keeps_what_is_known_of_the_devices);
    tcase_add_test(purges, test_a_purge_of_no_store_is_refused);
    tcase_add_test(purges, test_whoever_was_killed_just_calls_again);
    suite_add_tcase(suite, purges);
    return support_run_suite(suite);
}
