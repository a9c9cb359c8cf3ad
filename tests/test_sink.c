/* SPDX-License-Identifier: MIT */
/*
 * A sink promises that whatever its operations do, the caller gets a complete
 * report; that a failure never looks like a delivery; and that what belongs to
 * it is freed once. The log sink says how many events went by.
 */
#include "fixture.h"

#include <stddef.h>

static struct fixture fixture;
static struct collector_batch *batch;

/** What the operations below were called with, and what they do. */
struct probe {
    int rc;
    struct collector_delivery answer;
    struct collector_delivery seen;
    const struct collector_batch *batch;
    int deliver_count;
    int cancel_count;
    int free_count;
};

static int
probe_deliver(void *userdata, const struct collector_batch *offered,
              struct collector_delivery *delivery)
{
    struct probe *probe = userdata;

    probe->deliver_count++;
    probe->batch = offered;
    probe->seen = *delivery;
    *delivery = probe->answer;
    return probe->rc;
}

static void
probe_cancel(void *userdata)
{
    struct probe *probe = userdata;

    probe->cancel_count++;
}

static void
probe_free(void *userdata)
{
    struct probe *probe = userdata;

    probe->free_count++;
}

static const struct collector_sink_ops probe_ops = {.size = sizeof(probe_ops),
                                                    .deliver = probe_deliver,
                                                    .cancel = probe_cancel,
                                                    .free = probe_free};

static void
setup(void)
{
    fixture_init(&fixture);
    fixture_append(&fixture, 3);
    batch = fixture_fetch(&fixture, 10);
}

static void
teardown(void)
{
    collector_batch_free(batch);
    fixture_close(&fixture);
}

START_TEST(test_a_sink_calls_its_operations)
{
    struct probe probe = {0};
    struct collector_delivery delivery;
    struct collector_sink *sink;

    memset(&delivery, 0xff, sizeof(delivery));
    delivery.attempts = 3;
    delivery.started_at = 4;
    ck_assert_ok(collector_sink_new("probe", &probe_ops, &probe, &sink));
    ck_assert_str_eq(collector_sink_name(sink), "probe");
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    ck_assert_int_eq(probe.deliver_count, 1);
    ck_assert_ptr_eq(probe.batch, batch);
    ck_assert_int_eq(probe.seen.result, COLLECTOR_DELIVERED);
    ck_assert_int_eq(probe.seen.status, 0);
    ck_assert_int_eq(probe.seen.retry_after_ms, 0);
    ck_assert_uint_eq(probe.seen.attempts, 3);
    ck_assert_int_eq(probe.seen.started_at, 4);
    ck_assert_str_eq(probe.seen.error, "");
    collector_sink_cancel(sink);
    collector_sink_cancel(sink);
    ck_assert_int_eq(probe.cancel_count, 2);
    ck_assert_int_eq(probe.free_count, 0);
    collector_sink_free(sink);
    ck_assert_int_eq(probe.free_count, 1);
}
END_TEST

START_TEST(test_a_report_reaches_the_caller)
{
    struct probe probe = {.answer = {.result = COLLECTOR_REJECTED,
                                     .status = 422,
                                     .retry_after_ms = 5,
                                     .error = "no"}};
    struct collector_delivery delivery = {0};
    struct collector_sink *sink;

    ck_assert_ok(collector_sink_new("probe", &probe_ops, &probe, &sink));
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    ck_assert_int_eq(delivery.result, COLLECTOR_REJECTED);
    ck_assert_int_eq(delivery.status, 422);
    ck_assert_int_eq(delivery.retry_after_ms, 5);
    ck_assert_str_eq(delivery.error, "no");
    collector_sink_free(sink);
}
END_TEST

START_TEST(test_an_error_is_a_retry_with_words)
{
    struct probe probe = {.rc = COLLECTOR_ERR_NOSPACE};
    struct collector_delivery delivery = {0};
    struct collector_sink *sink;

    ck_assert_ok(collector_sink_new("probe", &probe_ops, &probe, &sink));
    ck_assert_error(collector_sink_deliver(sink, batch, &delivery),
                    COLLECTOR_ERR_NOSPACE);
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_str_eq(delivery.error,
                     collector_error_text(COLLECTOR_ERR_NOSPACE));
    (void)strcpy(probe.answer.error, "words of its own");
    ck_assert_error(collector_sink_deliver(sink, batch, &delivery),
                    COLLECTOR_ERR_NOSPACE);
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_str_eq(delivery.error, "words of its own");
    collector_sink_free(sink);
}
END_TEST

