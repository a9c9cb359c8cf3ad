/* SPDX-License-Identifier: MIT */
/*
 * An Idempotency-Key promises that a request may be sent again until there is
 * an answer: its events are kept once, and every answer names the same ids,
 * whoever sends it, in which order, and whatever crashes in between.
 */
#include "account.h"
#include "site.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CLIENT_COUNT 50

/** Requests that all clients send, one after the other, how often the collector
 *  dies meanwhile, and how many answers it gives at most before that. */
#define KEY_COUNT 50
#define KILL_COUNT 8
#define LIFE_ANSWERS (KEY_COUNT * CLIENT_COUNT / KILL_COUNT)

static struct daemon *collectord;

static void
start(const char *mode)
{
    collectord =
        daemon_start(db, "-mode", mode, "-upload-interval", "5ms", NULL);
}

static void
setup(void)
{
    site_setup();
    start("group");
}

static void
teardown(void)
{
    daemon_stop(collectord);
}

/** POST with these header lines, and return the status. */
static int
post(const char *headers, const char *body)
{
    http_request(daemon_port(collectord), "POST", "/events", headers, body,
                 &response);
    return response.status;
}

static int
post_key(const char *key, const char *body)
{
    return post(support_format("Idempotency-Key: %s\r\n", key), body);
}

/** Whether the answer is the receipt of an earlier request. */
static bool
is_replayed(void)
{
    const char *value = response_header(&response, "Idempotency-Replayed");

    if (value != NULL)
        ck_assert_str_eq(value, "true");
    return value != NULL;
}

START_TEST(test_repeat_gets_the_same_receipt)
{
    ck_assert_int_eq(post(NULL, EVENT), 200);
    ck_assert(!is_replayed());
    ck_assert_int_eq(post_key("k", "[" EVENT "," EVENT "]"), 200);
    ck_assert_str_eq(response.body, "{\"accepted\":2,\"ids\":[2,3]}\n");
    ck_assert(!is_replayed());
    ck_assert_int_eq(post_key("other", EVENT), 200);
    ck_assert_int_eq(post_key("k", "[" EVENT "," EVENT "]"), 200);
    ck_assert_str_eq(response.body, "{\"accepted\":2,\"ids\":[2,3]}\n");
    ck_assert(is_replayed());
    ck_assert_int_eq(site_event_count(), 4);
}
END_TEST

START_TEST(test_lines_can_be_repeated)
{
    static const char headers[] = "Content-Type: application/x-ndjson\r\n"
                                  "Idempotency-Key: lines\r\n";
    int i;

    for (i = 0; i < 3; i++) {
        ck_assert_int_eq(post(headers, EVENT "\n" EVENT "\n"), 200);
        ck_assert_str_eq(response.body, "{\"accepted\":2,\"ids\":[1,2]}\n");
        ck_assert(is_replayed() == (i > 0));
    }
    ck_assert_int_eq(site_event_count(), 2);
}
END_TEST

START_TEST(test_key_with_another_body_is_refused)
{
    ck_assert_int_eq(post_key("k", EVENT), 200);
    ck_assert_int_eq(post_key("k", "[" EVENT "]"), 422);
    ck_assert_contains(response.body, "Idempotency-Key");
    ck_assert_ptr_nonnull(strstr(response.head, "Unprocessable Content"));
    ck_assert_int_eq(site_event_count(), 1);
}
END_TEST

START_TEST(test_request_without_events_uses_up_no_key)
{
    int i;

    for (i = 0; i < 2; i++) {
        ck_assert_int_eq(post_key("k", "[]"), 200);
        ck_assert_str_eq(response.body, "{\"accepted\":0,\"ids\":[]}\n");
        ck_assert(!is_replayed());
    }
    ck_assert_int_eq(post_key("k", EVENT), 200);
    ck_assert(!is_replayed());
}
END_TEST

START_TEST(test_refused_request_uses_up_no_key)
{
    ck_assert_int_eq(post_key("k", "[" EVENT ",17]"), 400);
    ck_assert_int_eq(post_key("k", EVENT), 200);
    ck_assert_str_eq(response.body, "{\"accepted\":1,\"ids\":[1]}\n");
    ck_assert(!is_replayed());
}
END_TEST

static const char *
key_of_size(int size)
{
    return support_format("%0*d", size, 7);
}

