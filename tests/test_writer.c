/* SPDX-License-Identifier: MIT */
/*
 * Appends that wait together are committed together, in the order in which they
 * came; and what becomes of one of them is no business of the others. Nobody
 * waits for ever.
 */
#include "crew.h"
#include "harness.h"

#define CALL_COUNT 20

/** Where the one that fails stands in the queue. */
#define BOOM 7

static const struct collector_event good = {.device_id = "d", .kind = "k"};
static const struct collector_event bad = {.device_id = "d", .kind = "boom"};

/** Make the storage refuse events of kind boom, in one of SQLite's ways. */
static void
set_trap(struct harness *harness, const char *way)
{
    support_log_expect_errors(harness->log);
    harness_exec(harness,
                 support_format("CREATE TRIGGER boom BEFORE INSERT ON event_log"
                                " WHEN new.kind = 'boom'"
                                " BEGIN SELECT RAISE(%s, 'boom'); END",
                                way));
}

START_TEST(test_appends_that_wait_share_a_commit)
{
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    struct harness harness;
    uint64_t before;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    before = harness_stats(&harness).commits;
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++)
        calls[i] = append_queue(harness.store, &good, 1);
    for (i = 0; i < CALL_COUNT; i++)
        ck_assert(!atomic_load(&calls[i]->returned));
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     0);
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++) {
        ck_assert_ok(append_join(calls[i]));
        ck_assert_int_eq(calls[i]->receipt.first_id, (int64_t)i + 1);
        ck_assert_uint_eq(calls[i]->receipt.count, 1);
    }
    ck_assert_uint_eq(harness_stats(&harness).commits - before, 1);
    harness_assert_contiguous(&harness, CALL_COUNT);
    harness_close(&harness);
}
END_TEST

START_TEST(test_serialized_is_one_commit_an_append)
{
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    struct harness harness;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_SERIALIZED);
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++)
        calls[i] = append_queue(harness.store, &good, 1);
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++) {
        ck_assert_ok(append_join(calls[i]));
        ck_assert_int_eq(calls[i]->receipt.first_id, (int64_t)i + 1);
    }
    ck_assert_uint_eq(harness_stats(&harness).commits, CALL_COUNT);
    harness_assert_contiguous(&harness, CALL_COUNT);
    harness_close(&harness);
}
END_TEST

START_TEST(test_one_that_fails_in_a_group_fails_alone)
{
    static const char *const ways[] = {"ABORT", "FAIL", "ROLLBACK"};
    const struct collector_event half[] = {good, bad, good};
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    struct harness harness;
    int64_t next = 1;
    size_t i;

    harness_start(&harness, (enum collector_write_mode)(_i / 3));
    set_trap(&harness, ways[_i % 3]);
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++) {
        if (i == BOOM) /* it has written one event when it fails */
            calls[i] = append_queue(harness.store, half, 3);
        else
            calls[i] = append_queue(harness.store, &good, 1);
    }
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++) {
        if (i == BOOM) {
            ck_assert_error(append_join(calls[i]), COLLECTOR_ERR_IO);
            continue;
        }
        ck_assert_ok(append_join(calls[i]));
        ck_assert_int_eq(calls[i]->receipt.first_id, next++);
    }
    harness_assert_contiguous(&harness, CALL_COUNT - 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"
                                           " WHERE kind = 'boom'"),
                     0);
    ck_assert_int_eq(harness_append(&harness, 1), CALL_COUNT);
    ck_assert(harness_stats(&harness).storage_ok);
    harness_close(&harness);
}
END_TEST

START_TEST(test_all_that_fail_in_a_group_fail)
{
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    struct harness harness;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    set_trap(&harness, "ROLLBACK");
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++)
        calls[i] = append_queue(harness.store, i % 2 == 0 ? &bad : &good, 1);
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++)
        ck_assert_int_eq(append_join(calls[i]),
                         i % 2 == 0 ? COLLECTOR_ERR_IO : COLLECTOR_OK);
    harness_assert_contiguous(&harness, CALL_COUNT / 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_backlog_limit_is_exact_inside_a_group)
{
    const struct collector_event three[] = {good, good, good};
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    struct harness harness;
    size_t i;

    harness_init(&harness);
    harness.options.backlog_max = 10;
    harness_open(&harness);
    gate = gate_shut(harness.store);
    for (i = 0; i < CALL_COUNT; i++) /* 3, 3, 3 fit; then one single */
        calls[i] = append_queue(harness.store, three, i < 5 ? 3 : 1);
    gate_open(gate);
    for (i = 0; i < CALL_COUNT; i++)
        ck_assert_int_eq(append_join(calls[i]),
                         i < 3 || i == 5 ? COLLECTOR_OK : COLLECTOR_ERR_FULL);
    ck_assert_int_eq(calls[5]->receipt.first_id, 10);
    ck_assert_uint_eq(harness_stats(&harness).commits, 1);
    harness_assert_contiguous(&harness, 10);
    harness_close(&harness);
}
END_TEST

