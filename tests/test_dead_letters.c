/* SPDX-License-Identifier: MIT */
/*
 * Dead letters can be looked at, and appended again once. Whatever is done with
 * them, the ledger keeps counting what they were; and all of it goes in steps,
 * each of which is whole or not there.
 */
#include "account.h"
#include "harness.h"

#define MODES 3
#define STEP_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

static struct harness harness;

static void
setup(void)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
}

static void
teardown(void)
{
    harness_close(&harness);
}

/** Letters that were shown. */
struct shown {
    size_t count;
    /** End the listing with this one; 0 is never. */
    size_t count_max;
    int64_t ids[1000];
    struct collector_dead_letter last;
    const char *device_id;
    const char *kind;
    const char *payload;
    const char *reason;
};

static struct shown shown;

static int
show(void *userdata, const struct collector_dead_letter *letter)
{
    struct shown *all = userdata;

    ck_assert_uint_lt(all->count, 1000);
    all->ids[all->count++] = letter->event_id;
    all->last = *letter;
    all->device_id = support_format("%s", letter->event.device_id);
    all->kind = support_format("%s", letter->event.kind);
    all->payload = support_format(
        "%s", letter->event.payload ? letter->event.payload : "none");
    all->reason = support_format("%s", letter->reason);
    return all->count == all->count_max;
}

static void
list(int64_t after_id, uint64_t count_max)
{
    shown = (struct shown){.count_max = shown.count_max};
    ck_assert_ok(collector_dead_letters_list(harness.store, after_id, count_max,
                                             show, &shown));
}

static uint64_t
replay(const int64_t *ids, size_t id_count)
{
    uint64_t count = 4711;

    ck_assert_ok(
        collector_dead_letters_replay(harness.store, ids, id_count, &count));
    account_assert(harness.path);
    return count;
}

START_TEST(test_a_letter_shows_the_event_and_why)
{
    const struct collector_event events[] = {
        {.device_id = "caf\xc3\xa9",
         .kind = "k2",
         .payload = "{\"a\":21.40}",
         .ts = 17},
        {.device_id = "d", .kind = "k", .ts = 18}};

    harness_close(&harness);
    harness_init(&harness);
    harness_stop_clock(&harness);
    harness_open(&harness);
    ck_assert_ok(collector_store_append(harness.store, events, 2, NULL, NULL));
    harness_bury(&harness, 2);
    shown.count_max = 1;
    list(0, 10);
    ck_assert_uint_eq(shown.count, 1);
    ck_assert_int_eq(shown.last.event_id, 1);
    ck_assert_str_eq(shown.device_id, "caf\xc3\xa9");
    ck_assert_str_eq(shown.kind, "k2");
    ck_assert_str_eq(shown.payload, "{\"a\":21.40}");
    ck_assert_int_eq(shown.last.event.ts, 17);
    ck_assert_int_eq(shown.last.at, harness.clock.wall_ms);
    ck_assert_int_eq(shown.last.status, 422);
    ck_assert_str_eq(shown.reason, "HTTP 422");
    ck_assert_uint_eq(shown.last.attempts, 3);
    ck_assert_int_eq(shown.last.replayed_as, 0);
    list(1, 10);
    ck_assert_int_eq(shown.last.event_id, 2);
    ck_assert_str_eq(shown.payload, "none");
    ck_assert_uint_eq(replay(NULL, 0), 2);
    list(1, 10);
    ck_assert_int_eq(shown.last.replayed_as, 4);
    harness_exec(&harness, "UPDATE dead_letters SET reason = NULL");
    list(1, 10);
    ck_assert_str_eq(shown.reason, "");
}
END_TEST

START_TEST(test_letters_are_shown_in_order_from_anywhere)
{
    size_t i;

    list(0, 10);
    ck_assert_uint_eq(shown.count, 0);
    harness_bury_many(&harness, 2 * STEP_MAX + 50);
    list(0, UINT64_MAX);
    ck_assert_uint_eq(shown.count, 2 * STEP_MAX + 50);
    for (i = 0; i < shown.count; i++)
        ck_assert_int_eq(shown.ids[i], (int64_t)i + 1);
    list(100, STEP_MAX + 7);
    ck_assert_uint_eq(shown.count, STEP_MAX + 7);
    ck_assert_int_eq(shown.ids[0], 101);
    list(0, 0);
    ck_assert_uint_eq(shown.count, 0);
    list(2 * STEP_MAX + 50, 10);
    ck_assert_uint_eq(shown.count, 0);
    list(INT64_MIN, STEP_MAX);
    ck_assert_uint_eq(shown.count, STEP_MAX);
    shown.count_max = STEP_MAX + 1;
    list(0, UINT64_MAX);
    ck_assert_uint_eq(shown.count, STEP_MAX + 1);
}
END_TEST

