/* SPDX-License-Identifier: MIT */
/*
 * A handle that came through fork() is its maker's. In the child every function
 * says so and touches nothing, whatever the parent's threads were at when it
 * was made; all can be freed there; and the parent never notices.
 */
#include "crew.h"
#include "harness.h"
#include "recorder.h"

#include <sys/wait.h>
#include <unistd.h>

#define WRITER_COUNT 4
#define CHILD_COUNT 60
#define EVENT_COUNT_ENOUGH 30000

/* A child that waits for a lock that nobody holds in it ends here. */
#define CHILD_S 60

/** All kinds of handles, and what goes on with them. */
struct family {
    struct harness harness;
    const char *copy_path;
    struct recorder *recorder;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    struct collector_batch *batch;
    _Atomic bool over;
    _Atomic int64_t appended;
};

static struct family family;

static void
make_family(int mode)
{
    memset(&family, 0, sizeof(family));
    harness_prepare(&family.harness, mode);
    family.harness.options.connection_count_max = 2; /* some wait for one */
    harness_open(&family.harness);
    family.copy_path = support_path(family.harness.dir, "copy");
    family.recorder = recorder_new(&family.sink);
    ck_assert_ok(collector_uploader_new(family.harness.store, family.sink, NULL,
                                        &family.uploader));
}

static void
teardown(void)
{
    collector_batch_free(family.batch);
    collector_uploader_free(family.uploader);
    collector_sink_free(family.sink);
    recorder_free(family.recorder);
    harness_close(&family.harness);
}

/** A question of a child's: the first that is answered wrongly is what it exits
 *  with. */
#define EXPECT(number, condition)                                              \
    do {                                                                       \
        if (!(condition))                                                      \
            _exit(number);                                                     \
    } while (0)

#define EXPECT_FORK(number, call) EXPECT(number, (call) == COLLECTOR_ERR_FORK)

static int
never_show(void *userdata, const struct collector_dead_letter *letter)
{
    (void)userdata;
    (void)letter;
    _exit(99);
}

static void
ask_store(struct collector_store *store)
{
    static const char line[] = "{\"device_id\":\"d\",\"kind\":\"k\"}";
    const struct collector_event event = {.device_id = "d", .kind = "k"};
    const struct collector_batch_limits limits = {10, 1000};
    const struct collector_delivery delivery = {.result = COLLECTOR_DELIVERED};
    struct collector_store_stats stats = {.size = sizeof(stats), .pending = 7};
    struct collector_problem problem = {.index = 77};
    struct collector_batch *batch = NULL;

    EXPECT_FORK(1, collector_store_append(store, &event, 1, NULL, NULL));
    EXPECT_FORK(2, collector_store_append(store, &event, 0, NULL, NULL));
    EXPECT_FORK(3, collector_store_append_json(store, line, strlen(line),
                                               COLLECTOR_JSON_DOCUMENT, NULL,
                                               NULL, &problem));
    EXPECT(4, problem.index == 77);
    EXPECT_FORK(5, collector_store_fetch(store, &limits, &batch));
    EXPECT(6, batch == NULL);
    EXPECT_FORK(7, collector_store_checkpoint(store, family.batch, &delivery));
    EXPECT_FORK(8, collector_store_snapshot(store, family.copy_path));
    EXPECT_FORK(9, collector_store_maintain(store));
    EXPECT_FORK(10, collector_dead_letters_list(store, 0, 9, never_show, NULL));
    EXPECT_FORK(11, collector_dead_letters_replay(store, NULL, 0, NULL));
    EXPECT_FORK(12, collector_dead_letters_purge(store, NULL, 0, NULL));
    collector_store_snapshot_cancel(store);
    collector_store_stats(store, &stats);
    EXPECT(13, stats.size == sizeof(stats) && stats.pending == 0 &&
                   stats.accepted == 0);
}

static void
ask_uploader(struct collector_uploader *uploader)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats),
                                             .healthy = true};
    struct collector_uploader *another = NULL;
    struct collector_drain drain;

    EXPECT_FORK(20, collector_uploader_drain(uploader, &drain));
    EXPECT_FORK(21, collector_uploader_start(uploader));
    EXPECT_FORK(22, collector_uploader_stop(uploader, 1000));
    EXPECT_FORK(23, collector_uploader_new(family.harness.store, family.sink,
                                           NULL, &another));
    collector_uploader_stats(uploader, &stats);
    EXPECT(24, stats.size == sizeof(stats) && !stats.healthy);
}

/** A batch is memory: it can be read. */
static void
ask_batch(const struct collector_batch *batch)
{
    const char *text = NULL;

    EXPECT(30, collector_batch_count(batch) == 1);
    EXPECT(31, collector_batch_event(batch, 0) != NULL);
    EXPECT(32, collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text,
                                    NULL) == COLLECTOR_OK);
    EXPECT(33, text[0] == '[');
}

/** An own store does not make a sink that was inherited one's own. */
static void
ask_with_own_store(struct collector_sink *sink)
{
    struct collector_store_options options = family.harness.options;
    struct collector_uploader *uploader = NULL;
    struct collector_store *store = NULL;

    options.path = support_path(family.harness.dir, "own");
    EXPECT(60, collector_store_open(&options, &store) == COLLECTOR_OK);
    EXPECT_FORK(61, collector_uploader_new(store, sink, NULL, &uploader));
    collector_store_free(store);
}

static void
ask_sink(struct collector_sink *sink, const struct collector_batch *batch)
{
    struct collector_delivery delivery = {.attempts = 1};

    EXPECT_FORK(40, collector_sink_deliver(sink, batch, &delivery));
    EXPECT(41, delivery.result == COLLECTOR_RETRY);
    EXPECT(42, delivery.error[0] != '\0');
    collector_sink_cancel(sink);
    ask_with_own_store(sink);
}

