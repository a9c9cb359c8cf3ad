/* SPDX-License-Identifier: MIT */
/*
 * Storage that fails. Success means fsynced; after a failed fsync nothing of
 * the group can be seen, nobody is told otherwise, and nothing is acknowledged
 * until a commit has proved that the storage works again, which then needs
 * nobody's help. A full disk refuses what doesn't fit, and no more.
 */
#include "crew.h"
#include "fault_vfs.h"
#include "harness.h"

#define CALL_COUNT 10

static const struct collector_event good = {.device_id = "d", .kind = "k"};

/** Open a store on storage that can fail, and get over the first commits,
 *  which sync a little more. */
static void
start(struct harness *harness, int mode)
{
    harness_init(harness);
    harness->options.mode = (enum collector_write_mode)mode;
    harness->options.vfs = fault_vfs_register();
    harness_stop_clock(harness);
    harness_open(harness);
    ck_assert_int_eq(harness_append(harness, 1), 1);
    ck_assert_int_eq(harness_append(harness, 1), 2);
}

/** Begin so many appends at once: behind a gate where there is one. */
static void
start_calls(struct harness *harness, struct append_call *calls[CALL_COUNT])
{
    struct gate *gate = gate_shut(harness->store);
    size_t i;

    for (i = 0; i < CALL_COUNT; i++)
        calls[i] = append_queue(harness->store, &good, 1);
    gate_open(gate);
}

/** Assert that all of them returned this. */
static void
join_calls(struct append_call *calls[CALL_COUNT], int expected)
{
    size_t i;

    for (i = 0; i < CALL_COUNT; i++) {
        ck_assert_error(append_join(calls[i]), expected);
        if (expected != COLLECTOR_OK)
            ck_assert_int_eq(calls[i]->receipt.first_id, 0);
    }
}

static int64_t
fault_count(struct harness *harness)
{
    return harness_int(harness, "SELECT storage_faults FROM state");
}

START_TEST(test_a_group_at_full_durability_is_one_sync)
{
    struct append_call *calls[CALL_COUNT];
    struct harness harness;
    uint64_t before;

    start(&harness, COLLECTOR_MODE_GROUP);
    before = fault_vfs_call_count(FAULT_WAL_SYNC);
    start_calls(&harness, calls);
    join_calls(calls, COLLECTOR_OK);
    ck_assert_uint_eq(fault_vfs_call_count(FAULT_WAL_SYNC) - before, 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_every_append_is_synced_before_it_returns)
{
    struct harness harness;
    uint64_t before;
    int i;

    start(&harness, _i);
    for (i = 1; i <= 10; i++) {
        before = fault_vfs_call_count(FAULT_WAL_SYNC);
        harness_append(&harness, 1);
        ck_assert_uint_eq(fault_vfs_call_count(FAULT_WAL_SYNC) - before, 1);
    }
    before = fault_vfs_call_count(FAULT_WAL_SYNC);
    ck_assert_uint_eq(harness_deliver(&harness, 100), 12);
    ck_assert_uint_eq(fault_vfs_call_count(FAULT_WAL_SYNC) - before, 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_normal_durability_needs_no_sync)
{
    struct harness harness;
    uint64_t before;
    int i;

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness.options.vfs = fault_vfs_register();
    harness_open(&harness);
    harness_append(&harness, 1);
    before = fault_vfs_call_count(FAULT_WAL_SYNC);
    for (i = 0; i < 50; i++)
        harness_append(&harness, 1);
    ck_assert_uint_eq(fault_vfs_call_count(FAULT_WAL_SYNC), before);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_failed_sync_leaves_nothing_of_the_group)
{
    struct append_call *calls[CALL_COUNT];
    struct collector_store_stats stats;
    struct harness harness;
    int i;

    start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, UINT64_MAX);
    start_calls(&harness, calls);
    join_calls(calls, COLLECTOR_ERR_IO);
    harness_assert_contiguous(&harness, 2);
    stats = harness_stats(&harness);
    ck_assert(!stats.storage_ok);
    ck_assert_uint_eq(stats.commit_failures, 1);
    ck_assert_uint_eq(stats.accepted, 2);
    ck_assert_int_eq(fault_count(&harness), 0);

    for (i = 0; i < 3; i++) /* no better yet, and no ack either */
        ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
    harness_assert_contiguous(&harness, 2);
    ck_assert(!harness_stats(&harness).storage_ok);
    ck_assert_int_eq(fault_count(&harness), 0);

    fault_vfs_heal();
    start_calls(&harness, calls);
    join_calls(calls, COLLECTOR_OK);
    harness_assert_contiguous(&harness, 2 + CALL_COUNT);
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_int_eq(fault_count(&harness), 1);
    ck_assert_uint_eq(support_log_count(harness.log, "works again"), 1);
    harness_reopen(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 3 + CALL_COUNT);
    harness_close(&harness);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
}
END_TEST

START_TEST(test_health_comes_back_without_an_append)
{
    struct harness harness;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, UINT64_MAX);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
    ck_assert_error(collector_store_maintain(harness.store), COLLECTOR_ERR_IO);
    ck_assert(!harness_stats(&harness).storage_ok);
    fault_vfs_heal();
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_int_ge(fault_count(&harness), 1);
    harness_assert_contiguous(&harness, 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_every_mode_gets_over_a_failed_sync)
{
    static const int codes[] = {SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE};
    const enum fault_call call = _i < 3 ? FAULT_WAL_SYNC : FAULT_WAL_WRITE;
    struct harness harness;
    int i;

    start(&harness, _i % 3);
    support_log_expect_errors(harness.log);
    for (i = 1; i <= 10; i++) {
        fault_vfs_fail(call, codes[_i / 3], 0, 1);
        ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
        ck_assert(!harness_stats(&harness).storage_ok);
        ck_assert_int_eq(harness_append(&harness, 1), i + 2);
        ck_assert(harness_stats(&harness).storage_ok);
    }
    harness_assert_contiguous(&harness, 12);
    ck_assert_int_gt(fault_count(&harness), 0);
    harness_reopen(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 13);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_checkpoint_whose_sync_failed_has_not_happened)
{
    struct collector_batch *batch;
    struct harness harness;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    batch = harness_fetch(&harness, 10);
    fault_vfs_fail(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 0, 1);
    ck_assert_error(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED),
                    COLLECTOR_ERR_IO);
    ck_assert_uint_eq(harness_stats(&harness).pending, 2);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"),
                     0);
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    ck_assert_uint_eq(harness_stats(&harness).delivered, 2);
    collector_batch_free(batch);
    harness_close(&harness);
}
END_TEST

