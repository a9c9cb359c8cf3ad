/* SPDX-License-Identifier: MIT */
/*
 * Delivered events go when they were kept long enough, counted in the time that
 * the store was open, run by run and oldest first, and with them what is said
 * about them; whatever is not delivered stays. It is done in small steps, and
 * the room is used again or given back.
 */
#include "account.h"
#include "harness.h"
#include "retention.h"

#define RETAIN_MS 1000

/** When a few events go that were settled at 0: many go at RETAIN_MS. */
#define GONE_MS (RETAIN_MS + RETAIN_MS / COLLECTOR_PATIENCE_PART)
#define YEARS_MS (INT64_C(20) * 365 * 24 * 60 * 60 * 1000)

/** What maintain's transactions delete at most. */
#define STEP_EVENTS 500

static struct harness harness;

static void
start(int mode)
{
    harness_prepare(&harness, mode);
    harness.options.retain_ms = RETAIN_MS;
    harness_open(&harness);
}

static void
maintain(void)
{
    ck_assert_ok(collector_store_maintain(harness.store));
}

/** Append so many events, and deliver them in one run. */
static void
append_and_deliver(uint32_t count)
{
    (void)harness_append(&harness, count);
    ck_assert_uint_eq(harness_deliver(&harness, count), count);
}

/** Bury the oldest event. */
static void
bury(void)
{
    struct collector_batch *batch = harness_fetch(&harness, 1);

    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_REJECTED));
    collector_batch_free(batch);
}

static int64_t
count_of(const char *table)
{
    return harness_int(&harness,
                       support_format("SELECT count(*) FROM %s", table));
}

/** Assert that these are the ids in the file. */
static void
assert_ids(int64_t first_id, int64_t last_id)
{
    ck_assert_int_eq(count_of("event_log"), last_id - first_id + 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT min(id) FROM event_log"),
                     first_id);
    ck_assert_int_eq(harness_int(&harness, "SELECT max(id) FROM event_log"),
                     last_id);
    account_assert_kept(harness.path);
}

START_TEST(test_delivered_events_go_run_by_run)
{
    start(_i);
    append_and_deliver(5);
    support_clock_advance(&harness.clock, RETAIN_MS / 2);
    append_and_deliver(5);
    (void)harness_append(&harness, 5);
    support_clock_advance(&harness.clock, GONE_MS - RETAIN_MS / 2 - 1);
    maintain();
    assert_ids(1, 15);
    support_clock_advance(&harness.clock, 1);
    maintain();
    assert_ids(6, 15);
    support_clock_advance(&harness.clock, RETAIN_MS / 2);
    maintain();
    assert_ids(11, 15);
    support_clock_advance(&harness.clock, YEARS_MS);
    maintain();
    assert_ids(11, 15); /* they are not delivered */
    ck_assert_uint_eq(harness_stats(&harness).delivered, 10);
    ck_assert_uint_eq(harness_stats(&harness).pending, 5);
    harness_close(&harness);
}
END_TEST

/** What is old enough waits for company, for a while: a commit for each event
 *  is what wears a disk out. */
START_TEST(test_as_many_as_go_at_a_time_do_not_wait)
{
    start(_i);
    append_and_deliver(499);
    support_clock_advance(&harness.clock, RETAIN_MS);
    maintain();
    assert_ids(1, 499);
    harness_close(&harness);

    start(_i);
    append_and_deliver(500);
    append_and_deliver(1);
    support_clock_advance(&harness.clock, RETAIN_MS - 1);
    maintain();
    assert_ids(1, 501);
    support_clock_advance(&harness.clock, 1);
    maintain();
    ck_assert_int_eq(count_of("event_log"), 1);
    support_clock_advance(&harness.clock, GONE_MS - RETAIN_MS);
    maintain();
    ck_assert_int_eq(count_of("event_log"), 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_wall_clock_that_jumps_expires_nothing)
{
    static const int64_t jumps[] = {YEARS_MS, -2 * YEARS_MS, 3 * YEARS_MS};
    size_t i;

    start(_i);
    append_and_deliver(5);
    for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        atomic_fetch_add(&harness.clock.wall_ms, jumps[i]);
        maintain();
        harness_reopen(&harness);
        maintain();
        assert_ids(1, 5);
    }
    support_clock_advance(&harness.clock, GONE_MS);
    maintain();
    ck_assert_int_eq(count_of("event_log"), 0); /* nor does it keep any */
    harness_close(&harness);
}
END_TEST

