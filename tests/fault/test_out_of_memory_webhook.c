/* SPDX-License-Identifier: MIT */
/*
 * Memory runs out at every place where a webhook sink or libcurl below it asks
 * for any: when the sink is made, and in two deliveries. It never says
 * delivered unless the receiver has all of it, nothing is kept, and the next
 * delivery works.
 */
#include "hook.h"
#include "memory.h"

#include <stdio.h>

#define TIMEOUT_S (60 * 60)

/** What is sent to 127.0.0.1, and takes longer, never comes. */
#define TIMEOUT_MS 20000

static struct trouble trouble = {.name = "memory"};

/** What is sent each time, compressed if that is built in. */
static struct collector_batch *batch;
static char *body;
static size_t body_size;

static void
watch(void)
{
    memory_watch(&trouble);
}

/** See what is sent when there is memory. */
static void
record_body(void)
{
    struct collector_delivery delivery = {.attempts = 1};
    const struct upstream_request *request;

    hook.options.gzip = true;
    if (collector_webhook_options_check(&hook.options, NULL) ==
        COLLECTOR_ERR_UNSUPPORTED)
        hook.options.gzip = false;
    ck_assert_ok(collector_sink_webhook_new(&hook.options, &hook.sink));
    ck_assert_ok(collector_sink_deliver(hook.sink, batch, &delivery));
    request = upstream_request(hook.upstream, 0);
    ck_assert_int_eq(upstream_header(request, "Content-Encoding") != NULL,
                     hook.options.gzip);
    body_size = request->body_size;
    body = support_alloc(body_size);
    memcpy(body, request->body, body_size);
    collector_sink_free(hook.sink);
    hook.sink = NULL;
}

static void
setup(void)
{
    static const char *const headers[] = {"X-Site: 7", "X-Box: \"seven\""};

    hook_setup();
    hook.options.timeout_ms = TIMEOUT_MS;
    hook.options.headers = headers;
    hook.options.header_count = 2;
    hook.options.bearer_token_file = support_path(support_dir_new(), "token");
    support_write_file(hook.options.bearer_token_file, "secret\n");
    batch = fixture_fetch(&hook.fixture, 5);
    record_body();
}

static void
teardown(void)
{
    collector_batch_free(batch);
    hook_teardown();
}

/** Whether the receiver has got all of it since it had so many requests. */
static bool
has_arrived(size_t request_count)
{
    const struct upstream_request *request =
        upstream_request(hook.upstream, request_count);
    const char *token;

    if (request == NULL || request->status != 200 ||
        request->body_size != body_size ||
        memcmp(request->body, body, body_size) != 0)
        return false;
    token = upstream_header(request, "Authorization");
    return token != NULL && strcmp(token, "Bearer secret") == 0;
}

/** One delivery. @param ret_why  What the sink says. @return What is wrong;
 * NULL when nothing is. */
static const char *
deliver(bool *ret_delivered, const char **ret_why)
{
    const size_t request_count = upstream_request_count(hook.upstream);
    struct collector_delivery delivery = {.attempts = 1};
    const int rc = collector_sink_deliver(hook.sink, batch, &delivery);

    *ret_delivered = delivery.result == COLLECTOR_DELIVERED;
    *ret_why = support_format("not delivered: %s", delivery.error);
    if (*ret_delivered && rc != COLLECTOR_OK)
        return "it says delivered, and an error";
    if (*ret_delivered && !has_arrived(request_count))
        return "it says delivered, and it isn't";
    if (!*ret_delivered &&
        (delivery.result != COLLECTOR_RETRY || delivery.error[0] == '\0'))
        return "it does not say why it is to be tried again";
    return NULL;
}

/** What is done without memory. */
static const char *
play(void)
{
    const int rc = collector_sink_webhook_new(&hook.options, &hook.sink);
    const char *fault = NULL;
    const char *why;
    bool delivered;
    int i;

    if (rc == COLLECTOR_ERR_NOMEM && trouble_is_felt(&trouble))
        return hook.sink == NULL ? NULL : "a failed call has set its output";
    if (rc != COLLECTOR_OK)
        return support_error_name(rc);
    for (i = 0; fault == NULL && i < 2; i++) {
        fault = deliver(&delivered, &why);
        if (fault == NULL && !delivered && !trouble_is_felt(&trouble))
            fault = why;
    }
    return fault;
}

/** What is done when there is memory again. */
static const char *
recover(void)
{
    const char *fault;
    const char *why;
    bool delivered;

    if (hook.sink == NULL &&
        collector_sink_webhook_new(&hook.options, &hook.sink) != COLLECTOR_OK)
        return "no sink can be made any more";
    fault = deliver(&delivered, &why);
    return fault == NULL && !delivered ? why : fault;
}

/** An upstream takes only so many connections. */
static void
renew_upstream(void)
{
    upstream_free(hook.upstream);
    hook.upstream = upstream_new();
    hook.options.url = upstream_url(hook.upstream, "/in?site=7");
}

/** @return Whether anything has failed. */
static bool
try_round(uint64_t number, bool lasts)
{
    const int64_t live_count = memory_live_count();
    const char *fault;

    renew_upstream();
    trouble_arm(&trouble, number, lasts);
    fault = play();
    (void)trouble_heal(&trouble);
    if (fault == NULL)
        fault = recover();
    collector_sink_free(hook.sink);
    hook.sink = NULL;
    /* The first one makes what libcurl keeps for good. */
    if (fault == NULL && number > 0 && memory_live_count() != live_count)
        fault = support_format("%lld pieces of memory were not given back",
                               (long long)(memory_live_count() - live_count));
    ck_assert_msg(fault == NULL, "place %llu, %s: %s",
                  (unsigned long long)number, lasts ? "lasts" : "once", fault);
    return atomic_load(&trouble.failed) > 0;
}

START_TEST(test_a_webhook_gets_over_a_lack_of_memory)
{
    uint64_t number = 1;

    (void)try_round(0, false);
    while (try_round(number, false) && try_round(number, true))
        number++;
    ck_assert_uint_gt(number, atomic_load(&trouble.seen) / 2);
    (void)printf("%llu places\n", (unsigned long long)number - 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("out_of_memory_webhook");
    TCase *tcase =
        support_add_case(suite, "out_of_memory_webhook", setup, teardown);

    tcase_set_timeout(tcase, TIMEOUT_S);
    tcase_add_unchecked_fixture(tcase, watch, NULL);
    tcase_add_test(tcase, test_a_webhook_gets_over_a_lack_of_memory);
    return support_run_suite(suite);
}
