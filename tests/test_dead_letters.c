/* SPDX-License-Identifier: MIT */
/*
 * Dead letters can be looked at, appended again once, and deleted. Whatever is
 * done with them, the ledger keeps counting what they were; and all of it goes
 * in steps, each of which is whole or not there.
 */
#include "account.h"
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODES 3
#define STEP_MAX COLLECTOR_DEAD_LETTER_STEP_MAX

static struct harness harness;

/** Make dead letters of the oldest so many events, with so few in a row that
 *  nobody takes the receiver for broken. */
static void
bury(size_t count)
{
    const struct collector_delivery delivery = {.result = COLLECTOR_REJECTED,
                                                .status = 422,
                                                .attempts = 3,
                                                .error = "HTTP 422"};
    struct collector_batch *batch;

    for (; count > 0; count--) {
        harness_exec(&harness, "UPDATE state SET dead_in_a_row = 0");
        batch = harness_fetch(&harness, 1);
        ck_assert_ok(
            collector_store_checkpoint(harness.store, batch, &delivery));
        collector_batch_free(batch);
    }
}

/** Make many of them at once. The backlog must be empty. */
static void
bury_many(size_t count)
{
    const int64_t first_id = harness_append(&harness, count);

    harness_exec(
        &harness,
        support_format(
            "INSERT INTO dead_letters (event_id, at, status, reason, attempts)"
            " SELECT id, 1, 400, 'no', 1 FROM backlog;"
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            "  status, first_id, last_id, attempts)"
            " SELECT 1, 1, %zu, 'dead', %jd, max(id), 1 FROM backlog;"
            "UPDATE state SET dead = dead + %zu,"
            "  settled_through = settled_through + %zu",
            count, (intmax_t)first_id, count, count));
    harness_reopen(&harness); /* it was done from outside */
}

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

static uint64_t
purge(const int64_t *ids, size_t id_count)
{
    uint64_t count = 4711;

    ck_assert_ok(
        collector_dead_letters_purge(harness.store, ids, id_count, &count));
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
    bury(2);
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
    bury_many(2 * STEP_MAX + 50);
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
    bury(count);
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
    bury_many(5);
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
    bury(2);
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
    bury(3);
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

    bury_many(count);
    commits = harness_stats(&harness).commits;
    ck_assert_uint_eq(replay(NULL, 0), count);
    ck_assert_uint_eq(harness_stats(&harness).commits - commits, 4);
    ck_assert_int_eq(harness_int(&harness,
                                 "SELECT count(*) FROM dead_letters"
                                 " WHERE replayed_as = event_id + 601"),
                     (int64_t)count);
    while (harness_deliver(&harness, 1000) > 0)
        continue;
    bury_many(count);
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
    bury_many(STEP_MAX + 100);
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

START_TEST(test_a_replay_ends_though_all_are_refused_again)
{
    bury_many(2 * STEP_MAX);
    harness_exec(&harness,
                 "CREATE TRIGGER again AFTER UPDATE ON dead_letters BEGIN"
                 " INSERT INTO dead_letters (event_id, at, attempts)"
                 "  VALUES (new.replayed_as, 1, 1); END");
    ck_assert_uint_eq(replay(NULL, 0), 2 * STEP_MAX);
}
END_TEST

START_TEST(test_a_failed_step_leaves_the_earlier_ones)
{
    uint64_t count = 4711;

    support_log_expect_errors(harness.log);
    bury_many(STEP_MAX + 10);
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

/** Do it in a process of its own, which is killed when it has got somewhere. */
static void
kill_in_the_middle(int (*work)(struct collector_store *store,
                               const int64_t *event_ids, size_t id_count,
                               uint64_t *ret_count),
                   const char *begun)
{
    pid_t pid;
    int status;

    harness_close(&harness);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        harness_open(&harness);
        _exit(work(harness.store, NULL, 0, NULL) == COLLECTOR_OK ? 0 : 1);
    }
    ck_assert_eventually(harness_int(&harness, begun) > 0);
    (void)kill(pid, SIGKILL); /* it may have come to its end before */
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    account_assert(harness.path);
    harness_open(&harness);
}

START_TEST(test_whoever_was_killed_just_calls_again)
{
    const int64_t count = 40 * STEP_MAX;

    bury_many((size_t)count);
    kill_in_the_middle(collector_dead_letters_replay,
                       "SELECT count(*) FROM dead_letters"
                       " WHERE replayed_as IS NOT NULL");
    (void)replay(NULL, 0);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(DISTINCT replayed_as)"
                                           " FROM dead_letters"),
                     count);
    harness_assert_contiguous(&harness, 2 * count);
    kill_in_the_middle(collector_dead_letters_purge,
                       support_format("SELECT count(*) < %jd"
                                      " FROM dead_letters",
                                      (intmax_t)count));
    (void)purge(NULL, 0);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     count);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     count);
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), count);
}
END_TEST