START_TEST(test_time_while_closed_does_not_count)
{
    start(_i);
    append_and_deliver(5);
    support_clock_advance(&harness.clock, RETAIN_MS / 2);
    append_and_deliver(1); /* writes the time down */
    harness_close(&harness);
    support_clock_advance(&harness.clock, YEARS_MS);
    harness_open(&harness);
    maintain();
    assert_ids(1, 6);
    support_clock_advance(&harness.clock, GONE_MS - RETAIN_MS / 2);
    maintain();
    assert_ids(6, 6);
    harness_close(&harness);
}
END_TEST

START_TEST(test_no_retention_is_the_next_maintain)
{
    start(_i);
    harness_close(&harness);
    harness.options.retain_ms = 0;
    harness_open(&harness);
    append_and_deliver(5);
    (void)harness_append(&harness, 2);
    maintain();
    assert_ids(6, 7);
    harness_close(&harness);
}
END_TEST

START_TEST(test_forever_is_for_ever)
{
    start(_i);
    harness_close(&harness);
    harness.options.retain_ms = COLLECTOR_RETAIN_FOREVER;
    harness_open(&harness);
    append_and_deliver(5);
    support_clock_advance(&harness.clock, 5 * YEARS_MS);
    maintain();
    assert_ids(1, 5);
    harness_close(&harness);
}
END_TEST

START_TEST(test_runs_go_with_their_events)
{
    int i;

    start(_i);
    for (i = 0; i < 200; i++) { /* more than one step looks at */
        append_and_deliver(1);
        if (i % 50 == 49)
            harness_reopen(&harness);
    }
    support_clock_advance(&harness.clock, GONE_MS);
    append_and_deliver(1);
    maintain();
    assert_ids(201, 201);
    ck_assert_int_le(count_of("upload_runs"), 2);
    for (i = 0; i < 20; i++) {
        support_clock_advance(&harness.clock, GONE_MS);
        maintain();
        append_and_deliver(1);
    }
    ck_assert_int_le(count_of("upload_runs"), 2); /* the last one stays */
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_audit_rows_outlive_their_events_up_to_a_maximum)
{
    int i;

    start(_i);
    harness_close(&harness);
    harness.options.dead_letter_max = 1;
    harness_open(&harness);
    for (i = 0; i < COLLECTOR_AUDIT_RUN_COUNT_MAX + 20; i++) {
        (void)harness_append(&harness, 2);
        bury();
        ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    }
    support_clock_advance(&harness.clock, GONE_MS);
    ck_assert_eventually(
        (collector_store_maintain(harness.store), count_of("event_log") == 1));
    append_and_deliver(1);
    support_clock_advance(&harness.clock, GONE_MS);
    maintain();
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"
                                           " WHERE status = 'dead'"),
                     COLLECTOR_AUDIT_RUN_COUNT_MAX);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT max(last_id) FROM"
                                 " upload_runs WHERE status = 'dead'"),
                     2 * i - 1); /* the latest */
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_dead_letters_stay_until_newer_ones_have_come)
{
    int i;

    start(_i);
    harness_close(&harness);
    harness.options.dead_letter_max = 3;
    harness_open(&harness);
    (void)harness_append(&harness, 10);
    for (i = 0; i < 3; i++)
        bury();
    ck_assert_uint_eq(harness_deliver(&harness, 7), 7);
    support_clock_advance(&harness.clock, YEARS_MS);
    maintain();
    assert_ids(1, 3); /* the delivered ones are gone */
    (void)harness_append(&harness, 2);
    bury();
    bury();
    maintain();
    ck_assert_str_eq(harness_text(&harness, "SELECT group_concat(id)"
                                            " FROM event_log"),
                     "3,11,12");
    ck_assert_str_eq(harness_text(&harness, "SELECT group_concat(event_id)"
                                            " FROM dead_letters"),
                     "3,11,12");
    ck_assert_uint_eq(harness_stats(&harness).dead, 5);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"
                                           " WHERE uploaded_at > 0"),
                     3);
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_pruned_devices_are_still_known)
{
    start(_i);
    (void)harness_see(&harness, "one", 1000);
    (void)harness_see(&harness, "two", 2000);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    support_clock_advance(&harness.clock, GONE_MS);
    maintain();
    ck_assert_int_eq(count_of("event_log"), 0);
    ck_assert_str_eq(harness_text(&harness,
                                  "SELECT group_concat(device_key || ' ' ||"
                                  " last_seen_at, ', ') FROM devices"),
                     "one 1000, two 2000");
    ck_assert_uint_eq(harness_stats(&harness).device_count, 2);
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_stats(&harness).device_count, 2);
    (void)harness_see(&harness, "two", 1500);
    ck_assert_int_eq(harness_int(&harness, "SELECT last_seen_at FROM devices"
                                           " WHERE device_key = 'two'"),
                     2000);
    harness_close(&harness);
}
END_TEST