/** A JSON text of about this size. */
static const char *
long_payload(size_t size)
{
    char *payload = support_alloc(size + 1);

    memset(payload, 'x', size);
    payload[0] = payload[size - 1] = '"';
    return payload;
}

/** An append that is larger than what SQLite keeps in memory. */
static int
append_much(struct harness *harness)
{
    const char *payload = long_payload(60000);
    struct collector_event events[16];
    size_t i;

    for (i = 0; i < 16; i++)
        events[i] = (struct collector_event){
            .device_id = "d", .kind = "k", .payload = payload};
    return collector_store_append(harness->store, events, 16, NULL, NULL);
}

START_TEST(test_a_failure_before_the_commit_counts_too)
{
    struct harness harness;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    if (_i != COLLECTOR_MODE_CONCURRENT) /* have pages written early */
        ck_assert_int_eq(sqlite3_exec(harness.store->writer.connection.db,
                                      "PRAGMA cache_size=20", NULL, NULL, NULL),
                         SQLITE_OK);
    fault_vfs_fail(FAULT_WAL_WRITE, SQLITE_IOERR_WRITE, 5, 1);
    ck_assert_error(append_much(&harness), COLLECTOR_ERR_IO);
    ck_assert(!harness_stats(&harness).storage_ok);
    ck_assert_uint_eq(harness_stats(&harness).commit_failures, 1);
    harness_assert_contiguous(&harness, 2);
    fault_vfs_heal();
    ck_assert_int_eq(harness_append(&harness, 1), 3);
    ck_assert(harness_stats(&harness).storage_ok);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_full_disk_refuses_what_does_not_fit)
{
    struct collector_batch *batch;
    struct harness harness;
    int64_t wal_size;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    batch = harness_fetch(&harness, 10);
    wal_size =
        support_file_size(support_path(harness.dir, "events.sqlite-wal"));
    fault_vfs_limit(wal_size + 10 * (int64_t)COLLECTOR_PAGE_SIZE);
    ck_assert_error(append_much(&harness), COLLECTOR_ERR_NOSPACE);
    harness_assert_contiguous(&harness, 2);
    ck_assert(!harness_stats(&harness).storage_ok);
    /* What is small still fits: above all, what frees room. */
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    collector_batch_free(batch);
    ck_assert(harness_stats(&harness).storage_ok);
    fault_vfs_limit(1);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_NOSPACE);
    ck_assert_error(append_much(&harness), COLLECTOR_ERR_NOSPACE);
    fault_vfs_heal();
    ck_assert_ok(append_much(&harness)); /* by itself */
    harness_assert_contiguous(&harness, 18);
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_int_eq(fault_count(&harness), 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_on_a_full_disk_the_small_ones_of_a_group_are_kept)
{
    struct collector_event large = good;
    struct append_call *calls[3];
    struct gate *gate;
    struct harness harness;

    large.payload = long_payload(60000);
    start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    fault_vfs_limit(
        support_file_size(support_path(harness.dir, "events.sqlite-wal")) +
        10 * (int64_t)COLLECTOR_PAGE_SIZE);
    gate = gate_shut(harness.store);
    calls[0] = append_queue(harness.store, &good, 1);
    calls[1] = append_queue(harness.store, &large, 1);
    calls[2] = append_queue(harness.store, &good, 1);
    gate_open(gate);
    ck_assert_ok(append_join(calls[0]));
    ck_assert_error(append_join(calls[1]), COLLECTOR_ERR_NOSPACE);
    ck_assert_ok(append_join(calls[2]));
    ck_assert_int_eq(calls[0]->receipt.first_id, 3);
    ck_assert_int_eq(calls[2]->receipt.first_id, 4);
    harness_assert_contiguous(&harness, 4);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_log_is_not_flooded)
{
    struct harness harness;
    int i;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    fault_vfs_limit(1);
    for (i = 0; i < 50; i++)
        ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_NOSPACE);
    ck_assert_uint_eq(support_log_count(harness.log, "error"), 1);
    support_clock_advance(&harness.clock, 1000);
    for (i = 0; i < 50; i++)
        ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_NOSPACE);
    ck_assert_uint_eq(support_log_count(harness.log, "error"), 2);
    fault_vfs_heal();
    harness_close(&harness);
}
END_TEST

