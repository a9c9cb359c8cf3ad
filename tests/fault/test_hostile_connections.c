/* SPDX-License-Identifier: MIT */
/*
 * Connections that are there to be in the way: with a thread for each, they
 * could take all of them. Whoever sends his requests and reads the answers is
 * served in time all the same.
 */
#include "siege.h"

#include <stdio.h>

#define HEAD "POST /events HTTP/1.1\r\nHost: box\r\n"

/** Twice as many as there are threads by default, so that others like them wait
 *  for each that is let go. */
#define CROWD_COUNT 500

/** Between two bytes of each. */
#define DRIP_MS 50

/** What one of a crowd does. */
struct habit {
    const char *name;
    const char *beginning;
    /** It goes on, a byte at a time. */
    bool drips;
    /** It says that no more will come. */
    bool finishes;
    /** It hangs up after that time, whatever it was told; 0 is never. */
    int64_t stay_ms;
};

static const struct habit habits[] = {
    {"heads a byte at a time", HEAD "X-Slow: ", true, false, 0},
    {"bodies a byte at a time", HEAD "Content-Length: 1000000\r\n\r\n", true,
     false, 0},
    {"chunks a byte at a time",
     HEAD "Transfer-Encoding: chunked\r\n\r\nffff\r\n", true, false, 0},
    {"silence", "", false, false, 0},
    {"half a head, then half-closed", "POST /eve", false, true, 0},
    {"a request, then silence", "GET /livez HTTP/1.1\r\nHost: box\r\n\r\n",
     false, false, 3000},
    {"a request, then a head a byte at a time",
     "GET /livez HTTP/1.1\r\nHost: box\r\n\r\nG", true, false, 3000},
    {"bodies that nobody wants, a byte at a time",
     "POST /nowhere HTTP/1.1\r\nHost: box\r\nContent-Length: 1000000\r\n\r\n",
     true, false, 2000},
};

#define HABIT_COUNT (sizeof(habits) / sizeof(habits[0]))

struct loiterer {
    const struct habit *habit;
    struct client *client;
    int64_t since_ms;
};

static void
arrive(struct loiterer *loiterer)
{
    loiterer->client = client_new(siege_port);
    loiterer->since_ms = support_now_ms();
    if (loiterer->client == NULL)
        return;
    (void)client_print(loiterer->client, "%s", loiterer->habit->beginning);
    if (loiterer->habit->finishes)
        client_finish(loiterer->client);
}

/** Whether it has been told to go, or has had enough. */
static bool
is_done(const struct loiterer *loiterer)
{
    int64_t stay_ms = loiterer->habit->stay_ms;

    if (stay_ms > 0)
        return support_now_ms() - loiterer->since_ms >= stay_ms;
    return !client_is_silent(loiterer->client, 0);
}

/** Come, linger, and come back when it was let go, which is counted. */
static unsigned
loiter(struct loiterer *loiterer)
{
    if (loiterer->client == NULL) {
        arrive(loiterer);
        return 0;
    }
    if (is_done(loiterer)) {
        client_free(loiterer->client);
        loiterer->client = NULL;
        return 1;
    }
    if (loiterer->habit->drips)
        (void)client_send(loiterer->client, "x", 1); /* it may be let go now */
    return 0;
}

static void
besiege(const struct habit *const *crowd_habits, size_t habit_count,
        size_t count)
{
    static struct loiterer crowd[CROWD_COUNT];
    int64_t deadline_ms =
        support_now_ms() +
        (int64_t)support_rounds("HOSTILE_CROWD_MS", 1000, 30000);
    unsigned left = 0;
    size_t i;

    for (i = 0; i < count; i++)
        crowd[i] = (struct loiterer){crowd_habits[i % habit_count], NULL, 0};
    while (support_now_ms() < deadline_ms) {
        int64_t next_ms = support_now_ms() + DRIP_MS;

        for (i = 0; i < count; i++)
            left += loiter(&crowd[i]);
        while (support_now_ms() < next_ms)
            support_pause();
    }
    (void)fprintf(stderr, "%zu clients, %s: %u times one left\n", count,
                  habit_count == 1 ? crowd_habits[0]->name : "all kinds", left);
    for (i = 0; i < count; i++)
        client_free(crowd[i].client);
}

START_TEST(test_crowd_below_the_threads_is_not_felt)
{
    const struct habit *habit = &habits[_i];

    besiege(&habit, 1, 200);
}
END_TEST

START_TEST(test_crowd_beyond_the_threads_is_not_felt)
{
    const struct habit *habit = &habits[_i];

    besiege(&habit, 1, CROWD_COUNT);
}
END_TEST

START_TEST(test_mixed_crowd_is_not_felt)
{
    const struct habit *mixed[HABIT_COUNT];
    size_t i;

    for (i = 0; i < HABIT_COUNT; i++)
        mixed[i] = &habits[i];
    besiege(mixed, HABIT_COUNT, CROWD_COUNT);
}
END_TEST

START_TEST(test_connections_that_come_and_go_are_not_felt)
{
    static const char *const beginnings[] = {
        "", "GET /li", "GET /livez HTTP/1.1\r\nHost: box\r\n\r\n",
        HEAD "Content-Length: 28\r\n\r\n{"};
    uint64_t count = support_rounds("HOSTILE_CONNECTS", 2000, 10000);
    uint64_t i;

    for (i = 0; i < count; i++) {
        struct client *client = client_open(siege_port);

        (void)client_print(client, "%s", beginnings[i % 4]); /* or not */
        client_free(client);
    }
}
END_TEST

#define SLOW_COUNT 4

/* They may come again: 400 would say that their events are no good. */
START_TEST(test_slow_request_is_not_called_malformed)
{
    static const char *const beginnings[SLOW_COUNT] = {
        HEAD "X-Slow: ", HEAD "Content-Length: 100\r\n\r\n{",
        HEAD "Transfer-Encoding: chunked\r\n\r\n10\r\n{",
        "GET /livez HTTP/1.1\r\nHost: box\r\n\r\n" HEAD "X-Slow: "};
    const struct habit *head = &habits[0];
    struct client *clients[SLOW_COUNT];
    size_t i;

    for (i = 0; i < SLOW_COUNT; i++) {
        clients[i] = client_open(siege_port);
        ck_assert(client_print(clients[i], "%s", beginnings[i]));
    }
    ck_assert(client_read(clients[SLOW_COUNT - 1], &response));
    ck_assert_int_eq(response.status, 200);
    besiege(&head, 1, CROWD_COUNT);
    /* A kept one is let go only when that frees too few; or now. */
    client_finish(clients[SLOW_COUNT - 1]);
    for (i = 0; i < SLOW_COUNT; i++) {
        ck_assert(client_read(clients[i], &response));
        ck_assert_int_eq(response.status, 408);
        client_free(clients[i]);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hostile_connections");
    int kind_count =
        (int)support_rounds("HOSTILE_KINDS", 1, (uint64_t)HABIT_COUNT);
    TCase *slow = support_add_case(suite, "slow", siege_begin, siege_end);
    TCase *fast = support_add_case(suite, "fast", siege_begin, siege_end);

    tcase_add_loop_test(slow, test_crowd_below_the_threads_is_not_felt, 0,
                        kind_count);
    tcase_add_loop_test(slow, test_crowd_beyond_the_threads_is_not_felt, 0,
                        kind_count);
    tcase_add_test(slow, test_mixed_crowd_is_not_felt);
    tcase_add_test(slow, test_slow_request_is_not_called_malformed);
    tcase_add_test(fast, test_connections_that_come_and_go_are_not_felt);
    return support_run_suite(suite);
}
