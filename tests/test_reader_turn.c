/* SPDX-License-Identifier: MIT */
/*
 * Who reads for long lets the owner of the file go first when its log could not
 * start again: that ends as soon as it could, and in any case soon. What is
 * short does not wait.
 */
#include "crew.h"
#include "harness.h"
#include "reader_question.h"
#include "reading.h"

#include "lock.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_COUNT (COLLECTOR_MODE_CONCURRENT + 1)

static struct harness harness;

/** An owner and readers, each in a thread of its own. */
struct meeting {
    /** Who asks while the owner does. */
    struct collector_reader *reader;
    /** It is to wait as long as anybody does, too. */
    bool longest;
    _Atomic bool over;
    /** How often the log has started again, or how many were done. */
    _Atomic uint64_t count;
};

#define FOREVER                                                                \
    "WITH RECURSIVE c(n) AS (SELECT min(id) FROM event_log UNION ALL"          \
    " SELECT n + 1 FROM c) SELECT max(n) FROM c"

/** The first appends until the log has started again so often, and the others
 *  ask what takes as long as it may, one question after the other. */
static void
append_or_ask_forever(void *userdata, size_t number)
{
    struct meeting *meeting = userdata;
    struct collector_reader *reader = reading_open(harness.path);
    bool asked = false;

    reading_set_deadline(reader, 300);
    while (number > 0 && !atomic_load(&meeting->over))
        ck_assert_error(reading_query(reader, FOREVER).rc,
                        COLLECTOR_ERR_TIMEOUT);
    while (number == 0 && atomic_load(&meeting->count) < 3) {
        ck_assert_ok(harness_fill(&harness, "d", 10, 10000));
        if (asked && !collector__wal_is_pinned(&harness.store->database.wal))
            atomic_fetch_add(&meeting->count, 1);
        asked = collector__wal_is_pinned(&harness.store->database.wal);
        support_pause();
    }
    atomic_store(&meeting->over, true);
    collector_reader_free(reader);
}

/** There is no moment at which none of them reads, unless they make one. */
START_TEST(test_long_questions_let_the_log_start_again)
{
    struct meeting meeting = {.over = false};

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    collector__wal_resize(&harness.store->database.wal, 100);
    harness_append(&harness, 1);
    crew_run(3, append_or_ask_forever, &meeting);
    ck_assert_uint_eq(atomic_load(&meeting.count), 3);
    harness_close(&harness);
}
END_TEST

/** How long a reader may take that asks while the owner does. */
#define TURN_MS 200

/** The owner's part: it asks, again and again. */
static void
ask_until_over(const struct meeting *meeting)
{
    while (!atomic_load(&meeting->over)) {
        collector__lock_ask(harness.store->lock_fd, true);
        support_pause();
    }
}

/** Have a store, whose owner asks, and a reader. */
static void
start(struct meeting *meeting, bool by_link, uint32_t deadline_ms)
{
    const char *link_path = support_path(support_dir_new(), "link");

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 1);
    ck_assert_int_eq(symlink(harness.path, link_path), 0);
    meeting->reader = reading_open(by_link ? link_path : harness.path);
    reading_set_deadline(meeting->reader, deadline_ms);
    collector__lock_ask(harness.store->lock_fd, true);
}

static void
end(struct meeting *meeting)
{
    collector_reader_free(meeting->reader);
    harness_close(&harness);
}

/** Of what takes long. */
static void
check_long_waits(struct collector_reader *reader)
{
    struct reading reading = reading_query(reader, FOREVER);

    ck_assert_error(reading.rc, COLLECTOR_ERR_TIMEOUT);
    ck_assert_uint_ge(reading.answer.elapsed_ms, 2 * TURN_MS); /* twice */
    reading = reading_of(verify, reader, false);
    ck_assert_uint_ge(reading.answer.elapsed_ms, TURN_MS);
    while (reading.answer.elapsed_ms >= COLLECTOR_READER_TURN_MS_MAX)
        reading = reading_of(verify, reader, false);
}

/** What takes 20 ms may be in the way, on a machine that is busy. */
static void
check_short_does_not_wait(struct collector_reader *reader)
{
    struct reading reading;

    do {
        reading = reading_query(reader, "SELECT 1");
    } while (reading.rc != COLLECTOR_OK ||
             reading.answer.elapsed_ms >= TURN_MS);
}

/** What waits longest, and no longer than it may: a snapshot, and another
 *  reader's question. */
static void
check_longest_snapshot(struct collector_reader *reader)
{
    const int64_t began = support_now_ms();

    ck_assert_ok(collector_reader_snapshot(
        reader, support_path(harness.dir, "snapshot.sqlite")));
    ck_assert_int_ge(support_now_ms() - began, COLLECTOR_READER_TURN_MS_MAX);
}

static void
check_longest_question(void)
{
    struct collector_reader *reader = reading_open(harness.path);
    struct reading reading;

    reading_set_deadline(reader, SUPPORT_WAIT_MS);
    reading = reading_of(verify, reader, false);
    ck_assert_uint_ge(reading.answer.elapsed_ms, COLLECTOR_READER_TURN_MS_MAX);
    ck_assert_int_lt(reading.answer.elapsed_ms, SUPPORT_WAIT_MS);
    collector_reader_free(reader);
}

