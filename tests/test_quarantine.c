/* SPDX-License-Identifier: MIT */
/*
 * A damaged file makes room for a new one if that was asked for, and is kept as
 * it was, byte for byte, with its log. Whatever the moment of a crash, the next
 * open finishes the exchange or has not begun it. What is not damaged, or not
 * ours, is never put aside.
 */
#include "damage.h"

#include "privacy.h"
#include "quarantine.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE 4096
#define EVENT_COUNT 1000

static struct harness harness;

/** A store whose first page is noise, or whose log has a bad frame. */
static void
make_damaged(bool with_log)
{
    damage_store_new(&harness, EVENT_COUNT, 100, with_log);
    if (with_log)
        bytes_flip(damage_path(&harness, "-wal"), 32 + 20 * (PAGE_SIZE + 24));
    else
        bytes_spoil(harness.path, 0, PAGE_SIZE, 3);
}

/** Assert that these bytes are in that file. */
static void
assert_bytes(const char *path, struct bytes expected)
{
    const struct bytes found = bytes_read(path);

    ck_assert_uint_eq(found.size, expected.size);
    ck_assert_int_eq(memcmp(found.data, expected.data, found.size), 0);
}

/** Assert that the exchange is complete, and nothing was lost but what one bad
 *  frame can hide. */
static void
assert_exchanged(uint64_t lost_max)
{
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".fresh")), -1);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".fresh-wal")),
                     -1);
    damage_assert_sound(&harness, 101, EVENT_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvaged +
                          harness_stats(&harness).salvage_lost,
                      EVENT_COUNT - 100);
    ck_assert_uint_le(harness_stats(&harness).salvage_lost, lost_max);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"),
                     1);
}

START_TEST(test_a_damaged_file_is_kept_as_it_was)
{
    struct bytes main_file;
    struct bytes log = {NULL, 0};
    char before[40];

    make_damaged(_i != 0);
    main_file = bytes_read(harness.path);
    if (_i != 0) {
        log = bytes_read(damage_path(&harness, "-wal"));
        (void)snprintf(
            before, sizeof(before), "%s",
            harness_text(&harness, "SELECT collector_id FROM state"));
        /* Even the look has moved nothing. */
        bytes_write(harness.path, main_file);
        bytes_write(damage_path(&harness, "-wal"), log);
    }
    damage_open_and_salvage(&harness);
    assert_bytes(damage_path(&harness, ".damaged-1"), main_file);
    if (_i != 0) {
        assert_bytes(damage_path(&harness, ".damaged-1-wal"), log);
        ck_assert_str_eq(
            harness_text(&harness, "SELECT previous_collector_id FROM state"),
            before);
        ck_assert_str_ne(harness_stats(&harness).collector_id, before);
    }
    assert_exchanged(_i != 0 ? 150 : 0);
    ck_assert_str_eq(harness_text(&harness, "SELECT path FROM quarantines"),
                     damage_path(&harness, ".damaged-1"));
    ck_assert_int_gt(
        harness_int(&harness,
                    "SELECT length(reason) > 5 AND at > 0 FROM quarantines"),
        0);
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 10);
    ck_assert(!harness_stats(&harness).salvaging);
    harness_close(&harness);
}
END_TEST

START_TEST(test_no_file_of_an_exchange_is_for_others)
{
    make_damaged(false);
    ck_assert_int_eq(chmod(harness.path, 0600), 0); /* the test wrote it */
    (void)umask(0);
    damage_open_and_salvage(&harness);
    /* As of any store, and the damaged one. */
    ck_assert_uint_ge(privacy_assert(harness.dir), 6);
    harness_close(&harness);
}
END_TEST

/** What a crash leaves, by how many of the renames it comes after. */
static void
crash_after(size_t rename_count, struct bytes fresh)
{
    const char *const names[][2] = {
        {"", ".damaged-1"}, {"-wal", ".damaged-1-wal"}, {".fresh", ""}};
    size_t i;

    ck_assert_uint_le(rename_count, sizeof(names) / sizeof(names[0]));
    bytes_write(damage_path(&harness, ".fresh"), fresh);
    for (i = 0; i < rename_count; i++)
        (void)rename(damage_path(&harness, names[i][0]),
                     damage_path(&harness, names[i][1]));
}

