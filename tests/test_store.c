/* SPDX-License-Identifier: MIT */
/*
 * A store keeps what it was given under ids 1, 2, 3 … for ever, all of a
 * request or nothing; what is pending stays until it was delivered on the
 * record; and its numbers add up, before and after a close.
 */
#include "harness.h"

static struct harness harness;

/** Assert that accepted = delivered + pending, and nothing else happened. */
static void
assert_ledger(uint64_t delivered, uint64_t pending)
{
    const struct collector_store_stats stats = harness_stats(&harness);

    ck_assert_uint_eq(stats.accepted, delivered + pending);
    ck_assert_uint_eq(stats.delivered, delivered);
    ck_assert_uint_eq(stats.pending, pending);
    ck_assert_uint_eq(stats.dead, 0);
    ck_assert_uint_eq(stats.dropped, 0);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT accepted = delivered + dead + dropped"
                                 " + pending FROM ledger"),
                     1);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     (int64_t)pending);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM backlog"),
                     (int64_t)pending);
    ck_assert_int_eq(harness_int(&harness, "SELECT settled_through FROM state"),
                     (int64_t)delivered);
}

START_TEST(test_append_keeps_every_field)
{
    const struct collector_event events[] = {
        {"boiler \"7\"", "temperature", "{\"v\": 21.4}", 1700000000001},
        {"dör", "opened", NULL, 1700000000002}};
    struct collector_receipt receipt = {-1, 77, false};

    harness_start(&harness, (enum collector_write_mode)_i);
    ck_assert_ok(
        collector_store_append(harness.store, events, 2, NULL, &receipt));
    ck_assert_int_eq(receipt.first_id, 1);
    ck_assert_uint_eq(receipt.count, 2);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT id || device_id || kind || payload_json"
                               " || ts FROM event_log WHERE id = 1"),
        "1boiler \"7\"temperature{\"v\":21.4}1700000000001");
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT id || device_id || kind || ts FROM event_log"
                     " WHERE payload_json IS NULL"),
        "2döropened1700000000002");
    harness_append(&harness, 1);
    harness_assert_contiguous(&harness, 3);
    harness_close(&harness);
}
END_TEST

START_TEST(test_append_of_nothing_is_a_receipt_for_nothing)
{
    struct collector_receipt receipt = {77, 77, false};

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 3);
    ck_assert_ok(
        collector_store_append(harness.store, NULL, 0, NULL, &receipt));
    ck_assert_int_eq(receipt.first_id, 0);
    ck_assert_uint_eq(receipt.count, 0);
    ck_assert_int_eq(harness_append(&harness, 1), 4);
    harness_close(&harness);
}
END_TEST

START_TEST(test_append_stamps_events_without_a_time)
{
    harness_init(&harness);
    harness_stop_clock(&harness);
    harness_open(&harness);
    harness_see(&harness, "d", 0);
    harness_see(&harness, "d", 5);
    ck_assert_int_eq(harness_int(&harness, "SELECT ts FROM event_log"),
                     atomic_load(&harness.clock.wall_ms));
    ck_assert_int_eq(
        harness_int(&harness, "SELECT ts FROM event_log WHERE id = 2"), 5);
    harness_close(&harness);
}
END_TEST

