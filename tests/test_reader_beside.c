/* SPDX-License-Identifier: MIT */
/*
 * A reader beside the store that writes its file, in the same process and in
 * any write mode: it sees what was kept, takes none of the store's locks away,
 * keeps its log from growing no longer than a question takes, and is of no use
 * to a child.
 */
#include "crew.h"
#include "harness.h"
#include "reading.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODE_COUNT (COLLECTOR_MODE_CONCURRENT + 1)

/** A child that waits for a lock that nobody holds in it ends here. */
#define CHILD_S 60

static struct harness harness;

START_TEST(test_reader_sees_what_the_store_has_kept)
{
    struct collector_reader *reader;

    harness_start(&harness, (enum collector_write_mode)_i);
    reader = reading_open(harness.path);
    ck_assert_str_eq(reading_event_count(reader), "0\n");
    harness_append(&harness, 3);
    ck_assert_str_eq(reading_event_count(reader), "3\n");
    harness_close(&harness);
    ck_assert_str_eq(reading_event_count(reader), "3\n");
    harness_open(&harness);
    harness_append(&harness, 3);
    ck_assert_str_eq(reading_event_count(reader), "6\n");
    harness_close(&harness);
    collector_reader_free(reader);
}
END_TEST

/** Who holds a lock on what SQLite locks in the file, as another process sees
 *  it; 0 for nobody. */
static pid_t
lock_holder(const char *path)
{
    int told[2];
    pid_t holder = -1;
    pid_t child;

    ck_assert_int_eq(pipe(told), 0);
    child = fork();
    if (child == 0) {
        const int fd = open(path, O_RDWR | O_CLOEXEC);
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = 0x40000000,
                             .l_len = 1024};

        (void)alarm(CHILD_S);
        if (fd < 0 || fcntl(fd, F_GETLK, &lock) != 0)
            _exit(1);
        holder = lock.l_type == F_UNLCK ? 0 : lock.l_pid;
        _exit(write(told[1], &holder, sizeof(holder)) == sizeof(holder) ? 0
                                                                        : 2);
    }
    ck_assert_int_eq(read(told[0], &holder, sizeof(holder)), sizeof(holder));
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    return holder;
}

/** POSIX has a process lose its locks on a file with any descriptor of it. */
START_TEST(test_reader_takes_no_lock_of_the_store_away)
{
    struct collector_reader *reader;

    harness_start(&harness, (enum collector_write_mode)_i);
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    reader = reading_open(harness.path);
    ck_assert_str_eq(reading_event_count(reader), "0\n");
    collector_reader_free(reader);
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    harness_close(&harness);
    ck_assert_int_eq(lock_holder(harness.path), 0);
}
END_TEST

struct curious {
    _Atomic bool over;
    _Atomic uint64_t count;
};

/** The first appends, and the others ask. */
static void
append_or_ask(void *userdata, size_t number)
{
    struct curious *curious = userdata;
    struct collector_reader *reader = NULL;
    int i;

    if (number > 0) {
        reader = reading_open(harness.path);
        while (!atomic_load(&curious->over)) {
            ck_assert_ok(reading_query(reader, "SELECT * FROM events").rc);
            ck_assert_ok(reading_of(ledger, reader).rc);
            atomic_fetch_add(&curious->count, 1);
        }
    }
    for (i = 0; number == 0 && i < 80; i++)
        ck_assert_ok(harness_fill(&harness, "d", 10, 10000));
    if (number == 0)
        ck_assert_eventually(atomic_load(&curious->count) > 3);
    atomic_store(&curious->over, true);
    collector_reader_free(reader);
}

/** Each question lets go of the file: the log starts again and again. */
START_TEST(test_questions_in_a_row_do_not_make_the_log_grow)
{
    struct curious curious = {.over = false};

    harness_prepare(&harness, _i);
    harness.options.size_max = (uint64_t)24 * 1024 * 1024;
    harness_open(&harness);
    crew_run(2, append_or_ask, &curious);
    ck_assert_uint_gt(harness_stats(&harness).written_size, 12 * 1000 * 1000);
    ck_assert_uint_gt(harness_stats(&harness).log_moves, 1);
    ck_assert_int_lt(support_file_size(harness.wal_path), 6 * 1024 * 1024);
    harness_close(&harness);
}
END_TEST

/** What a child asks of a reader that it has inherited. @return The number of
 *  the first question that is answered wrongly; 0 for none. */
static int
ask_as_a_child(struct collector_reader *reader)
{
    struct collector_answer answer = {.size = sizeof(answer), .row_count = 7};
    const int rc = COLLECTOR_ERR_FORK;

    (void)alarm(CHILD_S);
    if (collector_reader_query(reader, "SELECT 1", NULL, 0, NULL, NULL,
                               &answer) != rc ||
        answer.row_count != 0)
        return 1;
    if (collector_reader_events(reader, NULL, NULL, NULL, NULL) != rc ||
        collector_reader_event(reader, 1, NULL, NULL, NULL) != rc ||
        collector_reader_devices(reader, 0, 0, NULL, NULL, NULL) != rc ||
        collector_reader_runs(reader, 0, NULL, NULL, NULL, NULL) != rc ||
        collector_reader_dead_letters(reader, 0, NULL, NULL, NULL) != rc ||
        collector_reader_ledger(reader, NULL, NULL, NULL) != rc)
        return 2;
    if (collector_reader_verify(reader, true, NULL, NULL, NULL) != rc ||
        collector_reader_snapshot(reader, "x") != rc ||
        collector_reader_set_rows_max(reader, 1) != rc)
        return 3;
    collector_reader_interrupt(reader);
    collector_reader_free(reader);
    return 0;
}

START_TEST(test_reader_is_its_makers)
{
    struct collector_reader *reader;
    int status = 0;
    pid_t child;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    reader = reading_open(harness.path);
    ck_assert_str_eq(reading_event_count(reader), "0\n");
    child = fork();
    if (child == 0)
        _exit(ask_as_a_child(reader));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(lock_holder(harness.path), getpid());
    harness_append(&harness, 1);
    ck_assert_str_eq(reading_event_count(reader), "1\n");
    collector_reader_free(reader);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_beside");
    TCase *tcase = support_add_case(suite, "beside the store", NULL, NULL);

    tcase_add_loop_test(tcase, test_reader_sees_what_the_store_has_kept, 0,
                        MODE_COUNT);
    tcase_add_loop_test(tcase, test_reader_takes_no_lock_of_the_store_away, 0,
                        MODE_COUNT);
    tcase_add_loop_test(tcase, test_questions_in_a_row_do_not_make_the_log_grow,
                        0, MODE_COUNT);
    tcase_add_test(tcase, test_reader_is_its_makers);
    return support_run_suite(suite);
}
