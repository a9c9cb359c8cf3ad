/* SPDX-License-Identifier: MIT */
/*
 * The file sink promises that a delivered batch stands in the file, one event a
 * line and nothing else; and that a batch that was not delivered has left
 * nothing there, so that no reader ever meets half a line.
 */
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fixture fixture;
static const char *dir;
static const char *path;
static struct collector_sink *sink;

static void
setup(void)
{
    fixture_init(&fixture);
    dir = support_dir_new();
    path = support_path(dir, "out.ndjson");
    ck_assert_ok(collector_sink_file_new(path, &sink));
}

static void
teardown(void)
{
    collector_sink_free(sink);
    fixture_close(&fixture);
}

/** Offer so many events at most to a sink, and settle what it takes. The
 *  text of the batch is kept as support's. */
static struct collector_delivery
deliver_to(struct collector_sink *to, uint32_t event_count_max,
           const char **ret_text)
{
    struct collector_batch *batch = fixture_fetch(&fixture, event_count_max);
    struct collector_delivery delivery = {.attempts = 1};
    const char *text;

    ck_assert_ptr_nonnull(batch);
    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, NULL));
    *ret_text = support_format("%s", text);
    ck_assert_ok(collector_sink_deliver(to, batch, &delivery));
    if (delivery.result == COLLECTOR_DELIVERED)
        ck_assert_ok(
            collector_store_checkpoint(fixture.store, batch, &delivery));
    collector_batch_free(batch);
    return delivery;
}

static const char *
deliver(uint32_t event_count_max)
{
    const char *text;

    ck_assert_int_eq(deliver_to(sink, event_count_max, &text).result,
                     COLLECTOR_DELIVERED);
    return text;
}

/** The sink can't deliver now, and says why. */
static void
check_retry(const char *reason)
{
    const char *text;
    const struct collector_delivery delivery = deliver_to(sink, 100, &text);

    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_int_eq(delivery.status, 0);
    ck_assert_contains(delivery.error, reason);
}

START_TEST(test_a_batch_is_one_line_an_event)
{
    fixture_append(&fixture, 3);
    ck_assert_str_eq(collector_sink_name(sink), "file");
    ck_assert_int_eq(support_file_size(path), -1); /* not before it's needed */
    ck_assert_str_eq(deliver(10), support_read_file(path));
    ck_assert_uint_eq(support_occurrences(support_read_file(path), "\n"), 3);
}
END_TEST

START_TEST(test_batches_are_appended)
{
    const char *first;
    const char *second;

    fixture_append(&fixture, 5);
    first = deliver(3);
    second = deliver(3);
    ck_assert_str_eq(support_read_file(path),
                     support_format("%s%s", first, second));
    ck_assert_uint_eq(support_occurrences(support_read_file(path), "\n"), 5);
}
END_TEST

START_TEST(test_the_file_is_for_its_owner_only)
{
    const mode_t before = umask(0);
    struct stat status;

    fixture_append(&fixture, 1);
    (void)deliver(1);
    (void)umask(before);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0600);
}
END_TEST

/** Sizes around those in which the sink looks for the last line. */
static const size_t torn_sizes[] = {1,    4094, 4095, 4096,  4097,
                                    8191, 8192, 8193, 20000, 100000};

/** A line so long, without its end. */
static const char *
torn_line(size_t size)
{
    char *text = support_alloc(size + 1);

    memset(text, 't', size);
    return text;
}

START_TEST(test_a_torn_last_line_is_cut_off)
{
    fixture_append(&fixture, 1);
    support_write_file(path, support_format("{\"id\":1}\n{\"id\":2}\n%s",
                                            torn_line(torn_sizes[_i])));
    ck_assert_str_eq(support_format("{\"id\":1}\n{\"id\":2}\n%s", deliver(1)),
                     support_read_file(path));
}
END_TEST

START_TEST(test_a_file_without_a_line_end_is_cut_to_nothing)
{
    fixture_append(&fixture, 1);
    support_write_file(path, torn_line(torn_sizes[_i]));
    ck_assert_str_eq(deliver(1), support_read_file(path));
}
END_TEST

START_TEST(test_whole_lines_are_left_alone)
{
    const char *lines = support_format("%s\n\n%s\n", torn_line(5000),
                                       torn_line(torn_sizes[_i]));

    fixture_append(&fixture, 1);
    support_write_file(path, lines);
    ck_assert_str_eq(support_format("%s%s", lines, deliver(1)),
                     support_read_file(path));
}
END_TEST

