/* SPDX-License-Identifier: MIT */
/*
 * A server as a process promises to listen while it works: a call that is
 * cancelled is ended and not answered, a ping is not kept waiting, and it ends
 * when its client is gone or a signal says so, whatever it is doing.
 */
#include "mcp/site.h"

#include "mcp/mcp.h"
#include "mcp/rpc.h"
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL_MESSAGE(id, sql)                                                  \
    "{\"jsonrpc\":\"2.0\",\"id\":" id                                          \
    ",\"method\":\"tools/call\",\"params\":{\"name\":\"query\","               \
    "\"arguments\":{\"sql\":\"" sql "\"}}}"
#define CALL(id, sql) CALL_MESSAGE(id, sql) "\n"

/* Only an interruption ends it. */
#define ENDLESS                                                                \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT "  \
    "count(*) FROM c"

#define CANCEL(id)                                                             \
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{" \
    "\"requestId\":" id ",\"reason\":\"no longer wanted\"}}\n"

/* CPU time of a server that asks, in ns: it takes less for anything else. */
#define BUSY_NS (50 * 1000 * 1000)

/* A pipe of 64 KiB that holds as much is full: a piece of an answer has no room
 * any more. */
#define PIPE_FULL (14 * 4096)

static pid_t server;
static int to_server;
static FILE *from_server;

/** Serve, and end. */
static void
serve(int in, int out)
{
    const struct mcp_options options = {
        .path = mcp_db,
        .deadline_ms = COLLECTOR_READER_DEADLINE_MS_MAX,
        .limits = {STANDING_UNKNOWN, STANDING_UNKNOWN}};

    _exit(mcp_serve(&options, in, out) < 0 ? 1 : 0);
}

/** The same as the command does it. */
static void
run_command(int in, int out)
{
    const char *command = support_text_or_nothing(getenv("COLLECTORCTL"));

    (void)dup2(in, STDIN_FILENO);
    (void)dup2(out, STDOUT_FILENO);
    (void)execl(command, command, "-deadline", "1ms", "-max-backlog", "7",
                "-max-size", "4GiB", mcp_db, "mcp", (char *)NULL);
    _exit(127);
}

static void
start(void (*run)(int in, int out))
{
    int in[2];
    int out[2];

    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    server = fork();
    ck_assert_int_ge(server, 0);
    if (server == 0) {
        (void)close(in[1]);
        (void)close(out[0]);
        run(in[0], out[1]);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    to_server = in[1];
    from_server = fdopen(out[0], "r");
    ck_assert(from_server != NULL);
}

/** Make a file; no handle of the library goes through a fork. */
static void
make_file(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    mcp_setup();
    mcp_append("a", "k", NULL, 0);
    mcp_teardown();
}

static void
setup(void)
{
    make_file();
    start(serve);
}

static void
setup_command(void)
{
    make_file();
    start(run_command);
}

static void
teardown(void)
{
    if (server > 0) {
        (void)kill(server, SIGKILL);
        (void)waitpid(server, NULL, 0);
    }
    server = 0;
}

static void
say(const char *text)
{
    const size_t size = strlen(text);

    ck_assert_int_eq(write(to_server, text, size), (ssize_t)size);
}

/** The next line; fails the test when there is none. */
static const char *
hear(void)
{
    char *line = NULL;
    size_t size = 0;
    const char *text;

    ck_assert_int_gt(getline(&line, &size, from_server), 0);
    text = support_format("%s", line);
    free(line);
    return text;
}

/** Assert that it ends by itself, and with this status. */
static void
check_end(int expected)
{
    int status = -1;

    ck_assert_eventually(waitpid(server, &status, WNOHANG) == server);
    server = 0;
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), expected);
}

static void
hello(void)
{
    say(TALK_HELLO("2025-11-25"));
    ck_assert_contains(hear(), "serverInfo");
}

/** The same as a client that may send batches. */
static void
hello_batching(void)
{
    say(TALK_HELLO("2025-03-26"));
    ck_assert_contains(hear(), "serverInfo");
}