/** What a child asks of all that it has inherited. Without Check, which would
 *  count its failures as the parent's. */
static void
be_a_child(void)
{
    (void)alarm(CHILD_S);
    ask_store(family.harness.store);
    ask_uploader(family.uploader);
    if (family.batch != NULL) {
        ask_batch(family.batch);
        ask_sink(family.sink, family.batch);
    }
    collector_batch_free(family.batch);
    collector_uploader_free(family.uploader);
    collector_sink_free(family.sink);
    collector_store_free(family.harness.store);
    /* At work the recorder has a lock that may be held. */
    if (family.batch != NULL) {
        EXPECT(50, recorder_free_count(family.recorder) == 0);
        EXPECT(51, recorder_cancel_count(family.recorder) == 0);
    }
    _exit(0);
}

/** Have a child, and wait for it. */
static void
have_a_child(void)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0)
        be_a_child();
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFSIGNALED(status), "the child died of signal %d",
                  WTERMSIG(status));
    ck_assert_msg(WEXITSTATUS(status) == 0, "the child's question %d",
                  WEXITSTATUS(status));
}

START_TEST(test_a_child_is_told_that_nothing_is_its_own)
{
    struct collector_store *another = NULL;

    make_family(_i);
    harness_append(&family.harness, 1);
    family.batch = harness_fetch(&family.harness, 1);

    have_a_child();

    /* To the parent nothing has happened. */
    support_log_expect_errors(family.harness.log);
    ck_assert_error(collector_store_open(&family.harness.options, &another),
                    COLLECTOR_ERR_LOCKED);
    ck_assert_int_eq(support_file_size(family.copy_path), -1);
    ck_assert_ok(
        harness_checkpoint(&family.harness, family.batch, COLLECTOR_DELIVERED));
    ck_assert_int_eq(harness_append(&family.harness, 1), 2);
    ck_assert_uint_eq(harness_stats(&family.harness).delivered, 1);
}
END_TEST

static void
append_until_it_is_over(void *userdata, size_t number)
{
    (void)userdata;
    if (number < WRITER_COUNT) {
        while (!atomic_load(&family.over)) {
            (void)harness_append(&family.harness, 1);
            /* What is more than the recorder holds adds nothing. */
            if (atomic_fetch_add(&family.appended, 1) > EVENT_COUNT_ENOUGH)
                support_pause();
        }
        return;
    }
    for (number = 0; number < CHILD_COUNT; number++)
        have_a_child();
    atomic_store(&family.over, true);
}

START_TEST(test_a_fork_while_all_are_at_work_harms_nobody)
{
    struct harness *harness = &family.harness;

    make_family(_i);
    ck_assert_ok(collector_uploader_start(family.uploader));
    crew_run(WRITER_COUNT + 1, append_until_it_is_over, NULL);
    ck_assert_ok(collector_uploader_stop(family.uploader, SUPPORT_WAIT_MS));

    ck_assert_uint_eq(recorder_delivered_count(family.recorder),
                      (size_t)family.appended);
    harness_assert_contiguous(harness, family.appended);
    ck_assert_str_eq(harness_text(harness, "PRAGMA integrity_check"), "ok");
}
END_TEST

/** Open a store, have a child that has inherited it, and be gone without
 *  freeing anything, as if killed. The child stays until nobody can write to
 *  the pipe any more. */
static void
leave_a_child(const struct collector_store_options *options, bool frees,
              const int hold[2])
{
    struct collector_store *store = NULL;
    int told[2];
    char byte = 'x';

    EXPECT(1, collector_store_open(options, &store) == COLLECTOR_OK);
    EXPECT(2, pipe(told) == 0);
    if (fork() == 0) {
        (void)alarm(CHILD_S);
        (void)close(hold[1]);
        if (frees)
            collector_store_free(store);
        EXPECT(3, write(told[1], &byte, 1) == 1);
        EXPECT(4, read(hold[0], &byte, 1) == 0);
        _exit(0);
    }
    EXPECT(5, read(told[0], &byte, 1) == 1);
    _exit(0);
}

/** One that has freed its handles holds nothing back; one that has not keeps
 *  the lock. */
START_TEST(test_a_child_that_outlives_its_parent_has_let_go_if_it_freed)
{
    const bool frees = _i;
    int hold[2];
    int status = 0;
    pid_t parent;

    make_family(COLLECTOR_MODE_GROUP);
    collector_uploader_free(family.uploader);
    family.uploader = NULL;
    harness_close(&family.harness);
    ck_assert_int_eq(pipe(hold), 0);
    parent = fork();
    if (parent == 0)
        leave_a_child(&family.harness.options, frees, hold);
    ck_assert_int_gt(parent, 0);
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert_int_eq(status, 0);
    support_log_expect_errors(family.harness.log);
    ck_assert_error(
        collector_store_open(&family.harness.options, &family.harness.store),
        frees ? COLLECTOR_OK : COLLECTOR_ERR_LOCKED);
    ck_assert_int_eq(close(hold[1]), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fork");
    TCase *child = support_add_case(suite, "child", NULL, teardown);
    const int modes = COLLECTOR_MODE_CONCURRENT + 1;

    tcase_add_loop_test(child, test_a_child_is_told_that_nothing_is_its_own, 0,
                        modes);
    tcase_add_loop_test(child, test_a_fork_while_all_are_at_work_harms_nobody,
                        0, modes);
    tcase_add_loop_test(
        child, test_a_child_that_outlives_its_parent_has_let_go_if_it_freed, 0,
        2);
    return support_run_suite(suite);
}
