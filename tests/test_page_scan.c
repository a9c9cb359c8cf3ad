/* SPDX-License-Identifier: MIT */
/*
 * Pages are read whatever they hold: no byte of them can make the scan leave
 * them, run on, or give out an event twice or out of order.
 */
#include "damage.h"

#include "page_row.h"
#include "page_scan.h"

#include <stdio.h>

#define PAGE_SIZE 4096
#define EVENT_COUNT 1200
#define ROUND_COUNT 200
/* Events so large that each has a page of its own. */
#define LONE_COUNT 40

static struct harness harness;

/** Read all events that are found. @return How many. */
static int64_t
scan_all(int64_t after_id)
{
    struct collector__page_scan *scan = NULL;
    struct collector__page_event event;
    int64_t last_id = after_id;
    int64_t count = 0;
    bool done = false;

    ck_assert_ok(collector__page_scan_open(NULL, harness.path, &scan));
    while (!done)
        ck_assert_ok(collector__page_scan_look(scan, 0, &done));
    collector__page_scan_seek(scan, after_id);
    while (collector__page_scan_next(scan, &event)) {
        ck_assert_int_gt(event.id, last_id);
        ck_assert_uint_lt(event.device_id_size + event.kind_size +
                              event.payload_size,
                          COLLECTOR_PAGE_ROW_SIZE_MAX);
        last_id = event.id;
        count++;
    }
    collector__page_scan_free(scan);
    return count;
}

/** What a look at all pages says of the file. */
static struct collector__page_scan_result
look_at_all(void)
{
    struct collector__page_scan *scan = NULL;
    struct collector__page_scan_result result;
    bool done = false;

    ck_assert_ok(collector__page_scan_open(NULL, harness.path, &scan));
    while (!done)
        ck_assert_ok(collector__page_scan_look(scan, 0, &done));
    result = collector__page_scan_result(scan);
    collector__page_scan_free(scan);
    return result;
}

START_TEST(test_a_sound_file_gives_all_its_events)
{
    damage_store_new(&harness, EVENT_COUNT, 0, _i != 0);
    ck_assert_int_eq(scan_all(0), EVENT_COUNT);
    ck_assert_int_eq(scan_all(700), EVENT_COUNT - 700);
    ck_assert_int_eq(scan_all(EVENT_COUNT), 0);
}
END_TEST

START_TEST(test_what_is_settled_is_known)
{
    struct collector__page_scan_result result;

    damage_store_new(&harness, EVENT_COUNT, 450, _i != 0);
    result = look_at_all();
    ck_assert_int_eq(result.settled_through, 450);
    ck_assert_int_eq(result.first_id, 1);
    ck_assert_int_eq(result.last_id, EVENT_COUNT);
}
END_TEST

/** Numbers that are the same in each run. */
static uint32_t
draw(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)*seed * limit) >> 32);
}

START_TEST(test_no_bytes_can_lead_astray)
{
    uint32_t seed = (uint32_t)_i;
    struct bytes bytes;
    size_t round;
    size_t i;

    (void)printf("seed %d\n", _i);
    damage_store_new(&harness, EVENT_COUNT, 0, false);
    bytes = bytes_read(harness.path);
    for (round = 0; round < ROUND_COUNT; round++) {
        /* Headers of pages and of rows are what can lead anywhere. */
        for (i = 0; i < 30; i++)
            bytes.data[draw(&seed, (uint32_t)bytes.size / PAGE_SIZE) *
                           PAGE_SIZE +
                       draw(&seed, i % 2 == 0 ? 200 : PAGE_SIZE)] =
                (char)draw(&seed, 256);
        bytes_write(harness.path, bytes);
        (void)scan_all(0);
    }
}
END_TEST

START_TEST(test_one_wrong_id_costs_one_event)
{
    struct bytes bytes;
    size_t at;
    size_t i;

    damage_store_new(&harness, EVENT_COUNT, 0, false);
    bytes = bytes_read(harness.path);
    /* The two bytes of id 701 in its cell, made a much higher one. */
    for (at = 0, i = 0; i + 20 < bytes.size; i++) {
        if (memcmp(bytes.data + i,
                   "device"
                   "kind"
                   "{\"n\":701}",
                   19) == 0)
            at = i;
    }
    ck_assert_uint_gt(at, 8);
    at -= 8; /* six bytes of header, and the id before them */
    ck_assert_int_eq((unsigned char)bytes.data[at], 0x80 | (701 >> 7));
    bytes.data[at] = (char)0xff;
    bytes_write(harness.path, bytes);
    ck_assert_int_eq(scan_all(0), EVENT_COUNT - 1);
}
END_TEST