START_TEST(test_bad_arguments_are_invalid_and_leave_nothing)
{
    const struct collector_event good = {.device_id = "d", .kind = "k"};
    const struct collector_event half[] = {good, {.device_id = "d"}};
    const struct collector_batch_limits limits[] = {
        {0, 1},
        {1, 0},
        {COLLECTOR_BATCH_COUNT_MAX + 1, 1},
        {1, COLLECTOR_BATCH_BYTES_MAX + 1}};
    struct collector_receipt receipt = {77, 77, false};
    struct collector_batch *batch = NULL;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_error(collector_store_append(NULL, &good, 1, NULL, &receipt),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_store_append(harness.store, NULL, 1, NULL, &receipt),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_store_append(harness.store, half, 2, NULL, &receipt),
        COLLECTOR_ERR_INVALID);
    ck_assert_int_eq(receipt.first_id, 77);
    for (i = 0; i < 4; i++)
        ck_assert_error(
            collector_store_fetch(harness.store, &limits[i], &batch),
            COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_fetch(harness.store, NULL, &batch),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_fetch(harness.store, &limits[0], NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(harness_checkpoint(&harness, NULL, COLLECTOR_DELIVERED),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_maintain(NULL), COLLECTOR_ERR_INVALID);
    assert_ledger(0, 0);
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_append_beyond_its_limits_is_too_big)
{
    const size_t count = COLLECTOR_APPEND_COUNT_MAX;
    struct collector_event *events =
        support_alloc((count + 1) * sizeof(*events));
    size_t i;

    for (i = 0; i <= count; i++)
        events[i] = (struct collector_event){.device_id = "d", .kind = "k"};
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_error(
        collector_store_append(harness.store, events, count + 1, NULL, NULL),
        COLLECTOR_ERR_TOO_BIG);
    assert_ledger(0, 0);
    ck_assert_ok(
        collector_store_append(harness.store, events, count, NULL, NULL));
    assert_ledger(0, count);
    harness_close(&harness);
}
END_TEST

START_TEST(test_backlog_limit_is_exact)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    const struct collector_event events[] = {event, event, event, event};
    struct collector_receipt receipt = {77, 77, false};

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.backlog_max = 10;
    harness_open(&harness);
    harness_append(&harness, 7);
    ck_assert_error(
        collector_store_append(harness.store, events, 4, NULL, &receipt),
        COLLECTOR_ERR_FULL);
    ck_assert_int_eq(receipt.first_id, 77);
    assert_ledger(0, 7);
    ck_assert_ok(collector_store_append(harness.store, events, 3, NULL, NULL));
    assert_ledger(0, 10);
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    ck_assert_ok(collector_store_append(harness.store, NULL, 0, NULL, NULL));
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2);
    ck_assert_error(
        collector_store_append(harness.store, events, 3, NULL, NULL),
        COLLECTOR_ERR_FULL);
    ck_assert_ok(
        collector_store_append(harness.store, events, 2, NULL, &receipt));
    ck_assert_int_eq(receipt.first_id, 11);
    assert_ledger(2, 10);
    harness_reopen(&harness); /* the limit knows what it finds */
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_FULL);
    ck_assert(harness_stats(&harness).storage_ok);
    harness_close(&harness);
}
END_TEST

START_TEST(test_ids_go_on_after_a_reopen)
{
    int64_t id = 1;
    int i;

    harness_init(&harness);
    for (i = 0; i < 5; i++) {
        harness.options.mode = (enum collector_write_mode)(i % 3);
        harness_open(&harness);
        ck_assert_int_eq(harness_append(&harness, 3), id);
        ck_assert_int_eq(harness_append(&harness, 1), id + 3);
        id += 4;
        harness_close(&harness);
    }
    harness_assert_contiguous(&harness, 20);
}
END_TEST

START_TEST(test_ids_never_start_again_when_all_rows_were_pruned)
{
    int64_t next = 1;
    int i;

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    for (i = 0; i < 4; i++) {
        harness_open(&harness);
        ck_assert_int_eq(harness_append(&harness, 5), next);
        next += 5;
        while (harness_deliver(&harness, 2) > 0)
            ;
        harness_close(&harness);
        harness_exec(&harness, "DELETE FROM event_log WHERE id <="
                               " (SELECT settled_through FROM state)");
        ck_assert_int_eq(
            harness_int(&harness, "SELECT count(*) FROM event_log"), 0);
        harness_open(&harness); /* a cycle in which nothing happens */
        assert_ledger((uint64_t)next - 1, 0);
        harness_close(&harness);
    }
    harness_open(&harness);
    harness_append(&harness, 1);
    ck_assert_int_eq(harness_append(&harness, 1), next + 1);
    assert_ledger((uint64_t)next - 1, 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_fetch_gives_the_oldest_events_in_order)
{
    struct collector_batch *batch;
    size_t i;

    harness_start(&harness, (enum collector_write_mode)_i);
    ck_assert_ptr_null(harness_fetch(&harness, 10));
    for (i = 1; i <= 7; i++)
        harness_see(&harness, support_format("d%zu", i), (int64_t)i);
    ck_assert_uint_eq(harness_deliver(&harness, 3), 3);
    batch = harness_fetch(&harness, 3);
    ck_assert_int_eq(collector_batch_first_id(batch), 4);
    ck_assert_int_eq(collector_batch_last_id(batch), 6);
    ck_assert_uint_eq(collector_batch_count(batch), 3);
    ck_assert_str_eq(collector_batch_collector_id(batch),
                     harness_stats(&harness).collector_id);
    for (i = 0; i < 3; i++) {
        ck_assert_str_eq(collector_batch_event(batch, i)->device_id,
                         support_format("d%zu", i + 4));
        ck_assert_int_eq(collector_batch_event(batch, i)->ts, (int64_t)i + 4);
    }
    ck_assert_ptr_null(collector_batch_event(batch, 3));
    collector_batch_free(batch);
    harness_close(&harness);
}
END_TEST

START_TEST(test_one_batch_is_out_at_a_time)
{
    const struct collector_batch_limits limits = {10, 1000};
    struct collector_batch *second = NULL;
    struct collector_batch *batch;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 2);
    batch = harness_fetch(&harness, 1);
    ck_assert_error(collector_store_fetch(harness.store, &limits, &second),
                    COLLECTOR_ERR_BUSY);
    ck_assert_ptr_null(second);
    collector_batch_free(batch);
    batch = harness_fetch(&harness, 1); /* undelivered: the same again */
    ck_assert_int_eq(collector_batch_first_id(batch), 1);
    collector_batch_free(batch);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    ck_assert_ptr_null(harness_fetch(&harness, 1));
    ck_assert_ptr_null(harness_fetch(&harness, 1)); /* none is out */
    harness_close(&harness);
}
END_TEST

