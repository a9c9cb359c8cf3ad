/* SPDX-License-Identifier: MIT */
/*
 * In the concurrent mode every append has a transaction of its own, and whoever
 * loses to another starts over from his first read: collisions cost time, never
 * an event, an id or their order.
 */
#include "crew.h"
#include "harness.h"

static const struct collector_event good = {.device_id = "d", .kind = "k"};

static void
start(struct harness *harness, uint32_t connection_count)
{
    harness_init(harness);
    harness->options.mode = COLLECTOR_MODE_CONCURRENT;
    harness->options.connection_count_max = connection_count;
    harness_stop_clock(harness);
    harness_open(harness);
}

/** Another program that writes. */
static sqlite3 *
open_other(struct harness *harness)
{
    sqlite3 *other = NULL;

    ck_assert_int_eq(sqlite3_open(harness->path, &other), SQLITE_OK);
    (void)sqlite3_busy_timeout(other, SUPPORT_WAIT_MS);
    return other;
}

static void
run(sqlite3 *other, const char *sql)
{
    ck_assert_msg(sqlite3_exec(other, sql, NULL, NULL, NULL) == SQLITE_OK,
                  "%s: %s", sql, sqlite3_errmsg(other));
}

START_TEST(test_a_held_lock_is_tried_again_until_it_is_free)
{
    struct append_call *call;
    struct harness harness;
    sqlite3 *other;

    start(&harness, 4);
    other = open_other(&harness);
    run(other, "BEGIN IMMEDIATE");
    call = append_start(harness.store, &good, 1);
    ck_assert_eventually(harness_stats(&harness).commit_conflicts > 2);
    ck_assert(!atomic_load(&call->returned));
    run(other, "COMMIT");
    ck_assert_ok(append_join(call));
    ck_assert_int_eq(call->receipt.first_id, 1);
    harness_assert_contiguous(&harness, 1);
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_uint_eq(harness_stats(&harness).commit_failures, 0);
    (void)sqlite3_close(other);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_came_first_is_seen_by_the_one_who_lost)
{
    struct append_call *call;
    struct harness harness;
    sqlite3 *other;

    start(&harness, 4);
    other = open_other(&harness);
    run(other, "BEGIN IMMEDIATE;"
               "INSERT INTO event_log VALUES (1, 'd', 'other', NULL, 1),"
               " (2, 'd', 'other', NULL, 1)");
    call = append_start(harness.store, &good, 1);
    ck_assert_eventually(harness_stats(&harness).commit_conflicts > 0);
    run(other, "COMMIT");
    ck_assert_ok(append_join(call));
    ck_assert_int_eq(call->receipt.first_id, 3);
    harness_assert_contiguous(&harness, 3);
    (void)sqlite3_close(other);
    harness_close(&harness);
}
END_TEST

/** An append that lets another program write between its first read, which
 *  gave it its id, and its first write. */
struct overtaken {
    struct collector__operation operation;
    sqlite3 *other;
    /** How often it is overtaken. */
    int times;
    int attempts;
    int64_t id;
};

static int
run_overtaken(struct collector__operation *operation,
              struct collector__connection *connection)
{
    struct overtaken *overtaken = (struct overtaken *)operation;
    const int64_t id = connection->position.next_id;
    sqlite3_stmt *statement = NULL;

    if (overtaken->attempts++ < overtaken->times)
        run(overtaken->other,
            support_format("INSERT INTO event_log VALUES (%lld, 'd', 'other',"
                           " NULL, 1)",
                           (long long)id));
    ck_assert_ok(collector__connection_prepare(
        connection, COLLECTOR_SQL_INSERT_EVENT, &statement));
    (void)sqlite3_bind_int64(statement, 1, id);
    (void)sqlite3_bind_text(statement, 2, "d", -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(statement, 3, "mine", -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 5, 1);
    overtaken->id = id;
    return collector__connection_run(connection, statement, "overtaken");
}

START_TEST(test_a_stale_snapshot_is_read_again)
{
    struct overtaken overtaken = {.operation = {.run = run_overtaken},
                                  .times = _i};
    struct harness harness;

    start(&harness, 2);
    overtaken.other = open_other(&harness);
    harness_append(&harness, 1);
    ck_assert_ok(
        collector__writer_submit(&harness.store->writer, &overtaken.operation));
    ck_assert_int_eq(overtaken.attempts, _i + 1);
    ck_assert_int_eq(overtaken.id, _i + 2);
    ck_assert_uint_eq(harness_stats(&harness).commit_conflicts, (uint64_t)_i);
    harness_assert_contiguous(&harness, _i + 2);
    ck_assert_int_eq(harness_int(&harness, "SELECT id FROM event_log"
                                           " WHERE kind = 'mine'"),
                     _i + 2);
    (void)sqlite3_close(overtaken.other);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_checkpoint_is_tried_again_too)
{
    struct collector_batch *batch;
    struct append_call *call;
    struct harness harness;
    sqlite3 *other;

    start(&harness, 2);
    other = open_other(&harness);
    harness_append(&harness, 3);
    batch = harness_fetch(&harness, 3);
    run(other, "BEGIN IMMEDIATE");
    call = append_start(harness.store, &good, 1);
    ck_assert_eventually(harness_stats(&harness).commit_conflicts > 0);
    run(other, "COMMIT");
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    collector_batch_free(batch);
    ck_assert_ok(append_join(call));
    ck_assert_uint_eq(harness_stats(&harness).delivered, 3);
    ck_assert_uint_eq(harness_stats(&harness).pending, 1);
    (void)sqlite3_close(other);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_lock_held_for_too_long_is_busy)
{
    struct append_call *call;
    struct harness harness;
    sqlite3 *other;
    uint64_t conflicts;

    start(&harness, 2);
    other = open_other(&harness);
    run(other, "BEGIN IMMEDIATE");
    call = append_start(harness.store, &good, 1);
    support_clock_advance(&harness.clock, COLLECTOR_CONFLICT_MS_MAX - 1);
    ck_assert_eventually(harness_stats(&harness).commit_conflicts > 0);
    conflicts = harness_stats(&harness).commit_conflicts;
    ck_assert_eventually(harness_stats(&harness).commit_conflicts > conflicts);
    ck_assert(!atomic_load(&call->returned));
    support_clock_advance(&harness.clock, COLLECTOR_CONFLICT_MS_MAX);
    ck_assert_error(append_join(call), COLLECTOR_ERR_BUSY);
    ck_assert_int_eq(call->receipt.first_id, 0);
    run(other, "COMMIT");
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     0);
    ck_assert(!harness_stats(&harness).storage_ok);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    ck_assert(harness_stats(&harness).storage_ok);
    (void)sqlite3_close(other);
    harness_close(&harness);
}
END_TEST