/** Append behind a gate, calls of event_count events each with such a payload,
 *  and say how many commits that took. */
static uint64_t
commits_for(struct harness *harness, size_t call_count, size_t event_count,
            size_t payload_size)
{
    struct collector_event *events =
        support_alloc(event_count * sizeof(*events));
    char *payload = support_alloc(payload_size + 3);
    const uint64_t before = harness_stats(harness).commits;
    struct append_call *calls[CALL_COUNT];
    struct gate *gate;
    size_t i;

    memset(payload, 'x', payload_size + 2);
    payload[0] = payload[payload_size + 1] = '"';
    for (i = 0; i < event_count; i++) {
        events[i] = good;
        events[i].payload = payload_size > 0 ? payload : NULL;
    }
    gate = gate_shut(harness->store);
    for (i = 0; i < call_count; i++)
        calls[i] = append_queue(harness->store, events, event_count);
    gate_open(gate);
    for (i = 0; i < call_count; i++)
        ck_assert_ok(append_join(calls[i]));
    return harness_stats(harness).commits - before;
}

START_TEST(test_groups_are_bounded_in_events)
{
    const size_t half = COLLECTOR_GROUP_EVENTS_MAX / 2;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_uint_eq(commits_for(&harness, 2, half, 0), 1);
    ck_assert_uint_eq(commits_for(&harness, 2, half + 1, 0), 2);
    ck_assert_uint_eq(commits_for(&harness, 5, half, 0), 3);
    /* Larger than a group: alone. */
    ck_assert_uint_eq(
        commits_for(&harness, 3, COLLECTOR_GROUP_EVENTS_MAX + 1, 0), 3);
    harness_close(&harness);
}
END_TEST

START_TEST(test_groups_are_bounded_in_bytes)
{
    /* Of about 64000 bytes, 32 fit into a group. */
    const size_t size = 64000;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_uint_eq(commits_for(&harness, 4, 8, size), 1);
    ck_assert_uint_eq(commits_for(&harness, 4, 9, size), 2);
    ck_assert_uint_eq(commits_for(&harness, 3, 16, size), 2);
    harness_close(&harness);
}
END_TEST

/** A checkpoint on a thread of its own. */
struct checkpoint_call {
    struct harness *harness;
    struct collector_batch *batch;
    int rc;
};

static void *
run_checkpoint(void *userdata)
{
    struct checkpoint_call *call = userdata;

    call->rc =
        harness_checkpoint(call->harness, call->batch, COLLECTOR_DELIVERED);
    return NULL;
}

