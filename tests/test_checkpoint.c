/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint promises that an event which is rejected alone leaves the
 * backlog as a dead letter, both or neither; that nothing else is buried, and
 * no more than a few in a row; and that a batch is settled in the file it came
 * from, or nowhere.
 */
#include "account.h"
#include "harness.h"

#include "retention.h"

#include <stdio.h>

#define MODES 3

/** Offer the oldest events, and have them rejected. */
static int
reject(struct harness *harness, uint32_t event_count, const char *why)
{
    struct collector_delivery delivery = {
        .result = COLLECTOR_REJECTED, .status = 422, .attempts = 9};
    struct collector_batch *batch = harness_fetch(harness, event_count);
    int rc;

    (void)snprintf(delivery.error, sizeof(delivery.error), "%s", why);
    rc = collector_store_checkpoint(harness->store, batch, &delivery);
    collector_batch_free(batch);
    return rc;
}

static void
assert_counts(struct harness *harness, int64_t delivered, int64_t dead,
              int64_t pending)
{
    ck_assert_str_eq(harness_text(harness,
                                  "SELECT delivered || ' ' || dead || ' ' ||"
                                  " pending FROM ledger"),
                     support_format("%jd %jd %jd", (intmax_t)delivered,
                                    (intmax_t)dead, (intmax_t)pending));
    ck_assert_int_eq(harness_int(harness, "SELECT count(*) FROM dead_letters"),
                     dead);
    account_assert(harness->path);
}

START_TEST(test_an_event_rejected_alone_becomes_a_dead_letter)
{
    struct harness harness;

    harness_init(&harness);
    harness_stop_clock(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness_open(&harness);
    harness_append(&harness, 3);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    ck_assert_ok(reject(&harness, 1, "HTTP 422"));
    assert_counts(&harness, 1, 1, 1);
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT event_id || ' ' || at || ' ' || status"
                     " || ' ' || reason || ' ' || attempts || ' ' ||"
                     " coalesce(replayed_as, 'no') FROM dead_letters"),
        support_format("2 %jd 422 HTTP 422 9 no",
                       (intmax_t)harness.clock.wall_ms));
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT status || ' ' || error || ' ' || first_id || ' '"
                     " || last_id || ' ' || attempts FROM upload_runs"
                     " ORDER BY id DESC LIMIT 1"),
        "dead HTTP 422 2 2 9");
    ck_assert_uint_eq(support_log_count(harness.log, "event 2 is a dead"), 1);
    ck_assert_uint_eq(support_log_count(harness.log, "status 422, HTTP 422"),
                      1);
    harness_reopen(&harness);
    assert_counts(&harness, 1, 1, 1);
    ck_assert_int_eq(collector__store_settled_through(harness.store), 2);
    ck_assert_uint_eq(harness_deliver(&harness, 9), 1);
    assert_counts(&harness, 2, 1, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_larger_batch_is_not_buried)
{
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 2);
    ck_assert_ok(reject(&harness, 2, "too bad"));
    assert_counts(&harness, 0, 0, 2);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT status || error FROM upload_runs"),
        "errortoo bad");
    harness_close(&harness);
}
END_TEST

START_TEST(test_no_more_than_a_few_in_a_row_are_buried)
{
    struct harness harness;
    int i;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 30);
    ck_assert_int_eq(COLLECTOR_DEAD_IN_A_ROW_MAX, 10);
    for (i = 0; i < 12; i++)
        ck_assert_ok(reject(&harness, 1, "no"));
    assert_counts(&harness, 0, 10, 20);
    ck_assert_int_eq(harness_int(&harness, "SELECT attempts FROM upload_runs"
                                           " WHERE status = 'error'"),
                     10);
    harness_reopen(&harness);
    ck_assert_ok(reject(&harness, 1, "no"));
    assert_counts(&harness, 0, 10, 20);
    ck_assert_int_eq(collector__store_settled_through(harness.store), 10);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    ck_assert_ok(reject(&harness, 1, "no"));
    assert_counts(&harness, 1, 11, 18);
    ck_assert_uint_eq(support_log_count(harness.log, "is a dead letter"), 11);
    harness_close(&harness);
}
END_TEST