static int64_t
cpu_ns(void)
{
    struct timespec used;
    clockid_t clock;

    ck_assert_int_eq(clock_getcpuclockid(server, &clock), 0);
    ck_assert_int_eq(clock_gettime(clock, &used), 0);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/** Say what ends in an endless call, and wait until that is being asked. */
static void
say_endless(const char *text)
{
    const int64_t used_ns = cpu_ns();

    say(text);
    ck_assert_eventually(cpu_ns() - used_ns >= BUSY_NS);
}

START_TEST(test_ping_does_not_wait_for_a_call)
{
    hello();
    say(CALL("1", ENDLESS) TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
    say(CANCEL("1"));
    (void)close(to_server);
    ck_assert_int_eq(getc(from_server), EOF);
    check_end(0);
}
END_TEST

START_TEST(test_call_that_is_cancelled_is_ended_and_not_answered)
{
    hello();
    say(CALL("1", ENDLESS) TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
    say(CANCEL("1") CALL("2", "SELECT count(*) FROM events"));
    ck_assert_contains(hear(), "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\"");
}
END_TEST

START_TEST(test_call_that_waits_can_be_cancelled_too)
{
    hello();
    say(CALL("1", ENDLESS) CALL("\"two\"", "SELECT 2") CALL("3", "SELECT 3")
            CANCEL("\"two\"") CANCEL("\"1\"") CANCEL("4") CANCEL("1"));
    ck_assert_contains(hear(), "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\"");
}
END_TEST

START_TEST(test_call_that_was_answered_can_be_cancelled_without_harm)
{
    hello();
    say(CALL("1", "SELECT 1"));
    ck_assert_contains(hear(), "\"id\":1,\"result\"");
    say(CANCEL("1") CALL("1", "SELECT 2"));
    ck_assert_contains(hear(), "\"rows\":[[2]]");
}
END_TEST

START_TEST(test_part_of_a_batch_that_is_cancelled_is_left_out)
{
    const char *answer;

    hello_batching();
    say_endless("[" CALL_MESSAGE("1", "SELECT 1") "," CALL_MESSAGE(
        "2", ENDLESS) "," CALL_MESSAGE("3", "SELECT 3") "]\n");
    say(CANCEL("2"));
    answer = hear();
    ck_assert_uint_eq(support_occurrences(answer, "\"jsonrpc\""), 2);
    ck_assert_contains(answer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\"");
    ck_assert_contains(answer, ",{\"jsonrpc\":\"2.0\",\"id\":3,\"result\"");
    ck_assert_contains(answer, "\"rows\":[[3]]");
}
END_TEST

START_TEST(test_part_of_a_batch_that_waits_can_be_cancelled_too)
{
    const char *answer;

    hello_batching();
    say_endless("[" CALL_MESSAGE("1", ENDLESS) "," CALL_MESSAGE(
        "2", ENDLESS) "," CALL_MESSAGE("3", "SELECT 3") "]\n");
    say("[" CALL_MESSAGE("4", ENDLESS) "," CALL_MESSAGE(
        "5", "SELECT 5") "]\n" CANCEL("2") CANCEL("4") CANCEL("1"));
    answer = hear();
    ck_assert_uint_eq(support_occurrences(answer, "\"jsonrpc\""), 1);
    ck_assert_contains(answer, "[{\"jsonrpc\":\"2.0\",\"id\":3,\"result\"");
    answer = hear();
    ck_assert_uint_eq(support_occurrences(answer, "\"jsonrpc\""), 1);
    ck_assert_contains(answer, "[{\"jsonrpc\":\"2.0\",\"id\":5,\"result\"");
}
END_TEST

START_TEST(test_batch_of_which_nothing_is_left_has_no_answer)
{
    hello_batching();
    say_endless("[" CALL_MESSAGE("1", ENDLESS) "]\n");
    say("[" CALL_MESSAGE("2", ENDLESS) "]\n" CANCEL("2") CANCEL("1")
            CALL("3", "SELECT 3"));
    ck_assert_int_eq(
        strncmp(hear(), "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\"", 31), 0);
}
END_TEST

START_TEST(test_signal_ends_a_batch_with_what_waits_in_it)
{
    hello_batching();
    say_endless(
        "[" CALL_MESSAGE("1", ENDLESS) "," CALL_MESSAGE("2", ENDLESS) "]\n");
    ck_assert_int_eq(kill(server, SIGTERM), 0);
    ck_assert_int_eq(getc(from_server), EOF);
    check_end(0);
}
END_TEST

START_TEST(test_end_of_the_input_ends_it_well)
{
    hello();
    (void)close(to_server);
    check_end(0);
}
END_TEST

static const int signals[] = {SIGTERM, SIGINT};

START_TEST(test_signal_ends_it_well_while_it_works)
{
    hello();
    say(CALL("1", ENDLESS) TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
    ck_assert_int_eq(kill(server, signals[_i]), 0);
    ck_assert_int_eq(getc(from_server), EOF);
    check_end(0);
}
END_TEST

START_TEST(test_signal_ends_it_after_the_end_of_the_input_too)
{
    hello();
    say(CALL("1", ENDLESS) TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
    (void)close(to_server);
    ck_assert_int_eq(kill(server, SIGTERM), 0);
    ck_assert_int_eq(getc(from_server), EOF);
    check_end(0);
}
END_TEST

/** Bytes that wait to be read. */
static int
waiting(void)
{
    int count = 0;

    ck_assert_int_eq(ioctl(fileno(from_server), FIONREAD, &count), 0);
    return count;
}

/** Ask for more than a pipe holds, and read no more than the first answer. */
static void
stuff(void)
{
    int i;

    for (i = 0; i < 100; i++)
        say(CALL("1", "SELECT hex(zeroblob(30000))"));
    ck_assert_contains(hear(), "\"id\":1,\"result\"");
    ck_assert_eventually(waiting() >= PIPE_FULL);
}

START_TEST(test_signal_ends_it_while_nobody_reads)
{
    hello();
    stuff();
    ck_assert_int_eq(kill(server, SIGTERM), 0);
    check_end(0);
}
END_TEST

START_TEST(test_client_that_reads_no_more_ends_it)
{
    hello();
    stuff();
    (void)fclose(from_server);
    check_end(1);
}
END_TEST

START_TEST(test_client_that_is_slow_gets_all_answers)
{
    int i;

    hello();
    stuff();
    for (i = 1; i < 100; i++)
        ck_assert_contains(hear(), "\"id\":1,\"result\"");
    say(TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
}
END_TEST

START_TEST(test_message_that_comes_in_pieces_is_one)
{
    const char *at;

    for (at = TALK_HELLO("2025-11-25"); *at != '\0'; at++)
        ck_assert_int_eq(write(to_server, at, 1), 1);
    ck_assert_contains(hear(), "serverInfo");
}
END_TEST

START_TEST(test_line_without_an_end_is_not_gathered)
{
    const char *piece = support_repeat("x", 4096);
    size_t size;

    hello();
    for (size = 0; size <= RPC_LINE_SIZE_MAX; size += 4096)
        say(piece);
    ck_assert_contains(hear(), "\"code\":-32600");
    say("\n" TALK_PING);
    ck_assert_str_eq(hear(), TALK_PONG);
}
END_TEST

START_TEST(test_command_speaks_the_protocol)
{
    hello();
    say(CALL("1", ENDLESS));
    ck_assert_contains(hear(), "took too long and was ended: narrow it; ids");
    (void)close(to_server);
    check_end(0);
}
END_TEST

/** Assert that a command line is refused in these words. */
static void
check_usage(const char *option, const char *value, const char *target,
            const char *words)
{
    struct daemon *command =
        process_spawn("COLLECTORCTL", option, value, target, "mcp", NULL);

    ck_assert_int_eq(process_end(command), 2);
    ck_assert_contains(daemon_stderr(command), words);
    daemon_free(command);
}

START_TEST(test_command_that_is_wrong_is_refused)
{
    check_usage("-deadline", "1s", "http://127.0.0.1:1", "name its file");
    check_usage("-max-size", "much", "x.sqlite",
                "-max-size \"much\": expected a size");
    check_usage("-limit", "7", "x.sqlite", "-limit changes nothing about mcp");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mcp_live");
    TCase *tcase = support_add_case(suite, "cancel", setup, teardown);

    tcase_add_test(tcase, test_ping_does_not_wait_for_a_call);
    tcase_add_test(tcase,
                   test_call_that_is_cancelled_is_ended_and_not_answered);
    tcase_add_test(tcase, test_call_that_waits_can_be_cancelled_too);
    tcase_add_test(tcase,
                   test_call_that_was_answered_can_be_cancelled_without_harm);
    tcase_add_test(tcase, test_part_of_a_batch_that_is_cancelled_is_left_out);
    tcase_add_test(tcase, test_part_of_a_batch_that_waits_can_be_cancelled_too);
    tcase_add_test(tcase, test_batch_of_which_nothing_is_left_has_no_answer);

    tcase = support_add_case(suite, "end", setup, teardown);
    tcase_add_test(tcase, test_end_of_the_input_ends_it_well);
    tcase_add_loop_test(tcase, test_signal_ends_it_well_while_it_works, 0, 2);
    tcase_add_test(tcase, test_signal_ends_a_batch_with_what_waits_in_it);
    tcase_add_test(tcase, test_signal_ends_it_after_the_end_of_the_input_too);
    tcase_add_test(tcase, test_signal_ends_it_while_nobody_reads);
    tcase_add_test(tcase, test_client_that_reads_no_more_ends_it);

    tcase = support_add_case(suite, "command", setup_command, teardown);
    tcase_add_test(tcase, test_command_speaks_the_protocol);
    tcase_add_test(tcase, test_command_that_is_wrong_is_refused);

    tcase = support_add_case(suite, "pieces", setup, teardown);
    tcase_add_test(tcase, test_client_that_is_slow_gets_all_answers);
    tcase_add_test(tcase, test_message_that_comes_in_pieces_is_one);
    tcase_add_test(tcase, test_line_without_an_end_is_not_gathered);
    return support_run_suite(suite);
}
