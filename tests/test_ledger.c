/* SPDX-License-Identifier: MIT */
/*
 * Every event is in exactly one column of the ledger, at every moment that
 * anybody can look at, and after the process was killed in the middle of it:
 * while events come, are delivered, are buried, are dropped and are pruned.
 */
#include "account.h"
#include "fault_vfs.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define RETAIN_MS 1000

static struct harness harness;

/** A store in which all of that happens. */
static void
start(int mode)
{
    harness_prepare(&harness, mode);
    harness.options.backlog_max = 100;
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness.options.retain_ms = RETAIN_MS;
    harness.options.dead_letter_max = 5;
    harness_open(&harness);
}

/** Bury the oldest event. */
static void
bury(void)
{
    struct collector_batch *batch = harness_fetch(&harness, 1);

    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_REJECTED));
    collector_batch_free(batch);
}

/** Somebody with plain SQLite, who looks at the books all the time. */
struct auditor {
    pthread_t thread;
    _Atomic bool done;
    _Atomic uint64_t looks;
    _Atomic uint64_t wrong;
};

static int
judge(void *userdata, int column_count, char **values, char **names)
{
    struct auditor *auditor = userdata;

    (void)column_count;
    (void)names;
    atomic_fetch_add(&auditor->looks, 1);
    if (values[0] == NULL || strcmp(values[0], "1") != 0)
        atomic_fetch_add(&auditor->wrong, 1);
    return 0;
}

static void *
audit(void *userdata)
{
    struct auditor *auditor = userdata;
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(harness.path, &db, SQLITE_OPEN_READONLY, NULL) !=
        SQLITE_OK)
        atomic_fetch_add(&auditor->wrong, 1);
    (void)sqlite3_busy_timeout(db, SUPPORT_WAIT_MS);
    while (!atomic_load(&auditor->done)) {
        if (sqlite3_exec(db,
                         "SELECT accepted = delivered + dead + dropped +"
                         " pending AND pending = (SELECT count(*) FROM backlog)"
                         " AND accepted = max(coalesce((SELECT max(id) FROM"
                         " event_log), 0), (SELECT settled_through FROM state))"
                         " FROM ledger",
                         judge, auditor, NULL) != SQLITE_OK)
            atomic_fetch_add(&auditor->wrong, 1);
    }
    (void)sqlite3_close(db);
    return NULL;
}

/** Work, and be killed by one of the next writes. */
static void
run_until_killed(int round)
{
    int i;

    harness.options.vfs = fault_vfs_register();
    harness_open(&harness);
    fault_vfs_kill(FAULT_WAL_WRITE, 40 + 7 * (uint64_t)round);
    for (i = 0; i < 1000; i++) {
        (void)harness_fill(&harness, "d", 30, 500);
        (void)harness_deliver(&harness, 20);
        support_clock_advance(&harness.clock, RETAIN_MS / 2);
        (void)collector_store_maintain(harness.store);
    }
}

START_TEST(test_the_ledger_adds_up_at_every_moment)
{
    const int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    struct auditor auditor = {.looks = 0};
    int i;

    start(_i);
    ck_assert_int_eq(pthread_create(&auditor.thread, NULL, audit, &auditor), 0);
    for (i = 0; i < 200 || (atomic_load(&auditor.looks) < 50 &&
                            support_now_ms() < deadline_ms);
         i++) {
        ck_assert_ok(harness_fill(&harness, "d", 30, 500));
        if (i % 8 == 0)
            bury();
        (void)harness_deliver(&harness, 20);
        support_clock_advance(&harness.clock, RETAIN_MS / 10);
        ck_assert_ok(collector_store_maintain(harness.store));
    }
    atomic_store(&auditor.done, true);
    ck_assert_int_eq(pthread_join(auditor.thread, NULL), 0);
    ck_assert_uint_ge(atomic_load(&auditor.looks), 50);
    ck_assert_uint_eq(atomic_load(&auditor.wrong), 0);
    ck_assert_uint_gt(harness_stats(&harness).dropped, 0);
    ck_assert_uint_gt(harness_stats(&harness).dead, 5);
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_ledger_adds_up_after_a_kill_at_any_moment)
{
    int status = 0;
    pid_t pid;
    int i;

    start(_i);
    harness_close(&harness);
    for (i = 0; i < 10; i++) {
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            run_until_killed(i);
            _exit(1);
        }
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        harness_open(&harness);
        account_assert_kept(harness.path);
        harness_close(&harness);
    }
    ck_assert_int_gt(harness_int(&harness, "SELECT dropped FROM ledger"), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *sum = tcase_create("sum");

    tcase_set_timeout(sum, 60);
    tcase_add_loop_test(sum, test_the_ledger_adds_up_at_every_moment, 0, 3);
    tcase_add_loop_test(sum, test_the_ledger_adds_up_after_a_kill_at_any_moment,
                        0, 3);
    suite_add_tcase(suite, sum);
    return support_run_suite(suite);
}