START_TEST(test_fetch_holds_nothing_back)
{
    struct collector_batch *batch;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 5);
    batch = harness_fetch(&harness, 5);
    ck_assert_int_eq(
        sqlite3_get_autocommit(harness.store->fetcher.connection.db), 1);
    /* Only without any reader can a log be emptied. */
    harness_exec(&harness, "PRAGMA wal_checkpoint(TRUNCATE)");
    ck_assert_int_eq(
        support_file_size(support_path(harness.dir, "events.sqlite-wal")), 0);
    ck_assert_int_eq(harness_append(&harness, 1), 6);
    collector_batch_free(batch);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_gap_in_the_backlog_is_damage)
{
    const struct collector_batch_limits limits = {10, 1000};
    struct collector_batch *batch = NULL;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    harness_append(&harness, 5);
    harness_exec(&harness, "DELETE FROM event_log WHERE id = 3");
    ck_assert_error(collector_store_fetch(harness.store, &limits, &batch),
                    COLLECTOR_ERR_CORRUPT);
    ck_assert_ptr_null(batch);
    ck_assert_uint_eq(support_log_count(harness.log, "event 3 is missing"), 1);
    ck_assert_uint_eq(harness_deliver(&harness, 2), 2); /* what is whole goes */
    harness_close(&harness);
}
END_TEST

START_TEST(test_delivered_moves_events_out_of_the_backlog)
{
    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness_stop_clock(&harness);
    harness_open(&harness);
    harness_append(&harness, 10);
    support_clock_advance(&harness.clock, 1000);
    ck_assert_uint_eq(harness_deliver(&harness, 4), 4);
    assert_ledger(4, 6);
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT started_at || ' ' || finished_at || ' ' ||"
                     " event_count || ' ' || status || ' ' || first_id ||"
                     " ' ' || last_id || ' ' || attempts || ' ' ||"
                     " (error IS NULL) FROM upload_runs"),
        "1700000001000 1700000001000 4 success 1 4 1 1");
    ck_assert_uint_eq(harness_deliver(&harness, 10), 6);
    assert_ledger(10, 0);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"),
                     2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_retry_and_rejected_leave_the_backlog_and_one_row_an_outage)
{
    struct collector_delivery delivery = {
        .result = COLLECTOR_RETRY, .status = 503, .error = "503 from upstream"};
    struct collector_batch *batch;
    int i;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 5);
    batch = harness_fetch(&harness, 3);
    for (i = 0; i < 4; i++) {
        delivery.result = i % 2 == 0 ? COLLECTOR_RETRY : COLLECTOR_REJECTED;
        ck_assert_ok(
            collector_store_checkpoint(harness.store, batch, &delivery));
        assert_ledger(0, 5);
    }
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT count(*) || status || error || first_id ||"
                     " last_id || attempts FROM upload_runs"),
        "1error503 from upstream134");
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    collector_batch_free(batch);
    assert_ledger(3, 2);
    batch = harness_fetch(&harness, 3);
    ck_assert_ok(collector_store_checkpoint(harness.store, batch, &delivery));
    collector_batch_free(batch);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"
                                           " WHERE status = 'error'"),
                     2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_batch_settled_twice_counts_once)
{
    struct collector_batch *batch;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 5);
    batch = harness_fetch(&harness, 3);
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
    assert_ledger(3, 2);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"),
                     1);
    collector_batch_free(batch);
    batch = harness_fetch(&harness, 3);
    ck_assert_int_eq(collector_batch_first_id(batch), 4);
    collector_batch_free(batch);
    harness_close(&harness);
}
END_TEST