START_TEST(test_checkpoints_ride_along)
{
    struct checkpoint_call checkpoint = {NULL, NULL, -1};
    struct append_call *call;
    struct gate *gate;
    struct harness harness;
    pthread_t thread;
    uint64_t before;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 5);
    checkpoint.harness = &harness;
    checkpoint.batch = harness_fetch(&harness, 5);
    before = harness_stats(&harness).commits;
    gate = gate_shut(harness.store);
    call = append_queue(harness.store, &good, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_checkpoint, &checkpoint),
                     0);
    ck_assert_eventually(queue_length(harness.store) == 2);
    gate_open(gate);
    ck_assert_ok(append_join(call));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ok(checkpoint.rc);
    collector_batch_free(checkpoint.batch);
    ck_assert_uint_eq(harness_stats(&harness).commits - before, 1);
    ck_assert_uint_eq(harness_stats(&harness).delivered, 5);
    ck_assert_uint_eq(harness_stats(&harness).pending, 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_lock_held_from_outside_is_waited_for)
{
    struct append_call *call;
    struct harness harness;
    sqlite3 *other = NULL;

    harness_start(&harness, (enum collector_write_mode)_i);
    ck_assert_int_eq(sqlite3_open(harness.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    call = append_start(harness.store, &good, 1);
    ck_assert(!support_eventually(atomic_load(&call->returned), 30));
    ck_assert_int_eq(
        sqlite3_exec(other,
                     "INSERT INTO event_log VALUES (1, 'd', 'other', NULL, 1);"
                     "COMMIT",
                     NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_ok(append_join(call));
    ck_assert_int_eq(call->receipt.first_id, 2);
    (void)sqlite3_close(other);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_lock_held_for_too_long_is_busy)
{
    struct harness harness;
    sqlite3 *other = NULL;

    harness_start(&harness, (enum collector_write_mode)_i);
    /* The wait itself is SQLite's: here it need not be long. */
    (void)sqlite3_busy_timeout(harness.store->writer.connection.db, 1);
    ck_assert_int_eq(sqlite3_open(harness.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_BUSY);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_BUSY);
    ck_assert(!harness_stats(&harness).storage_ok);
    ck_assert_uint_eq(harness_stats(&harness).commit_failures, 2);
    ck_assert_uint_gt(support_log_count(harness.log, "has held its lock"), 0);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(other);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    ck_assert(harness_stats(&harness).storage_ok);
    harness_close(&harness);
}
END_TEST

/** How long who is at the lock waits for it. */
struct patience {
    atomic_bool waits;
    atomic_bool exhausted;
};

static int
wait_on(void *userdata, int count)
{
    struct patience *patience = userdata;

    (void)count;
    atomic_store(&patience->waits, true);
    support_pause();
    return !atomic_load(&patience->exhausted);
}

START_TEST(test_who_queues_behind_a_lock_waits_once)
{
    struct patience patience = {false, false};
    struct append_call *calls[CALL_COUNT];
    struct harness harness;
    sqlite3 *other = NULL;
    size_t i;

    harness_start(&harness, (enum collector_write_mode)_i);
    (void)sqlite3_busy_handler(harness.store->writer.connection.db, wait_on,
                               &patience);
    ck_assert_int_eq(sqlite3_open(harness.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    calls[0] = append_start(harness.store, &good, 1);
    ck_assert_eventually(atomic_load(&patience.waits));
    for (i = 1; i < CALL_COUNT; i++)
        calls[i] = append_start(harness.store, &good, 1);
    ck_assert_eventually(queue_length(harness.store) == CALL_COUNT - 1);
    atomic_store(&patience.exhausted, true);
    for (i = 0; i < CALL_COUNT; i++)
        ck_assert_error(append_join(calls[i]), COLLECTOR_ERR_BUSY);
    ck_assert_uint_eq(harness_stats(&harness).commit_failures, 1);
    ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(other);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    harness_close(&harness);
}
END_TEST

/** What a thread got, in a crowd where one append in seven fails. */
struct crowd {
    struct harness *harness;
    _Atomic int64_t kept;
    _Atomic int64_t failed;
};

static void
append_good_and_bad(void *userdata, size_t number)
{
    struct crowd *crowd = userdata;
    size_t i;

    for (i = 0; i < 150; i++) {
        const bool fails = (number + i) % 7 == 0;
        int64_t began_ms;
        int rc;

        do {
            began_ms = support_now_ms();
            rc = harness_try(crowd->harness, fails ? "boom" : "k");
        } while (rc == COLLECTOR_ERR_BUSY &&
                 harness_may_lose(crowd->harness, began_ms));
        ck_assert_int_eq(rc, fails ? COLLECTOR_ERR_IO : COLLECTOR_OK);
        atomic_fetch_add(fails ? &crowd->failed : &crowd->kept, 1);
    }
}

START_TEST(test_the_lead_is_never_lost_among_failures)
{
    static const char *const ways[] = {"ABORT", "FAIL", "ROLLBACK"};
    struct harness harness;
    struct crowd crowd = {&harness, 0, 0};

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)(_i / 3);
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    set_trap(&harness, ways[_i % 3]);
    crew_run(16, append_good_and_bad, &crowd);
    ck_assert_int_eq(atomic_load(&crowd.kept) + atomic_load(&crowd.failed),
                     16 * 150);
    harness_assert_contiguous(&harness, atomic_load(&crowd.kept));
    if (harness.options.mode != COLLECTOR_MODE_CONCURRENT) {
        ck_assert_uint_eq(queue_length(harness.store), 0);
        ck_assert(!harness.store->writer.led);
    }
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("writer");
    TCase *group = tcase_create("group");
    TCase *isolation = tcase_create("isolation");
    TCase *lock = tcase_create("lock");

    tcase_add_test(group, test_appends_that_wait_share_a_commit);
    tcase_add_test(group, test_serialized_is_one_commit_an_append);
    tcase_add_test(group, test_backlog_limit_is_exact_inside_a_group);
    tcase_add_test(group, test_groups_are_bounded_in_events);
    tcase_add_test(group, test_groups_are_bounded_in_bytes);
    tcase_add_test(group, test_checkpoints_ride_along);
    tcase_add_loop_test(isolation, test_one_that_fails_in_a_group_fails_alone,
                        0, 6);
    tcase_add_test(isolation, test_all_that_fail_in_a_group_fail);
    tcase_add_loop_test(isolation, test_the_lead_is_never_lost_among_failures,
                        0, 9);
    tcase_add_loop_test(lock, test_a_lock_held_from_outside_is_waited_for, 0,
                        3);
    tcase_add_loop_test(lock, test_a_lock_held_for_too_long_is_busy, 0, 2);
    tcase_add_loop_test(lock, test_who_queues_behind_a_lock_waits_once, 0, 2);
    suite_add_tcase(suite, group);
    suite_add_tcase(suite, isolation);
    suite_add_tcase(suite, lock);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
