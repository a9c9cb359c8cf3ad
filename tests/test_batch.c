/* SPDX-License-Identifier: MIT */
/*
 * A batch promises to be the oldest undelivered events, without a gap, within
 * its limits; to be a copy that holds nothing; and to be written down as JSON
 * that any parser reads, with payloads byte for byte as they were stored.
 */
#include "fixture.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>

static struct fixture fixture;
static struct collector_batch *batch;

static void
setup(void)
{
    fixture_init(&fixture);
    batch = NULL;
}

static void
teardown(void)
{
    collector_batch_free(batch);
    fixture_close(&fixture);
}

static int
fetch(uint32_t event_count_max, size_t bytes_max)
{
    const struct collector_batch_limits limits = {event_count_max, bytes_max};

    return collector_store_fetch(fixture.store, &limits, &batch);
}

/** Have the batch delivered, and let it go. */
static void
settle(void)
{
    const struct collector_delivery delivery = {.result = COLLECTOR_DELIVERED};

    ck_assert_ok(collector_store_checkpoint(fixture.store, batch, &delivery));
    collector_batch_free(batch);
    batch = NULL;
}

START_TEST(test_a_batch_shows_its_events)
{
    const struct collector_event events[] = {{"d1", "k1", "[1]", 11},
                                             {"d2", "k2", NULL, 22}};
    const struct collector_event *event;

    ck_assert_ok(collector_store_append(fixture.store, events, 2, NULL, NULL));
    ck_assert_ok(fetch(10, 1000000));
    ck_assert_uint_eq(collector_batch_count(batch), 2);
    ck_assert_int_eq(collector_batch_first_id(batch), 1);
    ck_assert_int_eq(collector_batch_last_id(batch), 2);
    ck_assert_str_eq(
        collector_batch_collector_id(batch),
        support_sql_text(fixture.path, "SELECT collector_id FROM state"));
    event = collector_batch_event(batch, 0);
    ck_assert_str_eq(event->device_id, "d1");
    ck_assert_str_eq(event->kind, "k1");
    ck_assert_str_eq(event->payload, "[1]");
    ck_assert_int_eq(event->ts, 11);
    event = collector_batch_event(batch, 1);
    ck_assert_str_eq(event->device_id, "d2");
    ck_assert_ptr_null(event->payload);
    ck_assert_int_eq(event->ts, 22);
    ck_assert_ptr_null(collector_batch_event(batch, 2));
    ck_assert_ptr_null(collector_batch_event(batch, SIZE_MAX));
}
END_TEST

START_TEST(test_batches_follow_one_another_without_a_gap)
{
    int64_t next = 1;

    fixture_append(&fixture, 10);
    while (fetch(3, 1000000) == COLLECTOR_OK && batch != NULL) {
        ck_assert_int_eq(collector_batch_first_id(batch), next);
        ck_assert_str_eq(collector_batch_event(batch, 0)->payload,
                         support_format("%lld", (long long)next));
        next = collector_batch_last_id(batch) + 1;
        settle();
    }
    ck_assert_int_eq(next, 11);
}
END_TEST

START_TEST(test_nothing_pending_is_no_batch)
{
    batch = (void *)&fixture; /* it must be overwritten */
    ck_assert_ok(fetch(10, 1000));
    ck_assert_ptr_null(batch);
    fixture_append(&fixture, 1);
    ck_assert_ok(fetch(10, 1000));
    settle();
    ck_assert_ok(fetch(10, 1000));
    ck_assert_ptr_null(batch);
}
END_TEST

START_TEST(test_the_count_is_bounded)
{
    fixture_append(&fixture, 5);
    ck_assert_ok(fetch(4, 1000000));
    ck_assert_uint_eq(collector_batch_count(batch), 4);
    collector_batch_free(batch);
    ck_assert_ok(fetch(5, 1000000));
    ck_assert_uint_eq(collector_batch_count(batch), 5);
    collector_batch_free(batch);
    ck_assert_ok(fetch(COLLECTOR_BATCH_COUNT_MAX, COLLECTOR_BATCH_BYTES_MAX));
    ck_assert_uint_eq(collector_batch_count(batch), 5);
}
END_TEST

