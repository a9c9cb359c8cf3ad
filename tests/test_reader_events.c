/* SPDX-License-Identifier: MIT */
/*
 * Events by what they are and where they stand, and what became of each. A
 * search that has to end early says where to go on, and whoever goes on there
 * sees every event once.
 */
#include "readable.h"

#include <stdlib.h>

static void
append(const char *device_id, const char *kind, const char *payload, int64_t ts)
{
    const struct collector_event event = {device_id, kind, payload, ts};

    ck_assert_ok(collector_store_append(harness.store, &event, 1, NULL, NULL));
}

/** The ids that a filter finds, with a space behind each. */
static const char *
ids_of(const struct collector_event_filter *filter)
{
    const struct reading reading = reading_of(events, reader, filter);
    const char *ids = "";
    const char *line;

    ck_assert_ok(reading.rc);
    for (line = reading.text; *line != '\0'; line = strchr(line, '\n') + 1)
        ids = support_format("%s%lld ", ids, strtoll(line, NULL, 10));
    return ids;
}

static struct collector_event_filter
all_events(void)
{
    return (struct collector_event_filter){
        .size = sizeof(struct collector_event_filter)};
}

START_TEST(test_events_have_names_types_and_fates)
{
    struct reading reading;

    append("d1", "k", "{\"a\": [1, 2]}", 7);
    append("d2", "k", NULL, 0);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    reading = reading_of(events, reader, NULL);
    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names,
                     "id|device_id|kind|payload|ts|fate|uploaded_at");
    ck_assert_str_eq(reading.text,
                     "1|d1|k|json:{\"a\":[1,2]}|7|delivered|" NOW "\n"
                     "2|d2|k|NULL|" NOW "|pending|NULL\n");
    ck_assert(!reading.answer.more);
}
END_TEST

/** Somebody else may have written anything there. */
START_TEST(test_only_a_payload_that_is_json_says_so)
{
    static const struct {
        const char *sql;
        const char *text;
    } payloads[] = {
        {"'not JSON'", "not JSON"},
        {"'{\"a\":1} '", "json:{\"a\":1} "},
        {"'{\"a\":' || char(10) || '1}'", "{\"a\":\n1}"},
        {"'1 2'", "1 2"},
        {"'\"' || char(127) || '\\u00e9\"'", "json:\"\177\\u00e9\""},
        {"'1e400'", "1e400"},
        {"CAST(x'22ff22' AS TEXT)", "\"\377\""},
        {"CAST(x'3100' AS TEXT)", "1"},
        {"x'31'", "x'31'"},
        {"''", ""},
    };
    size_t i;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        harness_exec(&harness, "DELETE FROM event_log");
        harness_exec(
            &harness,
            support_format("INSERT INTO event_log VALUES (1, 'd', 'k', %s, 1)",
                           payloads[i].sql));
        ck_assert_str_eq(
            reading_of(events, reader, NULL).text,
            support_format("1|d|k|%s|1|pending|NULL\n", payloads[i].text));
    }
}
END_TEST

START_TEST(test_filter_is_all_of_what_it_says)
{
    struct collector_event_filter filter = all_events();

    append("d1", "temp", "\"100%\"", 10);
    append("d2", "temp", "\"Un_it\"", 20);
    append("d1", "error", "\"a\\\\b\"", 30);
    append("d1", "temp", NULL, 40);
    ck_assert_str_eq(ids_of(&filter), "1 2 3 4 ");
    filter.device_id = "d1";
    ck_assert_str_eq(ids_of(&filter), "1 3 4 ");
    filter.kind = "temp";
    ck_assert_str_eq(ids_of(&filter), "1 4 ");
    filter.since = 11;
    ck_assert_str_eq(ids_of(&filter), "4 ");
    filter = all_events();
    filter.since = 20;
    filter.until = 40;
    ck_assert_str_eq(ids_of(&filter), "2 3 ");
    filter = all_events();
    filter.text = "uN_I";
    ck_assert_str_eq(ids_of(&filter), "2 ");
    filter.text = "%";
    ck_assert_str_eq(ids_of(&filter), "1 ");
    filter.text = "\\";
    ck_assert_str_eq(ids_of(&filter), "3 ");
    filter = all_events();
    filter.after_id = 1;
    filter.before_id = 4;
    ck_assert_str_eq(ids_of(&filter), "2 3 ");
    filter.newest_first = true;
    ck_assert_str_eq(ids_of(&filter), "3 2 ");
    filter.before_id = INT64_MIN;
    filter.after_id = INT64_MIN;
    ck_assert_str_eq(ids_of(&filter), "4 3 2 1 ");
    filter.after_id = INT64_MAX;
    ck_assert_str_eq(ids_of(&filter), "");
}
END_TEST