START_TEST(test_a_purge_deletes_letters_with_their_events)
{
    static const int64_t ids[] = {2, 2, 99, 4, 1};

    harness_close(&harness);
    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 5);
    bury(3);
    ck_assert_uint_eq(purge(ids, 5), 2);
    ck_assert_str_eq(
        harness_text(&harness, "SELECT (SELECT group_concat(id) FROM event_log)"
                               " || ' ' || (SELECT group_concat(event_id) FROM"
                               " dead_letters)"),
        "3,4,5 3");
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), 3);
    ck_assert_uint_eq(purge(ids, 5), 0);
    harness_reopen(&harness);
    ck_assert_uint_eq(purge(NULL, 0), 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT dead FROM ledger"), 3);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
    ck_assert_int_eq(harness_append(&harness, 1), 6);
    account_assert(harness.path);
}
END_TEST

START_TEST(test_many_letters_are_purged_in_steps)
{
    uint64_t commits;

    bury_many(2 * STEP_MAX + 1);
    ck_assert_uint_eq(replay(NULL, 0), 2 * STEP_MAX + 1);
    commits = harness_stats(&harness).commits;
    ck_assert_uint_eq(purge(NULL, 0), 2 * STEP_MAX + 1);
    ck_assert_uint_eq(harness_stats(&harness).commits - commits, 3);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM event_log"),
                     2 * STEP_MAX + 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT pending FROM ledger"),
                     2 * STEP_MAX + 1);
}
END_TEST

START_TEST(test_a_purge_never_takes_an_event_of_the_backlog)
{
    harness_append(&harness, 2);
    harness_exec(&harness, "INSERT INTO dead_letters (event_id, at, attempts)"
                           " VALUES (2, 1, 1)");
    (void)purge((const int64_t[]){2}, 1);
    ck_assert_uint_eq(harness_deliver(&harness, 10), 2);
}
END_TEST

START_TEST(test_a_purge_keeps_what_is_known_of_the_devices)
{
    int64_t seen_at;

    harness_see(&harness, "only-here", 1700000000000);
    bury(1);
    seen_at = harness_int(&harness, "SELECT last_seen_at FROM devices"
                                    " WHERE device_key = 'only-here'");
    ck_assert_uint_eq(purge(NULL, 0), 1);
    ck_assert_int_eq(harness_int(&harness, "SELECT last_seen_at FROM devices"
                                           " WHERE device_key = 'only-here'"),
                     seen_at);
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
    ck_assert_error(collector_dead_letters_purge(NULL, &id, 1, NULL),
                    COLLECTOR_ERR_INVALID);
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("dead_letters");
    TCase *lists = add_case(suite, "list");
    TCase *replays = add_case(suite, "replay");
    TCase *purges = add_case(suite, "purge");

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
    tcase_add_test(replays, test_a_replay_ends_though_all_are_refused_again);
    tcase_add_test(replays, test_a_failed_step_leaves_the_earlier_ones);
    tcase_add_test(replays, test_whoever_was_killed_just_calls_again);
    tcase_add_loop_test(purges, test_a_purge_deletes_letters_with_their_events,
                        0, MODES);
    tcase_add_test(purges, test_many_letters_are_purged_in_steps);
    tcase_add_test(purges, test_a_purge_never_takes_an_event_of_the_backlog);
    tcase_add_test(purges, test_a_purge_keeps_what_is_known_of_the_devices);
    return support_run_suite(suite);
}