static void
append_singly(void *userdata, size_t number)
{
    struct harness *harness = userdata;
    int i;

    (void)number;
    for (i = 0; i < 60; i++)
        ck_assert_int_gt(harness_append(harness, 1), 0);
}

START_TEST(test_more_threads_than_connections_get_on)
{
    struct harness harness;

    harness_init(&harness);
    harness.options.mode = COLLECTOR_MODE_CONCURRENT;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness.options.connection_count_max = (uint32_t)_i;
    harness_open(&harness);
    crew_run(16, append_singly, &harness);
    harness_assert_contiguous(&harness, 16 * 60);
    ck_assert_uint_eq(harness.store->writer.pool.idle_count, (uint32_t)_i);
    if (_i == 1) /* alone, nobody collides */
        ck_assert_uint_eq(harness_stats(&harness).commit_conflicts, 0);
    harness_close(&harness);
}
END_TEST

/** Appends of their own connection, and another program that deletes and
 *  inserts beside them: everybody's write is somebody's conflict. */
static void
append_or_interfere(void *userdata, size_t number)
{
    struct harness *harness = userdata;
    sqlite3 *other;
    int i;

    if (number > 0) {
        append_singly(userdata, number);
        return;
    }
    other = open_other(harness);
    for (i = 0; i < 60; i++)
        run(other, "UPDATE state SET storage_faults = storage_faults + 1");
    (void)sqlite3_close(other);
}

START_TEST(test_another_program_that_writes_costs_nobody_an_event)
{
    struct harness harness;

    harness_init(&harness);
    harness.options.mode = COLLECTOR_MODE_CONCURRENT;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    crew_run(9, append_or_interfere, &harness);
    harness_assert_contiguous(&harness, 8 * 60);
    ck_assert_int_eq(harness_int(&harness, "SELECT storage_faults FROM state"),
                     60);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_connection_that_could_not_be_reopened_harms_nobody)
{
    struct collector__pool *pool;
    struct harness harness;
    int i;

    start(&harness, 2);
    harness_append(&harness, 1);
    /* As after a failed fsync, when there was no descriptor left to reopen it
     * with. The one on top of the stack does all the work. */
    pool = &harness.store->writer.pool;
    ck_assert_ptr_eq(pool->idle[0], &pool->connections[0]);
    collector__connection_close(&pool->connections[0]);
    pool->connections[0].suspect = true;
    atomic_store(&harness.store->database.wal.due_at, 1);
    for (i = 0; i < 10; i++)
        harness_append(&harness, 1);
    ck_assert_uint_eq(
        harness_stats(&harness).wal_size / COLLECTOR_PAGE_SIZE < 20, 1);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *conflict = tcase_create("conflict");
    TCase *crowd = tcase_create("crowd");

    tcase_add_test(conflict, test_a_held_lock_is_tried_again_until_it_is_free);
    tcase_add_test(conflict, test_what_came_first_is_seen_by_the_one_who_lost);
    tcase_add_loop_test(conflict, test_a_stale_snapshot_is_read_again, 0, 4);
    tcase_add_test(conflict, test_a_checkpoint_is_tried_again_too);
    tcase_add_test(conflict, test_a_lock_held_for_too_long_is_busy);
    tcase_add_loop_test(crowd, test_more_threads_than_connections_get_on, 1, 4);
    tcase_add_test(crowd,
                   test_another_program_that_writes_costs_nobody_an_event);
    tcase_add_test(crowd,
                   test_a_connection_that_could_not_be_reopened_harms_nobody);
    suite_add_tcase(suite, conflict);
    suite_add_tcase(suite, crowd);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
