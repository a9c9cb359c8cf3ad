/* SPDX-License-Identifier: MIT */
/*
 * The upstream of the examples promises each event once, whatever overlaps, is
 * repeated, or comes at once, and though it is killed; and it says exactly what
 * is missing.
 */
#include "client.h"
#include "process.h"
#include "support.h"

#include <signal.h>
#include <stdio.h>

#define EVENT_COUNT 600
#define KILL_COUNT 4

static const char *dir;
static const char *kept; /* the receiver's file */
static struct daemon *receiver;
static int port;
static struct collector_store *store;
static struct collector_sink *sink;

/** Run the receiver, on the port that it had before if it had one. */
static void
start_receiver(void)
{
    static const char mark[] = "listening on port ";
    const char *line;

    receiver = process_spawn("RECEIVER", support_format("127.0.0.1:%d", port),
                             kept, NULL);
    ck_assert(daemon_says(receiver, mark));
    ck_assert_eventually((line = strstr(daemon_stderr(receiver), mark)) !=
                             NULL &&
                         strchr(line, '\n') != NULL);
    ck_assert_int_eq(sscanf(line + strlen(mark), "%d", &port), 1);
}

static void
open_store(uint64_t backlog_max)
{
    struct collector_store_options options;

    collector_store_options_init(&options);
    options.path = support_path(dir, "events.sqlite");
    options.backlog_max = backlog_max;
    options.overflow = COLLECTOR_OVERFLOW_DROP_OLDEST;
    ck_assert_ok(collector_store_open(&options, &store));
}

static void
setup(void)
{
    struct collector_webhook_options options;

    dir = support_dir_new();
    kept = support_path(dir, "kept.sqlite");
    port = 0;
    start_receiver();
    open_store(0);
    collector_webhook_options_init(&options);
    options.url = support_format("http://127.0.0.1:%d/ingest", port);
    ck_assert_ok(collector_sink_webhook_new(&options, &sink));
}

static void
teardown(void)
{
    collector_store_free(store);
    collector_sink_free(sink);
    daemon_free(receiver);
}

static void
append(int count)
{
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = "21.40"};

    while (count-- > 0)
        ck_assert_ok(collector_store_append(store, &event, 1, NULL, NULL));
}

/** Offer at most so many events; settle them if told to. */
static void
deliver(uint32_t count_max, bool settle)
{
    const struct collector_batch_limits limits = {count_max, 1024 * 1024};
    struct collector_delivery delivery = {0};
    struct collector_batch *batch;

    ck_assert_ok(collector_store_fetch(store, &limits, &batch));
    ck_assert_ptr_nonnull(batch);
    ck_assert_ok(collector_sink_deliver(sink, batch, &delivery));
    ck_assert_int_eq(delivery.result, COLLECTOR_DELIVERED);
    if (settle)
        ck_assert_ok(collector_store_checkpoint(store, batch, &delivery));
    collector_batch_free(batch);
}

static uint64_t
pending(void)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(store, &stats);
    return stats.pending;
}

/** Its table has the ids first to last, and its integer says so. */
static void
check_kept(int first, int last)
{
    ck_assert_int_eq(support_sql_int(kept, "SELECT count(*) FROM event"),
                     last - first + 1);
    ck_assert_int_eq(support_sql_int(kept, "SELECT min(id) FROM event"), first);
    ck_assert_int_eq(support_sql_int(kept, "SELECT max(id) FROM event"), last);
    ck_assert_int_eq(support_sql_int(kept, "SELECT last_id FROM collector"),
                     last);
}

/** It has shown each of these once. */
static void
check_shown(const char *out, int first, int last)
{
    ck_assert_uint_eq(support_occurrences(out, "\n"), last - first + 1);
    for (; first <= last; first++)
        ck_assert_uint_eq(
            support_occurrences(out, support_format("{\"id\":%d,", first)), 1);
}

START_TEST(test_what_overlaps_is_kept_once)
{
    append(8);
    deliver(5, false); /* the confirmation is lost */
    deliver(5, false);
    deliver(8, true);
    check_kept(1, 8);
    ck_assert_eventually(support_occurrences(daemon_stdout(receiver), "\n") ==
                         8);
    check_shown(daemon_stdout(receiver), 1, 8);
    ck_assert_uint_eq(
        support_occurrences(daemon_stdout(receiver), "\"payload\":21.40,"), 8);
    ck_assert_uint_eq(support_occurrences(daemon_stderr(receiver), "missing"),
                      0);
}
END_TEST

START_TEST(test_a_gap_is_shown_with_its_size)
{
    append(6);
    deliver(6, true);
    collector_store_free(store);
    open_store(6);
    append(9); /* 7 to 15, of which the last 6 find room */
    deliver(100, true);
    ck_assert(daemon_says(receiver, ": events 7 to 9 are missing\n"));
    ck_assert_uint_eq(support_occurrences(daemon_stderr(receiver), "missing"),
                      1);
    ck_assert_int_eq(support_sql_int(kept, "SELECT count(*) FROM event"), 12);
    ck_assert_int_eq(support_sql_int(kept, "SELECT last_id FROM collector"),
                     15);
}
END_TEST