/** The file that would take over: made by a quarantine, before the salvage. */
static struct bytes
make_fresh(void)
{
    const struct bytes main_file = bytes_read(harness.path);
    const struct bytes log = bytes_read(damage_path(&harness, "-wal"));
    struct collector__database database = {.path =
                                               (char *)(uintptr_t)harness.path,
                                           .clock = collector__clock_system};
    struct bytes fresh;

    ck_assert_ok(collector__quarantine(&database, "a test", NULL));
    fresh = bytes_read(harness.path);
    ck_assert_int_eq(support_file_size(damage_path(&harness, "-wal")), -1);
    (void)unlink(damage_path(&harness, ".damaged-1"));
    (void)unlink(damage_path(&harness, ".damaged-1-wal"));
    bytes_write(harness.path, main_file);
    bytes_write(damage_path(&harness, "-wal"), log);
    return fresh;
}

START_TEST(test_a_crash_at_any_step_is_made_good)
{
    make_damaged(true);
    crash_after((size_t)_i, make_fresh());
    damage_open_and_salvage(&harness);
    assert_exchanged(150);
    harness_close(&harness);
    harness_open(&harness); /* and it stays like that */
    assert_exchanged(150);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".damaged-2")),
                     -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_an_exchange_goes_on_without_being_asked_for)
{
    make_damaged(true);
    crash_after(1, make_fresh());
    harness.options.on_damage = COLLECTOR_DAMAGE_REFUSE;
    harness_open(&harness);
    while (harness_stats(&harness).salvaging)
        ck_assert_ok(collector_store_maintain(harness.store));
    assert_exchanged(150);
    harness_close(&harness);
}
END_TEST

START_TEST(test_half_a_new_file_is_never_taken)
{
    struct bytes fresh;

    make_damaged(true);
    fresh = make_fresh();
    fresh.size = (size_t)_i * 1000;
    /* The main file was missing from the start: the log is what is damaged. */
    ck_assert_int_eq(unlink(harness.path), 0);
    bytes_write(damage_path(&harness, ".fresh"), fresh);
    damage_open_and_salvage(&harness);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".fresh")), -1);
    ck_assert_int_gt(support_file_size(damage_path(&harness, ".damaged-1-wal")),
                     0);
    damage_assert_sound(&harness, 1, EVENT_COUNT);
    ck_assert_uint_gt(harness_stats(&harness).salvaged, EVENT_COUNT - 300);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_a_crash_left_beside_a_sound_file_goes_away)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    harness_close(&harness);
    support_write_file(damage_path(&harness, ".fresh"), "half");
    support_write_file(damage_path(&harness, ".fresh-wal"), "half");
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 4);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".fresh")), -1);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".fresh-wal")),
                     -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_only_the_latest_damaged_files_are_kept)
{
    int number;

    make_damaged(false);
    for (number = 1; number <= COLLECTOR_QUARANTINE_COUNT_MAX + 2; number++) {
        bytes_spoil(harness.path, 0, 100, 3);
        damage_open_and_salvage(&harness);
        ck_assert_uint_eq(harness_stats(&harness).pending, EVENT_COUNT - 100);
        harness_close(&harness);
        ck_assert_int_gt(support_file_size(support_format(
                             "%s.damaged-%d", harness.path, number)),
                         0);
        if (number > COLLECTOR_QUARANTINE_COUNT_MAX)
            ck_assert_int_eq(support_file_size(support_format(
                                 "%s.damaged-%d", harness.path,
                                 number - COLLECTOR_QUARANTINE_COUNT_MAX)),
                             -1);
    }
}
END_TEST