START_TEST(test_filter_out_of_its_limits_is_refused)
{
    struct {
        struct collector_event_filter known;
        size_t unknown;
    } newer = {all_events(), 1};
    struct collector_event_filter filter = all_events();

    filter.text = support_repeat("x", COLLECTOR_READER_TEXT_SIZE_MAX);
    ck_assert_str_eq(ids_of(&filter), "");
    filter.text = support_repeat("x", COLLECTOR_READER_TEXT_SIZE_MAX + 1);
    ck_assert_error(reading_of(events, reader, &filter).rc,
                    COLLECTOR_ERR_TOO_BIG);
    filter.size = 0;
    ck_assert_error(reading_of(events, reader, &filter).rc,
                    COLLECTOR_ERR_INVALID);
    newer.known.size = sizeof(newer);
    ck_assert_error(reading_of(events, reader, &newer.known).rc,
                    COLLECTOR_ERR_UNSUPPORTED);
    ck_assert_error(reading_of(events, NULL, &filter).rc,
                    COLLECTOR_ERR_INVALID);
}
END_TEST

/** Go from answer to answer, and count the events that are seen. */
static int64_t
count_through(struct collector_event_filter filter)
{
    int64_t last_id = filter.newest_first ? INT64_MAX : 0;
    int64_t count = 0;
    struct reading reading;

    do {
        const char *line;

        reading = reading_of(events, reader, &filter);
        ck_assert_ok(reading.rc);
        for (line = reading.text; *line != '\0';
             line = strchr(line, '\n') + 1) {
            const int64_t id = strtoll(line, NULL, 10);

            ck_assert(filter.newest_first ? id < last_id : id > last_id);
            last_id = id;
            count++;
        }
        if (filter.newest_first)
            filter.before_id = reading.answer.next_id;
        else
            filter.after_id = reading.answer.next_id;
        ck_assert(reading.answer.more == (reading.answer.next_id != 0));
    } while (reading.answer.more);
    return count;
}

START_TEST(test_pages_have_every_event_once)
{
    struct collector_event_filter filter = all_events();

    harness.options.indexed = true;
    harness_reopen(&harness);
    /* Where one of the ranges that are searched ends, and another begins. */
    harness_append(&harness, 256);
    append("rare", "k", NULL, 0);
    harness_append(&harness, 486);
    append("rare", "k", NULL, 0);
    harness_append(&harness, 256);
    readable_limit_rows(90);
    ck_assert_int_eq(count_through(filter), 1000);
    filter.device_id = "d";
    ck_assert_int_eq(count_through(filter), 998);
    filter.newest_first = true;
    ck_assert_int_eq(count_through(filter), 998);
    filter.device_id = "rare";
    ck_assert_int_eq(count_through(filter), 2);
    filter.newest_first = false;
    ck_assert_int_eq(count_through(filter), 2);
}
END_TEST

/** Append much of one device, and one event of another in the midst of it. */
static void
append_hay(size_t count, size_t payload_size)
{
    int i;

    for (i = 0; i < 16; i++) {
        ck_assert_ok(harness_fill(&harness, "d", count, payload_size));
        if (i == 7)
            append("rare", "k", "\"needle\"", 0);
    }
}

/** However little time there is, it gets on; and nothing is left out. */
START_TEST(test_search_that_is_out_of_time_says_where_to_go_on)
{
    struct collector_reader_options options = reading_options(harness.path);
    struct collector_event_filter filter = all_events();
    struct reading reading;

    append_hay(17, 60000); /* what is first looked at takes longer, too */
    collector_reader_free(reader);
    options.deadline_ms = 1;
    ck_assert_ok(collector_reader_open(&options, &reader));
    filter.text = "needle";
    reading = reading_of(events, reader, &filter);
    ck_assert_ok(reading.rc);
    ck_assert(reading.answer.more);
    ck_assert_int_ge(reading.answer.next_id, 256);
    ck_assert_int_eq(count_through(filter), 1);
    filter.newest_first = true;
    ck_assert_int_eq(count_through(filter), 1);
}
END_TEST

