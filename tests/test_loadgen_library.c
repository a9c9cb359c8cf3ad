/* SPDX-License-Identifier: MIT */
/*
 * The load generator measures the library alone: every cell has its figures,
 * what was confirmed is there, and nothing is left behind. How fast it is on
 * this machine is no test.
 */
#include "loadgen_run.h"
#include "site.h"

#include <dirent.h>
#include <signal.h>

/** Run a measurement that is named by a flag, with one more flag and its value
 *  or NULL, and wait for its end. */
static struct loadgen_run
run_measurement(const char *flag, const char *duration, const char *name,
                const char *value)
{
    return loadgen_end(process_spawn("LOADGEN", flag, "-json", "-workers", "4",
                                     "-duration", duration, "-dir", dir, name,
                                     value, NULL));
}

/** Files and directories in the directory where it worked. */
static unsigned
left_behind(void)
{
    DIR *listing = opendir(dir);
    const struct dirent *entry;
    unsigned count = 0;

    ck_assert_ptr_nonnull(listing);
    while ((entry = readdir(listing)) != NULL)
        if (entry->d_name[0] != '.')
            count++;
    (void)closedir(listing);
    return count;
}

/** Run a measurement that has to succeed, and read its cells. */
static void
measure(const char *flag, const char *duration, const char *name,
        const char *value)
{
    const struct loadgen_run run = run_measurement(flag, duration, name, value);

    ck_assert_msg(run.status == 0, "%s: %d: %s", flag, run.status, run.err);
    ck_assert_str_eq(run.err, "");
    ck_assert_uint_eq(left_behind(), 0);
    loadgen_parse_as(&run, flag + 1);
}

/** Assert what holds for a cell on any machine. */
static void
assert_figures(unsigned cell, double batch)
{
    const double events = loadgen_number(cell, "events");
    const double commits = loadgen_number(cell, "commits");

    ck_assert_double_eq(loadgen_number(cell, "batch"), batch);
    ck_assert_double_gt(events, 0);
    ck_assert_double_gt(loadgen_number(cell, "events_per_s"), 0);
    ck_assert_double_gt(loadgen_number(cell, "p50_ms"), 0);
    ck_assert_double_ge(loadgen_number(cell, "p95_ms"),
                        loadgen_number(cell, "p50_ms"));
    ck_assert_double_ge(loadgen_number(cell, "p99_ms"),
                        loadgen_number(cell, "p95_ms"));
    ck_assert_double_ge(loadgen_number(cell, "max_ms"),
                        loadgen_number(cell, "p99_ms"));
    ck_assert_double_ge(loadgen_number(cell, "conflicts"), 0);
    if (strcmp(loadgen_text(cell, "mode"), "group") == 0)
        ck_assert_double_lt(commits, events);
    else
        ck_assert_double_ge(commits, events / batch);
    /* Each commit waits for the disk: also SQLite's own calls are counted. */
    ck_assert_double_ge(loadgen_number(cell, "syncs"), commits);
    if (strcmp(loadgen_text(cell, "mode"), "serialized") == 0)
        ck_assert_double_eq(loadgen_number(cell, "ratio"), 1);
    else
        ck_assert_double_gt(loadgen_number(cell, "ratio"), 0);
}

START_TEST(test_every_mode_is_measured_with_and_without_an_index)
{
    unsigned i;

    measure("-bench", "100ms", NULL, NULL);
    ck_assert_uint_eq(loadgen_cell_count(), 6);
    for (i = 0; i < 6; i++) {
        assert_figures(i, 1);
        ck_assert(loadgen_bool(i, "indexed") == (i >= 3));
        ck_assert(loadgen_is_null(i, "drained_per_s"));
    }
}
END_TEST

START_TEST(test_one_mode_alone_has_no_ratio)
{
    measure("-bench", "20ms", "-mode", "group");
    ck_assert_uint_eq(loadgen_cell_count(), 2);
    ck_assert_str_eq(loadgen_text(0, "mode"), "group");
    ck_assert(loadgen_is_null(0, "ratio"));
}
END_TEST

START_TEST(test_contention_drains_beside_the_appends)
{
    unsigned i;

    measure("-contention", "250ms", NULL, NULL);
    ck_assert_uint_eq(loadgen_cell_count(), 3);
    for (i = 0; i < 3; i++) {
        ck_assert_double_gt(loadgen_number(i, "events_per_s"), 0);
        ck_assert_double_gt(loadgen_number(i, "drained_per_s"), 0);
        ck_assert_double_gt(loadgen_number(i, "p99_ratio"), 0);
    }
}
END_TEST

START_TEST(test_disjoint_appends_batches)
{
    unsigned i;

    measure("-disjoint", "60ms", NULL, NULL);
    ck_assert_uint_eq(loadgen_cell_count(), 3);
    for (i = 0; i < 3; i++)
        assert_figures(i, 20);
    measure("-disjoint", "60ms", "-batch", "7");
    for (i = 0; i < 3; i++)
        assert_figures(i, 7);
}
END_TEST

START_TEST(test_growth_compares_each_size_with_an_empty_file)
{
    static const double sizes[] = {0, 10000, 50000};
    unsigned i;

    measure("-growth", "40ms", NULL, NULL);
    ck_assert_uint_eq(loadgen_cell_count(), 3);
    for (i = 0; i < 3; i++) {
        ck_assert_double_ge(loadgen_number(i, "kept"), sizes[i]);
        ck_assert_double_gt(loadgen_number(i, "single_ratio"), 0);
        ck_assert_double_gt(loadgen_number(i, "thousand_ratio"), 0);
        ck_assert_double_gt(loadgen_number(i, "drain_ratio"), 0);
        ck_assert_double_gt(loadgen_number(i, "open_ms"), 0);
        /* What is kept is on the disk once, and was in the log before. */
        ck_assert_double_gt(loadgen_number(i, "file_size_per_event"), 50);
        if (!loadgen_is_null(i, "written_per_event"))
            ck_assert_double_gt(loadgen_number(i, "written_per_event"),
                                loadgen_number(i, "file_size_per_event"));
    }
}
END_TEST

