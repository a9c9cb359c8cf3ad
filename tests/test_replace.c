/* SPDX-License-Identifier: MIT */
/*
 * A file that is damaged while the store is in use is replaced under
 * everybody's hands: appends go on, each event that was acknowledged is in the
 * new file or counted as lost, and nothing of the old file is settled in the
 * new one.
 */
#include "crew.h"
#include "damage.h"

#include "replace.h"

#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE 4096
#define EVENT_COUNT 20000
#define THREAD_COUNT 4
#define APPENDS_PER_THREAD 150

static struct harness harness;
static _Atomic uint64_t acknowledged;

/** A store in use, and noise from its third page on: all that is cached of it
 *  is its beginning. */
static void
open_and_spoil(enum collector_write_mode mode, enum collector_damage on_damage,
               int64_t count)
{
    damage_store_new(&harness, count, 0, false);
    support_log_expect_errors(harness.log);
    harness.options.mode = mode;
    harness.options.on_damage = on_damage;
    harness_stop_clock(&harness);
    harness_open(&harness);
    ck_assert_uint_eq(harness_stats(&harness).pending, (uint64_t)count);
    bytes_spoil(harness.path, 8 * PAGE_SIZE,
                (size_t)support_file_size(harness.path) / 3, 5);
}

/** Append one event after the other; not all need succeed. */
static void
append_many(void *userdata, size_t number)
{
    size_t i;

    (void)userdata;
    for (i = 0; i < APPENDS_PER_THREAD; i++) {
        const struct collector_event event = {
            .device_id = "device",
            .kind = "kind",
            .payload = support_format("{\"thread\":%zu,\"i\":%zu}", number, i)};

        if (collector_store_append(harness.store, &event, 1, NULL, NULL) ==
            COLLECTOR_OK)
            atomic_fetch_add(&acknowledged, 1);
        if (number == 0 && i % 30 == 20) {
            const struct collector_batch_limits limits = {500, 100000};
            struct collector_batch *batch = NULL;

            (void)collector_store_fetch(harness.store, &limits, &batch);
            collector_batch_free(batch);
        }
        if (number == 1)
            (void)harness_stats(&harness);
    }
}

START_TEST(test_a_file_is_replaced_while_appends_go_on)
{
    char before[37];
    int64_t there;

    open_and_spoil((enum collector_write_mode)_i, COLLECTOR_DAMAGE_QUARANTINE,
                   EVENT_COUNT);
    memcpy(before, harness_stats(&harness).collector_id, sizeof(before));
    atomic_store(&acknowledged, EVENT_COUNT);
    crew_run(THREAD_COUNT, append_many, NULL);
    ck_assert_uint_ge(atomic_load(&acknowledged),
                      EVENT_COUNT + THREAD_COUNT * APPENDS_PER_THREAD / 2);
    while (harness_stats(&harness).salvaging)
        ck_assert_ok(collector_store_maintain(harness.store));
    there = harness_int(&harness,
                        "SELECT count(DISTINCT payload_json) FROM event_log");
    ck_assert_int_eq(there,
                     harness_int(&harness, "SELECT count(*) FROM event_log"));
    ck_assert_uint_ge((uint64_t)there + harness_stats(&harness).salvage_lost,
                      atomic_load(&acknowledged));
    ck_assert_uint_lt(harness_stats(&harness).salvage_lost, EVENT_COUNT / 2);
    ck_assert_uint_gt(harness_stats(&harness).salvage_lost, 0);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"),
                     1);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT previous_collector_id FROM state"),
        before);
    ck_assert_str_ne(harness_stats(&harness).collector_id, before);
    ck_assert_int_gt(support_file_size(damage_path(&harness, ".damaged-1")), 0);
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_deliver(&harness, 100), 100);
    harness_close(&harness);
}
END_TEST

/** Damage that shows once the batch before it is out. */
static struct collector_batch *
fetch_before_damage(void)
{
    struct collector_batch *batch;

    damage_store_new(&harness, EVENT_COUNT, 0, false);
    support_log_expect_errors(harness.log);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness_open(&harness);
    batch = harness_fetch(&harness, 10);
    ck_assert_ptr_nonnull(batch);
    bytes_spoil(harness.path, 8 * PAGE_SIZE,
                (size_t)support_file_size(harness.path) / 2, 5);
    return batch;
}

START_TEST(test_a_batch_of_the_old_file_settles_nothing_in_the_new_one)
{
    struct collector_batch *batch = fetch_before_damage();
    const struct collector_delivery delivery = {.result = COLLECTOR_DELIVERED};

    /* The delivery's own checkpoint may be what finds the damage, too. */
    ck_assert(collector__replace(harness.store, harness.store->generation,
                                 COLLECTOR_ERR_CORRUPT));
    ck_assert_error(collector_store_checkpoint(harness.store, batch, &delivery),
                    COLLECTOR_ERR_INVALID);
    ck_assert_uint_eq(harness_stats(&harness).delivered, 0);
    collector_batch_free(batch);
    ck_assert_int_eq(harness_int(&harness, "SELECT settled_through FROM state"),
                     0);
    harness_append(&harness, 3);
    ck_assert_uint_ge(harness_deliver(&harness, 3), 3);
    harness_close(&harness);
}
END_TEST

