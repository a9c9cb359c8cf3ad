/* SPDX-License-Identifier: MIT */
/*
 * Whoever stands in front of the system sees every call of SQLite and of the
 * library below one directory, can refuse it, and sees none of anybody else's.
 */
#include "calls.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct harness harness;
static size_t counts[CALL_KIND_COUNT];
static struct call last;
static enum call_kind refused;
static int answer;

static int
refuse(void *userdata, struct call *call)
{
    (void)userdata;
    return call->kind == refused ? answer : 0;
}

static void
count(void *userdata, const struct call *call, int64_t result)
{
    (void)userdata;
    (void)result;
    counts[call->kind]++;
    last = *call;
}

static const struct call_observer observer = {.before = refuse, .after = count};

static void
setup(void)
{
    harness_init(&harness);
    refused = CALL_KIND_COUNT;
    calls_observe(harness.dir, &observer);
}

static void
teardown(void)
{
    harness_close(&harness);
    calls_observe(NULL, NULL);
}

/** A file in the watched directory. */
static int
open_file(void)
{
    return open(support_path(harness.dir, "file"), O_RDWR | O_CREAT, 0600);
}

START_TEST(test_every_kind_of_call_of_a_store_is_seen)
{
    enum call_kind kind;

    harness.options.size_max = COLLECTOR_STORE_SIZE_MIN;
    harness_open(&harness);
    (void)harness_append(&harness, 1);
    ck_assert_ok(collector_store_snapshot(
        harness.store, support_path(harness.dir, "snapshot")));
    harness_close(&harness);
    for (kind = 0; kind < CALL_KIND_COUNT; kind++)
        if (kind != CALL_LINK) /* where renameat2() is not to be had */
            ck_assert_msg(counts[kind] > 0, "no %s", call_kind_name(kind));
}
END_TEST

START_TEST(test_what_is_written_is_seen_with_its_place)
{
    int fd = open_file();

    ck_assert_int_eq(write(fd, "abc", 3), 3);
    ck_assert_int_eq(write(fd, "de", 2), 2);
    ck_assert_int_eq(last.kind, CALL_WRITE);
    ck_assert_int_eq(last.offset, 3);
    ck_assert_uint_eq(last.size, 2);
    ck_assert_int_eq(pwrite(fd, "f", 1, 7), 1);
    ck_assert_int_eq(last.offset, 7);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(last.kind, CALL_CLOSE);
}
END_TEST

START_TEST(test_a_refused_call_is_not_made)
{
    int fd = open_file();

    refused = CALL_WRITE;
    answer = EIO;
    ck_assert_int_eq(write(fd, "abc", 3), -1);
    ck_assert_int_eq(errno, EIO);
    ck_assert_uint_eq(counts[CALL_WRITE], 0);
    refused = CALL_ALLOCATE;
    answer = ENOSPC;
    ck_assert_int_eq(posix_fallocate(fd, 0, 10), ENOSPC);
    ck_assert_int_eq(support_file_size(support_path(harness.dir, "file")), 0);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(test_a_pretended_call_answers_as_if_it_were_made)
{
    int fd = open_file();

    refused = CALL_WRITE;
    answer = CALL_PRETEND;
    ck_assert_int_eq(pwrite(fd, "abc", 3, 0), 3);
    ck_assert_uint_eq(counts[CALL_WRITE], 1);
    ck_assert_int_eq(support_file_size(support_path(harness.dir, "file")), 0);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(test_a_close_that_fails_has_closed_all_the_same)
{
    int fd = open_file();

    refused = CALL_CLOSE;
    answer = EIO;
    ck_assert_int_eq(close(fd), -1);
    ck_assert_int_eq(errno, EIO);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(test_an_append_whose_sync_is_refused_fails)
{
    harness_open(&harness);
    support_log_expect_errors(harness.log);
    refused = CALL_SYNC;
    answer = EIO;
    ck_assert_error(harness_try(&harness, "k"), COLLECTOR_ERR_IO);
    refused = CALL_KIND_COUNT;
    ck_assert_eventually(collector_store_maintain(harness.store) ==
                         COLLECTOR_OK);
    ck_assert_ok(harness_try(&harness, "k"));
}
END_TEST

START_TEST(test_calls_elsewhere_are_not_seen)
{
    const char *path = support_path(support_dir_new(), "elsewhere");
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    ck_assert_int_eq(write(fd, "abc", 3), 3);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_uint_eq(counts[CALL_OPEN], 0);
    ck_assert_uint_eq(counts[CALL_WRITE], 0);
    ck_assert_uint_eq(counts[CALL_UNLINK], 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("calls");
    TCase *tcase = support_add_case(suite, "calls", setup, teardown);

    tcase_add_test(tcase, test_every_kind_of_call_of_a_store_is_seen);
    tcase_add_test(tcase, test_what_is_written_is_seen_with_its_place);
    tcase_add_test(tcase, test_a_refused_call_is_not_made);
    tcase_add_test(tcase, test_a_pretended_call_answers_as_if_it_were_made);
    tcase_add_test(tcase, test_a_close_that_fails_has_closed_all_the_same);
    tcase_add_test(tcase, test_an_append_whose_sync_is_refused_fails);
    tcase_add_test(tcase, test_calls_elsewhere_are_not_seen);
    return support_run_suite(suite);
}
