/* SPDX-License-Identifier: MIT */
/*
 * With COLLECTOR_OVERFLOW_DROP_OLDEST appends go on at the limit, and the
 * oldest events pay for it: no more of them than is needed, each counted once
 * as dropped, on record with its id, and the next batch begins behind them.
 */
#include "account.h"
#include "crew.h"
#include "harness.h"

#define BACKLOG_MAX 20

static const struct collector_event good = {.device_id = "d", .kind = "k"};
static struct harness harness;

static void
start(int mode, uint64_t backlog_max, uint64_t size_max)
{
    harness_prepare(&harness, mode);
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness.options.backlog_max = backlog_max;
    harness.options.size_max = size_max;
    harness_open(&harness);
}

static void
append_one(size_t payload_size)
{
    ck_assert_ok(harness_fill(&harness, "d", 1, payload_size));
}

/** Assert what the ledger says, that the backlog is what it says, and that
 *  nothing of what was dropped is left. */
static void
assert_ledger(uint64_t delivered, uint64_t dropped, uint64_t pending)
{
    const struct collector_store_stats stats = harness_stats(&harness);

    ck_assert_uint_eq(stats.delivered, delivered);
    ck_assert_uint_eq(stats.dropped, dropped);
    ck_assert_uint_eq(stats.pending, pending);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM backlog"),
                     (int64_t)pending);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM event_log e JOIN"
                                 " upload_runs r ON r.status = 'dropped' AND"
                                 " e.id BETWEEN r.first_id AND r.last_id"),
                     0);
    account_assert(harness.path);
}

/** Assert which drops are on record. */
static void
assert_drops(const char *expected)
{
    ck_assert_str_eq(
        support_text_or_nothing(harness_text(
            &harness, "SELECT group_concat(first_id || '-' || last_id, ' ')"
                      " FROM upload_runs WHERE status = 'dropped'"
                      " ORDER BY last_id")),
        expected);
}

START_TEST(test_backlog_max_drops_as_many_as_needed)
{
    struct collector_batch *batch;

    start(_i, BACKLOG_MAX, 0);
    (void)harness_append(&harness, BACKLOG_MAX);
    assert_ledger(0, 0, BACKLOG_MAX);
    ck_assert_int_eq(harness_append(&harness, 1), BACKLOG_MAX + 1);
    assert_ledger(0, 1, BACKLOG_MAX);
    (void)harness_append(&harness, 7);
    assert_ledger(0, 8, BACKLOG_MAX);
    assert_drops("1-8"); /* one episode is one row */
    batch = harness_fetch(&harness, 5);
    ck_assert_int_eq(collector_batch_first_id(batch), 9);
    collector_batch_free(batch);
    (void)harness_append(&harness, BACKLOG_MAX); /* all of it at once */
    assert_ledger(0, 28, BACKLOG_MAX);
    harness_close(&harness);
}
END_TEST

START_TEST(test_each_episode_is_a_row)
{
    start(_i, BACKLOG_MAX, 0);
    (void)harness_append(&harness, BACKLOG_MAX);
    (void)harness_append(&harness, 3);
    (void)harness_append(&harness, 2);
    ck_assert_uint_eq(harness_deliver(&harness, 4), 4); /* 6 to 9 */
    (void)harness_append(&harness, 5);
    assert_ledger(4, 6, BACKLOG_MAX);
    assert_drops("1-5 10-10");
    harness_reopen(&harness);
    (void)harness_append(&harness, 2);
    assert_ledger(4, 8, BACKLOG_MAX);
    assert_drops("1-5 10-12");
    ck_assert_str_eq(harness_text(&harness, "SELECT error FROM upload_runs"
                                            " WHERE status = 'dropped'"),
                     "dropped to make room");
    harness_close(&harness);
}
END_TEST

