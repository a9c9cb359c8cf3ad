/* SPDX-License-Identifier: MIT */
/*
 * The load generator loads a collector over HTTP, counts what it is told, and
 * exits with 0 only when everything that was confirmed is there: in the ledger
 * and, row by row, in the file.
 */
#include "loadgen_run.h"
#include "site.h"

static struct daemon *collectord;

static const char *
target(void)
{
    return support_format("http://127.0.0.1:%d", daemon_port(collectord));
}

static void
setup(void)
{
    site_setup_upstream();
    collectord = NULL;
}

static void
teardown(void)
{
    daemon_free(collectord);
    site_teardown_upstream();
}

/** Load the collector for a moment, with two more arguments, and read what is
 *  printed. */
static struct loadgen_run
load(const char *file, const char *name, const char *value)
{
    struct loadgen_run run = loadgen_end(process_spawn(
        "LOADGEN", "-target", target(), "-workers", "8", "-duration", "300ms",
        "-db", file, "-dir", dir, "-json", name, value, NULL));

    loadgen_parse(&run);
    return run;
}

static void
assert_proved(const struct loadgen_run *run, int64_t before)
{
    const double accepted = loadgen_number(0, "accepted");

    ck_assert_msg(loadgen_is_proved(run), "%d: %s%s", run->status, run->out,
                  run->err);
    ck_assert_double_gt(accepted, 0);
    ck_assert_double_eq(accepted, loadgen_number(0, "rows_compared"));
    ck_assert_double_eq(accepted, loadgen_number(0, "ids_given"));
    ck_assert_double_eq(accepted + (double)before,
                        loadgen_number(0, "ledger.accepted"));
    ck_assert_double_eq(accepted, (double)(site_event_count() - before));
    ck_assert_double_eq(loadgen_number(0, "failures"), 0);
    ck_assert_double_eq(loadgen_number(0, "unknown"), 0);
    ck_assert_double_gt(loadgen_number(0, "p50_ms"), 0);
    ck_assert_double_ge(loadgen_number(0, "max_ms"),
                        loadgen_number(0, "p99_ms"));
}

START_TEST(test_every_event_of_a_load_is_found)
{
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(db, NULL, NULL);
    assert_proved(&run, 0);
    ck_assert_int_gt(
        support_sql_int(db, "SELECT count(DISTINCT device_id) FROM event_log"),
        8);
}
END_TEST

START_TEST(test_every_event_of_every_batch_is_found)
{
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(db, "-batch", "50");
    assert_proved(&run, 0);
    ck_assert_double_eq(loadgen_number(0, "accepted"),
                        50 * loadgen_number(0, "requests"));
}
END_TEST

START_TEST(test_no_two_loads_send_the_same_event)
{
    struct loadgen_run run;
    int64_t count;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(db, NULL, NULL);
    assert_proved(&run, 0);
    count = site_event_count();
    run = load(db, NULL, NULL);
    assert_proved(&run, count);
    ck_assert_int_eq(support_sql_int(db, "SELECT count(DISTINCT payload_json)"
                                         " FROM event_log"),
                     site_event_count());
}
END_TEST

START_TEST(test_connections_that_the_collector_ends_are_replaced)
{
    struct loadgen_run run;

    collectord =
        daemon_start(db, "-max-backlog", "0", "-http-threads", "2", NULL);
    run = load(db, "-workers", "6"); /* some of them are guests */
    assert_proved(&run, 0);
}
END_TEST

START_TEST(test_table_says_what_was_proved)
{
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = loadgen_end(process_spawn("LOADGEN", "-target", target(), "-duration",
                                    "300ms", "-db", db, "-dir", dir, NULL));
    ck_assert_msg(run.status == 0, "%s", run.err);
    ck_assert_contains(run.out, "requests/s");
    ck_assert_contains(run.out, "commits of");
    ck_assert_contains(
        run.out, support_format("proved: %lld events confirmed, %lld ids given "
                                "once",
                                (long long)site_event_count(),
                                (long long)site_event_count()));
    ck_assert_contains(run.out, support_format("%lld rows compared\n",
                                               (long long)site_event_count()));
}
END_TEST