START_TEST(test_stats_agree_with_the_file_after_a_reopen)
{
    struct collector_store_stats stats;
    int i;

    harness_start(&harness, (enum collector_write_mode)_i);
    assert_ledger(0, 0);
    ck_assert_int_eq(harness_stats(&harness).oldest_pending_ts, 0);
    for (i = 1; i <= 9; i++)
        harness_see(&harness, i % 2 == 0 ? "a" : "b", i);
    ck_assert_uint_eq(harness_deliver(&harness, 4), 4);
    for (i = 0; i < 2; i++) {
        assert_ledger(4, 5);
        stats = harness_stats(&harness);
        ck_assert_int_eq(stats.oldest_pending_ts, 5);
        ck_assert_uint_eq(stats.device_count, 2);
        ck_assert_int_eq(stats.mode, _i);
        ck_assert(stats.storage_ok);
        ck_assert_uint_eq(stats.commit_failures, 0);
        ck_assert_uint_eq(stats.commits, i == 0 ? 10 : 0);
        ck_assert_uint_eq(stats.wal_pinned_ms, 0);
        ck_assert(i != 0 || stats.wal_size > 0);
        harness_reopen(&harness);
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_stats_of_an_older_program_are_not_overrun)
{
    const size_t size = offsetof(struct collector_store_stats, accepted);
    struct collector_store_stats stats;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_SERIALIZED);
    harness_append(&harness, 3);
    memset(&stats, 0xa5, sizeof(stats));
    stats.size = size;
    collector_store_stats(harness.store, &stats);
    ck_assert_uint_eq(stats.size, size);
    ck_assert_int_eq(stats.mode, COLLECTOR_MODE_SERIALIZED);
    ck_assert_uint_eq(strlen(stats.collector_id), 36);
    for (i = size; i < sizeof(stats); i++)
        ck_assert_uint_eq(((unsigned char *)&stats)[i], 0xa5);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("store");
    TCase *append = tcase_create("append");
    TCase *drain = tcase_create("fetch and checkpoint");
    TCase *stats = tcase_create("stats");

    tcase_add_loop_test(append, test_append_keeps_every_field, 0, 3);
    tcase_add_loop_test(append, test_append_of_nothing_is_a_receipt_for_nothing,
                        0, 3);
    tcase_add_test(append, test_append_stamps_events_without_a_time);
    tcase_add_test(append, test_bad_arguments_are_invalid_and_leave_nothing);
    tcase_add_test(append, test_append_beyond_its_limits_is_too_big);
    tcase_add_loop_test(append, test_backlog_limit_is_exact, 0, 3);
    tcase_add_test(append, test_ids_go_on_after_a_reopen);
    tcase_add_loop_test(
        append, test_ids_never_start_again_when_all_rows_were_pruned, 0, 3);
    tcase_add_loop_test(drain, test_fetch_gives_the_oldest_events_in_order, 0,
                        3);
    tcase_add_test(drain, test_one_batch_is_out_at_a_time);
    tcase_add_test(drain, test_fetch_holds_nothing_back);
    tcase_add_test(drain, test_a_gap_in_the_backlog_is_damage);
    tcase_add_loop_test(drain, test_delivered_moves_events_out_of_the_backlog,
                        0, 3);
    tcase_add_loop_test(
        drain, test_retry_and_rejected_leave_the_backlog_and_one_row_an_outage,
        0, 3);
    tcase_add_loop_test(drain, test_a_batch_settled_twice_counts_once, 0, 3);
    tcase_add_loop_test(stats, test_stats_agree_with_the_file_after_a_reopen, 0,
                        3);
    tcase_add_test(stats, test_stats_of_an_older_program_are_not_overrun);
    suite_add_tcase(suite, append);
    suite_add_tcase(suite, drain);
    suite_add_tcase(suite, stats);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