START_TEST(test_other_files_of_a_similar_name_are_left_alone)
{
    static const char *const others[] = {".damaged-", ".damaged-x",
                                         ".damaged-1.gz", ".damage-1",
                                         ".damaged-18446744073709551616"};
    size_t i;

    make_damaged(false);
    for (i = 0; i < 5; i++)
        support_write_file(damage_path(&harness, others[i]), "other");
    support_write_file(damage_path(&harness, ".damaged-9"), "old");
    damage_open_and_salvage(&harness);
    harness_close(&harness);
    ck_assert_int_gt(support_file_size(damage_path(&harness, ".damaged-10")),
                     5);
    for (i = 0; i < 5; i++)
        ck_assert_str_eq(support_read_file(damage_path(&harness, others[i])),
                         "other");
}
END_TEST

/** Assert that open refuses, and puts nothing aside. */
static void
assert_left_alone(int expected)
{
    const char *before = directory_text(harness.dir);

    support_log_expect_errors(harness.log);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    ck_assert_error(damage_try_open(&harness), expected);
    ck_assert_str_eq(directory_text(harness.dir), before);
}

START_TEST(test_what_stands_in_the_way_keeps_the_damaged_file_in_place)
{
    const char *in_the_way;
    struct bytes before;

    make_damaged(false);
    in_the_way = damage_path(&harness, ".fresh");
    before = bytes_read(harness.path);
    ck_assert_int_eq(mkdir(in_the_way, 0700), 0);
    support_log_expect_errors(harness.log);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_IO);
    assert_bytes(harness.path, before);
    ck_assert_uint_eq(support_log_count(harness.log, "can't remove"), 1);
    ck_assert_int_eq(rmdir(in_the_way), 0);
    damage_open_and_salvage(&harness);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_is_not_damaged_is_never_put_aside)
{
    harness_init(&harness);
    support_sql_create(harness.path, "CREATE TABLE t (x)");
    assert_left_alone(COLLECTOR_ERR_FOREIGN);
    damage_store_new(&harness, 10, 0, false);
    harness_exec(&harness, "PRAGMA user_version = 99");
    assert_left_alone(COLLECTOR_ERR_NEWER);
    damage_store_new(&harness, 10, 0, false);
    ck_assert_int_eq(chmod(harness.path, 0444), 0);
    ck_assert_int_eq(chmod(harness.dir, 0777), 0);
    damage_lose_rights(&harness);
    assert_left_alone(COLLECTOR_ERR_IO);
    damage_regain_rights();
}
END_TEST

static uint64_t
draw_the_same(void *userdata)
{
    return *(const uint64_t *)userdata;
}

/** An embedder's bits name the new file as they would name a first one. */
START_TEST(test_the_new_file_is_named_by_the_random_bits)
{
    uint64_t bits = UINT64_C(0x0123456789abcdef);

    make_damaged(_i != 0);
    harness.options.random = draw_the_same;
    harness.options.random_userdata = &bits;
    damage_open_and_salvage(&harness);
    ck_assert_str_eq(harness_stats(&harness).collector_id,
                     "01234567-89ab-4def-8123-456789abcdef");
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("quarantine");
    TCase *exchange = tcase_create("exchange");
    TCase *crash = tcase_create("crash");

    tcase_add_loop_test(exchange, test_a_damaged_file_is_kept_as_it_was, 0, 2);
    tcase_add_test(exchange, test_no_file_of_an_exchange_is_for_others);
    tcase_add_loop_test(exchange, test_the_new_file_is_named_by_the_random_bits,
                        0, 2);
    tcase_add_test(exchange, test_only_the_latest_damaged_files_are_kept);
    tcase_add_test(exchange, test_other_files_of_a_similar_name_are_left_alone);
    tcase_add_test(exchange,
                   test_what_stands_in_the_way_keeps_the_damaged_file_in_place);
    tcase_add_test(exchange, test_what_is_not_damaged_is_never_put_aside);
    tcase_add_loop_test(crash, test_a_crash_at_any_step_is_made_good, 0, 4);
    tcase_add_test(crash, test_an_exchange_goes_on_without_being_asked_for);
    tcase_add_loop_test(crash, test_half_a_new_file_is_never_taken, 0, 5);
    tcase_add_test(crash, test_what_a_crash_left_beside_a_sound_file_goes_away);
    suite_add_tcase(suite, exchange);
    suite_add_tcase(suite, crash);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