/** Write a file with this text, and return its path. */
static const char *
write_file(const char *name, const char *text)
{
    const char *path = support_path(dir, name);

    support_write_file(path, text);
    return path;
}

#define TOKEN "0123456789abcdef"

START_TEST(test_a_collector_with_tokens_is_loaded_and_proved)
{
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", "-auth-token-file",
                              write_file("tokens", "admin " TOKEN "\n"), NULL);
    run = load(db, "-token-file", write_file("token", TOKEN "\n"));
    assert_proved(&run, 0);
    run = load(db, "-token-file", write_file("token", TOKEN "0"));
    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "it takes a -token-file of scope admin");
    ck_assert_double_eq(loadgen_number(0, "accepted"), 0);
    ck_assert_ptr_null(strstr(run.err, TOKEN));
}
END_TEST

static const char *const no_tokens[] = {"", "\n", "read " TOKEN "\n",
                                        TOKEN "\n" TOKEN "\n"};

START_TEST(test_a_file_without_a_token_is_refused)
{
    struct loadgen_run run = loadgen_end(
        process_spawn("LOADGEN", "-target", "http://127.0.0.1:1", "-token-file",
                      write_file("token", no_tokens[_i]), NULL));

    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "expected a token");
    ck_assert_ptr_null(strstr(run.err, TOKEN));
}
END_TEST

START_TEST(test_full_buffer_is_no_failure)
{
    struct loadgen_run run;

    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord = daemon_start(db, "-max-backlog", "40", "-sink", "webhook",
                              "-webhook-url", upstream_url(upstream, "/in"),
                              "-drain-timeout", "0", NULL);
    site_post_events(collectord, 36); /* the rest is gone at once */
    run = load(db, NULL, NULL);
    assert_proved(&run, 36);
    ck_assert_double_eq(loadgen_number(0, "accepted"), 4);
    ck_assert_double_ge(loadgen_number(0, "backpressure"), 1);
    /* None came back before its second was over. */
    ck_assert_double_le(loadgen_number(0, "backpressure"), 8);
}
END_TEST

START_TEST(test_events_of_another_file_are_not_those_that_were_sent)
{
    const char *other = support_path(dir, "other.sqlite");
    struct loadgen_run run;

    collectord = daemon_start(other, "-max-backlog", "0", NULL);
    run = load(other, "-workers", "1");
    ck_assert_int_eq(run.status, 0);
    daemon_stop(collectord);
    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(other, "-workers", "1");
    ck_assert_int_eq(run.status, 1);
    ck_assert(!loadgen_is_proved(&run));
    ck_assert_contains(run.err, "events not as they were sent");
}
END_TEST

START_TEST(test_events_that_were_deleted_are_missing)
{
    const char *other = support_path(dir, "other.sqlite");
    struct loadgen_run run;

    collectord = daemon_start(other, NULL);
    daemon_stop(collectord);
    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(other, NULL, NULL); /* where there are none */
    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "events not in the file (pruned?)");
    ck_assert_contains(run.err, "first: id 1 of");
    ck_assert_double_eq(loadgen_number(0, "rows_compared"), 0);
}
END_TEST

START_TEST(test_file_that_cannot_be_read_proves_nothing)
{
    const char *other = support_path(dir, "other.sqlite");
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    if (_i == 1)
        support_write_file(other, "This is a text, and not a database.");
    run = load(other, NULL, NULL);
    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "file not readable");
}
END_TEST

START_TEST(test_nobody_listening_is_a_failure)
{
    struct upstream *gone = upstream_new();
    const char *url = upstream_url(gone, "");
    struct loadgen_run run;

    upstream_free(gone);
    run = loadgen_end(process_spawn("LOADGEN", "-target", url, "-duration",
                                    "100ms", "-dir", dir, NULL));
    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "Connection refused");
}
END_TEST