START_TEST(test_key_that_is_none_is_refused)
{
    static const char *const bad_lines[] = {
        "Idempotency-Key:\r\n",
        "Idempotency-Key: \t \r\n",
        "Idempotency-Key: a\001b\r\n",
        "Idempotency-Key: a\tb\r\n",
        "Idempotency-Key: a\177\r\n",
        "Idempotency-Key: \377\r\n",
        "Idempotency-Key: a\303\r\n",
        "Idempotency-Key: \355\240\200\r\n",
        "Idempotency-Key: k\r\nIdempotency-Key: k\r\n",
        "Idempotency-Key: k\r\nidempotency-key: j\r\n",
        "Idempotency-Key:\r\nIdempotency-Key: k\r\n",
    };
    size_t i;

    for (i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
        ck_assert_msg(post(bad_lines[i], EVENT) == 400, "%zu got %d", i,
                      response.status);
        ck_assert_contains(response.body, "\"error\"");
    }
    ck_assert_int_eq(post_key(key_of_size(256), EVENT), 400);
    ck_assert_contains(response.body, "255");
    ck_assert_int_eq(site_event_count(), 0);
}
END_TEST

START_TEST(test_key_is_taken_as_it_is)
{
    const char *const keys[] = {
        "k",
        "\"k\"",
        "K",
        "a b",
        "\303\244",
        "6f1c1f0e-3c52-4f3a-9c0c-0f3ab1f7f6c1",
        key_of_size(255),
        key_of_size(254),
    };
    const size_t count = sizeof(keys) / sizeof(keys[0]);
    size_t i;

    for (i = 0; i < count; i++) {
        ck_assert_int_eq(post_key(keys[i], EVENT), 200);
        ck_assert(!is_replayed());
        ck_assert_int_eq(post_key(support_format("  %s  ", keys[i]), EVENT),
                         200);
        ck_assert_msg(is_replayed(), "%s", keys[i]);
    }
    ck_assert_int_eq(site_event_count(), (int64_t)count);
}
END_TEST

START_TEST(test_key_is_known_after_a_restart)
{
    ck_assert_int_eq(post_key("stopped", EVENT), 200);
    daemon_stop(collectord);
    start("serialized");
    ck_assert_int_eq(post_key("killed", EVENT), 200);
    daemon_kill(collectord);
    start("concurrent");
    ck_assert_int_eq(post_key("stopped", EVENT), 200);
    ck_assert_str_eq(response.body, "{\"accepted\":1,\"ids\":[1]}\n");
    ck_assert(is_replayed());
    ck_assert_int_eq(post_key("killed", EVENT), 200);
    ck_assert_str_eq(response.body, "{\"accepted\":1,\"ids\":[2]}\n");
    ck_assert(is_replayed());
}
END_TEST

START_TEST(test_only_the_latest_keys_are_remembered)
{
    int i;

    daemon_stop(collectord);
    collectord = daemon_start(db, "-idempotency-max", "1", NULL);
    for (i = 1; i <= 3; i++)
        ck_assert_int_eq(post_key(support_format("key-%d", i), EVENT), 200);
    ck_assert_int_eq(post_key("key-3", EVENT), 200);
    ck_assert(is_replayed());
    ck_assert_int_eq(post_key("key-1", EVENT), 200);
    ck_assert(!is_replayed());
}
END_TEST

/** One of many clients that send the same requests. */
struct sender {
    pthread_t thread;
    struct response response;
};

static struct sender senders[CLIENT_COUNT];
static pthread_barrier_t ready;
static _Atomic int current_port;

/** By key: the id that was answered first, and what else was seen. */
static _Atomic int64_t id_of[KEY_COUNT];
static _Atomic unsigned stored_now[KEY_COUNT];
static _Atomic unsigned answer_count;

/** Note a receipt; no answer may contradict another. */
static void
note_receipt(int key, const struct response *answer)
{
    const char *list = strchr(answer->body, '[');
    int64_t id = list != NULL ? strtoll(list + 1, NULL, 10) : 0;
    int64_t known = 0;

    if (!atomic_compare_exchange_strong(&id_of[key], &known, id) &&
        known != id) {
        (void)fprintf(stderr, "key %d has ids %jd and %jd\n", key,
                      (intmax_t)known, (intmax_t)id);
        abort();
    }
    if (strstr(answer->head, "Idempotency-Replayed: true") == NULL)
        atomic_fetch_add(&stored_now[key], 1);
    atomic_fetch_add(&answer_count, 1);
}

