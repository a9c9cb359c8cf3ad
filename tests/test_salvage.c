/* SPDX-License-Identifier: MIT */
/*
 * What a damaged file still holds of the backlog is in the new one, each event
 * once and in order; what is known to be missing is counted as lost; and a
 * crash, or a lack of room, only makes it take longer.
 */
#include "damage.h"

#include "salvage.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_SIZE 4096
#define EVENT_COUNT 6000
#define DELIVERED_COUNT 1500
#define SEED_COUNT 12

static struct harness harness;

/** Assert that each undelivered event is in the new file or counted as lost. */
static void
assert_all_accounted_for(int64_t lost_max)
{
    const struct collector_store_stats stats = harness_stats(&harness);

    damage_assert_sound(&harness, DELIVERED_COUNT + 1, EVENT_COUNT);
    ck_assert_uint_eq(stats.salvaged, stats.accepted);
    ck_assert_uint_eq(stats.salvaged + stats.salvage_lost,
                      EVENT_COUNT - DELIVERED_COUNT);
    ck_assert_uint_le(stats.salvage_lost, (uint64_t)lost_max);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"
                                           " WHERE finished_at IS NOT NULL"),
                     1);
}

/** Whether an open that began then has ended by itself, and not because its
 * time for the salvage was over. */
static bool
had_time(int64_t began_ms)
{
    return support_now_ms() - began_ms < COLLECTOR_SALVAGE_OPEN_MS;
}

/** Whether a child that was born then gets on; at once, if it had the time. */
static bool
gets_on(int64_t began_ms, int64_t before)
{
    const int rc = collector_store_maintain(harness.store);

    if (rc != COLLECTOR_OK)
        return false;
    if (had_time(began_ms))
        return (int64_t)harness_stats(&harness).accepted > before;
    return support_eventually(
        collector_store_maintain(harness.store) != COLLECTOR_OK ||
            (int64_t)harness_stats(&harness).accepted > before,
        SUPPORT_WAIT_MS);
}

/** Open a store whose file has lost its header, and salvage so many events. */
static void
begin_salvage(uint64_t count)
{
    int64_t began_ms;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    bytes_spoil(harness.path, 0, 100, 1);
    support_log_expect_errors(harness.log);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness.options.backlog_max = count; /* so that there is no room for more */
    began_ms = support_now_ms();
    harness_open(&harness);
    if (had_time(began_ms))
        ck_assert_uint_eq(harness_stats(&harness).salvaged, count);
    ck_assert_eventually(collector_store_maintain(harness.store) ==
                             COLLECTOR_OK &&
                         harness_stats(&harness).salvaged == count);
}

