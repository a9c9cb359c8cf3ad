/* SPDX-License-Identifier: MIT */
/*
 * A file tells by itself whether there is room for more: for events, within
 * what its collector was told, for its log, and on its disk. It is called full
 * when the library refuses events, and not while something gives way.
 */
#include "mcp/view.h"

#include <unistd.h>

#define FULL "the buffer is full, "
#define NEARLY_FULL "the buffer has room for only "
#define SIZE_MAX_LEAST COLLECTOR_STORE_SIZE_MIN

/** Assert whether a file of that size at most is called full. */
static void
check_full(bool full)
{
    const struct standing standing = view_look(0, SIZE_MAX_LEAST);

    ck_assert(view_says(&standing.reasons, FULL) == full);
    ck_assert(!full || !standing.ok);
}

/** A log that is so large and not held starts again. */
#define WAL_SIZE_MAX (64 * 1024 * 1024)

/** Have the log take so many bytes, as if a reader held it. */
static void
set_log_size(int64_t size)
{
    ck_assert_int_eq(truncate(support_format("%s-wal", mcp_db), size), 0);
}

START_TEST(test_full_buffer_is_said_to_be_full)
{
    struct standing standing;

    view_fill();
    standing = view_look(300, 0);
    ck_assert(!standing.ok);
    ck_assert_contains(standing.reasons.text[0],
                       "the buffer is full, 300 of 300 events");
}
END_TEST

/** How events come: each with an index on devices or not, one at a time or many
 *  of them with a key, as large as that. */
static const struct {
    bool indexed;
    size_t event_count;
    size_t payload_size;
    const char *key;
} ways[] = {{false, 1, 20000, NULL},
            {false, 1, 600, NULL},
            {false, 40, 600, "k"},
            {true, 1, 20000, NULL}};

START_TEST(test_file_that_refuses_events_is_said_to_be_full)
{
    struct standing standing;

    mcp_limit(SIZE_MAX_LEAST, ways[_i].indexed);
    mcp_append("a", "k", NULL, 0);
    check_full(false);
    mcp_fill(ways[_i].event_count, ways[_i].payload_size, ways[_i].key);
    standing = view_look(0, SIZE_MAX_LEAST);
    ck_assert(!standing.ok);
    ck_assert(view_says(
        &standing.reasons,
        support_format(FULL "%lld of 1048576 bytes",
                       (long long)(standing.file_size + standing.wal_size))));
    ck_assert(!view_says(&standing.warnings, NEARLY_FULL));
    standing = view_look(0, 0);
    ck_assert(!view_says(&standing.reasons, FULL));
    standing = view_look(0, 2 * SIZE_MAX_LEAST);
    ck_assert(!view_says(&standing.reasons, FULL));
}
END_TEST

START_TEST(test_what_is_delivered_gives_way)
{
    mcp_limit(SIZE_MAX_LEAST, false);
    mcp_fill(1, 20000, NULL);
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    check_full(false);
}
END_TEST

/** Whatever is free in the file beside it. */
START_TEST(test_log_that_a_reader_holds_is_full)
{
    mcp_limit(SIZE_MAX_LEAST, false);
    mcp_fill(1, 20000, NULL);
    mcp_deliver();
    mcp_change("DELETE FROM event_log");
    mcp_limit(SIZE_MAX_LEAST, false);
    mcp_append("a", "k", NULL, 0);
    set_log_size(SIZE_MAX_LEAST / 8);
    check_full(false);
    set_log_size(SIZE_MAX_LEAST - view_look(0, 0).file_size);
    check_full(true);
}
END_TEST

START_TEST(test_log_of_a_larger_limit_is_not_held)
{
    mcp_limit(SIZE_MAX_LEAST, false);
    mcp_append("a", "k", NULL, 0);
    set_log_size(16 * SIZE_MAX_LEAST);
    check_full(false);
    set_log_size(WAL_SIZE_MAX + 1);
    check_full(true);
}
END_TEST

START_TEST(test_file_that_is_nearly_full_is_a_warning)
{
    struct standing standing;

    mcp_limit(SIZE_MAX_LEAST, false);
    mcp_fill(40, 600, NULL);
    standing = view_look(0, SIZE_MAX_LEAST);
    ck_assert(view_says(&standing.warnings, NEARLY_FULL));
    ck_assert(!view_says(&standing.reasons, FULL));
}
END_TEST

#define MIB INT64_C(1048576)

/** What of a file's limit is for events, with an index on devices. */
static const struct {
    int64_t size_max;
    int64_t share;
} shares[] = {{4 * MIB, 2 * MIB},
              {192 * MIB, 128 * MIB},
              {300 * MIB, 225 * MIB},
              {512 * MIB, 384 * MIB}};

START_TEST(test_index_has_the_log_take_more)
{
    struct standing standing;
    double events;

    mcp_limit(0, true);
    view_fill();
    standing = view_look(0, shares[_i].size_max);
    events = (double)shares[_i].share * (double)standing.kept /
             (double)(standing.file_size - standing.free_size);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    ck_assert_double_eq_tol((double)standing.full_in_ms / 1000 *
                                standing.flow.arrival_rate,
                            events - 300, 1);
}
END_TEST

START_TEST(test_disk_that_is_short_is_a_reason)
{
    struct standing standing;

    view_disk_free = VIEW_DISK_FREE_MIN;
    ck_assert(view_look(0, 0).ok);
    view_disk_free = VIEW_DISK_FREE_MIN - 1;
    standing = view_look(0, 0);
    ck_assert(!standing.ok);
    ck_assert(
        view_says(&standing.reasons, "the disk has only 33554431 bytes left"));
}
END_TEST

START_TEST(test_large_log_is_a_warning)
{
    struct standing standing;

    mcp_append("a", "k", NULL, 0);
    set_log_size(WAL_SIZE_MAX);
    standing = view_look(0, 0);
    ck_assert(!view_says(&standing.warnings, "write-ahead log"));
    set_log_size(WAL_SIZE_MAX + 1);
    standing = view_look(0, 0);
    ck_assert(standing.ok);
    ck_assert(view_says(&standing.warnings,
                        "the write-ahead log has 67108865 bytes: a reader may "
                        "keep it from shrinking"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("standing_room");
    TCase *tcase = support_add_case(suite, "full", view_setup, mcp_teardown);

    tcase_add_test(tcase, test_full_buffer_is_said_to_be_full);
    tcase_add_loop_test(tcase, test_file_that_refuses_events_is_said_to_be_full,
                        0, sizeof(ways) / sizeof(ways[0]));
    tcase_add_test(tcase, test_what_is_delivered_gives_way);
    tcase_add_test(tcase, test_file_that_is_nearly_full_is_a_warning);
    tcase_add_loop_test(tcase, test_index_has_the_log_take_more, 0,
                        sizeof(shares) / sizeof(shares[0]));

    tcase = support_add_case(suite, "log", view_setup, mcp_teardown);
    tcase_add_test(tcase, test_log_that_a_reader_holds_is_full);
    tcase_add_test(tcase, test_log_of_a_larger_limit_is_not_held);
    tcase_add_test(tcase, test_large_log_is_a_warning);

    tcase = support_add_case(suite, "disk", view_setup, mcp_teardown);
    tcase_add_test(tcase, test_disk_that_is_short_is_a_reason);
    return support_run_suite(suite);
}