/** A store that nobody has open, and its file. */
static struct bytes
make_lone_events(void)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_ok(harness_fill(&harness, "device", LONE_COUNT, 3000));
    harness_close(&harness);
    return bytes_read(harness.path);
}

/** The page of the event that lies alone in it with this id. */
static size_t
find_lone(struct bytes bytes, int64_t id)
{
    struct collector__page page = {NULL, PAGE_SIZE};
    struct collector__page_cell cell;
    size_t at;

    for (at = PAGE_SIZE; at < bytes.size; at += PAGE_SIZE) {
        page.data = (const unsigned char *)bytes.data + at;
        if (collector__page_cell_count(page) == 1 &&
            collector__page_cell(page, 0, &cell) && cell.id == id &&
            cell.size > PAGE_SIZE / 2)
            return at;
    }
    ck_abort_msg("no page has event %d alone", (int)id);
    return 0;
}

START_TEST(test_events_that_lie_alone_are_found_behind_a_gap)
{
    static const int64_t gone[] = {10, 11, 20, LONE_COUNT - 1};
    struct bytes bytes = make_lone_events();
    size_t i;

    for (i = 0; i < 4; i++)
        memset(bytes.data + find_lone(bytes, gone[i]), 0, PAGE_SIZE);
    bytes_write(harness.path, bytes);
    ck_assert_int_eq(scan_all(0), LONE_COUNT - 4);
}
END_TEST

START_TEST(test_a_page_that_is_there_twice_is_read_once)
{
    struct bytes bytes = make_lone_events();
    struct bytes twice;

    twice.size = bytes.size + 2 * PAGE_SIZE;
    twice.data = support_alloc(twice.size);
    memcpy(twice.data, bytes.data, bytes.size);
    memcpy(twice.data + bytes.size, bytes.data + find_lone(bytes, 7),
           PAGE_SIZE);
    memcpy(twice.data + bytes.size + PAGE_SIZE,
           bytes.data + find_lone(bytes, LONE_COUNT), PAGE_SIZE);
    bytes_write(harness.path, twice);
    ck_assert_int_eq(scan_all(0), LONE_COUNT);
}
END_TEST

/* Rows that differ from an event in one thing. Their ids would go on from the
 * last event's. */
static const char *const no_events[] = {
    "(x'64', 'kind', '{}', 1)",  "('d', x'64', '{}', 1)",
    "('d', NULL, '{}', 1)",      "('d', 'kind', 7, 1)",
    "('d', 'kind', x'7b7d', 1)", "('d', 'kind', '{}', 'late')",
    "('d', 'kind', '{}', 1.5)",  "('d', 'kind', '{}', NULL)",
    "(7, 'kind', '{}', 1)",      "(NULL, 'kind', '{}', 1)",
};

START_TEST(test_rows_that_are_nearly_events_are_none)
{
    damage_store_new(&harness, EVENT_COUNT, 0, false);
    support_sql_exec(
        harness.path,
        support_format("CREATE TABLE other(id INTEGER PRIMARY KEY, a, b, c, d);"
                       "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL"
                       " SELECT i + 1 FROM n WHERE i < %d)"
                       "INSERT INTO other SELECT i, v.* FROM n,"
                       " (VALUES %s) AS v",
                       EVENT_COUNT + 1, EVENT_COUNT + 20, no_events[_i]));
    ck_assert_int_eq(scan_all(0), EVENT_COUNT);
}
END_TEST

