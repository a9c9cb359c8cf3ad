/* SPDX-License-Identifier: MIT */
/*
 * A disk without room costs nothing but time: appends are refused, what was
 * confirmed is read, delivered, marked and pruned, nothing is delivered twice
 * or forgotten, and as soon as there is room events are accepted again, by the
 * same open store.
 */
#include "disk.h"
#include "harness.h"
#include "reserve.h"

#define DISK_SIZE (4 * DISK_MIB)

/** Far more appends than such a disk has room for. */
#define APPEND_COUNT_MAX 100000

static const char *disk;
static struct harness harness;
static const char payload[] =
    "{\"text\":\"some hundred bytes, as a device would send them now and then:"
    " nothing special, but enough to fill a page with a few of them\"}";

/** A store on a disk of its own. @return Whether there could be one. */
static bool
start(int mode)
{
    harness_init(&harness);
    disk = harness.dir;
    if (!disk_mount(disk, DISK_SIZE))
        return false;
    harness.options.mode = (enum collector_write_mode)mode;
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    return true;
}

static int
append(void)
{
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};

    return collector_store_append(harness.store, &event, 1, NULL, NULL);
}

/** Append until there is no room, and say how many were confirmed. */
static int64_t
append_until_full(void)
{
    int64_t count = 0;
    int rc;

    while ((rc = append()) == COLLECTOR_OK && count < APPEND_COUNT_MAX)
        count++;
    ck_assert_error(rc, COLLECTOR_ERR_NOSPACE);
    return count;
}

/** Deliver all that is pending, and see that it is what was confirmed. */
static void
deliver_all(int64_t *delivered, int64_t confirmed)
{
    struct collector_batch *batch;

    while ((batch = harness_fetch(&harness, 100)) != NULL) {
        ck_assert_int_eq(collector_batch_first_id(batch), *delivered + 1);
        *delivered = collector_batch_last_id(batch);
        ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_DELIVERED));
        collector_batch_free(batch);
    }
    ck_assert_int_eq(*delivered, confirmed);
}

static void
assert_sound(int64_t accepted)
{
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    ck_assert_int_eq(harness_int(&harness, "SELECT accepted FROM ledger"),
                     accepted);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT accepted - delivered - dead - dropped"
                                 " - pending FROM ledger"),
                     0);
    ck_assert_int_eq(
        harness_int(&harness, "SELECT count(*) FROM (SELECT first_id,"
                              " lag(last_id) OVER (ORDER BY last_id) AS before"
                              " FROM upload_runs WHERE status <> 'error')"
                              " WHERE first_id <> before + 1"),
        0);
}

START_TEST(test_a_disk_filled_with_events_refuses_and_delivers)
{
    int64_t delivered = 0;
    int64_t confirmed;

    if (!start(_i))
        return;
    confirmed = append_until_full();
    ck_assert_int_gt(confirmed, 1000);
    ck_assert_error(append(), COLLECTOR_ERR_NOSPACE);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     confirmed);
    deliver_all(&delivered, confirmed);
    /* What is delivered makes room, although it is not old enough to go. */
    ck_assert_ok(append());
    assert_sound(confirmed + 1);
    harness_reopen(&harness);
    ck_assert_ok(append());
    assert_sound(confirmed + 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_disk_filled_by_others_is_used_again_as_soon_as_it_can)
{
    int64_t delivered = 0;
    int64_t confirmed = 0;
    int round;

    if (!start(_i))
        return;
    for (round = 0; round < 3; round++) {
        confirmed += 700;
        (void)harness_append(&harness, 700);
        /* Much of it is in the log still, and not one byte is left. */
        disk_fill(disk, 0);
        while (append() == COLLECTOR_OK)
            confirmed++;
        ck_assert_error(append(), COLLECTOR_ERR_NOSPACE);
        deliver_all(&delivered, confirmed);
        disk_fill(disk, 0); /* whatever that has freed */
        while (append() == COLLECTOR_OK)
            confirmed++;
        deliver_all(&delivered, confirmed);
        disk_empty(disk);
        ck_assert_ok(append());
        confirmed++;
        assert_sound(confirmed);
    }
    harness_close(&harness);
}
END_TEST