struct crowd {
    struct harness *harness;
    _Atomic int64_t kept;
};

static void
append_through_faults(void *userdata, size_t number)
{
    struct crowd *crowd = userdata;
    int i;

    (void)number;
    for (i = 0; i < 100; i++) {
        const int rc = harness_try(crowd->harness, "k");

        if (rc == COLLECTOR_OK)
            atomic_fetch_add(&crowd->kept, 1);
        else
            ck_assert(rc == COLLECTOR_ERR_IO || rc == COLLECTOR_ERR_BUSY);
    }
}

START_TEST(test_a_crowd_gets_through_storage_that_fails_now_and_then)
{
    struct crowd crowd = {NULL, 0};
    struct harness harness;

    start(&harness, _i);
    support_log_expect_errors(harness.log);
    crowd.harness = &harness;
    fault_vfs_fail_randomly(FAULT_WAL_SYNC, SQLITE_IOERR_FSYNC, 5);
    fault_vfs_fail_randomly(FAULT_WAL_WRITE, SQLITE_IOERR_WRITE, 40);
    crew_run(16, append_through_faults, &crowd);
    ck_assert_uint_gt(fault_vfs_failure_count(FAULT_WAL_SYNC), 0);
    ck_assert_uint_gt(fault_vfs_failure_count(FAULT_WAL_WRITE), 0);
    fault_vfs_heal();
    /* Acknowledged and there are the same thing. */
    harness_assert_contiguous(&harness, 2 + atomic_load(&crowd.kept));
    harness_append(&harness, 1);
    ck_assert(harness_stats(&harness).storage_ok);
    harness_close(&harness);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    harness_assert_contiguous(&harness, 3 + atomic_load(&crowd.kept));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("fault");
    TCase *sync = tcase_create("sync");
    TCase *space = tcase_create("space");

    tcase_add_test(sync, test_a_group_at_full_durability_is_one_sync);
    tcase_add_loop_test(sync, test_every_append_is_synced_before_it_returns, 0,
                        3);
    tcase_add_loop_test(sync, test_normal_durability_needs_no_sync, 0, 3);
    tcase_add_test(sync, test_a_failed_sync_leaves_nothing_of_the_group);
    tcase_add_loop_test(sync, test_health_comes_back_without_an_append, 0, 3);
    tcase_add_loop_test(sync, test_every_mode_gets_over_a_failed_sync, 0, 6);
    tcase_add_loop_test(
        sync, test_a_checkpoint_whose_sync_failed_has_not_happened, 0, 3);
    tcase_add_loop_test(sync, test_a_failure_before_the_commit_counts_too, 0,
                        3);
    tcase_add_loop_test(
        sync, test_a_crowd_gets_through_storage_that_fails_now_and_then, 0, 3);
    tcase_add_loop_test(space, test_a_full_disk_refuses_what_does_not_fit, 0,
                        3);
    tcase_add_test(space,
                   test_on_a_full_disk_the_small_ones_of_a_group_are_kept);
    tcase_add_loop_test(space, test_the_log_is_not_flooded, 0, 3);
    suite_add_tcase(suite, sync);
    suite_add_tcase(suite, space);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
