/* SPDX-License-Identifier: MIT */
/*
 * Where a buffer stands is told by its file alone: who has it open, how fast
 * events come and go, and what will be full first. What can't be told in time
 * is left unknown, and said to be.
 */
#include "mcp/site.h"

#include "ctl/standing.h"

#include <string.h>
#include <unistd.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/** Look at the file with these limits. */
static struct standing
look(int64_t backlog_max, int64_t size_max)
{
    const struct standing_limits limits = {backlog_max, size_max};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct collector_answer answer;
    struct standing standing;

    collector_reader_options_init(&options);
    options.path = mcp_db;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_ok(standing_look(reader, mcp_db, &limits, mcp_now_ms(), &standing,
                               &answer));
    collector_reader_free(reader);
    return standing;
}

/** Whether one of them has these words. */
static bool
is_said(const struct standing_sentences *sentences, const char *words)
{
    size_t i = 0;

    while (i < sentences->count && strstr(sentences->text[i], words) == NULL)
        i++;
    return i < sentences->count;
}

#define FULL "the buffer is full, "
#define NEARLY_FULL "the buffer has room for only "
#define SIZE_MAX_LEAST COLLECTOR_STORE_SIZE_MIN

/** Assert whether a file of that size at most is called full. */
static void
check_full(bool full)
{
    const struct standing standing = look(0, SIZE_MAX_LEAST);

    ck_assert(is_said(&standing.reasons, FULL) == full);
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

/** 300 events in five minutes, none of which was delivered. */
static void
fill(void)
{
    int i;

    for (i = 300; i > 0; i--)
        mcp_append("a", "k", NULL, i * INT64_C(990));
}

START_TEST(test_collector_that_has_the_file_open_is_seen)
{
    struct standing standing = look(0, 0);

    ck_assert(standing.owner_seen == mcp_owners_are_seen());
    mcp_teardown();
    standing = look(0, 0);
    ck_assert(!standing.owner_seen);
    ck_assert_contains(standing.warnings.text[0],
                       "no collector was seen that has the file open");
}
END_TEST

START_TEST(test_collector_is_seen_through_a_link)
{
    const char *file = mcp_db;

    mcp_append("a", "k", NULL, 0);
    mcp_db = support_path(support_dir_new(), "link.sqlite");
    ck_assert_int_eq(symlink(file, mcp_db), 0);
    ck_assert(look(0, 0).owner_seen == mcp_owners_are_seen());
    ck_assert_int_gt(look(0, 0).wal_size, 0);
}
END_TEST

START_TEST(test_snapshot_has_no_collector_to_be_missed)
{
    struct standing standing;

    fill();
    mcp_change("UPDATE state SET snapshot_of = 'pump-house',"
               " collector_id = NULL");
    standing = look(600, 0);
    ck_assert_str_eq(standing.snapshot_of, "pump-house");
    ck_assert_uint_eq(standing.warnings.count, 0);
    ck_assert_uint_eq(standing.reasons.count, 0);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
}
END_TEST

START_TEST(test_snapshot_that_a_collector_runs_on_is_none)
{
    mcp_change("UPDATE state SET snapshot_of = 'pump-house'");
    ck_assert_str_eq(look(0, 0).snapshot_of, "");
    ck_assert_uint_eq(look(0, 0).warnings.count, 1);
}
END_TEST

/* 60,000 events in the last minute, of which as many leave as come. */
#define STEADY                                                                 \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT "    \
    "60000) INSERT INTO event_log (id, device_id, kind, ts)"                   \
    " SELECT x, 'a', 'k', %lld + x FROM c;"                                    \
    "INSERT INTO upload_runs (started_at, finished_at, event_count, status,"   \
    " first_id, last_id, attempts) SELECT ts, ts, 100, 'success', id - 99,"    \
    " id, 1 FROM event_log WHERE id %% 100 = 0;"                               \
    "UPDATE state SET settled_through = 60000, delivered = 60000;"

START_TEST(test_rates_are_over_the_same_stretch_of_time)
{
    struct standing standing;

    mcp_change(support_format(STEADY, (long long)(mcp_now_ms() - MINUTE)));
    standing = look(0, 0);
    ck_assert_int_ge(standing.flow.window_ms, 49000);
    ck_assert_int_lt(standing.flow.window_ms, FLOW_WINDOW_MS_MAX);
    ck_assert_double_eq_tol(standing.flow.settled_rate,
                            standing.flow.arrival_rate, 10);
}
END_TEST

START_TEST(test_rates_that_take_too_long_are_left_unknown)
{
    const struct standing_limits limits = {0, 0};
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct collector_answer answer;
    struct standing standing;

    if (!mcp_slow_down())
        return;
    collector_reader_options_init(&options);
    options.path = mcp_db;
    options.deadline_ms = MCP_SLOW_DEADLINE_MS;
    ck_assert_ok(collector_reader_open(&options, &reader));
    ck_assert_ok(standing_look(reader, mcp_db, &limits, mcp_now_ms(), &standing,
                               &answer));
    collector_reader_free(reader);
    ck_assert_int_eq(standing.accepted, 20000);
    ck_assert_int_eq(standing.flow.window_ms, 0);
    ck_assert_contains(standing.warnings.text[standing.warnings.count - 1],
                       "it took too long to tell how fast events come and go");
}
END_TEST

START_TEST(test_backlog_that_grows_has_a_time_when_it_is_full)
{
    struct standing standing;

    fill();
    standing = look(600, 0);
    ck_assert_double_eq_tol(standing.flow.arrival_rate, 1, 0.05);
    ck_assert_double_eq_tol(standing.flow.settled_rate, 0, 0.001);
    ck_assert_int_eq(standing.full_by, STANDING_BACKLOG);
    ck_assert_int_ge(standing.full_in_ms, 280000);
    ck_assert_int_le(standing.full_in_ms, 330000);
    ck_assert(!standing.assumed);
}
END_TEST

START_TEST(test_what_comes_first_is_what_is_full_first)
{
    struct standing standing;

    fill();
    standing = look(0, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    standing = look(STANDING_UNKNOWN, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    ck_assert(standing.assumed);
    ck_assert_int_eq(standing.limits.backlog_max, 50000);
    standing = look(0, 0);
    ck_assert_int_ne(standing.full_by, STANDING_FILE);
    ck_assert_int_ne(standing.full_by, STANDING_BACKLOG);
}
END_TEST

START_TEST(test_full_buffer_is_said_to_be_full)
{
    struct standing standing;

    fill();
    standing = look(300, 0);
    ck_assert(!standing.ok);
    ck_assert_contains(standing.reasons.text[standing.reasons.count - 1],
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
    standing = look(0, SIZE_MAX_LEAST);
    ck_assert(!standing.ok);
    ck_assert(is_said(
        &standing.reasons,
        support_format(FULL "%lld of 1048576 bytes",
                       (long long)(standing.file_size + standing.wal_size))));
    ck_assert(!is_said(&standing.warnings, NEARLY_FULL));
    standing = look(0, 0);
    ck_assert(!is_said(&standing.reasons, FULL));
    standing = look(0, 2 * SIZE_MAX_LEAST);
    ck_assert(!is_said(&standing.reasons, FULL));
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
    set_log_size(SIZE_MAX_LEAST - look(0, 0).file_size);
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
    standing = look(0, SIZE_MAX_LEAST);
    ck_assert(is_said(&standing.warnings, NEARLY_FULL));
    ck_assert(!is_said(&standing.reasons, FULL));
}
END_TEST

#define MIB INT64_C(1048576)

/** What of a file's limit is for events, with an index on devices. */
static const struct {
    int64_t size_max;
    int64_t share;
} shares[] = {
    {4 * MIB, 2 * MIB}, {192 * MIB, 128 * MIB}, {512 * MIB, 384 * MIB}};

START_TEST(test_index_has_the_log_take_more)
{
    struct standing standing;
    double events;

    mcp_limit(0, true);
    fill();
    standing = look(0, shares[_i].size_max);
    events = (double)shares[_i].share * (double)standing.kept /
             (double)(standing.file_size - standing.free_size);
    ck_assert_int_eq(standing.full_by, STANDING_FILE);
    ck_assert_double_eq_tol((double)standing.full_in_ms / 1000 *
                                standing.flow.arrival_rate,
                            events - 300, 1);
}
END_TEST

START_TEST(test_backlog_that_is_delivered_is_never_full)
{
    struct standing standing;

    fill();
    mcp_deliver();
    mcp_append("a", "k", NULL, 0);
    standing = look(600, 1024 * 1024);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
    ck_assert_double_eq_tol(standing.flow.settled_rate, 1, 0.05);
    ck_assert(standing.ok);
}
END_TEST

START_TEST(test_backlog_that_shrinks_is_never_full)
{
    struct standing standing;
    int i;

    for (i = 0; i < 300; i++)
        mcp_append("a", "k", NULL, HOUR);
    mcp_change(support_format(
        "%s UPDATE upload_runs SET event_count = 100, first_id = 1;"
        "UPDATE state SET settled_through = 100, delivered = 100;",
        mcp_run_sql("success", "", MINUTE, MINUTE, 100)));
    standing = look(600, 1024 * 1024);
    ck_assert_int_eq(standing.pending, 200);
    ck_assert_int_eq(standing.full_by, STANDING_NEVER);
}
END_TEST

START_TEST(test_dead_letters_and_faults_are_warnings)
{
    struct standing standing;

    mcp_append("a", "k", NULL, 0);
    mcp_change(support_format(
        "%s UPDATE state SET settled_through = 1, dead = 1, storage_faults = 4;"
        "INSERT INTO dead_letters VALUES (1, 1, 422, 'no such pump', 1, NULL);",
        mcp_run_sql("dead", "no such pump", MINUTE, MINUTE, 1)));
    standing = look(0, 0);
    ck_assert_uint_ge(standing.warnings.count, 2);
    ck_assert_int_eq(standing.dead_letters, 1);
    ck_assert_int_eq(standing.storage_faults, 4);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("standing");
    TCase *tcase = support_add_case(suite, "owner", mcp_setup, mcp_teardown);

    tcase_add_test(tcase, test_collector_that_has_the_file_open_is_seen);
    tcase_add_test(tcase, test_collector_is_seen_through_a_link);
    tcase_add_test(tcase, test_snapshot_has_no_collector_to_be_missed);
    tcase_add_test(tcase, test_snapshot_that_a_collector_runs_on_is_none);

    tcase = support_add_case(suite, "rates", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_rates_are_over_the_same_stretch_of_time);
    tcase_add_test(tcase, test_rates_that_take_too_long_are_left_unknown);

    tcase = support_add_case(suite, "forecast", mcp_setup, mcp_teardown);
    tcase_add_test(tcase, test_backlog_that_grows_has_a_time_when_it_is_full);
    tcase_add_test(tcase, test_what_comes_first_is_what_is_full_first);
    tcase_add_test(tcase, test_full_buffer_is_said_to_be_full);
    tcase_add_loop_test(tcase, test_file_that_refuses_events_is_said_to_be_full,
                        0, sizeof(ways) / sizeof(ways[0]));
    tcase_add_test(tcase, test_what_is_delivered_gives_way);
    tcase_add_test(tcase, test_log_that_a_reader_holds_is_full);
    tcase_add_test(tcase, test_log_of_a_larger_limit_is_not_held);
    tcase_add_test(tcase, test_file_that_is_nearly_full_is_a_warning);
    tcase_add_loop_test(tcase, test_index_has_the_log_take_more, 0,
                        sizeof(shares) / sizeof(shares[0]));
    tcase_add_test(tcase, test_backlog_that_is_delivered_is_never_full);
    tcase_add_test(tcase, test_backlog_that_shrinks_is_never_full);
    tcase_add_test(tcase, test_dead_letters_and_faults_are_warnings);
    return support_run_suite(suite);
}
