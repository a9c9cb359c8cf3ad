/* SPDX-License-Identifier: MIT */
/*
 * tail -f promises each event once, in the order of ids, over restarts of the
 * collector and the exchange of its file, until somebody stops it or nobody
 * reads it.
 */
#include "ctl.h"
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture fixture;
static struct daemon *tail;

static void
setup_file(void)
{
    fixture_init(&fixture);
    fixture_append(&fixture, 3);
}

static void
teardown_file(void)
{
    daemon_free(tail);
    tail = NULL;
    fixture_close(&fixture);
}

/** Follow a target as lines of JSON, from its beginning on. */
static void
follow(const char *target)
{
    tail = process_spawn("COLLECTORCTL", target, "tail", "-f", "-n", "1000",
                         "-format", "ndjson", NULL);
}

/** The ids that were shown so far, as "1,2,3,". */
static const char *
ids(void)
{
    const char *at = daemon_stdout(tail);
    const char *text = "";
    long long id;

    while ((at = strstr(at, "{\"id\":")) != NULL) {
        ck_assert_int_eq(sscanf(at, "{\"id\":%lld", &id), 1);
        text = support_format("%s%lld,", text, id);
        at++;
    }
    return text;
}

/** Stop it as a user does, and assert that it ends well. */
static void
stop(int signal_number)
{
    daemon_signal(tail, signal_number);
    ck_assert_int_eq(process_end(tail), 0);
}

START_TEST(test_events_that_come_are_shown_once)
{
    follow(fixture.path);
    ck_assert_eventually(strcmp(ids(), "1,2,3,") == 0);
    fixture_append(&fixture, 2);
    ck_assert_eventually(strcmp(ids(), "1,2,3,4,5,") == 0);
    fixture_append(&fixture, 1);
    ck_assert_eventually(strcmp(ids(), "1,2,3,4,5,6,") == 0);
    stop(_i == 0 ? SIGINT : SIGTERM);
    ck_assert_str_eq(ids(), "1,2,3,4,5,6,");
    ck_assert_str_eq(daemon_stderr(tail), "");
}
END_TEST

START_TEST(test_a_filter_holds_for_what_comes)
{
    const struct collector_event other = {.device_id = "x", .kind = "other"};

    tail = process_spawn("COLLECTORCTL", fixture.path, "tail", "-f", "-n", "2",
                         "-kind", "other", "-format", "ndjson", NULL);
    ck_assert_ok(collector_store_append(fixture.store, &other, 1, NULL, NULL));
    fixture_append(&fixture, 2);
    ck_assert_ok(collector_store_append(fixture.store, &other, 1, NULL, NULL));
    ck_assert_eventually(strcmp(ids(), "4,7,") == 0);
    stop(SIGINT);
}
END_TEST

START_TEST(test_it_ends_when_nobody_reads_it)
{
    const char *program = getenv("COLLECTORCTL");
    int ends[2];
    pid_t pid;
    int status;

    ck_assert_ptr_nonnull(program);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl(program, "collectorctl", fixture.path, "tail", "-f", "-n",
                    "0", NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    (void)close(ends[0]);
    /* Nothing comes that it could write. */
    ck_assert_eventually(waitpid(pid, &status, WNOHANG) == pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

/** As a collector does with a damaged file. */
static void
put_aside(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    size_t i;

    for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        (void)rename(support_format("%s%s", path, suffixes[i]),
                     support_format("%s.damaged-1%s", path, suffixes[i]));
}

/** Put noise in the place of all but the file's header. */
static void
spoil(const char *path)
{
    const char *noise = support_repeat("noise", 1600);
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_gt(pwrite(fd, noise, strlen(noise), 100), 0);
    (void)close(fd);
}

/** Put a file of so many events, which nobody has, in the place of the one that
 *  is followed. */
static void
exchange(size_t event_count, bool is_damaged)
{
    struct fixture other;

    fixture_init(&other);
    fixture_append(&other, event_count);
    fixture_close(&other);
    if (is_damaged)
        spoil(other.path);
    put_aside(fixture.path);
    ck_assert_int_eq(rename(other.path, fixture.path), 0);
}

START_TEST(test_another_file_is_shown_from_its_beginning)
{
    follow(fixture.path);
    ck_assert_eventually(strcmp(ids(), "1,2,3,") == 0);
    fixture_close(&fixture);
    exchange(2, false);
    ck_assert(daemon_says(tail, "another file has taken its place"));
    ck_assert_eventually(strcmp(ids(), "1,2,3,1,2,") == 0);
    stop(SIGINT);
}
END_TEST

/** Have a snapshot of the file take its part. */
static void
turn_to_snapshot(void)
{
    const char *copy = support_path(support_dir_new(), "copy.sqlite");

    ck_assert_ok(collector_store_snapshot(fixture.store, copy));
    fixture_close(&fixture);
    fixture.path = copy;
}

START_TEST(test_a_collector_that_takes_a_snapshot_on_continues_it)
{
    turn_to_snapshot();
    follow(fixture.path);
    ck_assert_eventually(strcmp(ids(), "1,2,3,") == 0);
    fixture_reopen(&fixture);
    fixture_append(&fixture, 1);
    ck_assert_eventually(strcmp(ids(), "1,2,3,4,") == 0);
    fixture_append(&fixture, 1);
    ck_assert_eventually(strcmp(ids(), "1,2,3,4,5,") == 0);
    stop(SIGINT);
    ck_assert_ptr_null(strstr(daemon_stderr(tail), "another file"));
}
END_TEST

START_TEST(test_another_file_in_the_place_of_a_snapshot_is_noticed)
{
    turn_to_snapshot();
    follow(fixture.path);
    ck_assert_eventually(strcmp(ids(), "1,2,3,") == 0);
    exchange(4, false);
    ck_assert(daemon_says(tail, "another file has taken its place"));
    ck_assert_eventually(strcmp(ids(), "1,2,3,1,2,3,4,") == 0);
    stop(SIGINT);
}
END_TEST

START_TEST(test_a_damaged_file_is_waited_for_in_one_line)
{
    follow(fixture.path);
    ck_assert_eventually(strcmp(ids(), "1,2,3,") == 0);
    fixture_close(&fixture);
    exchange(2, true);
    ck_assert(daemon_says(tail, "; trying again\n"));
    /* Said at each look it would be there more than twice. */
    ck_assert_int_eq(daemon_wait(tail, 2000), DAEMON_RUNNING);
    ck_assert_uint_le(support_occurrences(daemon_stderr(tail), "\n"), 2);
    exchange(2, false);
    ck_assert(daemon_says(tail, "it answers again"));
    ck_assert_eventually(strcmp(ids(), "1,2,3,1,2,") == 0);
    stop(SIGINT);
    ck_assert_uint_eq(support_occurrences(daemon_stderr(tail), "trying"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_tail");
    TCase *file = support_add_case(suite, "file", setup_file, teardown_file);

    tcase_add_loop_test(file, test_events_that_come_are_shown_once, 0, 2);
    tcase_add_test(file, test_a_filter_holds_for_what_comes);
    tcase_add_test(file, test_it_ends_when_nobody_reads_it);
    tcase_add_test(file, test_another_file_is_shown_from_its_beginning);
    tcase_add_test(file,
                   test_a_collector_that_takes_a_snapshot_on_continues_it);
    tcase_add_test(file,
                   test_another_file_in_the_place_of_a_snapshot_is_noticed);
    tcase_add_test(file, test_a_damaged_file_is_waited_for_in_one_line);
    return support_run_suite(suite);
}