/* What makes the copy of the state below no state, or one from earlier. */
static const char *const no_states[] = {
    "UPDATE other SET settled_through = 900", /* does not add up */
    "UPDATE other SET settled_through = 900, delivered = 901, dead = -1",
    "UPDATE other SET settled_through = 900, delivered = 900,"
    " storage_faults = 'none'",
    "UPDATE other SET settled_through = 4000000000000000000,"
    " delivered = 4000000000000000000",
    "UPDATE other SET settled_through = 900, delivered = 900, id = 2",
    "UPDATE other SET settled_through = 9, delivered = 9, devices_through = 9",
    "UPDATE other SET settled_through = 900, delivered = 900;"
    "ALTER TABLE other ADD COLUMN one DEFAULT 1;"
    "UPDATE other SET one = 2",
};

START_TEST(test_only_a_state_that_adds_up_is_believed)
{
    struct collector__page_scan_result result;

    damage_store_new(&harness, EVENT_COUNT, 450, false);
    support_sql_exec(
        harness.path,
        support_format("CREATE TABLE other AS SELECT * FROM state; %s",
                       no_states[_i]));
    if (strstr(no_states[_i], "id = 2") != NULL)
        support_sql_exec(harness.path, "UPDATE other SET rowid = 2");
    result = look_at_all();
    ck_assert_int_eq(result.settled_through, 450);
    ck_assert_int_eq(result.last_id, EVENT_COUNT);
}
END_TEST

/** A file with pages of this size, as another program may have made it. */
static void
make_file(unsigned page_size)
{
    harness_init(&harness);
    support_sql_create(
        harness.path,
        support_format(
            "PRAGMA page_size=%u;"
            "CREATE TABLE event_log(id INTEGER PRIMARY KEY, device_id, kind,"
            " payload_json, ts);"
            "WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
            "INSERT INTO event_log SELECT i, 'd', 'k', '{}', i FROM n",
            page_size, EVENT_COUNT));
    ck_assert_int_eq(support_sql_int(harness.path, "PRAGMA page_size"),
                     page_size);
}

START_TEST(test_pages_may_have_any_size)
{
    make_file(512u << _i);
    ck_assert_int_eq(scan_all(0), EVENT_COUNT);
}
END_TEST

START_TEST(test_a_page_size_that_none_can_have_is_not_believed)
{
    static const char *const sizes[] = {"\x01\x00", "\x03\x00", "\x00\x00"};
    struct bytes bytes;

    make_file(PAGE_SIZE);
    bytes = bytes_read(harness.path);
    memcpy(bytes.data + 16, sizes[_i], 2);
    bytes_write(harness.path, bytes);
    ck_assert_int_eq(scan_all(0), EVENT_COUNT);
}
END_TEST

START_TEST(test_a_file_that_is_not_there_holds_nothing)
{
    harness_init(&harness);
    ck_assert_int_eq(scan_all(0), 0);
    bytes_write(harness.path, (struct bytes){NULL, 0});
    ck_assert_int_eq(scan_all(0), 0);
    support_write_file(harness.path, "short");
    ck_assert_int_eq(scan_all(0), 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("page_scan");
    TCase *sound = tcase_create("sound");
    TCase *damaged = tcase_create("damaged");

    tcase_add_loop_test(sound, test_a_sound_file_gives_all_its_events, 0, 2);
    tcase_add_loop_test(sound, test_what_is_settled_is_known, 0, 2);
    tcase_add_test(sound, test_a_file_that_is_not_there_holds_nothing);
    tcase_add_loop_test(sound, test_pages_may_have_any_size, 0, 8);
    tcase_add_loop_test(sound, test_rows_that_are_nearly_events_are_none, 0,
                        sizeof(no_events) / sizeof(no_events[0]));
    tcase_add_loop_test(sound, test_only_a_state_that_adds_up_is_believed, 0,
                        sizeof(no_states) / sizeof(no_states[0]));
    tcase_add_test(damaged, test_events_that_lie_alone_are_found_behind_a_gap);
    tcase_add_test(damaged, test_a_page_that_is_there_twice_is_read_once);
    tcase_add_loop_test(
        damaged, test_a_page_size_that_none_can_have_is_not_believed, 0, 3);
    tcase_add_loop_test(damaged, test_no_bytes_can_lead_astray, 0, 6);
    tcase_add_test(damaged, test_one_wrong_id_costs_one_event);
    suite_add_tcase(suite, sound);
    suite_add_tcase(suite, damaged);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
