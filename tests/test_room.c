/* SPDX-License-Identifier: MIT */
/*
 * size_max holds at every moment, whatever is appended, in every mode: main
 * file and log together, as stat(2) sees them. At the limit what is settled
 * makes room, then dead letters do; only then is anything refused, and what is
 * refused has left nothing.
 */
#include "account.h"
#include "crew.h"
#include "harness.h"

#include <stdio.h>

#define SIZE_MAX_TESTED COLLECTOR_STORE_SIZE_MIN

/** What can be told from its number: three modes, two policies, with an index
 *  on the devices or without. */
#define VARIANT_COUNT 12

#define APPEND_COUNT 160
#define THREAD_COUNT 8
#define DEVICE_COUNT 400

static struct harness harness;

static void
start(int variant)
{
    harness_prepare(&harness, variant % 3);
    harness.options.overflow = variant / 3 % 2 == 0
                                   ? COLLECTOR_OVERFLOW_REJECT
                                   : COLLECTOR_OVERFLOW_DROP_OLDEST;
    harness.options.indexed = variant / 6 != 0;
    harness.options.size_max = SIZE_MAX_TESTED;
    harness_open(&harness);
}

static void
assert_size(void)
{
    ck_assert_int_le(harness_file_size(&harness),
                     (int64_t)harness.options.size_max);
}

/** The i-th append of a load: single events and batches, of a byte or two and
 *  of all that one may have, of many devices. */
static int
append_some(size_t i)
{
    static const struct {
        size_t count;
        size_t payload_size;
    } shapes[] = {
        {1, 2},    {1, 200},  {30, 100},  {1, COLLECTOR_PAYLOAD_SIZE_MAX},
        {8, 4070}, {2, 3000}, {1, 20000}, {50, 2}};
    const size_t shape = i * 7 % (sizeof(shapes) / sizeof(shapes[0]));

    return harness_fill(&harness,
                        support_format("device-%zu", i * 131 % DEVICE_COUNT),
                        shapes[shape].count, shapes[shape].payload_size);
}

START_TEST(test_no_append_passes_the_limit)
{
    uint64_t refused = 0;
    size_t i;
    int rc;

    start(_i);
    for (i = 0; i < APPEND_COUNT; i++) {
        rc = append_some(i);
        assert_size();
        if (rc != COLLECTOR_OK) {
            ck_assert_error(rc, COLLECTOR_ERR_FULL);
            refused++;
        }
        if (rc != COLLECTOR_OK || i % 40 == 39) {
            (void)harness_deliver(&harness, 50);
            assert_size();
            ck_assert_ok(collector_store_maintain(harness.store));
            assert_size();
        }
    }
    if (harness.options.overflow == COLLECTOR_OVERFLOW_REJECT)
        ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    else
        ck_assert_uint_eq(refused, 0);
    ck_assert_uint_gt(refused + harness_stats(&harness).dropped, 0);
    account_assert_kept(harness.path);
    harness_close(&harness);
    assert_size();
}
END_TEST

/** A batch in which every event is of another device, with a long name: each
 *  writes another page of an index. */
static int
append_devices(size_t i)
{
    enum { COUNT = 50 };
    struct collector_event events[COUNT];
    char ids[COUNT][COLLECTOR_DEVICE_ID_SIZE_MAX];
    size_t j;

    for (j = 0; j < COUNT; j++) {
        (void)snprintf(ids[j], sizeof(ids[j]), "%0200zu",
                       (i * COUNT + j) * 7919 % 200);
        events[j] = (struct collector_event){.device_id = ids[j], .kind = "k"};
    }
    return collector_store_append(harness.store, events, COUNT, NULL, NULL);
}

