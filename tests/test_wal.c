/* SPDX-License-Identifier: MIT */
/*
 * The write-ahead log does not grow without bound, whether an uploader is there
 * or not; where somebody else's reader makes it grow, the store says since
 * when; and moving its pages costs nobody an event.
 */
#include "crew.h"
#include "damage.h"

/** What the log may reach: a group or two past the bound at which the write
 *  path moves it, and never twice that. */
#define WAL_SIZE_MAX                                                           \
    (2 * (int64_t)COLLECTOR_WAL_PAGES_MAX * COLLECTOR_PAGE_SIZE)

/** Events of one append_pages(), each in a commit of its own, and how many of
 *  those take the log to its bound: a commit is two pages and more. */
#define EVENT_COUNT 20
#define APPENDS_TO_BOUND (COLLECTOR_WAL_PAGES_MAX / 2 / EVENT_COUNT)

static int64_t
wal_file_size(struct harness *harness)
{
    return support_file_size(support_path(harness->dir, "events.sqlite-wal"));
}

/** Append some 40 pages. */
static void
append_pages(struct harness *harness)
{
    char payload[3000];
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};
    int i;

    memset(payload, 'x', sizeof(payload));
    payload[0] = payload[sizeof(payload) - 2] = '"';
    payload[sizeof(payload) - 1] = '\0';
    for (i = 0; i < EVENT_COUNT; i++)
        ck_assert_ok(
            collector_store_append(harness->store, &event, 1, NULL, NULL));
}

static void
start(struct harness *harness, int mode)
{
    harness_prepare(harness, mode);
    harness_open(harness);
}

START_TEST(test_the_log_is_bounded_without_an_uploader)
{
    struct harness harness;
    int64_t largest = 0;
    int i;

    start(&harness, _i);
    for (i = 0; i < 3 * APPENDS_TO_BOUND; i++) {
        append_pages(&harness);
        if (wal_file_size(&harness) > largest)
            largest = wal_file_size(&harness);
    }
    ck_assert_int_gt(largest, WAL_SIZE_MAX / 4); /* it was put to the test */
    ck_assert_int_lt(largest, WAL_SIZE_MAX);
    ck_assert_int_lt((int64_t)harness_stats(&harness).wal_size, WAL_SIZE_MAX);
    ck_assert_uint_eq(harness_stats(&harness).wal_pinned_ms, 0);
    harness_assert_contiguous(&harness, i * EVENT_COUNT);
    harness_close(&harness);
}
END_TEST

static void
append_many(void *userdata, size_t number)
{
    int i;

    (void)number;
    for (i = 0; i < 3 * APPENDS_TO_BOUND / 8; i++)
        append_pages(userdata);
}

START_TEST(test_the_log_is_bounded_under_threads)
{
    struct harness harness;

    start(&harness, _i);
    crew_run(8, append_many, &harness);
    ck_assert_int_lt(wal_file_size(&harness), WAL_SIZE_MAX);
    harness_assert_contiguous(&harness, 8 * (3 * APPENDS_TO_BOUND / 8) *
                                            (int64_t)EVENT_COUNT);
    harness_close(&harness);
}
END_TEST

START_TEST(test_maintain_moves_the_log_beside_appends)
{
    struct harness harness;

    start(&harness, _i);
    ck_assert_ok(collector_store_maintain(harness.store)); /* nothing to do */
    while (!collector__wal_worth(&harness.store->database.wal))
        append_pages(&harness);
    ck_assert(!collector__wal_due(&harness.store->database));
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert(!collector__wal_worth(&harness.store->database.wal));
    ck_assert_uint_eq(atomic_load(&harness.store->database.wal.due_at),
                      COLLECTOR_WAL_PAGES_MAX); /* appends wait no sooner */
    /* All of it is in the main file: its pages are enough to read it. */
    ck_assert_int_gt(support_file_size(harness.path),
                     (COLLECTOR_WAL_PAGES_MAX / COLLECTOR_WAL_MAINTAIN_PART) *
                         COLLECTOR_PAGE_SIZE / 5);
    harness_close(&harness);
}
END_TEST

/** Somebody else's read transaction. */
struct reader {
    sqlite3 *db;
    sqlite3_stmt *statement;
};

/** Open one, and append until it is noticed, perhaps beside an uploader that
 *  does what is due. */