START_TEST(test_ids_go_on_after_everything_was_pruned)
{
    start(_i);
    append_and_deliver(7);
    support_clock_advance(&harness.clock, GONE_MS);
    maintain();
    ck_assert_int_eq(count_of("event_log"), 0);
    ck_assert_int_eq(harness_append(&harness, 1), 8);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 1);
    support_clock_advance(&harness.clock, GONE_MS);
    maintain();
    harness_reopen(&harness);
    ck_assert_int_eq(count_of("event_log"), 0);
    ck_assert_int_eq(harness_append(&harness, 1), 9);
    ck_assert_uint_eq(harness_stats(&harness).accepted, 9);
    harness_close(&harness);
}
END_TEST

/** One step of pruning in the queue. */
struct step {
    struct collector__operation operation;
    uint32_t event_count_max;
    int64_t changes;
    bool any;
};

static int
run_step(struct collector__operation *operation,
         struct collector__connection *connection)
{
    struct step *step = (struct step *)operation;
    const int64_t before = sqlite3_total_changes64(connection->db);
    const int rc = collector__retention_prune(connection, step->event_count_max,
                                              COLLECTOR_PRUNE_AGED, &step->any);

    step->changes = sqlite3_total_changes64(connection->db) - before;
    return rc;
}

START_TEST(test_a_step_may_end_inside_a_run)
{
    struct step step = {.operation = {.run = run_step}, .event_count_max = 10};

    start(_i);
    append_and_deliver(25);
    atomic_fetch_add(&harness.clock.wall_ms, 5);
    append_and_deliver(5);
    support_clock_advance(&harness.clock, GONE_MS);
    ck_assert_ok(collector__store_submit(harness.store, &step.operation));
    ck_assert_int_le(step.changes, 10 + 3); /* the devices, state */
    assert_ids(11, 30);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM events e, upload_runs r"
                                 " WHERE e.id BETWEEN r.first_id AND r.last_id"
                                 " AND e.uploaded_at = r.finished_at"),
                     20);
    ck_assert_ok(collector__store_submit(harness.store, &step.operation));
    assert_ids(21, 30);
    ck_assert_ok(collector__store_submit(harness.store, &step.operation));
    ck_assert(step.any);
    ck_assert_int_eq(count_of("event_log"), 0);
    ck_assert_ok(collector__store_submit(harness.store, &step.operation));
    ck_assert(!step.any);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_large_run_goes_in_small_steps)
{
    enum { COUNT = 3000 };
    uint64_t before;

    start(_i);
    append_and_deliver(COUNT);
    support_clock_advance(&harness.clock, GONE_MS);
    before = harness_stats(&harness).commits;
    maintain();
    ck_assert_int_eq(count_of("event_log"), 0);
    ck_assert_uint_ge(harness_stats(&harness).commits - before,
                      COUNT / STEP_EVENTS);
    before = harness_stats(&harness).commits;
    maintain(); /* nothing is due: no commit */
    ck_assert_uint_eq(harness_stats(&harness).commits, before);
    harness_close(&harness);
}
END_TEST