START_TEST(test_many_devices_do_not_pass_the_limit)
{
    size_t i;
    size_t j;
    int rc;

    start(_i);
    for (i = 0; i < APPEND_COUNT / 2; i++) {
        for (j = 0; j < i % 8; j++) /* what lies in the log before differs */
            (void)harness_fill(&harness, "d", 1, 2);
        rc = append_devices(i);
        assert_size();
        if (rc != COLLECTOR_OK) {
            ck_assert_error(rc, COLLECTOR_ERR_FULL);
            ck_assert_int_eq(harness.options.overflow,
                             COLLECTOR_OVERFLOW_REJECT);
            (void)harness_deliver(&harness, 1000);
            assert_size();
        }
    }
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

struct load {
    _Atomic uint64_t refused;
    _Atomic size_t working;
    _Atomic int64_t largest;
};

static void
watch(struct load *load)
{
    bool over;

    do { /* also once at the end, when the file is largest */
        int64_t size;

        over = atomic_load(&load->working) == 0;
        size = harness_file_size(&harness);
        if (size > atomic_load(&load->largest))
            atomic_store(&load->largest, size);
        support_pause();
    } while (!over);
}

/** Append one that may be refused; where the oldest are dropped, only when it
 * has waited for a reader that holds the log, and then it is tried again. */
static int
append_against_readers(size_t i)
{
    const bool drops =
        harness.options.overflow == COLLECTOR_OVERFLOW_DROP_OLDEST;
    int64_t began_ms;
    int rc;

    do {
        began_ms = support_now_ms();
        rc = append_some(i);
    } while (drops && rc == COLLECTOR_ERR_FULL &&
             support_now_ms() - began_ms >= COLLECTOR_WAL_ROOM_MS);
    return rc;
}

/** The first watches, the second delivers, the others append. */
static void
work(void *userdata, size_t number)
{
    struct load *load = userdata;
    size_t i;
    int rc;

    if (number == 0) {
        watch(load);
        return;
    }
    for (i = 0; i < APPEND_COUNT / THREAD_COUNT; i++) {
        rc = number == 1 ? COLLECTOR_OK
                         : append_against_readers(i * THREAD_COUNT + number);
        if (rc == COLLECTOR_ERR_FULL)
            atomic_fetch_add(&load->refused, 1);
        else
            ck_assert_ok(rc);
        if (number == 1) {
            (void)harness_deliver(&harness, 20);
            ck_assert_ok(collector_store_maintain(harness.store));
        }
    }
    atomic_fetch_sub(&load->working, 1);
}

START_TEST(test_threads_do_not_pass_the_limit)
{
    struct load load = {.working = THREAD_COUNT - 1};

    start(_i);
    crew_run(THREAD_COUNT, work, &load);
    ck_assert_int_gt(atomic_load(&load.largest), SIZE_MAX_TESTED / 4);
    ck_assert_int_le(atomic_load(&load.largest), SIZE_MAX_TESTED);
    if (harness.options.overflow == COLLECTOR_OVERFLOW_DROP_OLDEST)
        ck_assert_uint_eq(atomic_load(&load.refused), 0);
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

/** Append until there is no room, and say how many were confirmed. */
static uint64_t
fill_up(size_t payload_size)
{
    uint64_t count = 0;
    int rc;

    while ((rc = harness_fill(&harness, "d", 1, payload_size)) == COLLECTOR_OK)
        count++;
    ck_assert_error(rc, COLLECTOR_ERR_FULL);
    return count;
}

START_TEST(test_a_full_file_accepts_again_after_delivery)
{
    uint64_t count;

    start(_i);
    count = fill_up(1000);
    ck_assert_uint_gt(count * 1000, SIZE_MAX_TESTED / 2);
    ck_assert_error(harness_fill(&harness, "d", 1, 1000), COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).accepted, count);
    ck_assert(harness_stats(&harness).storage_ok);
    ck_assert_int_eq(
        harness_int(&harness, "SELECT max(id) = count(*) FROM event_log"), 1);
    ck_assert_uint_eq(harness_deliver(&harness, 50), 50);
    ck_assert_ok(harness_fill(&harness, "d", 1, 1000));
    ck_assert_uint_eq(harness_stats(&harness).accepted, count + 1);
    ck_assert_uint_ge(fill_up(1000), 20);
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_settled_events_go_before_anything_is_refused)
{
    uint64_t count;
    uint64_t more;

    start(_i);
    harness_close(&harness);
    harness.options.retain_ms = COLLECTOR_RETAIN_FOREVER;
    harness_open(&harness);
    count = fill_up(1000);
    while (harness_deliver(&harness, 100) > 0)
        ;
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     (int64_t)count); /* nobody needs the room yet */
    more = fill_up(1000);
    ck_assert_uint_ge(more + 50, count);
    ck_assert_uint_eq(harness_stats(&harness).pending, more);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM backlog"),
                     (int64_t)more);
    ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    harness_close(&harness);
}
END_TEST