static void
pin(struct harness *harness, struct reader *reader, bool maintained)
{
    int i;

    ck_assert_int_eq(sqlite3_open(harness->path, &reader->db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(reader->db, "SELECT id FROM event_log",
                                        -1, &reader->statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(reader->statement), SQLITE_ROW);
    for (i = 0;
         i < 2 * APPENDS_TO_BOUND && harness_stats(harness).wal_pinned_ms == 0;
         i++) {
        append_pages(harness);
        if (maintained)
            ck_assert_ok(collector_store_maintain(harness->store));
    }
    ck_assert_uint_gt(harness_stats(harness).wal_pinned_ms, 0);
}

static void
unpin(struct reader *reader)
{
    (void)sqlite3_finalize(reader->statement);
    (void)sqlite3_close(reader->db);
}

START_TEST(test_a_reader_that_pins_the_log_is_noticed)
{
    struct harness harness;
    struct reader reader;
    int i;

    start(&harness, _i);
    append_pages(&harness);
    pin(&harness, &reader, false);
    support_clock_advance(&harness.clock, 60000);
    append_pages(&harness); /* and on: a reader stops nobody */
    ck_assert_uint_ge(harness_stats(&harness).wal_pinned_ms, 60000);
    ck_assert_uint_le(harness_stats(&harness).wal_pinned_ms, 60001);

    unpin(&reader);
    for (i = 0;
         i < APPENDS_TO_BOUND && harness_stats(&harness).wal_pinned_ms != 0;
         i++)
        append_pages(&harness);
    ck_assert_uint_eq(harness_stats(&harness).wal_pinned_ms, 0);
    for (i = 0; i < 2 * APPENDS_TO_BOUND; i++)
        append_pages(&harness);
    ck_assert_int_lt((int64_t)harness_stats(&harness).wal_size, WAL_SIZE_MAX);
    harness_close(&harness);
}
END_TEST

START_TEST(test_maintain_does_not_hide_a_pinned_log)
{
    struct harness harness;
    struct reader reader;

    start(&harness, _i);
    append_pages(&harness);
    pin(&harness, &reader, true);
    unpin(&reader);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_pinned_log_is_let_go_by_maintain_too)
{
    struct harness harness;
    struct reader reader;

    start(&harness, _i);
    append_pages(&harness);
    pin(&harness, &reader, false);
    unpin(&reader);
    ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_uint_eq(harness_stats(&harness).wal_pinned_ms, 0);
    harness_close(&harness);
}
END_TEST

/** Not only when it has grown: who lets go of it may be back soon. */
START_TEST(test_a_pinned_log_is_tried_again_and_again)
{
    struct harness harness;
    struct reader reader;

    start(&harness, _i);
    append_pages(&harness);
    pin(&harness, &reader, false);
    unpin(&reader);
    harness_append(&harness, 1);
    ck_assert_uint_gt(harness_stats(&harness).wal_pinned_ms, 0);
    support_clock_advance(&harness.clock, COLLECTOR_WAL_RETRY_MS);
    harness_append(&harness, 1);
    ck_assert_uint_eq(harness_stats(&harness).wal_pinned_ms, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_lies_in_the_log_survives_without_a_close)
{
    struct harness harness;
    struct harness copy;

    start(&harness, _i);
    append_pages(&harness);
    ck_assert_uint_eq(harness_deliver(&harness, 5), 5);
    damage_crash(&copy, &harness);
    harness_open(&copy);
    ck_assert_uint_eq(harness_stats(&copy).delivered, 5);
    ck_assert_uint_eq(harness_stats(&copy).pending, EVENT_COUNT - 5);
    ck_assert_int_eq(harness_append(&copy, 1), EVENT_COUNT + 1);
    harness_close(&copy);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("wal");
    TCase *bound = tcase_create("bound");
    TCase *pinned = tcase_create("pinned");

    tcase_add_loop_test(bound, test_the_log_is_bounded_without_an_uploader, 0,
                        3);
    tcase_add_loop_test(bound, test_the_log_is_bounded_under_threads, 0, 3);
    tcase_add_loop_test(bound, test_maintain_moves_the_log_beside_appends, 0,
                        3);
    tcase_add_loop_test(
        bound, test_what_lies_in_the_log_survives_without_a_close, 0, 3);
    tcase_add_loop_test(pinned, test_a_reader_that_pins_the_log_is_noticed, 0,
                        3);
    tcase_add_loop_test(pinned, test_maintain_does_not_hide_a_pinned_log, 0, 3);
    tcase_add_loop_test(pinned, test_a_pinned_log_is_let_go_by_maintain_too, 0,
                        3);
    tcase_add_loop_test(pinned, test_a_pinned_log_is_tried_again_and_again, 0,
                        3);
    suite_add_tcase(suite, bound);
    suite_add_tcase(suite, pinned);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