START_TEST(test_drain_delivers_every_event_once)
{
    unsigned i;

    measure("-drain", "100ms", NULL, NULL);
    ck_assert_uint_eq(loadgen_cell_count(), 5);
    for (i = 0; i < 4; i++) {
        ck_assert_str_eq(loadgen_text(i, "load"), "backlog");
        ck_assert_double_eq(loadgen_number(i, "events"), 100000);
        ck_assert_double_eq(loadgen_number(i, "gaps"), 0);
        ck_assert_double_gt(loadgen_number(i, "delivered_per_s"), 0);
        ck_assert_double_gt(loadgen_number(i, "bytes_per_request"), 10000);
    }
    ck_assert_str_eq(loadgen_text(4, "load"), "appends");
    ck_assert_double_gt(loadgen_number(4, "appended"), 0);
    ck_assert_double_ge(loadgen_number(4, "backlog_max"), 1);
}
END_TEST

START_TEST(test_directory_that_is_not_there_is_said)
{
    static const char *const flags[] = {"-bench", "-growth", "-drain"};
    const struct loadgen_run run =
        run_measurement(flags[_i], "20ms", "-dir", "/dev/null/nowhere");

    ck_assert_int_eq(run.status, 1);
    ck_assert_str_eq(run.out, "");
    ck_assert_contains(run.err, "can't make a directory in /dev/null/nowhere");
}
END_TEST

START_TEST(test_run_that_is_stopped_leaves_nothing_behind)
{
    struct daemon *process = process_spawn("LOADGEN", "-bench", "-duration",
                                           "1h", "-dir", dir, NULL);
    struct loadgen_run run;

    ck_assert_eventually(left_behind() > 0);
    daemon_signal(process, SIGTERM);
    run = loadgen_end(process);
    ck_assert_int_eq(run.status, 128 + SIGTERM);
    ck_assert_uint_eq(left_behind(), 0);
}
END_TEST

/** Send a batch, of which only the head counts. Returns the status. */
static int
send_batch(struct daemon *counter, const char *id, const char *ids)
{
    http_request(daemon_port(counter), "POST", "/ingest",
                 support_format("X-Collector-Id: %s\r\n%s", id, ids), "[]",
                 &response);
    return response.status;
}

#define IDS(first, last)                                                       \
    "X-Collector-First-Id: " #first "\r\nX-Collector-Last-Id: " #last "\r\n"

START_TEST(test_counter_sees_gaps_and_duplicates)
{
    static const char first[] = "6f1c1f0e-3c52-4f3a-9c0c-0f3ab1f7f6c1";
    static const char second[] = "7f1c1f0e-3c52-4f3a-9c0c-0f3ab1f7f6c1";
    struct daemon *counter =
        process_spawn("LOADGEN", "-count", "127.0.0.1:0", "-json", NULL);
    struct loadgen_run run;

    ck_assert_int_eq(send_batch(counter, first, IDS(1, 5)), 200);
    ck_assert_int_eq(send_batch(counter, second, IDS(3, 3)), 200);
    ck_assert_int_eq(send_batch(counter, first, IDS(4, 6)), 200);
    ck_assert_int_eq(send_batch(counter, first, IDS(8, 9)), 200);
    ck_assert_int_eq(send_batch(counter, first, IDS(1, 2)), 200);
    ck_assert_int_eq(send_batch(counter, first, IDS(9, 8)), 422);
    ck_assert_int_eq(send_batch(counter, first, ""), 422);
    daemon_signal(counter, SIGTERM);
    run = loadgen_end(counter);
    ck_assert_int_eq(run.status, 0);
    loadgen_parse_as(&run, "count");
    ck_assert_double_eq(loadgen_number(0, "events"), 9);
    ck_assert_double_eq(loadgen_number(0, "collectors"), 2);
    ck_assert_double_eq(loadgen_number(0, "requests"), 5);
    ck_assert_double_eq(loadgen_number(0, "gaps"), 1);
    ck_assert_double_eq(loadgen_number(0, "duplicates"), 4);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("loadgen_library");
    TCase *tables = support_add_case(suite, "tables", site_setup, NULL);
    TCase *ends = support_add_case(suite, "ends", site_setup, NULL);

    tcase_set_timeout(tables, 120);
    tcase_add_test(tables,
                   test_every_mode_is_measured_with_and_without_an_index);
    tcase_add_test(tables, test_one_mode_alone_has_no_ratio);
    tcase_add_test(tables, test_contention_drains_beside_the_appends);
    tcase_add_test(tables, test_disjoint_appends_batches);
    tcase_add_test(tables, test_growth_compares_each_size_with_an_empty_file);
    tcase_add_test(tables, test_drain_delivers_every_event_once);
    tcase_set_timeout(ends, 60);
    tcase_add_loop_test(ends, test_directory_that_is_not_there_is_said, 0, 3);
    tcase_add_test(ends, test_run_that_is_stopped_leaves_nothing_behind);
    tcase_add_test(ends, test_counter_sees_gaps_and_duplicates);
    return support_run_suite(suite);
}