START_TEST(test_the_bytes_are_bounded)
{
    char payload[1003] = "\"";
    const char *text;
    size_t size;
    int i;

    memset(payload + 1, 'p', 1000);
    payload[1001] = '"';
    for (i = 0; i < 20; i++)
        fixture_append_payload(&fixture, payload);
    ck_assert_ok(fetch(1000, 10000));
    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size));
    ck_assert_uint_le(size, 10000);
    ck_assert_uint_ge(size, 8000);
    ck_assert_uint_lt(collector_batch_count(batch), 10);
}
END_TEST

START_TEST(test_an_event_over_the_bytes_comes_alone)
{
    char *payload = support_alloc(COLLECTOR_PAYLOAD_SIZE_MAX + 1);

    memset(payload, '1', 300);
    fixture_append_payload(&fixture, payload);
    memset(payload, 'p', COLLECTOR_PAYLOAD_SIZE_MAX);
    payload[0] = payload[COLLECTOR_PAYLOAD_SIZE_MAX - 1] = '"';
    fixture_append_payload(&fixture, payload);
    fixture_append_payload(&fixture, "1");
    ck_assert_ok(fetch(10, 1));
    ck_assert_uint_eq(collector_batch_count(batch), 1);
    settle();
    ck_assert_ok(fetch(10, 1));
    ck_assert_uint_eq(collector_batch_count(batch), 1);
    ck_assert_str_eq(collector_batch_event(batch, 0)->payload, payload);
    settle();
    ck_assert_ok(fetch(10, 1));
    ck_assert_int_eq(collector_batch_last_id(batch), 3);
}
END_TEST