START_TEST(test_collector_that_dies_is_a_failure)
{
    struct daemon *process;
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    process = process_spawn("LOADGEN", "-target", target(), "-workers", "8",
                            "-duration", "3s", "-dir", dir, "-json", NULL);
    /* More than one a worker: so one of them has had an answer. */
    ck_assert_eventually(support_sql_int(db, "SELECT accepted FROM ledger") >
                         8);
    daemon_kill(collectord);
    collectord = NULL;
    run = loadgen_end(process);
    ck_assert_int_eq(run.status, 1);
    loadgen_parse(&run);
    ck_assert_double_gt(loadgen_number(0, "accepted"), 0);
    ck_assert_double_gt(loadgen_number(0, "failures"), 0);
    ck_assert_double_le(loadgen_number(0, "unknown"), 8);
    ck_assert_contains(run.err, "no stats");
}
END_TEST

START_TEST(test_two_servers_are_loaded_in_turn)
{
    struct daemon *floor =
        process_spawn("LOADGEN", "-floor", "127.0.0.1:0", NULL);
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = load(db, "-against",
               support_format("http://127.0.0.1:%d", daemon_port(floor)));
    assert_proved(&run, 0);
    ck_assert_double_gt(loadgen_number(1, "requests"), 0);
    ck_assert_double_eq_tol(loadgen_number(0, "ratio"),
                            loadgen_number(0, "requests_per_s") /
                                loadgen_number(1, "requests_per_s"),
                            1e-3);
    daemon_stop(floor);
}
END_TEST

START_TEST(test_floor_is_measured_and_not_proved)
{
    struct loadgen_run run;

    collectord = process_spawn("LOADGEN", "-floor", "127.0.0.1:0", NULL);
    run = loadgen_end(process_spawn("LOADGEN", "-target", target(), "-duration",
                                    "300ms", "-workers", "300", "-dir", dir,
                                    "-json", NULL)); /* some are guests */
    loadgen_parse(&run);
    ck_assert_int_eq(run.status, 1);
    ck_assert_contains(run.err, "no stats");
    ck_assert_double_gt(loadgen_number(0, "accepted"), 0);
    ck_assert_double_eq(loadgen_number(0, "failures"), 0);
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_int_eq(response.status, 404);
    daemon_stop(collectord);
    collectord = NULL;
}
END_TEST

static const char *const mistakes[][4] = {
    {NULL},
    {"-nonsense"},
    {"-workers", "8"},
    {"-target"},
    {"-target", "127.0.0.1:8080"},
    {"-target", "https://127.0.0.1:8080"},
    {"-target", "http://127.0.0.1"},
    {"-target", "http://127.0.0.1:0"},
    {"-target", "http://127.0.0.1:8080/stats"},
    {"-floor", "127.0.0.1"},
    {"-floor", "127.0.0.1:0", "-bench"},
    {"-bench", "more"},
    {"-target=http://127.0.0.1:1", "-workers=0"},
    {"-target=http://127.0.0.1:1", "-workers=5000"},
    {"-target=http://127.0.0.1:1", "-duration=5"},
    {"-target=http://127.0.0.1:1", "-devices=x"},
    {"-target=http://127.0.0.1:1", "-batch=10001"},
    {"-target=http://127.0.0.1:1", "-against", "nobody"},
    {"-targ=http://127.0.0.1:1"},
    {"-bench", "-dur", "1ms"},
    {"--bench", "--dur=1ms"},
    {"-bench", "-duration", "1ms", "more"},
    {"-bench", "-duration=1ms", "-db=file"},
    {"-bench", "-duration=1ms", "-against=http://127.0.0.1:1"},
    {"-bench", "-duration=1ms", "-long"},
    {"-growth", "-duration=1ms", "-mode=serialized"},
    {"-bench", "-duration=1ms", "-token-file=file"},
};