/** Append as many events at once, each with this payload. */
static int
append_large(size_t count, const char *text)
{
    struct collector_event *events = support_alloc(count * sizeof(*events));
    size_t i;

    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = "d", .kind = "k", .payload = text};
    return collector_store_append(harness.store, events, count, NULL, NULL);
}

START_TEST(test_large_requests_leave_room_to_move_the_log)
{
    const char *text =
        support_format("\"%s\"", support_repeat("some bytes more ", 1250));
    int64_t delivered = 0;
    int64_t confirmed = 0;

    if (!start(_i))
        return;
    while (append_large(20, text) == COLLECTOR_OK)
        confirmed += 20;
    while (append_large(1, text) == COLLECTOR_OK)
        confirmed++;
    while (append() == COLLECTOR_OK)
        confirmed++;
    ck_assert_int_gt(confirmed, 40);
    deliver_all(&delivered, confirmed);
    ck_assert_ok(append());
    assert_sound(confirmed + 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_recovery_needs_no_append)
{
    if (!start(_i))
        return;
    (void)harness_append(&harness, 10);
    disk_fill(disk, 0);
    while (append() == COLLECTOR_OK)
        ;
    ck_assert(harness_stats(&harness).disk_full);
    (void)collector_store_maintain(harness.store);
    ck_assert(harness_stats(&harness).disk_full);
    disk_empty(disk);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert(!harness_stats(&harness).disk_full);
    ck_assert_ok(append());
    harness_close(&harness);
}
END_TEST

START_TEST(test_pruning_commits_on_a_full_disk)
{
    int64_t delivered = 0;

    if (!start(_i))
        return;
    harness_close(&harness);
    harness_stop_clock(&harness);
    harness_open(&harness);
    (void)harness_append(&harness, 2000);
    deliver_all(&delivered, 2000);
    support_clock_advance(&harness.clock,
                          (int64_t)harness.options.retain_ms + 1);
    disk_fill(disk, 0);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_int_lt(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     2000);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_store_opens_on_a_full_disk)
{
    int64_t delivered = 0;

    if (!start(_i))
        return;
    (void)harness_append(&harness, 500);
    harness_close(&harness);
    /* SQLite needs a page or so for its shared memory. */
    disk_fill(disk, 64 * 1024);
    harness_open(&harness);
    ck_assert_error(append(), COLLECTOR_ERR_NOSPACE);
    deliver_all(&delivered, 500);
    disk_empty(disk);
    ck_assert_ok(append());
    assert_sound(501);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_reserve_goes_with_the_store)
{
    if (!start(0))
        return;
    ck_assert_int_gt(support_file_size(support_format(
                         "%s%s", harness.path, COLLECTOR_RESERVE_SUFFIX)),
                     100000);
    harness_close(&harness);
    ck_assert_int_eq(support_file_size(support_format(
                         "%s%s", harness.path, COLLECTOR_RESERVE_SUFFIX)),
                     -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("disk_full");
    TCase *tcase = tcase_create("disk full");

    tcase_add_loop_test(
        tcase, test_a_disk_filled_with_events_refuses_and_delivers, 0, 3);
    tcase_add_loop_test(
        tcase, test_a_disk_filled_by_others_is_used_again_as_soon_as_it_can, 0,
        3);
    tcase_add_loop_test(tcase, test_large_requests_leave_room_to_move_the_log,
                        0, 3);
    tcase_add_loop_test(tcase, test_recovery_needs_no_append, 0, 3);
    tcase_add_loop_test(tcase, test_pruning_commits_on_a_full_disk, 0, 3);
    tcase_add_loop_test(tcase, test_a_store_opens_on_a_full_disk, 0, 3);
    tcase_add_test(tcase, test_the_reserve_goes_with_the_store);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