START_TEST(test_a_file_moved_away_is_made_anew)
{
    const char *old_path = support_path(dir, "out.1");
    const char *first;
    const char *second;

    fixture_append(&fixture, 2);
    first = deliver(1);
    ck_assert_int_eq(rename(path, old_path), 0);
    second = deliver(1);
    ck_assert_str_eq(support_read_file(old_path), first);
    ck_assert_str_eq(support_read_file(path), second);
}
END_TEST

START_TEST(test_a_missing_directory_is_a_retry)
{
    collector_sink_free(sink);
    path = support_path(dir, "sub/out.ndjson");
    ck_assert_ok(collector_sink_file_new(path, &sink));
    fixture_append(&fixture, 1);
    check_retry("sub/out.ndjson: No such file or directory");
    ck_assert_int_eq(mkdir(support_path(dir, "sub"), 0700), 0);
    ck_assert_str_eq(deliver(1), support_read_file(path));
}
END_TEST

START_TEST(test_a_directory_in_its_place_is_a_retry)
{
    fixture_append(&fixture, 1);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    check_retry("Is a directory");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_str_eq(deliver(1), support_read_file(path));
}
END_TEST

START_TEST(test_a_full_device_is_a_retry)
{
    collector_sink_free(sink);
    ck_assert_ok(collector_sink_file_new("/dev/full", &sink));
    fixture_append(&fixture, 1);
    check_retry("No space left on device");
    ck_assert_uint_eq(fixture_pending(&fixture), 1);
}
END_TEST