START_TEST(test_more_than_the_backlog_may_hold_drops_nothing)
{
    struct collector_event events[BACKLOG_MAX + 1];
    size_t i;

    start(_i, BACKLOG_MAX, 0);
    (void)harness_append(&harness, BACKLOG_MAX);
    for (i = 0; i <= BACKLOG_MAX; i++)
        events[i] = good;
    ck_assert_error(collector_store_append(harness.store, events,
                                           BACKLOG_MAX + 1, NULL, NULL),
                    COLLECTOR_ERR_FULL);
    assert_ledger(0, 0, BACKLOG_MAX);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_smaller_limit_drops_the_difference)
{
    start(_i, 0, 0);
    (void)harness_append(&harness, 3 * BACKLOG_MAX);
    harness_close(&harness);
    harness.options.backlog_max = BACKLOG_MAX;
    harness_open(&harness);
    assert_ledger(0, 0, 3 * BACKLOG_MAX);
    (void)harness_append(&harness, 1);
    assert_ledger(0, 2 * BACKLOG_MAX + 1, BACKLOG_MAX);
    harness_close(&harness);
}
END_TEST

/** How far a drop has got into a batch of 1 … 10 when it is settled. */
static const size_t overtakes[] = {3, 10, 15};

START_TEST(test_a_batch_that_was_dropped_is_counted_once)
{
    const size_t dropped = overtakes[_i / 3];
    const size_t delivered = dropped < 10 ? 10 - dropped : 0;
    struct collector_batch *batch;

    start(_i % 3, BACKLOG_MAX, 0);
    (void)harness_append(&harness, BACKLOG_MAX);
    batch = harness_fetch(&harness, 10);
    (void)harness_append(&harness, dropped);
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    collector_batch_free(batch);
    assert_ledger(delivered, dropped, BACKLOG_MAX - delivered);
    batch = harness_fetch(&harness, 1);
    ck_assert_int_eq(collector_batch_first_id(batch),
                     dropped < 10 ? 11 : (int64_t)dropped + 1);
    collector_batch_free(batch);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_dropped_batch_that_failed_is_not_sent_again)
{
    struct collector_batch *batch;

    start(_i, BACKLOG_MAX, 0);
    (void)harness_append(&harness, BACKLOG_MAX);
    batch = harness_fetch(&harness, 1);
    (void)harness_append(&harness, 1);
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_RETRY));
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_REJECTED));
    collector_batch_free(batch);
    assert_ledger(0, 1, BACKLOG_MAX);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM dead_letters"),
                     0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_size_max_drops_the_oldest)
{
    enum { COUNT = 2000 };
    struct collector_store_stats stats;
    struct collector_batch *batch;
    int i;

    start(_i, 0, COLLECTOR_STORE_SIZE_MIN);
    for (i = 0; i < COUNT; i++)
        append_one(1000);
    stats = harness_stats(&harness);
    ck_assert_uint_eq(stats.accepted, COUNT);
    ck_assert_uint_eq(stats.pending + stats.dropped, COUNT);
    ck_assert_uint_gt(stats.pending * 1000, COLLECTOR_STORE_SIZE_MIN / 2);
    assert_ledger(0, stats.dropped, stats.pending);
    assert_drops(support_format("1-%d", (int)stats.dropped));
    batch = harness_fetch(&harness, 1);
    ck_assert_int_eq(collector_batch_first_id(batch),
                     (int64_t)stats.dropped + 1);
    collector_batch_free(batch);
    harness_reopen(&harness);
    assert_ledger(0, stats.dropped, stats.pending);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_large_append_costs_no_more_than_its_room)
{
    uint64_t before;
    size_t count;
    int rc;

    start(_i, 0, COLLECTOR_STORE_SIZE_MIN);
    while (harness_stats(&harness).dropped == 0)
        append_one(1000);
    before = harness_stats(&harness).dropped;
    /* The largest that is not refused for good; what is costs nothing. */
    for (count = 300; count > 1; count--) {
        rc = harness_fill(&harness, "d", count, 1000);
        if (rc == COLLECTOR_OK)
            break;
        ck_assert_error(rc, COLLECTOR_ERR_TOO_BIG);
        ck_assert_uint_eq(harness_stats(&harness).dropped, before);
    }
    ck_assert_uint_gt(count * 1000, COLLECTOR_STORE_SIZE_MIN / 16);
    ck_assert_uint_lt(harness_stats(&harness).dropped - before, 3 * count);
    account_assert(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_delivered_events_go_before_any_is_dropped)
{
    start(_i, 0, COLLECTOR_STORE_SIZE_MIN);
    harness_close(&harness);
    harness.options.retain_ms = COLLECTOR_RETAIN_FOREVER;
    harness_open(&harness);
    while (harness_int(&harness, "SELECT min(id) FROM event_log") == 1) {
        append_one(5000);
        if (harness_stats(&harness).pending == 10)
            ck_assert_uint_eq(harness_deliver(&harness, 10), 10);
    }
    ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_all_of_a_group_find_room)
{
    enum { CALLS = 15 };
    static char payload[COLLECTOR_PAYLOAD_SIZE_MAX];
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};
    struct append_call *calls[CALLS];
    struct gate *gate;
    size_t i;

    memset(payload, 'x', sizeof(payload) - 1);
    payload[0] = payload[sizeof(payload) - 2] = '"';
    start(_i, 0, 8 * COLLECTOR_STORE_SIZE_MIN);
    while (harness_stats(&harness).dropped == 0)
        append_one(30000);
    gate = gate_shut(harness.store);
    for (i = 0; i < CALLS; i++)
        calls[i] = append_queue(harness.store, &event, 1);
    gate_open(gate);
    for (i = 0; i < CALLS; i++)
        ck_assert_ok(append_join(calls[i]));
    account_assert(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_pinned_log_that_is_full_drops_nothing_more)
{
    sqlite3 *reader = NULL;
    uint64_t dropped;
    int i;

    start(_i, 0, COLLECTOR_STORE_SIZE_MIN);
    while (harness_stats(&harness).dropped == 0)
        append_one(3000);
    ck_assert_int_eq(sqlite3_open(harness.path, &reader), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(reader, "BEGIN; SELECT * FROM state", NULL, NULL, NULL),
        SQLITE_OK);
    while (harness_fill(&harness, "d", 1, 3000) == COLLECTOR_OK)
        ;
    dropped = harness_stats(&harness).dropped;
    for (i = 0; i < 5; i++) /* for these the main file is too full as well */
        ck_assert_error(harness_fill(&harness, "d", 1, 50000),
                        COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).dropped, dropped);
    ck_assert_int_le(harness_file_size(&harness), COLLECTOR_STORE_SIZE_MIN);
    (void)sqlite3_close(reader);
    append_one(3000);
    account_assert(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_larger_file_shrinks_while_appends_go_on)
{
    int i;

    start(_i, 0, 0);
    for (i = 0; i < 10; i++)
        ck_assert_ok(harness_fill(&harness, "d", 50, 4000));
    harness_close(&harness);
    harness.options.size_max = COLLECTOR_STORE_SIZE_MIN;
    harness_open(&harness);
    for (i = 0; i < 20 && harness_fill(&harness, "d", 1, 100) != COLLECTOR_OK;
         i++)
        ;
    append_one(100); /* nobody has called maintain */
    ck_assert_int_le(harness_file_size(&harness), COLLECTOR_STORE_SIZE_MIN);
    ck_assert_uint_gt(harness_stats(&harness).pending, 50);
    account_assert(harness.path);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("overflow");
    TCase *backlog = tcase_create("backlog");
    TCase *size = tcase_create("size");

    tcase_add_loop_test(backlog, test_backlog_max_drops_as_many_as_needed, 0,
                        3);
    tcase_add_loop_test(backlog, test_each_episode_is_a_row, 0, 3);
    tcase_add_loop_test(
        backlog, test_more_than_the_backlog_may_hold_drops_nothing, 0, 3);
    tcase_add_loop_test(backlog, test_a_smaller_limit_drops_the_difference, 0,
                        3);
    tcase_add_loop_test(backlog, test_a_batch_that_was_dropped_is_counted_once,
                        0, 9);
    tcase_add_loop_test(
        backlog, test_a_dropped_batch_that_failed_is_not_sent_again, 0, 3);
    tcase_set_timeout(size, 60);
    tcase_add_loop_test(size, test_size_max_drops_the_oldest, 0, 3);
    tcase_add_loop_test(size, test_a_large_append_costs_no_more_than_its_room,
                        0, 3);
    tcase_add_loop_test(size, test_delivered_events_go_before_any_is_dropped, 0,
                        3);
    tcase_add_loop_test(size, test_all_of_a_group_find_room, 0, 2);
    tcase_add_loop_test(size, test_a_pinned_log_that_is_full_drops_nothing_more,
                        0, 3);
    tcase_add_loop_test(size, test_a_larger_file_shrinks_while_appends_go_on, 0,
                        3);
    suite_add_tcase(suite, backlog);
    suite_add_tcase(suite, size);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
