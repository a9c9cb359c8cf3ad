/* SPDX-License-Identifier: MIT */
/*
 * An append with an idempotency key may be repeated as often as it takes to get
 * an answer: its events are stored once, and every repeat gets the first
 * receipt, whoever has crashed in between.
 */
#include "crew.h"
#include "fault_vfs.h"
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY "order 66"
#define CALL_COUNT 10

static const struct collector_event events[] = {
    {.device_id = "a", .kind = "k", .payload = "1"},
    {.device_id = "b", .kind = "k", .ts = 5},
};
static const char text[] =
    "[{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":1},"
    "{\"device_id\":\"b\",\"kind\":\"k\"}]";
static struct harness harness;

static void
start(int mode)
{
    harness_prepare(&harness, mode);
    harness_open(&harness);
}

/** Append the first so many events under a key. */
static int
append(const char *key, size_t count, struct collector_receipt *ret_receipt)
{
    return collector_store_append(harness.store, events, count, key,
                                  ret_receipt);
}

/** Assert that a receipt is about two events from this id on. */
static void
assert_receipt(const struct collector_receipt *receipt, int64_t first_id,
               bool duplicate)
{
    ck_assert_int_eq(receipt->first_id, first_id);
    ck_assert_uint_eq(receipt->count, 2);
    ck_assert_int_eq(receipt->duplicate, duplicate);
}

/** Append both events under a key, and assert what the receipt says. */
static void
append_both(const char *key, int64_t first_id, bool duplicate)
{
    struct collector_receipt receipt = {0, 0, false};

    ck_assert_ok(append(key, 2, &receipt));
    assert_receipt(&receipt, first_id, duplicate);
}

static int64_t
key_count(void)
{
    return harness_int(&harness, "SELECT count(*) FROM idempotency");
}

START_TEST(test_a_repeat_gets_the_first_receipt)
{
    int i;

    start(_i);
    (void)harness_append(&harness, 3);
    append_both(KEY, 4, false);
    (void)harness_append(&harness, 1);
    for (i = 0; i < 3; i++)
        append_both(KEY, 4, true);
    append_both("another", 7, false);
    append_both(NULL, 9, false); /* without a key nothing is remembered */
    append_both(NULL, 11, false);
    append_both(KEY, 4, true);
    harness_assert_contiguous(&harness, 12);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_repeat_of_a_text_gets_the_first_receipt)
{
    struct collector_receipt receipt = {0, 0, false};
    int i;

    start(_i);
    for (i = 0; i < 3; i++) {
        ck_assert_ok(collector_store_append_json(
            harness.store, text, strlen(text), COLLECTOR_JSON_DOCUMENT, KEY,
            &receipt, NULL));
        assert_receipt(&receipt, 1, i > 0);
    }
    harness_assert_contiguous(&harness, 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_other_events_under_the_key_are_a_conflict)
{
    static const struct collector_event others[] = {
        {.device_id = "a2", .kind = "k", .payload = "1"},
        {.device_id = "a", .kind = "k2", .payload = "1"},
        {.device_id = "a", .kind = "k", .payload = "2"},
        {.device_id = "a", .kind = "k"},
        {.device_id = "a", .kind = "k", .payload = "1", .ts = 1},
        {.device_id = "ak", .kind = "1"},
    };
    struct collector_receipt receipt = {77, 77, true};
    size_t i;

    start(_i);
    ck_assert_ok(append(KEY, 1, NULL));
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_error(
            collector_store_append(harness.store, &others[i], 1, KEY, &receipt),
            COLLECTOR_ERR_CONFLICT);
    ck_assert_error(append(KEY, 2, &receipt), COLLECTOR_ERR_CONFLICT);
    ck_assert_error(collector_store_append_json(
                        harness.store, text, strlen(text),
                        COLLECTOR_JSON_DOCUMENT, KEY, &receipt, NULL),
                    COLLECTOR_ERR_CONFLICT);
    ck_assert_int_eq(receipt.first_id, 77); /* set on success only */
    harness_assert_contiguous(&harness, 1);
    ck_assert_int_eq(key_count(), 1);
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_ok(append(KEY, 1, &receipt));
    ck_assert_int_eq(receipt.first_id, 1);
    harness_close(&harness);
}
END_TEST

/** What each of the threads was told. */
static struct collector_receipt receipts[16];

static void
repeat(void *userdata, size_t number)
{
    (void)userdata;
    ck_assert_ok(append(KEY, 2, &receipts[number]));
}

START_TEST(test_many_at_once_store_once)
{
    size_t first = 0;
    size_t i;

    start(_i);
    crew_run(16, repeat, NULL);
    for (i = 0; i < 16; i++) {
        first += receipts[i].duplicate ? 0 : 1;
        assert_receipt(&receipts[i], 1, receipts[i].duplicate);
    }
    ck_assert_uint_eq(first, 1);
    harness_assert_contiguous(&harness, 2);
    ck_assert_int_eq(key_count(), 1);
    harness_close(&harness);
}
END_TEST

struct call {
    pthread_t thread;
    size_t count;
    int rc;
    struct collector_receipt receipt;
};

static void *
run_call(void *userdata)
{
    struct call *call = userdata;

    call->rc = append(KEY, call->count, &call->receipt);
    return NULL;
}

/** Repeat in a group: the second is another append, the rest is alike. */
START_TEST(test_repeats_in_a_group_store_once)
{
    struct call calls[CALL_COUNT] = {{.count = 0}};
    struct gate *gate;
    size_t i;

    start(_i);
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++) {
        calls[i].count = i == 1 ? 1 : 2;
        ck_assert_int_eq(
            pthread_create(&calls[i].thread, NULL, run_call, &calls[i]), 0);
        ck_assert_eventually(queue_length(harness.store) == i + 1);
    }
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++) {
        ck_assert_int_eq(pthread_join(calls[i].thread, NULL), 0);
        ck_assert_error(calls[i].rc,
                        i == 1 ? COLLECTOR_ERR_CONFLICT : COLLECTOR_OK);
        if (i != 1)
            assert_receipt(&calls[i].receipt, 1, i > 0);
    }
    harness_assert_contiguous(&harness, 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_repeat_after_a_reopen_gets_the_first_receipt)
{
    start(_i);
    append_both(KEY, 1, false);
    harness_reopen(&harness);
    append_both(KEY, 1, true);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    harness_reopen(&harness);
    append_both(KEY, 1, true);
    ck_assert_uint_eq(harness_stats(&harness).accepted, 2);
    harness_close(&harness);
}
END_TEST