START_TEST(test_many_who_find_the_damage_replace_the_file_once)
{
    const uint64_t generation = 0;

    open_and_spoil(COLLECTOR_MODE_GROUP, COLLECTOR_DAMAGE_QUARANTINE,
                   EVENT_COUNT);
    ck_assert(
        collector__replace(harness.store, generation, COLLECTOR_ERR_CORRUPT));
    ck_assert(
        collector__replace(harness.store, generation, COLLECTOR_ERR_CORRUPT));
    ck_assert(!collector__replace(harness.store, generation, COLLECTOR_ERR_IO));
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".damaged-2")),
                     -1);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"),
                     1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_an_append_that_finds_the_damage_is_kept_in_the_new_file)
{
    size_t size;

    damage_store_new(&harness, EVENT_COUNT, 0, false);
    support_log_expect_errors(harness.log);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    harness_open(&harness);
    size = (size_t)support_file_size(harness.path);
    /* The last leaf is what an append reads first. */
    bytes_spoil(harness.path, size / 2, size / 2, 5);
    ck_assert_ok(harness_try(&harness, "found it"));
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"
                                           " WHERE kind = 'found it'"),
                     1);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM quarantines"),
                     1);
    harness_close(&harness);
}
END_TEST

/** What a fetch says; nothing stays out. */
static int
try_fetch(void)
{
    const struct collector_batch_limits limits = {5000, 1000000};
    struct collector_batch *batch = NULL;
    const int rc = collector_store_fetch(harness.store, &limits, &batch);

    collector_batch_free(batch);
    return rc;
}

START_TEST(test_another_file_in_its_place_is_not_the_one_that_was_closed)
{
    open_and_spoil(COLLECTOR_MODE_GROUP, COLLECTOR_DAMAGE_QUARANTINE,
                   EVENT_COUNT);
    harness.store->database.clean = true; /* as after a close in good order */
    ck_assert(collector__replace(harness.store, 0, COLLECTOR_ERR_CORRUPT));
    ck_assert(!harness.store->database.clean);
    harness_close(&harness);
}
END_TEST

START_TEST(test_without_quarantine_the_damage_is_said_once)
{
    size_t i;

    open_and_spoil(COLLECTOR_MODE_GROUP, COLLECTOR_DAMAGE_REFUSE, EVENT_COUNT);
    for (i = 0; i < 3; i++)
        ck_assert_error(try_fetch(), COLLECTOR_ERR_CORRUPT);
    ck_assert_uint_eq(support_log_count(harness.log, "would be quarantined"),
                      1);
    ck_assert_int_eq(support_file_size(damage_path(&harness, ".damaged-1")),
                     -1);
    /* A receipt for what may never be read again would be worth nothing. */
    ck_assert_error(harness_try(&harness, "kind"), COLLECTOR_ERR_CORRUPT);
    ck_assert(!harness_stats(&harness).storage_ok);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_file_that_can_not_be_replaced_is_tried_again_each_second)
{
    size_t i;

    open_and_spoil((enum collector_write_mode)_i, COLLECTOR_DAMAGE_QUARANTINE,
                   EVENT_COUNT / 4);
    ck_assert_int_eq(chmod(harness.dir, 0555), 0);
    damage_lose_rights(&harness);
    ck_assert_uint_eq(harness_stats(&harness).pending, EVENT_COUNT / 4);
    for (i = 0; i < 20; i++) {
        ck_assert_error(try_fetch(), COLLECTOR_ERR_CORRUPT);
        if (getuid() == 0) { /* it can't even be opened again */
            ck_assert_error(harness_try(&harness, "kind"),
                            COLLECTOR_ERR_CORRUPT);
            (void)collector_store_maintain(harness.store);
        }
        if (getuid() == 0) {
            ck_assert(!harness_stats(&harness).storage_ok);
            ck_assert_uint_eq(harness_stats(&harness).pending, EVENT_COUNT / 4);
        }
    }
    ck_assert_uint_eq(
        support_log_count(harness.log, "events.sqlite.fresh: Permission"), 1);
    damage_regain_rights();
    ck_assert_int_eq(chmod(harness.dir, 0700), 0);
    ck_assert_error(try_fetch(), COLLECTOR_ERR_CORRUPT); /* not yet */
    support_clock_advance(&harness.clock, COLLECTOR_REPLACE_MS);
    ck_assert_ok(try_fetch());
    ck_assert_ok(harness_try(&harness, "kind"));
    while (harness_stats(&harness).salvaging)
        ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).salvaged +
                          harness_stats(&harness).salvage_lost,
                      EVENT_COUNT / 4);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("replace");
    TCase *use = tcase_create("in use");

    tcase_add_loop_test(use, test_a_file_is_replaced_while_appends_go_on,
                        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_CONCURRENT + 1);
    tcase_add_loop_test(
        use, test_an_append_that_finds_the_damage_is_kept_in_the_new_file,
        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_CONCURRENT + 1);
    tcase_add_test(use,
                   test_a_batch_of_the_old_file_settles_nothing_in_the_new_one);
    tcase_add_test(use, test_many_who_find_the_damage_replace_the_file_once);
    tcase_add_test(
        use, test_another_file_in_its_place_is_not_the_one_that_was_closed);
    tcase_add_test(use, test_without_quarantine_the_damage_is_said_once);
    tcase_add_loop_test(
        use, test_a_file_that_can_not_be_replaced_is_tried_again_each_second,
        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_CONCURRENT + 1);
    suite_add_tcase(suite, use);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