START_TEST(test_all_events_survive_a_first_page_of_noise)
{
    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    bytes_spoil(harness.path, 0, PAGE_SIZE, 1);
    damage_open_and_salvage(&harness);
    assert_all_accounted_for(0);
    ck_assert_uint_eq(support_log_count(harness.log, "; 0 are lost"), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_all_events_survive_a_file_without_its_header)
{
    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    bytes_spoil(harness.path, 0, 100, 1);
    damage_open_and_salvage(&harness);
    assert_all_accounted_for(0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_pages_of_noise_cost_only_their_own_events)
{
    size_t page_count;
    unsigned page;
    unsigned i;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    page_count = (size_t)support_file_size(harness.path) / PAGE_SIZE;
    (void)printf("seed %d\n", _i);
    for (i = 1; i <= 8; i++) {
        /* Not the last leaf: of what it held there is no trace. */
        page = ((unsigned)_i * 8 + i) * 2654435761u % (unsigned)page_count;
        bytes_spoil(harness.path, (size_t)page * PAGE_SIZE, PAGE_SIZE,
                    (unsigned)_i + i);
    }
    damage_open_and_salvage(&harness);
    damage_assert_sound(&harness, 1, EVENT_COUNT);
    ck_assert_uint_gt(harness_stats(&harness).salvaged,
                      EVENT_COUNT - DELIVERED_COUNT - 8 * 150);
    ck_assert_uint_eq(harness_stats(&harness).salvaged,
                      harness_stats(&harness).pending);
    /* From the first that was found on, each is here or lost. */
    ck_assert_uint_ge(
        harness_stats(&harness).salvaged + harness_stats(&harness).salvage_lost,
        (uint64_t)harness_int(&harness, "SELECT max(payload_json ->> 'n') -"
                                        " min(payload_json ->> 'n') + 1"
                                        " FROM event_log"));
    harness_close(&harness);
}
END_TEST

START_TEST(test_flipped_bits_cost_few_events)
{
    size_t size;
    unsigned i;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    size = (size_t)support_file_size(harness.path);
    bytes_spoil(harness.path, 0, 100, 1); /* or they might not be noticed */
    (void)printf("seed %d\n", _i);
    for (i = 1; i <= 20; i++)
        bytes_flip(harness.path,
                   ((unsigned)_i * 20 + i) * 2654435761u % (unsigned)size);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    damage_open_and_salvage(&harness);
    ck_assert_uint_gt(harness_stats(&harness).salvaged,
                      EVENT_COUNT - DELIVERED_COUNT - 20 * 150);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    harness_close(&harness);
}
END_TEST

START_TEST(test_without_a_state_all_that_is_there_is_salvaged)
{
    int64_t root;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    root = harness_int(&harness, "SELECT rootpage FROM sqlite_schema"
                                 " WHERE name = 'state'");
    bytes_spoil(harness.path, (size_t)(root - 1) * PAGE_SIZE, PAGE_SIZE, 2);
    damage_open_and_salvage(&harness);
    damage_assert_sound(&harness, 1, EVENT_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvaged, EVENT_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvage_lost, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_file_cut_short_gives_what_is_left)
{
    struct bytes part;
    uint64_t salvaged;

    damage_store_new(&harness, EVENT_COUNT, 0, false);
    part = bytes_read(harness.path);
    part.size = part.size / 10 * (size_t)_i + 777;
    bytes_write(harness.path, part);
    damage_open_and_salvage(&harness);
    damage_assert_sound(&harness, 1, EVENT_COUNT);
    salvaged = harness_stats(&harness).salvaged;
    ck_assert_uint_gt(salvaged, EVENT_COUNT / 10 * (uint64_t)(_i - 1));
    /* The refresh of the devices left a mark of how far the ids went. */
    ck_assert_uint_gt(salvaged + harness_stats(&harness).salvage_lost,
                      salvaged);
    harness_close(&harness);
}
END_TEST

START_TEST(test_events_behind_a_bad_frame_of_the_log_are_salvaged)
{
    const int64_t frame_size = PAGE_SIZE + 24;
    int64_t frame_count;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, true);
    frame_count = support_file_size(damage_path(&harness, "-wal")) / frame_size;
    ck_assert_int_gt(frame_count, 100);
    bytes_flip(damage_path(&harness, "-wal"),
               (size_t)(32 + frame_size * (frame_count * _i / 10) + 2000));
    damage_open_and_salvage(&harness);
    ck_assert_uint_eq(support_log_count(harness.log, "log is damaged behind"),
                      1);
    assert_all_accounted_for(150);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_log_without_its_file_is_salvaged)
{
    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, true);
    if (_i == 0)
        ck_assert_int_eq(unlink(harness.path), 0);
    else
        bytes_write(harness.path, (struct bytes){NULL, 0});
    damage_open_and_salvage(&harness);
    assert_all_accounted_for(0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_salvage_that_was_killed_goes_on_where_it_was)
{
    int64_t before = -1;
    int64_t now = 0;
    int status;
    pid_t child;
    size_t i;

    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    bytes_spoil(harness.path, 0, PAGE_SIZE, 1);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness.options.backlog_max = 100; /* so that it can't be done at once */
    support_log_expect_errors(harness.log);
    for (i = 0; i < 200 && now < EVENT_COUNT - DELIVERED_COUNT; i++) {
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) { /* dies without closing anything */
            const int64_t began_ms = support_now_ms();

            harness_open(&harness);
            (void)harness_deliver(&harness, 100);
            _exit(gets_on(began_ms, before) ? 0 : 1);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        now = harness_int(&harness, "SELECT accepted FROM ledger");
        ck_assert_int_gt(now, before);
        before = now;
    }
    ck_assert_uint_gt(i, 10);
    harness.options.backlog_max = 0;
    damage_open_and_salvage(&harness);
    damage_assert_sound(&harness, DELIVERED_COUNT + 1, EVENT_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvaged,
                      EVENT_COUNT - DELIVERED_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvage_lost, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_salvage_waits_for_room_and_drops_nothing)
{
    damage_store_new(&harness, EVENT_COUNT, DELIVERED_COUNT, false);
    bytes_spoil(harness.path, 0, PAGE_SIZE, 1);
    support_log_expect_errors(harness.log);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness.options.backlog_max = 77;
    harness.options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness_open(&harness);
    while (harness_stats(&harness).salvaging) {
        ck_assert_uint_le(harness_stats(&harness).pending, 77);
        (void)harness_deliver(&harness, 50);
        ck_assert_ok(collector_store_maintain(harness.store));
    }
    assert_all_accounted_for(EVENT_COUNT);
    harness_close(&harness);
}
END_TEST

START_TEST(test_torn_texts_are_lost_and_not_appended)
{
    damage_store_new(&harness, EVENT_COUNT, 0, false);
    /* The rows stay as they are for SQLite; the payloads are no JSON. */
    harness_exec(&harness, "UPDATE event_log SET payload_json ="
                           " replace(payload_json, '{', '[')"
                           " WHERE id IN (1, 50, 3000, 3001, 6000)");
    harness_exec(&harness, "UPDATE event_log SET device_id ="
                           " CAST(x'ff65766963ff' AS TEXT) WHERE id = 77");
    bytes_spoil(harness.path, 0, 100, 1);
    damage_open_and_salvage(&harness);
    damage_assert_sound(&harness, 2, EVENT_COUNT);
    ck_assert_uint_eq(harness_stats(&harness).salvage_lost, 6);
    ck_assert_uint_eq(harness_stats(&harness).salvaged, EVENT_COUNT - 6);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_second_damage_does_not_forget_the_first)
{
    begin_salvage(1000);
    harness_close(&harness);
    /* Its state can still be read, and so its quarantines. */
    harness_exec(&harness, "DELETE FROM event_log WHERE id = 1");
    harness.options.backlog_max = 0;
    damage_open_and_salvage(&harness);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"
                                           " WHERE finished_at IS NOT NULL"),
                     2);
    ck_assert_int_eq(
        harness_int(&harness,
                    "SELECT count(DISTINCT payload_json) FROM event_log"),
        EVENT_COUNT - DELIVERED_COUNT - 1);
    ck_assert_uint_eq(harness_stats(&harness).pending,
                      EVENT_COUNT - DELIVERED_COUNT - 1);
    ck_assert_uint_eq(harness_stats(&harness).salvage_lost, 1);
    harness_close(&harness);
}
END_TEST

/* SQLite finds no fault with a text where a number belongs. */
START_TEST(test_a_quarantine_that_is_damaged_itself_is_in_nobodys_way)
{
    begin_salvage(1000);
    harness_close(&harness);
    harness_exec(&harness,
                 "UPDATE quarantines SET finished_at = 'never, that is';"
                 "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql ="
                 " replace(sql, 'reason TEXT NOT NULL', 'reason TEXT')");
    harness_exec(&harness, "INSERT INTO quarantines (at, path, reason)"
                           " VALUES (1, '/nowhere', NULL);"
                           "DELETE FROM event_log WHERE id = 1");
    damage_open_and_salvage(&harness);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM quarantines"
                                 " WHERE typeof(finished_at) = 'integer'"),
                     2);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"),
                     2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_file_that_is_gone_ends_its_salvage)
{
    begin_salvage(100);
    harness_close(&harness);
    ck_assert_int_eq(unlink(damage_path(&harness, ".damaged-1")), 0);
    harness_open(&harness);
    ck_assert_uint_eq(support_log_count(harness.log, "is gone"), 1);
    ck_assert(!harness_stats(&harness).salvaging);
    ck_assert_uint_eq(harness_stats(&harness).salvaged, 100);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_can_not_be_read_is_said_once_and_tried_again)
{
    size_t i;

    begin_salvage(100);
    harness_close(&harness);
    ck_assert_int_eq(chmod(damage_path(&harness, ".damaged-1"), 0), 0);
    ck_assert_int_eq(chmod(damage_path(&harness, ".lock"), 0666), 0);
    ck_assert_int_eq(chmod(harness.path, 0666), 0);
    ck_assert_int_eq(chmod(harness.dir, 0777), 0);
    damage_lose_rights(&harness);
    harness.options.backlog_max = 0;
    harness_open(&harness);
    for (i = 0; i < 5; i++)
        (void)collector_store_maintain(harness.store);
    ck_assert_uint_eq(support_log_count(harness.log, "can't read"), 1);
    ck_assert(harness_stats(&harness).salvaging);
    ck_assert_uint_eq(harness_deliver(&harness, 100), 100);
    damage_regain_rights();
    while (harness_stats(&harness).salvaging)
        ck_assert_ok(collector_store_maintain(harness.store));
    assert_all_accounted_for(0);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("salvage");
    TCase *damage = tcase_create("damage");
    TCase *progress = tcase_create("progress");

    tcase_add_test(damage, test_all_events_survive_a_first_page_of_noise);
    tcase_add_test(damage, test_all_events_survive_a_file_without_its_header);
    tcase_add_loop_test(damage, test_pages_of_noise_cost_only_their_own_events,
                        0, SEED_COUNT);
    tcase_add_loop_test(damage, test_flipped_bits_cost_few_events, 0,
                        SEED_COUNT);
    tcase_add_test(damage, test_without_a_state_all_that_is_there_is_salvaged);
    tcase_add_loop_test(damage, test_a_file_cut_short_gives_what_is_left, 1,
                        10);
    tcase_add_loop_test(
        damage, test_events_behind_a_bad_frame_of_the_log_are_salvaged, 1, 10);
    tcase_add_loop_test(damage, test_a_log_without_its_file_is_salvaged, 0, 2);
    tcase_add_test(damage, test_torn_texts_are_lost_and_not_appended);
    tcase_add_test(progress,
                   test_a_salvage_that_was_killed_goes_on_where_it_was);
    tcase_add_test(progress, test_a_salvage_waits_for_room_and_drops_nothing);
    tcase_add_test(progress, test_a_second_damage_does_not_forget_the_first);
    tcase_add_test(progress,
                   test_a_quarantine_that_is_damaged_itself_is_in_nobodys_way);
    tcase_add_test(progress, test_a_file_that_is_gone_ends_its_salvage);
    tcase_add_test(progress,
                   test_what_can_not_be_read_is_said_once_and_tried_again);
    suite_add_tcase(suite, damage);
    suite_add_tcase(suite, progress);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