START_TEST(test_large_letters_go_in_small_steps)
{
    char *payload = support_alloc(COLLECTOR_PAYLOAD_SIZE_MAX + 1);
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};
    const size_t count =
        2 * COLLECTOR_APPEND_TEXT_SIZE_MAX / COLLECTOR_PAYLOAD_SIZE_MAX + 3;
    uint64_t commits;
    size_t i;

    memset(payload, 'x', COLLECTOR_PAYLOAD_SIZE_MAX);
    payload[0] = '"';
    payload[COLLECTOR_PAYLOAD_SIZE_MAX - 1] = '"';
    for (i = 0; i < count; i++)
        ck_assert_ok(
            collector_store_append(harness.store, &event, 1, NULL, NULL));
    harness_bury(&harness, count);
    list(0, UINT64_MAX);
    ck_assert_uint_eq(shown.count, count);
    ck_assert_uint_eq(strlen(shown.payload), COLLECTOR_PAYLOAD_SIZE_MAX);
    commits = harness_stats(&harness).commits;
    ck_assert_uint_eq(replay(NULL, 0), count);
    ck_assert_uint_gt(harness_stats(&harness).commits - commits, 2);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     (int64_t)count);
}
END_TEST

/** Use the store while a letter is shown. */
static int
append_while_shown(void *userdata, const struct collector_dead_letter *letter)
{
    const int64_t id = letter->event_id;
    struct collector_store_stats stats = {.size = sizeof(stats)};

    (void)userdata;
    harness_append(&harness, 1);
    collector_store_stats(harness.store, &stats);
    ck_assert_ok(collector_dead_letters_purge(harness.store, &id, 1, NULL));
    ck_assert_str_eq(letter->event.device_id, "d");
    return 0;
}

START_TEST(test_no_lock_is_held_while_a_letter_is_shown)
{
    harness_bury_many(&harness, 5);
    ck_assert_ok(collector_dead_letters_list(harness.store, 0, 10,
                                             append_while_shown, NULL));
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"), 5);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM dead_letters"),
                     0);
}
END_TEST

START_TEST(test_a_replay_appends_each_letter_once)
{
    harness_close(&harness);
    harness_start(&harness, (enum collector_write_mode)_i);
    harness_see(&harness, "one", 17);
    harness_see(&harness, "two", 18);
    harness_bury(&harness, 2);
    ck_assert_uint_eq(replay(NULL, 0), 2);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT group_concat(id || device_id || kind ||"
                               " coalesce(payload_json, 'none') || ts)"
                               " FROM event_log"),
        "1oneknone17,2twoknone18,3oneknone17,4twoknone18");
    ck_assert_str_eq(harness_text(&harness,
                                  "SELECT group_concat(event_id || '>' ||"
                                  " replayed_as) FROM dead_letters"),
                     "1>3,2>4");
    ck_assert_uint_eq(replay(NULL, 0), 0);
    harness_reopen(&harness);
    ck_assert_uint_eq(replay(NULL, 0), 0);
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), 2);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    account_assert(harness.path);
}
END_TEST

START_TEST(test_a_replay_takes_the_given_ids_in_their_order)
{
    static const int64_t ids[] = {3, 99, 1, 3, -7, 1, 4};

    harness_append(&harness, 5);
    harness_bury(&harness, 3);
    ck_assert_uint_eq(replay(ids, 7), 2);
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT group_concat(event_id || '>' || replayed_as)"
                     " FROM dead_letters WHERE replayed_as IS NOT NULL"),
        "1>7,3>6");
    ck_assert_uint_eq(replay(ids, 0), 0);
    ck_assert_uint_eq(replay(ids, 7), 0);
    ck_assert_uint_eq(replay(NULL, 0), 1);
}
END_TEST

START_TEST(test_many_letters_are_replayed_in_steps)
{
    const size_t count = 3 * STEP_MAX + 1;
    int64_t *ids = support_alloc((count + 5) * sizeof(*ids));
    uint64_t commits;
    size_t i;

    harness_bury_many(&harness, count);
    commits = harness_stats(&harness).commits;
    ck_assert_uint_eq(replay(NULL, 0), count);
    ck_assert_uint_eq(harness_stats(&harness).commits - commits, 4);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM dead_letters"
                                 " WHERE replayed_as = event_id + 601"),
                     (int64_t)count);
    while (harness_deliver(&harness, 1000) > 0)
        continue;
    harness_bury_many(&harness, count);
    for (i = 0; i < count; i++)
        ids[i] = (int64_t)(3 * count - i);
    for (i = 0; i < 5; i++) /* again, but far behind */
        ids[count + i] = ids[i];
    ck_assert_uint_eq(replay(ids, count + 5), count);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM dead_letters"
                                 " WHERE event_id > 1202 AND replayed_as ="
                                 "  1804 + 1803 - event_id"),
                     (int64_t)count);
}
END_TEST

