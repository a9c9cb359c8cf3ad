/* SPDX-License-Identifier: MIT */
/*
 * The device table is brought up inside commits that happen anyway: what the
 * view has to fold in is bounded, what others put into the table stays, and
 * what was undone, or is there already, never gets there.
 */
#include "append.h"
#include "devices.h"
#include "event.h"
#include "harness.h"

START_TEST(test_the_tail_is_bounded)
{
    struct harness harness;
    int i;

    harness_start(&harness, (enum collector_write_mode)_i);
    for (i = 0; i < 9; i++) {
        harness_append(&harness, 700);
        ck_assert_int_lt(
            harness_int(&harness, "SELECT max(id) FROM event_log") -
                harness_devices_through(&harness),
            COLLECTOR_DEVICES_TAIL_MAX);
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_commit_that_settles_writes_down_who_was_seen)
{
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, COLLECTOR_DEVICES_TAIL_WORTH - 1);
    ck_assert_uint_eq(harness_deliver(&harness, COLLECTOR_DEVICES_TAIL_WORTH),
                      COLLECTOR_DEVICES_TAIL_WORTH - 1);
    ck_assert_int_eq(harness_devices_through(&harness), 0);
    harness_append(&harness, 1);
    ck_assert_int_eq(harness_devices_through(&harness), 0);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    ck_assert_int_eq(harness_devices_through(&harness),
                     COLLECTOR_DEVICES_TAIL_WORTH);
    harness_close(&harness);
}
END_TEST

START_TEST(test_labels_are_kept)
{
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, COLLECTOR_DEVICES_TAIL_MAX);
    harness_exec(&harness, "UPDATE device_state SET label = 'Boiler'");
    harness_append(&harness, COLLECTOR_DEVICES_TAIL_MAX);
    harness_append(&harness, 1);
    ck_assert_str_eq(harness_text(&harness, "SELECT label FROM devices"),
                     "Boiler");
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM devices"), 1);
    harness_close(&harness);
}
END_TEST

/** Append one event of a device inside a transaction of this connection. */
static void
append_through(struct collector__connection *connection, const char *device_id)
{
    const struct collector_event event = {.device_id = device_id, .kind = "k"};
    struct collector__event_list list;
    struct collector_problem problem;

    ck_assert_ok(collector__event_list_copy(&event, 1, 1, &list, &problem));
    ck_assert_ok(
        collector__connection_begin(connection, COLLECTOR_BEGIN_IMMEDIATE));
    ck_assert_ok(collector__append_list(connection, &list, 1));
    collector__event_list_clear(&list);
}

/* One connection's transaction is undone, another one's takes its id, and the
 * first goes on behind it: the mode that is concurrent lives like that. */
START_TEST(test_a_device_whose_events_were_undone_was_never_seen)
{
    struct collector__connection other = {.db = NULL};
    struct collector__connection *connection;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    connection = &harness.store->writer.connection;
    append_through(connection, "ghost");
    collector__connection_rollback(connection);
    ck_assert_ok(
        collector__connection_open(&other, &harness.store->database, 1000));
    append_through(&other, "other");
    ck_assert_ok(collector__connection_commit(&other));
    collector__connection_close(&other);
    harness_append(&harness, COLLECTOR_DEVICES_TAIL_MAX);
    ck_assert_int_eq(harness_devices_through(&harness),
                     COLLECTOR_DEVICES_TAIL_MAX + 1);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT group_concat(device_key) FROM"
                               " (SELECT device_key FROM devices ORDER BY id)"),
        "other,d");
    harness_close(&harness);
}
END_TEST

/* Where each append has a connection, the one that settles may be the only one
 * that ever refreshes. */
START_TEST(test_a_run_that_another_connection_wrote_down_is_forgotten)
{
    struct collector__connection other = {.db = NULL};
    struct collector__connection *connection;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    connection = &harness.store->writer.connection;
    append_through(connection, "a");
    ck_assert_ok(collector__connection_commit(connection));
    ck_assert_ok(
        collector__connection_open(&other, &harness.store->database, 1000));
    ck_assert_ok(
        collector__connection_begin(&other, COLLECTOR_BEGIN_IMMEDIATE));
    ck_assert_ok(collector__devices_refresh(&other, 1));
    ck_assert_ok(collector__connection_commit(&other));
    collector__connection_close(&other);
    append_through(connection, "b");
    ck_assert_ok(collector__connection_commit(connection));
    ck_assert(collector__seen_is_of(&connection->seen, 2, 2));
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("devices_refresh");
    TCase *table = tcase_create("table");
    TCase *connections = tcase_create("connections");

    tcase_add_loop_test(table, test_the_tail_is_bounded, 0, 3);
    tcase_add_loop_test(
        table, test_a_commit_that_settles_writes_down_who_was_seen, 0, 3);
    tcase_add_loop_test(table, test_labels_are_kept, 0, 3);
    tcase_add_test(connections,
                   test_a_device_whose_events_were_undone_was_never_seen);
    tcase_add_test(connections,
                   test_a_run_that_another_connection_wrote_down_is_forgotten);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, connections);
    return support_run_suite(suite);
}