START_TEST(test_freed_room_is_used_again)
{
    int64_t early = 0;
    int i;

    start(_i);
    for (i = 0; i < 40; i++) {
        ck_assert_ok(harness_fill(&harness, "d", 100, 2000));
        ck_assert_uint_eq(harness_deliver(&harness, 100), 100);
        support_clock_advance(&harness.clock, GONE_MS);
        maintain();
        if (i == 10) {
            harness_reopen(&harness); /* the log is in the main file */
            early = harness_file_size(&harness);
        }
    }
    harness_close(&harness);
    ck_assert_int_le(harness_file_size(&harness), early + early / 4);
}
END_TEST

START_TEST(test_free_room_is_given_back)
{
    int64_t largest;
    int i;

    start(_i);
    for (i = 0; i < 20; i++)
        ck_assert_ok(harness_fill(&harness, "d", 100, 4000));
    harness_reopen(&harness);
    largest = support_file_size(harness.path);
    ck_assert_int_gt(largest, 20 * 100 * 4000);
    while (harness_deliver(&harness, 500) > 0)
        ;
    support_clock_advance(&harness.clock, GONE_MS);
    for (i = 0; i < 10; i++)
        maintain();
    harness_close(&harness);
    ck_assert_int_lt(support_file_size(harness.path),
                     2 * COLLECTOR_FREE_PAGES_KEPT * COLLECTOR_PAGE_SIZE);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("retention");
    TCase *age = tcase_create("age");
    TCase *rest = tcase_create("rest");
    TCase *step = tcase_create("step");

    tcase_add_loop_test(age, test_delivered_events_go_run_by_run, 0, 3);
    tcase_add_loop_test(age, test_as_many_as_go_at_a_time_do_not_wait, 0, 3);
    tcase_add_loop_test(age, test_a_wall_clock_that_jumps_expires_nothing, 0,
                        3);
    tcase_add_loop_test(age, test_time_while_closed_does_not_count, 0, 3);
    tcase_add_loop_test(age, test_no_retention_is_the_next_maintain, 0, 3);
    tcase_add_loop_test(age, test_forever_is_for_ever, 0, 3);
    tcase_set_timeout(rest, 60);
    tcase_add_loop_test(rest, test_runs_go_with_their_events, 0, 3);
    tcase_add_loop_test(
        rest, test_audit_rows_outlive_their_events_up_to_a_maximum, 0, 3);
    tcase_add_loop_test(rest, test_dead_letters_stay_until_newer_ones_have_come,
                        0, 3);
    tcase_add_loop_test(rest, test_pruned_devices_are_still_known, 0, 3);
    tcase_add_loop_test(rest, test_ids_go_on_after_everything_was_pruned, 0, 3);
    tcase_set_timeout(step, 60);
    tcase_add_loop_test(step, test_a_step_may_end_inside_a_run, 0, 3);
    tcase_add_loop_test(step, test_a_large_run_goes_in_small_steps, 0, 3);
    tcase_add_loop_test(step, test_freed_room_is_used_again, 0, 3);
    tcase_add_loop_test(step, test_free_room_is_given_back, 0, 3);
    suite_add_tcase(suite, age);
    suite_add_tcase(suite, rest);
    suite_add_tcase(suite, step);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