/** Drop the oldest, like an overflow does. */
struct drop {
    struct collector__operation operation;
    int64_t count;
};

static int
run_drop(struct collector__operation *operation,
         struct collector__connection *connection)
{
    return collector__retention_drop(connection,
                                     ((struct drop *)operation)->count);
}

static void
drop_oldest(struct harness *harness, int64_t count)
{
    struct drop drop = {.operation = {.run = run_drop}, .count = count};

    ck_assert_ok(collector__store_submit(harness->store, &drop.operation));
}

START_TEST(test_an_event_that_was_dropped_meanwhile_is_not_dead)
{
    const struct collector_delivery delivery = {.result = COLLECTOR_REJECTED};
    struct collector_batch *batch;
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 3);
    batch = harness_fetch(&harness, 1);
    drop_oldest(&harness, 2);
    ck_assert_int_eq(collector__store_settled_through(harness.store), 2);
    ck_assert_ok(collector_store_checkpoint(harness.store, batch, &delivery));
    collector_batch_free(batch);
    assert_counts(&harness, 0, 0, 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT dropped FROM ledger"), 2);
    ck_assert_uint_eq(support_log_count(harness.log, "is a dead letter"), 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_letter_that_cant_be_kept_leaves_the_event_pending)
{
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    support_log_expect_errors(harness.log);
    harness_append(&harness, 2);
    harness_exec(&harness, "CREATE TRIGGER no_letter BEFORE INSERT ON"
                           " dead_letters BEGIN SELECT RAISE(FAIL, 'x'); END");
    ck_assert_int_ne(reject(&harness, 1, "no"), COLLECTOR_OK);
    assert_counts(&harness, 0, 0, 2);
    ck_assert_int_eq(collector__store_settled_through(harness.store), 0);
    ck_assert_uint_eq(support_log_count(harness.log, "is a dead letter"), 0);
    harness_exec(&harness, "DROP TRIGGER no_letter");
    ck_assert_ok(reject(&harness, 1, "no"));
    assert_counts(&harness, 0, 1, 1);
    ck_assert_int_eq(collector__store_settled_through(harness.store), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_batch_from_another_file_is_refused)
{
    struct collector_batch *batch;
    struct harness other;
    struct harness harness;
    int result;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_start(&other, (enum collector_write_mode)_i);
    harness_append(&harness, 1);
    harness_append(&other, 1);
    batch = harness_fetch(&other, 1);
    for (result = COLLECTOR_DELIVERED; result <= COLLECTOR_REJECTED; result++)
        ck_assert_error(
            harness_checkpoint(&harness, batch,
                               (enum collector_delivery_result)result),
            COLLECTOR_ERR_INVALID);
    assert_counts(&harness, 0, 0, 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM upload_runs"),
                     0);
    collector_batch_free(batch);
    harness_close(&other);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tcase = tcase_create("rejected");

    tcase_add_loop_test(
        tcase, test_an_event_rejected_alone_becomes_a_dead_letter, 0, MODES);
    tcase_add_loop_test(tcase, test_a_larger_batch_is_not_buried, 0, MODES);
    tcase_add_loop_test(tcase, test_no_more_than_a_few_in_a_row_are_buried, 0,
                        MODES);
    tcase_add_loop_test(
        tcase, test_an_event_that_was_dropped_meanwhile_is_not_dead, 0, MODES);
    tcase_add_loop_test(
        tcase, test_a_letter_that_cant_be_kept_leaves_the_event_pending, 0,
        MODES);
    tcase_add_loop_test(tcase, test_a_batch_from_another_file_is_refused, 0,
                        MODES);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