START_TEST(test_limits_out_of_range_are_refused)
{
    const struct collector_batch_limits limits = {1, 1};

    fixture_append(&fixture, 1);
    ck_assert_error(fetch(0, 1000), COLLECTOR_ERR_INVALID);
    ck_assert_error(fetch(1, 0), COLLECTOR_ERR_INVALID);
    ck_assert_error(fetch(COLLECTOR_BATCH_COUNT_MAX + 1, 1000),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(fetch(1, COLLECTOR_BATCH_BYTES_MAX + 1),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_fetch(NULL, &limits, &batch),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_fetch(fixture.store, NULL, &batch),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_fetch(fixture.store, &limits, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_ok(fetch(1, 1)); /* none of these has left a batch out */
}
END_TEST

START_TEST(test_a_second_batch_waits_for_the_first)
{
    struct collector_batch *first;

    fixture_append(&fixture, 2);
    ck_assert_ok(fetch(1, 1000));
    first = batch;
    ck_assert_error(fetch(1, 1000), COLLECTOR_ERR_BUSY);
    ck_assert_ptr_eq(batch, first);
    collector_batch_free(batch);
    ck_assert_ok(fetch(1, 1000));
    ck_assert_int_eq(collector_batch_first_id(batch), 1);
}
END_TEST

START_TEST(test_a_gap_in_the_ids_is_damage)
{
    support_log_expect_errors(fixture.log);
    fixture_append(&fixture, 4);
    support_sql_exec(fixture.path,
                     support_format("DELETE FROM event_log WHERE id = %d", _i));
    ck_assert_error(fetch(10, 1000), COLLECTOR_ERR_CORRUPT);
    ck_assert_ptr_null(batch);
    ck_assert_uint_eq(
        support_log_count(fixture.log,
                          support_format("event %d is missing", _i)),
        1);
    ck_assert_error(fetch(10, 1000), COLLECTOR_ERR_CORRUPT);
}
END_TEST

START_TEST(test_a_batch_is_a_copy)
{
    fixture_append(&fixture, 2);
    ck_assert_ok(fetch(10, 1000));
    fixture_append(&fixture, 2);
    support_sql_exec(fixture.path, "UPDATE event_log SET payload_json = '0'");
    ck_assert_uint_eq(collector_batch_count(batch), 2);
    ck_assert_str_eq(collector_batch_event(batch, 1)->payload, "2");
}
END_TEST

START_TEST(test_a_batch_holds_no_read_transaction)
{
    sqlite3_stmt *statement;
    sqlite3 *db;

    fixture_append(&fixture, 5);
    ck_assert_ok(_i == 0 ? fetch(2, 1000) : fetch(5, 1)); /* either bound */
    ck_assert_uint_lt(collector_batch_count(batch), 5);
    fixture_append(&fixture, 5);
    ck_assert_int_gt(support_file_size(support_format("%s-wal", fixture.path)),
                     0);
    ck_assert_int_eq(sqlite3_open(fixture.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA wal_checkpoint(TRUNCATE)",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(statement, 0), 0); /* not busy */
    ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    ck_assert_int_eq(support_file_size(support_format("%s-wal", fixture.path)),
                     0);
}
END_TEST

/** The text of the batch, checked for its size and its NUL. */
static const char *
render(enum collector_batch_form form)
{
    const char *text = NULL;
    const char *again = NULL;
    size_t size = 0;

    ck_assert_ok(collector_batch_json(batch, form, &text, &size));
    ck_assert_uint_eq(strlen(text), size);
    ck_assert_ok(collector_batch_json(batch, form, &again, NULL));
    ck_assert_ptr_eq(again, text);
    return text;
}

START_TEST(test_an_array_is_rendered_byte_for_byte)
{
    const struct collector_event events[] = {
        {"d\"\\\x01\n\xc3\xa9", "k", "{\"b\":21.40,\"a\":\"\\/\"}", 5},
        {"d/\x7f", "\xf0\x9f\x98\x80", NULL, INT64_MAX},
        {"d", "k", "null", 1}};

    ck_assert_ok(collector_store_append(fixture.store, events, 3, NULL, NULL));
    ck_assert_ok(fetch(10, 1000));
    ck_assert_str_eq(
        render(COLLECTOR_BATCH_ARRAY),
        "[{\"id\":1,\"device_id\":\"d\\\"\\\\\\u0001\\u000a\xc3\xa9\","
        "\"kind\":\"k\",\"payload\":{\"b\":21.40,\"a\":\"\\/\"},\"ts\":5},"
        "{\"id\":2,\"device_id\":\"d/\x7f\",\"kind\":\"\xf0\x9f\x98\x80\","
        "\"ts\":9223372036854775807},"
        "{\"id\":3,\"device_id\":\"d\",\"kind\":\"k\",\"payload\":null,"
        "\"ts\":1}]");
}
END_TEST

START_TEST(test_lines_are_one_object_each)
{
    fixture_append(&fixture, 3);
    ck_assert_ok(fetch(2, 1000));
    ck_assert_str_eq(render(COLLECTOR_BATCH_LINES),
                     "{\"id\":1,\"device_id\":\"d\",\"kind\":\"k\","
                     "\"payload\":1,\"ts\":1700000000000}\n"
                     "{\"id\":2,\"device_id\":\"d\",\"kind\":\"k\","
                     "\"payload\":2,\"ts\":1700000000000}\n");
}
END_TEST

START_TEST(test_either_form_can_be_asked_for_in_turn)
{
    int i;

    fixture_append(&fixture, 1);
    ck_assert_ok(fetch(2, 1000));
    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(render(COLLECTOR_BATCH_ARRAY)[0], '[');
        ck_assert_int_eq(render(COLLECTOR_BATCH_LINES)[0], '{');
    }
}
END_TEST

/** Every byte that may stand in a device id but takes an escape in JSON, and
 *  some that take none. */
static const char awkward[] =
    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12"
    "\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\"\\/'<>&\x7f"
    "\xc2\x80\xe2\x80\xa8\xf4\x8f\xbf\xbf";

START_TEST(test_what_is_rendered_parses_back)
{
    const struct collector_event event = {awkward, awkward, "\"\\u0000\"", 7};
    json_t *array;
    json_t *object;
    json_t *payload;

    ck_assert_ok(collector_store_append(fixture.store, &event, 1, NULL, NULL));
    ck_assert_ok(fetch(1, 1000));
    array = json_loads(render(COLLECTOR_BATCH_ARRAY), JSON_ALLOW_NUL, NULL);
    ck_assert_uint_eq(json_array_size(array), 1);
    object = json_array_get(array, 0);
    ck_assert_uint_eq(json_object_size(object), 5);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "ts")), 7);
    ck_assert_str_eq(json_string_value(json_object_get(object, "device_id")),
                     awkward);
    ck_assert_str_eq(json_string_value(json_object_get(object, "kind")),
                     awkward);
    payload = json_object_get(object, "payload");
    ck_assert_uint_eq(json_string_length(payload), 1);
    json_decref(array);
}
END_TEST

START_TEST(test_an_absent_payload_has_no_member)
{
    json_t *array;

    fixture_append_payload(&fixture, NULL);
    fixture_append_payload(&fixture, "null");
    ck_assert_ok(fetch(10, 1000));
    array = json_loads(render(COLLECTOR_BATCH_ARRAY), 0, NULL);
    ck_assert_ptr_null(json_object_get(json_array_get(array, 0), "payload"));
    ck_assert(
        json_is_null(json_object_get(json_array_get(array, 1), "payload")));
    json_decref(array);
}
END_TEST

START_TEST(test_a_payload_is_rendered_as_it_was_sent)
{
    static const char *const payloads[] = {
        "1e2",
        "-0",
        "1234567890123456789012345",
        "\"\\u00e9\\ud83d\\ude00\\/\"",
        "{\"b\":1,\"a\":2,\"b\":3}",
        "[[],{},\"\",\" \"]",
    };
    size_t i;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        fixture_append_payload(&fixture, payloads[i]);
        ck_assert_ok(fetch(1, 1000));
        ck_assert_contains(
            render(COLLECTOR_BATCH_LINES),
            support_format(",\"payload\":%s,\"ts\":", payloads[i]));
        settle();
    }
}
END_TEST

