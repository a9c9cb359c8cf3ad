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
    struct collector__page_scan *scan = NULL;
    struct collector__page_scan_result result;
    bool done = false;

    damage_store_new(&harness, EVENT_COUNT, 450, _i != 0);
    ck_assert_ok(collector__page_scan_open(NULL, harness.path, &scan));
    while (!done)
        ck_assert_ok(collector__page_scan_look(scan, 0, &done));
    result = collector__page_scan_result(scan);
    ck_assert_int_eq(result.settled_through, 450);
    ck_assert_int_eq(result.first_id, 1);
    ck_assert_int_eq(result.last_id, EVENT_COUNT);
    collector__page_scan_free(scan);
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