/** Bury the oldest events. */
static void
bury(size_t count)
{
    struct collector_batch *batch;

    while (count-- > 0) {
        batch = harness_fetch(&harness, 1);
        ck_assert_ok(harness_checkpoint(&harness, batch, COLLECTOR_REJECTED));
        collector_batch_free(batch);
    }
}

static int64_t
letter_count(void)
{
    return harness_int(&harness, "SELECT count(*) FROM dead_letters d"
                                 " JOIN event_log e ON e.id = d.event_id");
}

START_TEST(test_dead_letters_go_after_settled_events)
{
    enum { LETTERS = COLLECTOR_DEAD_IN_A_ROW_MAX };
    uint64_t count;

    start(_i);
    ck_assert_ok(harness_fill(&harness, "d", LETTERS, 3000));
    bury(LETTERS);
    count = fill_up(1000);
    ck_assert_int_eq(letter_count(), 0); /* before a refusal */
    ck_assert_uint_eq(harness_stats(&harness).dead, LETTERS);
    while (harness_deliver(&harness, 100) > 0)
        ;
    ck_assert_ok(harness_fill(&harness, "d", LETTERS, 1000));
    bury(LETTERS);
    while (harness_stats(&harness).pending < count / 2)
        ck_assert_ok(harness_fill(&harness, "d", 1, 1000));
    ck_assert_int_eq(letter_count(), LETTERS); /* there was enough to prune */
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_can_never_fit_is_too_big)
{
    uint64_t count;
    size_t size;
    int rc;

    start(_i);
    count = fill_up(1000);
    ck_assert_error(harness_fill(&harness, "d", 16, COLLECTOR_PAYLOAD_SIZE_MAX),
                    COLLECTOR_ERR_TOO_BIG);
    while (harness_deliver(&harness, 100) > 0)
        ;
    /* What is not too big fits as soon as all is delivered. */
    for (size = 2000; size < 60000; size += 2000) {
        rc = harness_fill(&harness, "d", 4, size);
        if (rc == COLLECTOR_ERR_TOO_BIG)
            break;
        ck_assert_ok(rc);
        assert_size();
        ck_assert_uint_eq(harness_deliver(&harness, 4), 4);
    }
    ck_assert_uint_gt(size, 12000);
    ck_assert_uint_lt(size, 60000);
    ck_assert_uint_gt(count, 0);
    harness_close(&harness);
}
END_TEST

/** A read transaction of somebody else's. */
static sqlite3 *
pin(void)
{
    sqlite3 *reader = NULL;

    ck_assert_int_eq(sqlite3_open(harness.path, &reader), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(reader, "BEGIN; SELECT * FROM state", NULL, NULL, NULL),
        SQLITE_OK);
    return reader;
}