/** Append under a key, and die without a word. */
static void
append_and_die(void)
{
    const pid_t pid = fork();
    int status = 0;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (collector_store_open(&harness.options, &harness.store) ==
                COLLECTOR_OK &&
            append(KEY, 2, NULL) == COLLECTOR_OK)
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(test_a_repeat_after_a_kill_gets_the_first_receipt)
{
    harness_prepare(&harness, _i);
    append_and_die();
    harness_open(&harness);
    append_both(KEY, 1, true);
    append_both("another", 3, false);
    harness_assert_contiguous(&harness, 4);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_full_backlog_still_answers_repeats)
{
    harness_prepare(&harness, _i);
    harness.options.backlog_max = 2;
    harness_open(&harness);
    append_both(KEY, 1, false);
    ck_assert_error(append("another", 1, NULL), COLLECTOR_ERR_FULL);
    append_both(KEY, 1, true);
    ck_assert_error(append(KEY, 1, NULL), COLLECTOR_ERR_CONFLICT);
    ck_assert_int_eq(key_count(), 1); /* a refusal leaves none */
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2);
    ck_assert_ok(append("another", 1, NULL));
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_full_file_still_answers_repeats)
{
    int rc;

    harness_prepare(&harness, _i);
    harness.options.size_max = COLLECTOR_STORE_SIZE_MIN;
    harness_open(&harness);
    append_both(KEY, 1, false);
    do
        rc = harness_fill(&harness, "d", 1, 10000);
    while (rc == COLLECTOR_OK);
    ck_assert_error(rc, COLLECTOR_ERR_FULL);
    append_both(KEY, 1, true);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_failed_append_leaves_no_key)
{
    static const enum fault_call calls[] = {FAULT_WAL_WRITE, FAULT_WAL_SYNC};

    harness_prepare(&harness, _i % 3);
    harness.options.durability = COLLECTOR_DURABILITY_FULL;
    harness.options.vfs = fault_vfs_register();
    harness_open(&harness);
    support_log_expect_errors(harness.log);
    (void)harness_append(&harness, 1);
    (void)harness_append(&harness, 1);
    fault_vfs_fail(calls[_i / 3], SQLITE_IOERR_FSYNC, 0, 1000000);
    ck_assert_error(append(KEY, 2, NULL), COLLECTOR_ERR_IO);
    fault_vfs_heal();
    append_both(KEY, 3, false); /* not a duplicate */
    append_both(KEY, 3, true);
    harness_assert_contiguous(&harness, 4);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("idempotency");
    TCase *key = tcase_create("key");

    tcase_set_timeout(key, 60);
    tcase_add_loop_test(key, test_a_repeat_gets_the_first_receipt, 0, 3);
    tcase_add_loop_test(key, test_a_repeat_of_a_text_gets_the_first_receipt, 0,
                        3);
    tcase_add_loop_test(key, test_other_events_under_the_key_are_a_conflict, 0,
                        3);
    tcase_add_loop_test(key, test_many_at_once_store_once, 0, 3);
    tcase_add_loop_test(
        key, test_a_repeat_after_a_reopen_gets_the_first_receipt, 0, 3);
    tcase_add_loop_test(key, test_a_repeat_after_a_kill_gets_the_first_receipt,
                        0, 3);
    tcase_add_loop_test(key, test_a_full_backlog_still_answers_repeats, 0, 3);
    tcase_add_loop_test(key, test_a_full_file_still_answers_repeats, 0, 3);
    tcase_add_loop_test(key, test_repeats_in_a_group_store_once, 0, 2);
    tcase_add_loop_test(key, test_a_failed_append_leaves_no_key, 0, 6);
    suite_add_tcase(suite, key);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