START_TEST(test_kills_lose_nothing_and_repeat_nothing)
{
    struct collector_uploader_options options;
    struct collector_uploader *uploader;
    const char *shown = "";
    int i;

    collector_uploader_options_init(&options);
    options.batch_count_max = 7;
    options.interval_ms = 5;
    options.retry_base_ms = 10;
    options.retry_max_ms = 50;
    ck_assert_ok(collector_uploader_new(store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    for (i = 0; i < KILL_COUNT; i++) {
        append(EVENT_COUNT / KILL_COUNT);
        ck_assert_eventually(strlen(daemon_stdout(receiver)) > 0);
        ck_assert_uint_eq(
            support_occurrences(daemon_stderr(receiver), "missing"), 0);
        daemon_signal(receiver, SIGKILL);
        (void)process_end(receiver);
        shown = support_format("%s%s", shown, daemon_stdout(receiver));
        daemon_free(receiver);
        start_receiver();
    }
    ck_assert_eventually(pending() == 0);
    collector_uploader_free(uploader);
    check_kept(1, EVENT_COUNT);
    ck_assert_uint_eq(support_occurrences(daemon_stderr(receiver), "missing"),
                      0);
    shown = support_format("%s%s", shown, daemon_stdout(receiver));
    for (i = 1; i <= EVENT_COUNT; i++)
        ck_assert_uint_le(
            support_occurrences(shown, support_format("{\"id\":%d,", i)), 1);
}
END_TEST

/** Send a body without waiting for the answer. */
static struct client *
post(const char *body)
{
    struct client *client = client_open(port);

    ck_assert(client_print(client,
                           "POST /ingest HTTP/1.1\r\nHost: x\r\n"
                           "X-Collector-Id: c\r\nContent-Length: %zu\r\n\r\n%s",
                           strlen(body), body));
    return client;
}

static int
answer(struct client *client)
{
    static struct response response;

    ck_assert(client_read(client, &response));
    client_free(client);
    return response.status;
}

START_TEST(test_what_comes_at_once_is_kept_once)
{
    const char *body = "[{\"id\":1}";
    struct client *clients[16];
    size_t i;

    /* Large enough that the first is at work when the last comes. */
    for (i = 2; i <= 2000; i++)
        body = support_format("%s,{\"id\":%zu}", body, i);
    body = support_format("%s]", body);

    for (i = 0; i < 16; i++)
        clients[i] = post(body);
    for (i = 0; i < 16; i++)
        ck_assert_int_eq(answer(clients[i]), 200);
    check_kept(1, 2000);
}
END_TEST

START_TEST(test_a_batch_out_of_order_is_kept_whole)
{
    ck_assert_int_eq(answer(post("[{\"id\":2},{\"id\":1}]")), 200);
    ck_assert_int_eq(answer(post("[{\"id\":2},{\"id\":3}]")), 200);
    check_kept(1, 3);
}
END_TEST

START_TEST(test_a_confirmation_is_not_given_before_it_is_kept)
{
    append(3);
    deliver(3, true);
    daemon_kill(receiver); /* as soon as it has answered */
    receiver = NULL;
    check_kept(1, 3);
}
END_TEST

static const char *const refused[] = {
    "",
    "nope",
    "{}",
    "[1]",
    "[{}]",
    "[{\"id\":\"1\"}]",
    "[{\"id\":1.5}]",
    "[\"x\"]",
    "[\"{\\\"id\\\":1}\"]",
};

START_TEST(test_what_is_no_batch_is_refused)
{
    ck_assert_int_eq(answer(post(refused[_i])), 400);
    ck_assert_int_eq(support_sql_int(kept, "SELECT count(*) FROM event"), 0);
}
END_TEST

START_TEST(test_depth_does_no_harm)
{
    const char *deep =
        support_format("[{\"id\":1,\"payload\":%s1%s}]",
                       support_repeat("[", 20000), support_repeat("]", 20000));
    const char *level =
        support_format("[{\"id\":1,\"payload\":%s1%s}]",
                       support_repeat("[", 64), support_repeat("]", 64));
    const char *quoted = support_format("[{\"id\":2,\"kind\":\"\\\"%s\"}]",
                                        support_repeat("[", 200));

    ck_assert_int_eq(answer(post(deep)), 400);
    ck_assert_int_eq(answer(post(level)), 200);
    ck_assert_int_eq(answer(post(quoted)), 200);
    check_kept(1, 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("example_receiver");
    TCase *tcase = support_add_case(suite, "receiver", setup, teardown);

    tcase_add_test(tcase, test_what_overlaps_is_kept_once);
    tcase_add_test(tcase, test_a_gap_is_shown_with_its_size);
    tcase_add_test(tcase, test_kills_lose_nothing_and_repeat_nothing);
    tcase_add_test(tcase, test_what_comes_at_once_is_kept_once);
    tcase_add_test(tcase, test_a_batch_out_of_order_is_kept_whole);
    tcase_add_test(tcase, test_a_confirmation_is_not_given_before_it_is_kept);
    tcase_add_loop_test(tcase, test_what_is_no_batch_is_refused, 0,
                        sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(tcase, test_depth_does_no_harm);
    return support_run_suite(suite);
}