START_TEST(test_a_reader_that_pins_the_log_costs_no_event)
{
    sqlite3 *reader;
    uint64_t pinned;

    start(_i);
    ck_assert_ok(harness_fill(&harness, "d", 20, 1000));
    reader = pin();
    pinned = fill_up(3000);
    assert_size();
    ck_assert_uint_gt(pinned, 10);
    ck_assert_error(harness_fill(&harness, "d", 1, 3000), COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).pending, pinned + 20);
    ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    assert_size();
    ck_assert_uint_eq(harness_deliver(&harness, 10), 10);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).delivered, 10);
    (void)sqlite3_close(reader);
    ck_assert_ok(harness_fill(&harness, "d", 1, 1000));
    ck_assert_uint_eq(harness_stats(&harness).pending, pinned + 11);
    assert_size();
    account_assert_kept(harness.path);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_larger_file_shrinks_to_a_smaller_limit)
{
    int64_t before;
    int i;

    start(_i);
    harness_close(&harness);
    harness.options.size_max = 0;
    harness_open(&harness);
    for (i = 0; i < 40; i++)
        ck_assert_ok(harness_fill(&harness, "d", 20, 4000));
    harness_close(&harness);
    before = harness_file_size(&harness);
    ck_assert_int_gt(before, 3 * SIZE_MAX_TESTED);
    harness.options.size_max = SIZE_MAX_TESTED;
    harness_open(&harness);
    if (harness.options.overflow == COLLECTOR_OVERFLOW_REJECT)
        ck_assert_error(harness_fill(&harness, "d", 1, 1000),
                        COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    while (harness_deliver(&harness, 20) > 0)
        ck_assert_int_le(harness_file_size(&harness),
                         before + SIZE_MAX_TESTED / 2);
    ck_assert_eventually(collector_store_maintain(harness.store) ==
                             COLLECTOR_OK &&
                         harness_fill(&harness, "d", 1, 1000) == COLLECTOR_OK);
    assert_size();
    ck_assert_uint_eq(harness_stats(&harness).dropped, 0);
    account_assert_kept(harness.path);
    harness_close(&harness);
    assert_size();
}
END_TEST

START_TEST(test_idempotency_keys_do_not_take_all_the_room)
{
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    int i;

    start(_i);
    for (i = 0; i < 10000; i++) {
        ck_assert_ok(collector_store_append(
            harness.store, &event, 1,
            support_format("a key of the usual length, as UUIDs are %d", i),
            NULL));
        if (i % 100 == 99)
            ck_assert_uint_eq(harness_deliver(&harness, 100), 100);
    }
    assert_size();
    ck_assert_uint_gt(fill_up(1000) * 1000, SIZE_MAX_TESTED / 3);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("room");
    TCase *limit = tcase_create("limit");
    TCase *refusal = tcase_create("refusal");

    tcase_set_timeout(limit, 100);
    tcase_add_loop_test(limit, test_no_append_passes_the_limit, 0,
                        VARIANT_COUNT);
    tcase_add_loop_test(limit, test_many_devices_do_not_pass_the_limit, 0,
                        VARIANT_COUNT);
    tcase_add_loop_test(limit, test_threads_do_not_pass_the_limit, 0,
                        VARIANT_COUNT);
    tcase_add_loop_test(limit, test_a_larger_file_shrinks_to_a_smaller_limit, 0,
                        VARIANT_COUNT);
    tcase_set_timeout(refusal, 100);
    tcase_add_loop_test(refusal, test_a_full_file_accepts_again_after_delivery,
                        0, 3);
    tcase_add_loop_test(
        refusal, test_settled_events_go_before_anything_is_refused, 0, 3);
    tcase_add_loop_test(refusal, test_dead_letters_go_after_settled_events, 0,
                        3);
    tcase_add_loop_test(refusal, test_what_can_never_fit_is_too_big, 0, 3);
    tcase_add_loop_test(refusal, test_a_reader_that_pins_the_log_costs_no_event,
                        0, VARIANT_COUNT / 2);
    tcase_add_test(refusal, test_idempotency_keys_do_not_take_all_the_room);
    suite_add_tcase(suite, limit);
    suite_add_tcase(suite, refusal);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