/** A snapshot has no log: who writes it keeps readers out. */
START_TEST(test_file_that_is_kept_locked_is_not_waited_for_forever)
{
    const char *copy = support_path(harness.dir, "copy");
    struct collector_reader_options options = reading_options(copy);
    sqlite3 *db = NULL;
    int64_t began_at;

    append("d", "k", NULL, 0);
    ck_assert_ok(collector_store_snapshot(harness.store, copy));
    collector_reader_free(reader);
    options.deadline_ms = 1;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_int_eq(sqlite3_open(copy, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL),
                     SQLITE_OK);
    began_at = support_now_ms();
    ck_assert_error(reading_of(events, reader, NULL).rc, COLLECTOR_ERR_BUSY);
    ck_assert_int_lt(support_now_ms() - began_at, 4 * COLLECTOR_BUSY_MS);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    ck_assert_uint_eq(reading_of(events, reader, NULL).answer.row_count, 1);
}
END_TEST

/** With an index it is asked for, and the ids are not walked through. */
START_TEST(test_device_is_found_by_the_index)
{
    struct collector_event_filter filter = all_events();

    append_hay(200, 4000);
    filter.device_id = "rare";
    ck_assert_str_eq(ids_of(&filter), "1601 ");
    ck_assert_int_gt(reading_page_count(reader), 3200);
    harness.options.indexed = true;
    harness_reopen(&harness);
    ck_assert_str_eq(ids_of(&filter), "1601 ");
    ck_assert_int_lt(reading_page_count(reader), 100);
}
END_TEST

/** What one question says of an event, from its device_id on. */
static void
assert_event(int64_t id, const char *expected)
{
    const struct reading reading = reading_of(event, reader, id);

    ck_assert_ok(reading.rc);
    ck_assert_str_eq(reading.names,
                     "id|device_id|kind|payload|ts|fate|uploaded_at|kept|"
                     "status|reason|attempts|replayed_as");
    ck_assert_str_eq(reading.text,
                     support_format("%lld|%s\n", (long long)id, expected));
}

START_TEST(test_every_fate_is_told)
{
    const int64_t dead = 2;

    harness_append(&harness, 4);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    harness_bury(&harness, 1);
    ck_assert_ok(collector_dead_letters_replay(harness.store, &dead, 1, NULL));
    harness_close(&harness);
    harness.options.backlog_max = 3;
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness.options.retain_ms = 1000;
    harness_open(&harness);
    support_clock_advance(&harness.clock, 5);
    harness_append(&harness, 1);
    assert_event(1, "d|k|NULL|" NOW "|delivered|" NOW "|1|NULL|NULL|NULL|NULL");
    assert_event(2, "d|k|NULL|" NOW "|dead|" NOW "|1|422|HTTP 422|3|5");
    assert_event(3, "NULL|NULL|NULL|NULL|dropped|1700000000005|0|NULL|NULL|NULL"
                    "|NULL");
    assert_event(5, "d|k|NULL|" NOW "|pending|NULL|1|NULL|NULL|NULL|NULL");
    assert_event(7, "NULL|NULL|NULL|NULL|unknown|NULL|0|NULL|NULL|NULL|NULL");
    assert_event(0, "NULL|NULL|NULL|NULL|unknown|NULL|0|NULL|NULL|NULL|NULL");
    assert_event(INT64_MIN,
                 "NULL|NULL|NULL|NULL|unknown|NULL|0|NULL|NULL|NULL|NULL");

    ck_assert_ok(collector_dead_letters_purge(harness.store, &dead, 1, NULL));
    assert_event(2, "NULL|NULL|NULL|NULL|dead|" NOW "|0|NULL|NULL|NULL|NULL");
    ck_assert_uint_eq(harness_deliver(&harness, 9), 3);
    support_clock_advance(&harness.clock, 5000);
    harness_append(&harness, 1);
    ck_assert_uint_eq(harness_deliver(&harness, 1), 1);
    ck_assert_ok(collector_store_maintain(harness.store));
    assert_event(1, "NULL|NULL|NULL|NULL|settled|0|0|NULL|NULL|NULL|NULL");
    assert_event(7, "d|k|NULL|1700000005005|delivered|1700000005005|1|NULL|NULL"
                    "|NULL|NULL");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_events");
    TCase *tcase =
        support_add_case(suite, "events", readable_start, readable_stop);

    tcase_add_test(tcase, test_events_have_names_types_and_fates);
    tcase_add_test(tcase, test_only_a_payload_that_is_json_says_so);
    tcase_add_test(tcase, test_filter_is_all_of_what_it_says);
    tcase_add_test(tcase, test_filter_out_of_its_limits_is_refused);
    tcase_add_test(tcase, test_pages_have_every_event_once);
    tcase_add_test(tcase, test_search_that_is_out_of_time_says_where_to_go_on);
    tcase_add_test(tcase,
                   test_file_that_is_kept_locked_is_not_waited_for_forever);
    tcase_add_test(tcase, test_device_is_found_by_the_index);
    tcase_add_test(tcase, test_every_fate_is_told);
    return support_run_suite(suite);
}