START_TEST(test_a_replay_obeys_the_backlog_limit)
{
    uint64_t count = 4711;

    harness_close(&harness);
    harness_init(&harness);
    harness.options.backlog_max = STEP_MAX + 100;
    harness_open(&harness);
    harness_bury_many(&harness, STEP_MAX + 100);
    harness_append(&harness, 77);
    ck_assert_error(
        collector_dead_letters_replay(harness.store, NULL, 0, &count),
        COLLECTOR_ERR_FULL);
    ck_assert_uint_eq(count, STEP_MAX + 100 - 77);
    account_assert(harness.path);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     STEP_MAX + 100);
    while (harness_deliver(&harness, 1000) > 0)
        continue;
    ck_assert_uint_eq(replay(NULL, 0), 77);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(DISTINCT replayed_as)"
                                           " FROM dead_letters"),
                     STEP_MAX + 100);
}
END_TEST

START_TEST(test_a_step_too_large_for_the_file_is_made_smaller)
{
    const char *payload = support_format("\"%030000d\"", 7);
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};
    int i;

    harness_close(&harness);
    harness_init(&harness);
    harness.options.size_max = 2 * COLLECTOR_STORE_SIZE_MIN;
    harness_open(&harness);
    for (i = 0; i < 16; i++)
        ck_assert_ok(
            collector_store_append(harness.store, &event, 1, NULL, NULL));
    harness_bury(&harness, 16);
    ck_assert_uint_eq(replay(NULL, 0), 16);
}
END_TEST

START_TEST(test_a_replay_ends_though_all_are_refused_again)
{
    uint64_t count = 4711;

    harness_bury_many(&harness, 2 * STEP_MAX);
    harness_exec(&harness,
                 "CREATE TRIGGER again AFTER UPDATE ON dead_letters BEGIN"
                 " INSERT INTO dead_letters (event_id, at, attempts)"
                 "  VALUES (new.replayed_as, 1, 1); END");
    ck_assert_ok(collector_dead_letters_replay(harness.store, NULL, 0, &count));
    ck_assert_uint_eq(count, 2 * STEP_MAX);
    /* They are pending, and no ledger has them. */
    harness_exec(&harness,
                 "DELETE FROM dead_letters WHERE replayed_as IS NULL");
    account_assert(harness.path);
}
END_TEST

START_TEST(test_a_failed_step_leaves_the_earlier_ones)
{
    uint64_t count = 4711;

    support_log_expect_errors(harness.log);
    harness_bury_many(&harness, STEP_MAX + 10);
    harness_exec(&harness, support_format(
                               "CREATE TRIGGER no BEFORE UPDATE ON dead_letters"
                               " WHEN new.event_id = %d"
                               " BEGIN SELECT RAISE(FAIL, 'x'); END",
                               STEP_MAX + 5));
    ck_assert_int_ne(
        collector_dead_letters_replay(harness.store, NULL, 0, &count),
        COLLECTOR_OK);
    ck_assert_uint_eq(count, STEP_MAX);
    account_assert(harness.path);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     STEP_MAX);
    harness_exec(&harness, "DROP TRIGGER no");
    harness_reopen(&harness);
    ck_assert_uint_eq(replay(NULL, 0), 10);
}
END_TEST

START_TEST(test_wrong_arguments_are_refused)
{
    uint64_t count = 4711;
    const int64_t id = 1;

    ck_assert_error(collector_dead_letters_list(NULL, 0, 1, show, &shown),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_dead_letters_list(harness.store, 0, 1, NULL, NULL),
        COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_dead_letters_replay(NULL, &id, 1, &count),
                    COLLECTOR_ERR_INVALID);
    ck_assert_uint_eq(count, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("dead_letters");
    TCase *lists = support_add_case(suite, "list", setup, teardown);
    TCase *replays = support_add_case(suite, "replay", setup, teardown);

    tcase_add_test(lists, test_a_letter_shows_the_event_and_why);
    tcase_add_test(lists, test_letters_are_shown_in_order_from_anywhere);
    tcase_add_test(lists, test_large_letters_go_in_small_steps);
    tcase_add_test(lists, test_no_lock_is_held_while_a_letter_is_shown);
    tcase_add_test(lists, test_wrong_arguments_are_refused);
    tcase_add_loop_test(replays, test_a_replay_appends_each_letter_once, 0,
                        MODES);
    tcase_add_test(replays, test_a_replay_takes_the_given_ids_in_their_order);
    tcase_add_test(replays, test_many_letters_are_replayed_in_steps);
    tcase_add_test(replays, test_a_replay_obeys_the_backlog_limit);
    tcase_add_test(replays, test_a_step_too_large_for_the_file_is_made_smaller);
    tcase_add_test(replays, test_a_replay_ends_though_all_are_refused_again);
    tcase_add_test(replays, test_a_failed_step_leaves_the_earlier_ones);
    return support_run_suite(suite);
}