/** Let files grow up to here only; a write beyond it fails or is short. */
static void
limit_file_size(rlim_t size)
{
    struct rlimit limit;

    ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/** The sink's part of deliver() alone: the store must not meet the limit. */
static void
check_short_write(rlim_t room, const char *before)
{
    struct collector_batch *batch = fixture_fetch(&fixture, 10);
    struct collector_delivery delivery;

    limit_file_size((rlim_t)strlen(before) + room);
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    limit_file_size(RLIM_INFINITY);
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_contains(delivery.error, "File too large");
    ck_assert_str_eq(support_read_file(path), before);
    collector_batch_free(batch);
}

START_TEST(test_a_batch_written_in_part_is_cut_off_again)
{
    const char *before;

    fixture_append(&fixture, 4);
    before = deliver(1);
    check_short_write(0, before);
    check_short_write(1, before);
    check_short_write(strlen(before) + 5, before); /* past the first line */
    ck_assert_str_eq(support_format("%s%s", before, deliver(10)),
                     support_read_file(path));
}
END_TEST

START_TEST(test_a_torn_line_is_cut_off_by_a_failure_too)
{
    fixture_append(&fixture, 2);
    support_write_file(path, "{\"id\":1}\n{\"torn");
    check_short_write(20, "{\"id\":1}\n");
    ck_assert_str_eq(support_format("{\"id\":1}\n%s", deliver(2)),
                     support_read_file(path));
}
END_TEST

/** Leave room for so many more descriptors. */
static void
limit_descriptors(int count, struct rlimit *ret_before)
{
    struct rlimit limit;
    int lowest = dup(STDERR_FILENO);

    ck_assert_int_ge(lowest, 0);
    ck_assert_int_eq(close(lowest), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    *ret_before = limit;
    limit.rlim_cur = (rlim_t)lowest + (rlim_t)count;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

START_TEST(test_a_name_that_cannot_be_synced_leaves_no_lines)
{
    struct collector_batch *batch;
    struct collector_delivery delivery;
    struct rlimit before;

    fixture_append(&fixture, 2);
    batch = fixture_fetch(&fixture, 10);
    limit_descriptors(1, &before); /* the file opens, its directory doesn't */
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_contains(delivery.error, "Too many open files");
    ck_assert_int_eq(support_file_size(path), 0);
    collector_batch_free(batch);
    ck_assert_str_eq(deliver(10), support_read_file(path));
}
END_TEST

/** Put something in the place of standard output. @return The old one. */
static int
replace_stdout(int fd)
{
    int before;

    ck_assert_int_eq(fflush(stdout), 0);
    before = dup(STDOUT_FILENO);
    ck_assert_int_ge(before, 0);
    ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    return before;
}

static void
restore_stdout(int before)
{
    ck_assert_int_eq(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    ck_assert_int_eq(close(before), 0);
}

START_TEST(test_a_dash_is_standard_output)
{
    char got[4096] = "";
    const char *text;
    int ends[2];
    int before;

    collector_sink_free(sink);
    ck_assert_ok(collector_sink_file_new("-", &sink));
    fixture_append(&fixture, 3);
    ck_assert_int_eq(pipe(ends), 0);
    before = replace_stdout(ends[1]);
    ck_assert_int_eq(deliver_to(sink, 10, &text).result, COLLECTOR_DELIVERED);
    restore_stdout(before);
    ck_assert_int_eq(close(ends[1]), 0);
    ck_assert_int_eq(read(ends[0], got, sizeof(got) - 1),
                     (ssize_t)strlen(text));
    ck_assert_str_eq(got, text);
    ck_assert_int_eq(close(ends[0]), 0);
}
END_TEST

START_TEST(test_standard_output_that_cannot_be_written_is_a_retry)
{
    struct collector_delivery delivery;
    const char *text;
    int before;
    int fd;

    collector_sink_free(sink);
    ck_assert_ok(collector_sink_file_new("-", &sink));
    fixture_append(&fixture, 1);
    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    before = replace_stdout(fd);
    delivery = deliver_to(sink, 10, &text);
    restore_stdout(before);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(delivery.result, COLLECTOR_RETRY);
    ck_assert_contains(delivery.error, "No space left on device");
}
END_TEST

static void *
cancel_until_done(void *userdata)
{
    _Atomic bool *done = userdata;

    while (!atomic_load(done)) {
        collector_sink_cancel(sink);
        support_pause();
    }
    return NULL;
}

START_TEST(test_a_pipe_that_nobody_reads_can_be_cancelled)
{
    struct collector_delivery delivery = {.attempts = 1};
    struct collector_batch *batch;
    char payload[60000];
    _Atomic bool done = false;
    pthread_t thread;
    int i;

    memset(payload, '1', sizeof(payload) - 1);
    payload[0] = '"';
    payload[sizeof(payload) - 2] = '"';
    payload[sizeof(payload) - 1] = '\0';
    for (i = 0; i < 3; i++)
        fixture_append_payload(&fixture, payload);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    batch = fixture_fetch(&fixture, 3);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_until_done, &done),
                     0);
    ck_assert_error(collector_sink_deliver(sink, batch, &delivery),
                    COLLECTOR_ERR_CANCELLED);
    atomic_store(&done, true);
    (void)pthread_join(thread, NULL);
    collector_batch_free(batch);
}
END_TEST

START_TEST(test_a_path_is_needed)
{
    struct collector_sink *other;

    ck_assert_error(collector_sink_file_new(NULL, &other),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_file_new("", &other), COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_sink_file_new(path, NULL), COLLECTOR_ERR_INVALID);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
    Suite *suite = suite_create("sink_file");
    TCase *lines = tcase_create("lines");
    TCase *failures = tcase_create("failures");
    TCase *output = tcase_create("standard output");

    tcase_add_checked_fixture(lines, setup, teardown);
    tcase_add_test(lines, test_a_batch_is_one_line_an_event);
    tcase_add_test(lines, test_batches_are_appended);
    tcase_add_test(lines, test_the_file_is_for_its_owner_only);
    tcase_add_loop_test(lines, test_a_torn_last_line_is_cut_off, 0,
                        ROWS(torn_sizes));
    tcase_add_loop_test(lines, test_a_file_without_a_line_end_is_cut_to_nothing,
                        0, ROWS(torn_sizes));
    tcase_add_loop_test(lines, test_whole_lines_are_left_alone, 0,
                        ROWS(torn_sizes));
    tcase_add_test(lines, test_a_file_moved_away_is_made_anew);
    tcase_add_test(lines, test_a_path_is_needed);
    suite_add_tcase(suite, lines);
    tcase_add_checked_fixture(failures, setup, teardown);
    tcase_add_test(failures, test_a_missing_directory_is_a_retry);
    tcase_add_test(failures, test_a_directory_in_its_place_is_a_retry);
    tcase_add_test(failures, test_a_full_device_is_a_retry);
    tcase_add_test(failures, test_a_batch_written_in_part_is_cut_off_again);
    tcase_add_test(failures, test_a_torn_line_is_cut_off_by_a_failure_too);
    tcase_add_test(failures, test_a_name_that_cannot_be_synced_leaves_no_lines);
    suite_add_tcase(suite, failures);
    tcase_add_checked_fixture(output, setup, teardown);
    tcase_add_test(output, test_a_dash_is_standard_output);
    tcase_add_test(output,
                   test_standard_output_that_cannot_be_written_is_a_retry);
    tcase_add_test(output, test_a_pipe_that_nobody_reads_can_be_cancelled);
    suite_add_tcase(suite, output);
    return support_run_suite(suite);
}