START_TEST(test_a_sink_needs_a_name_and_a_deliver)
{
    struct collector_sink *const untouched = (void *)&fixture;
    struct collector_sink *sink = untouched;
    struct collector_sink_ops sizeless = probe_ops;
    struct collector_sink_ops idle = probe_ops;
    struct probe probe = {0};

    sizeless.size = 0;
    idle.deliver = NULL;
    ck_assert_error(collector_sink_new("x", &sizeless, &probe, &sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_new("x", &idle, &probe, &sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_new("x", NULL, &probe, &sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_new(NULL, &probe_ops, &probe, &sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_new("x", &probe_ops, &probe, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ptr_eq(sink, untouched);
    ck_assert_int_eq(probe.free_count, 0); /* userdata stays the caller's */
}
END_TEST

START_TEST(test_cancel_and_free_are_optional)
{
    struct collector_sink_ops ops = probe_ops;
    struct probe probe = {0};
    struct collector_sink *sink;

    ops.cancel = NULL;
    ops.free = NULL;
    ck_assert_ok(collector_sink_new("probe", &ops, &probe, &sink));
    collector_sink_cancel(sink);
    collector_sink_free(sink);
    collector_sink_free(NULL);
}
END_TEST

START_TEST(test_operations_beyond_their_size_are_not_looked_at)
{
    struct collector_sink_ops ops = probe_ops;
    struct probe probe = {0};
    struct collector_sink *sink;

    ops.size = offsetof(struct collector_sink_ops, cancel);
    ck_assert_ok(collector_sink_new("probe", &ops, &probe, &sink));
    collector_sink_cancel(sink);
    collector_sink_free(sink);
    ck_assert_int_eq(probe.cancel_count, 0);
    ck_assert_int_eq(probe.free_count, 0);
}
END_TEST

START_TEST(test_a_long_name_is_cut)
{
    static const char name[] = "a name that is longer than any name may be";
    char ops_name[sizeof(name)];
    struct probe probe = {0};
    struct collector_sink *sink;

    memcpy(ops_name, name, sizeof(name));
    ck_assert_ok(collector_sink_new(ops_name, &probe_ops, &probe, &sink));
    memset(ops_name, 0, sizeof(ops_name)); /* it was copied */
    ck_assert_uint_eq(strlen(collector_sink_name(sink)),
                      COLLECTOR_SINK_NAME_SIZE - 1);
    ck_assert_int_eq(
        strncmp(collector_sink_name(sink), name, COLLECTOR_SINK_NAME_SIZE - 1),
        0);
    collector_sink_free(sink);
}
END_TEST

START_TEST(test_the_log_sink_says_how_many)
{
    struct collector_delivery delivery;
    struct collector_sink *sink;

    ck_assert_ok(collector_sink_log_new(support_log, fixture.log, &sink));
    ck_assert_str_eq(collector_sink_name(sink), "log");
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    ck_assert_int_eq(delivery.result, COLLECTOR_DELIVERED);
    ck_assert_uint_eq(support_log_count(fixture.log, "info uploaded 3 events"),
                      1);
    collector_sink_cancel(sink);
    collector_sink_free(sink);
}
END_TEST

START_TEST(test_the_log_sink_needs_a_callback)
{
    struct collector_sink *sink;

    ck_assert_error(collector_sink_log_new(NULL, NULL, &sink),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_log_new(support_log, NULL, NULL),
                    COLLECTOR_ERR_INVALID);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sink");
    TCase *operations = tcase_create("operations");
    TCase *log_sink = tcase_create("log");

    tcase_add_checked_fixture(operations, setup, teardown);
    tcase_add_test(operations, test_a_sink_calls_its_operations);
    tcase_add_test(operations, test_a_report_reaches_the_caller);
    tcase_add_test(operations, test_an_error_is_a_retry_with_words);
    tcase_add_test(operations, test_a_sink_needs_a_name_and_a_deliver);
    tcase_add_test(operations, test_cancel_and_free_are_optional);
    tcase_add_test(operations,
                   test_operations_beyond_their_size_are_not_looked_at);
    tcase_add_test(operations, test_a_long_name_is_cut);
    suite_add_tcase(suite, operations);
    tcase_add_checked_fixture(log_sink, setup, teardown);
    tcase_add_test(log_sink, test_the_log_sink_says_how_many);
    tcase_add_test(log_sink, test_the_log_sink_needs_a_callback);
    suite_add_tcase(suite, log_sink);
    return support_run_suite(suite);
}