/** Whether the connection is still good. */
static bool
send_key(struct client *client, int key, struct response *answer)
{
    const char *body = support_format(
        "{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":%d}", key);

    return client_print(client,
                        "POST /events HTTP/1.1\r\nHost: box\r\n"
                        "Idempotency-Key: key-%d\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        key, strlen(body), body) &&
           client_read(client, answer);
}

/** Send one request until it is answered, over as many connections as that
 *  takes. */
static void
insist(struct client **client, int key, struct response *answer)
{
    do {
        answer->status = 0;
        if (*client == NULL)
            *client = client_new(atomic_load(&current_port));
        if (*client == NULL || !send_key(*client, key, answer)) {
            client_free(*client);
            *client = NULL;
            support_pause();
        } else if (answer->status != 200 && answer->status != 503) {
            (void)fprintf(stderr, "unexpected answer: %s\n", answer->body);
            abort();
        }
    } while (answer->status != 200);
    note_receipt(key, answer);
}

static void *
run_sender(void *userdata)
{
    struct sender *sender = userdata;
    struct client *client = client_new(atomic_load(&current_port));
    int key;

    (void)pthread_barrier_wait(&ready);
    for (key = 0; key < KEY_COUNT; key++)
        insist(&client, key, &sender->response);
    client_free(client);
    return NULL;
}

static void
start_senders(void)
{
    size_t i;

    atomic_store(&current_port, daemon_port(collectord));
    ck_assert_int_eq(pthread_barrier_init(&ready, NULL, CLIENT_COUNT), 0);
    for (i = 0; i < CLIENT_COUNT; i++)
        ck_assert_int_eq(
            pthread_create(&senders[i].thread, NULL, run_sender, &senders[i]),
            0);
}

static void
join_senders(void)
{
    size_t i;

    for (i = 0; i < CLIENT_COUNT; i++)
        ck_assert_int_eq(pthread_join(senders[i].thread, NULL), 0);
}

/** Each request is in the file once, under the id that was answered. */
static void
check_file(void)
{
    int key;

    ck_assert_int_eq(site_event_count(), KEY_COUNT);
    for (key = 0; key < KEY_COUNT; key++)
        ck_assert_int_eq(
            support_sql_int(db, support_format("SELECT id FROM event_log"
                                               " WHERE payload_json = '%d'",
                                               key)),
            atomic_load(&id_of[key]));
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"),
                     KEY_COUNT);
    account_assert(db);
}

START_TEST(test_concurrent_repeats_are_stored_once)
{
    int key;

    daemon_stop(collectord);
    start(modes[_i]);
    start_senders();
    join_senders();
    for (key = 0; key < KEY_COUNT; key++)
        ck_assert_uint_eq(atomic_load(&stored_now[key]), 1);
    ck_assert_uint_eq(atomic_load(&answer_count), CLIENT_COUNT * KEY_COUNT);
    check_file();
}
END_TEST

START_TEST(test_repeats_are_stored_once_though_the_collector_is_killed)
{
    unsigned seed = support_seed();
    int i;

    daemon_stop(collectord);
    start(modes[_i]);
    start_senders();
    for (i = 0; i < KILL_COUNT; i++) {
        unsigned moment = (unsigned)rand_r(&seed) % LIFE_ANSWERS;

        moment += atomic_load(&answer_count);
        if (moment < KEY_COUNT * CLIENT_COUNT)
            ck_assert_eventually(atomic_load(&answer_count) >= moment);
        daemon_kill(collectord);
        start(modes[_i]);
        atomic_store(&current_port, daemon_port(collectord));
    }
    join_senders();
    /* An answer may have died with the collector that stored the event. */
    for (i = 0; i < KEY_COUNT; i++)
        ck_assert_uint_le(atomic_load(&stored_now[i]), 1);
    check_file();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_idempotency");
    TCase *keys = tcase_create("keys");
    TCase *repeats = tcase_create("repeats");

    tcase_add_checked_fixture(keys, setup, teardown);
    tcase_add_test(keys, test_repeat_gets_the_same_receipt);
    tcase_add_test(keys, test_lines_can_be_repeated);
    tcase_add_test(keys, test_key_with_another_body_is_refused);
    tcase_add_test(keys, test_request_without_events_uses_up_no_key);
    tcase_add_test(keys, test_refused_request_uses_up_no_key);
    tcase_add_test(keys, test_key_that_is_none_is_refused);
    tcase_add_test(keys, test_key_is_taken_as_it_is);
    tcase_add_test(keys, test_key_is_known_after_a_restart);
    tcase_add_test(keys, test_only_the_latest_keys_are_remembered);
    suite_add_tcase(suite, keys);
    tcase_add_checked_fixture(repeats, setup, teardown);
    tcase_add_loop_test(repeats, test_concurrent_repeats_are_stored_once, 0, 3);
    tcase_add_loop_test(
        repeats, test_repeats_are_stored_once_though_the_collector_is_killed, 0,
        3);
    suite_add_tcase(suite, repeats);
    return support_run_suite(suite);
}