START_TEST(test_rendering_needs_its_arguments)
{
    const char *text = "untouched";

    fixture_append(&fixture, 1);
    ck_assert_ok(fetch(1, 1000));
    ck_assert_error(
        collector_batch_json(NULL, COLLECTOR_BATCH_ARRAY, &text, NULL),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, NULL, NULL),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_batch_json(
                        batch,
                        (enum collector_batch_form)(COLLECTOR_BATCH_LINES + 1),
                        &text, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_str_eq(text, "untouched");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("batch");
    TCase *fetching = tcase_create("fetch");
    TCase *rendering = tcase_create("json");

    tcase_add_checked_fixture(fetching, setup, teardown);
    tcase_add_test(fetching, test_a_batch_shows_its_events);
    tcase_add_test(fetching, test_batches_follow_one_another_without_a_gap);
    tcase_add_test(fetching, test_nothing_pending_is_no_batch);
    tcase_add_test(fetching, test_the_count_is_bounded);
    tcase_add_test(fetching, test_the_bytes_are_bounded);
    tcase_add_test(fetching, test_an_event_over_the_bytes_comes_alone);
    tcase_add_test(fetching, test_limits_out_of_range_are_refused);
    tcase_add_test(fetching, test_a_second_batch_waits_for_the_first);
    tcase_add_loop_test(fetching, test_a_gap_in_the_ids_is_damage, 1, 4);
    tcase_add_test(fetching, test_a_batch_is_a_copy);
    tcase_add_loop_test(fetching, test_a_batch_holds_no_read_transaction, 0, 2);
    suite_add_tcase(suite, fetching);
    tcase_add_checked_fixture(rendering, setup, teardown);
    tcase_add_test(rendering, test_an_array_is_rendered_byte_for_byte);
    tcase_add_test(rendering, test_lines_are_one_object_each);
    tcase_add_test(rendering, test_either_form_can_be_asked_for_in_turn);
    tcase_add_test(rendering, test_what_is_rendered_parses_back);
    tcase_add_test(rendering, test_an_absent_payload_has_no_member);
    tcase_add_test(rendering, test_a_payload_is_rendered_as_it_was_sent);
    tcase_add_test(rendering, test_rendering_needs_its_arguments);
    suite_add_tcase(suite, rendering);
    return support_run_suite(suite);
}