/** The first is the owner, and the others ask. */
static void
ask_or_wait(void *userdata, size_t number)
{
    struct meeting *meeting = userdata;

    if (number == 0) {
        ask_until_over(meeting);
        return;
    }
    if (number == 2) {
        check_longest_question();
    } else {
        check_long_waits(meeting->reader);
        check_short_does_not_wait(meeting->reader);
        if (meeting->longest)
            check_longest_snapshot(meeting->reader);
    }
    /* The last to be done. */
    if (atomic_fetch_add(&meeting->count, 1) == meeting->longest)
        atomic_store(&meeting->over, true);
}

/** Who takes long waits, also one who came by a link. */
START_TEST(test_reader_waits_for_its_turn)
{
    struct meeting meeting = {.over = false, .longest = _i == 0};

    start(&meeting, _i != 0, TURN_MS);
    crew_run(meeting.longest ? 3 : 2, ask_or_wait, &meeting);
    end(&meeting);
}
END_TEST

/** The first is the owner, the second asks the reader to stop, and the third is
 *  who has it wait. */
static void
ask_or_interrupt(void *userdata, size_t number)
{
    struct meeting *meeting = userdata;
    struct reading reading;

    if (number == 0)
        ask_until_over(meeting);
    while (number == 1 && !atomic_load(&meeting->over)) {
        collector_reader_interrupt(meeting->reader);
        support_pause();
    }
    if (number < 2)
        return;
    do {
        reading = reading_of(verify, meeting->reader, false);
    } while (reading.rc != COLLECTOR_ERR_CANCELLED ||
             reading.answer.elapsed_ms >= COLLECTOR_READER_TURN_MS_MAX);
    atomic_store(&meeting->over, true);
}

START_TEST(test_reader_that_waits_can_be_interrupted)
{
    struct meeting meeting = {.over = false};

    start(&meeting, false, SUPPORT_WAIT_MS);
    crew_run(3, ask_or_interrupt, &meeting);
    end(&meeting);
}
END_TEST

/** Have somebody hold the log, until he is closed. */
static sqlite3 *
hold_log(void)
{
    sqlite3 *db = NULL;

    collector__wal_resize(&harness.store->database.wal, 1);
    ck_assert_int_eq(sqlite3_open(harness.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "BEGIN; SELECT * FROM event_log", NULL, NULL, NULL),
        SQLITE_OK);
    return db;
}

/** Nobody has to take it back: whoever asked may be busy, or gone. */
START_TEST(test_owner_asks_for_a_while_only)
{
    sqlite3 *db;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 1);
    db = hold_log();
    ck_assert(!collector__lock_is_asked(harness.path));
    while (!collector__lock_is_asked(harness.path))
        harness_append(&harness, 1);
    while (collector__lock_is_asked(harness.path))
        support_pause();
    while (!collector__lock_is_asked(harness.path)) /* it is still held */
        ck_assert_ok(collector_store_maintain(harness.store));
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    harness_append(&harness, 1);
    ck_assert(!collector__lock_is_asked(harness.path));
    harness_close(&harness);
}
END_TEST

/** Nobody waits for what is no lock of ours. */
START_TEST(test_lock_that_is_no_file_asks_nothing)
{
    const char *path = support_path(support_dir_new(), "x");
    const char *lock_path = support_format("%s.lock", path);

    ck_assert(!collector__lock_is_asked(path));
    ck_assert_int_eq(mkfifo(lock_path, 0600), 0);
    ck_assert(!collector__lock_is_asked(path));
    ck_assert_int_eq(unlink(lock_path), 0);
    ck_assert_int_eq(mkdir(lock_path, 0700), 0);
    ck_assert(!collector__lock_is_asked(path));
}
END_TEST

/** What it was connected to may have been put aside meanwhile. */
START_TEST(test_file_that_took_its_place_meanwhile_is_asked)
{
    struct collector__question question;
    struct collector_reader *reader;
    struct harness other;
    int64_t count = 0;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 1);
    harness_close(&harness);
    harness_start(&other, COLLECTOR_MODE_GROUP);
    harness_append(&other, 2);
    harness_close(&other);
    reader = reading_open(harness.path);
    ck_assert_ok(collector__question_begin(&question, reader, true));
    ck_assert_int_eq(rename(other.path, harness.path), 0);
    ck_assert_ok(collector__question_wait_turn(&question));
    ck_assert_ok(collector__question_number(
        &question, "SELECT count(*) FROM event_log", &count));
    ck_assert_int_eq(count, 2);
    ck_assert_ok(
        collector__question_end(&question, COLLECTOR_OK, NULL, NULL, NULL));
    collector_reader_free(reader);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_turn");
    TCase *tcase = support_add_case(suite, "turns", NULL, NULL);

    tcase_set_timeout(tcase, SUPPORT_WAIT_MS / 1000.0);
    tcase_add_loop_test(tcase, test_long_questions_let_the_log_start_again, 0,
                        MODE_COUNT);
    tcase_add_loop_test(tcase, test_reader_waits_for_its_turn, 0, 2);
    tcase_add_test(tcase, test_reader_that_waits_can_be_interrupted);
    tcase_add_test(tcase, test_owner_asks_for_a_while_only);
    tcase_add_test(tcase, test_lock_that_is_no_file_asks_nothing);
    tcase_add_test(tcase, test_file_that_took_its_place_meanwhile_is_asked);
    return support_run_suite(suite);
}