START_TEST(test_mistake_on_the_command_line_is_refused)
{
    const char *const *words = mistakes[_i];
    struct loadgen_run run = loadgen_end(
        process_spawn("LOADGEN", words[0], words[1], words[2], words[3], NULL));

    ck_assert_int_eq(run.status, 2);
    ck_assert_str_ne(run.err, "");
    ck_assert_str_eq(run.out, "");
}
END_TEST

static const char *const spellings[][4] = {
    {"-workers", "3", "-batch", "2"},
    {"--workers", "3", "--batch", "2"},
    {"-workers=3", "-batch=2"},
    {"--workers=3", "--batch=2"},
};

START_TEST(test_option_works_in_every_spelling)
{
    const char *const *words = spellings[_i];
    struct loadgen_run run;

    collectord = daemon_start(db, "-max-backlog", "0", NULL);
    run = loadgen_end(process_spawn("LOADGEN", "--json", "-duration=300ms",
                                    "--target", target(), "-dir", dir, words[0],
                                    words[1], words[2], words[3], NULL));
    loadgen_parse(&run);
    ck_assert_msg(loadgen_is_proved(&run), "%s", run.err);
    ck_assert_contains(run.out, "\"workers\":3,");
    ck_assert_double_eq(loadgen_number(0, "batch"), 2);
}
END_TEST

START_TEST(test_help_is_printed)
{
    struct loadgen_run run =
        loadgen_end(process_spawn("LOADGEN", "-help", NULL));

    ck_assert_int_eq(run.status, 0);
    ck_assert_contains(run.out, "-target URL");
    ck_assert_str_eq(run.err, "");
}
END_TEST

static TCase *
load_case(void)
{
    TCase *tcase = tcase_create("load");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_every_event_of_a_load_is_found);
    tcase_add_test(tcase, test_every_event_of_every_batch_is_found);
    tcase_add_test(tcase, test_no_two_loads_send_the_same_event);
    tcase_add_test(tcase,
                   test_connections_that_the_collector_ends_are_replaced);
    tcase_add_test(tcase, test_table_says_what_was_proved);
    tcase_add_test(tcase, test_a_collector_with_tokens_is_loaded_and_proved);
    tcase_add_test(tcase, test_full_buffer_is_no_failure);
    tcase_add_test(tcase, test_two_servers_are_loaded_in_turn);
    tcase_add_test(tcase, test_floor_is_measured_and_not_proved);
    return tcase;
}

static TCase *
failure_case(void)
{
    TCase *tcase = tcase_create("failure");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase,
                   test_events_of_another_file_are_not_those_that_were_sent);
    tcase_add_test(tcase, test_events_that_were_deleted_are_missing);
    tcase_add_loop_test(tcase, test_file_that_cannot_be_read_proves_nothing, 0,
                        2);
    tcase_add_test(tcase, test_nobody_listening_is_a_failure);
    tcase_add_test(tcase, test_collector_that_dies_is_a_failure);
    return tcase;
}

static TCase *
usage_case(void)
{
    TCase *tcase = tcase_create("usage");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, test_mistake_on_the_command_line_is_refused, 0,
                        sizeof(mistakes) / sizeof(mistakes[0]));
    tcase_add_loop_test(tcase, test_a_file_without_a_token_is_refused, 0,
                        sizeof(no_tokens) / sizeof(no_tokens[0]));
    tcase_add_loop_test(tcase, test_option_works_in_every_spelling, 0,
                        sizeof(spellings) / sizeof(spellings[0]));
    tcase_add_test(tcase, test_help_is_printed);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("loadgen");

    suite_add_tcase(suite, load_case());
    suite_add_tcase(suite, failure_case());
    suite_add_tcase(suite, usage_case());
    return support_run_suite(suite);
}
