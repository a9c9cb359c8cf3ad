/* SPDX-License-Identifier: MIT */
/* An uploader before a receiver that is hard to please. */
#include "receiver.h"

#include "account.h"

/** Steps that any of these tests takes at most. */
#define STEP_MAX 5000

struct receiver receiver;

static bool
is_bad(const struct collector_batch *batch)
{
    size_t i;

    for (i = 0; i < sizeof(receiver.bad_ids) / sizeof(receiver.bad_ids[0]); i++)
        if (receiver.bad_ids[i] >= collector_batch_first_id(batch) &&
            receiver.bad_ids[i] <= collector_batch_last_id(batch))
            return true;
    return false;
}

static struct recorder_answer
judge(void *userdata, const struct collector_batch *batch)
{
    struct recorder_answer answer = {.result = COLLECTOR_DELIVERED};
    const char *text;
    size_t size;

    (void)userdata;
    ck_assert_ok(
        collector_batch_json(batch, COLLECTOR_BATCH_ARRAY, &text, &size));
    if (receiver.broken || is_bad(batch))
        answer = (struct recorder_answer){
            .result = COLLECTOR_REJECTED, .status = 400, .error = "HTTP 400"};
    else if (receiver.size_max > 0 && size > receiver.size_max)
        answer = (struct recorder_answer){
            .result = COLLECTOR_REJECTED, .status = 413, .error = "HTTP 413"};
    return answer;
}

static void
open_uploader(void)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.batch_count_max = 100;
    options.log = support_log;
    options.log_userdata = receiver.fixture.log;
    ck_assert_ok(collector_uploader_new(receiver.fixture.store, receiver.sink,
                                        &options, &receiver.uploader));
}

void
receiver_setup(void)
{
    memset(&receiver, 0, sizeof(receiver));
    fixture_init(&receiver.fixture);
    receiver.recorder = recorder_new(&receiver.sink);
    recorder_set_judge(receiver.recorder, judge, NULL);
    open_uploader();
}

void
receiver_teardown(void)
{
    collector_uploader_free(receiver.uploader);
    collector_sink_free(receiver.sink);
    recorder_free(receiver.recorder);
    fixture_close(&receiver.fixture);
}

void
receiver_restart(void)
{
    collector_uploader_free(receiver.uploader);
    fixture_reopen(&receiver.fixture);
    open_uploader();
}

struct collector_drain
receiver_drain(void)
{
    struct collector_drain result;

    ck_assert_ok(collector_uploader_drain(receiver.uploader, &result));
    return result;
}

struct collector_uploader_stats
receiver_stats(void)
{
    struct collector_uploader_stats stats = {.size = sizeof(stats)};

    collector_uploader_stats(receiver.uploader, &stats);
    return stats;
}

void
receiver_drain_all(void)
{
    unsigned steps = 0;
    struct collector_drain result;

    while (fixture_pending(&receiver.fixture) > 0) {
        ck_assert_uint_lt(steps++, STEP_MAX);
        result = receiver_drain();
        ck_assert_int_ne(result.result, COLLECTOR_RETRY);
    }
}

struct collector_drain
receiver_drain_until_rest(void)
{
    struct collector_drain result;
    unsigned steps = 0;

    do {
        ck_assert_uint_lt(steps++, STEP_MAX);
        result = receiver_drain();
    } while (result.result != COLLECTOR_RETRY);
    return result;
}

void
receiver_assert_arrived(int64_t last_id)
{
    const struct recorder_event *event;
    int64_t expected = 0;
    size_t i;

    for (i = 0; (event = recorder_event(receiver.recorder, i)) != NULL; i++) {
        if (!event->delivered)
            continue;
        do {
            expected++;
        } while (
            fixture_sql_int(&receiver.fixture,
                            support_format("SELECT count(*) FROM dead_letters"
                                           " WHERE event_id = %jd",
                                           (intmax_t)expected)) > 0);
        ck_assert_int_eq(event->id, expected);
    }
    ck_assert_int_eq(expected, last_id);
    account_assert(receiver.fixture.path);
}

int64_t
receiver_dead_count(void)
{
    return fixture_sql_int(&receiver.fixture,
                           "SELECT count(*) FROM dead_letters");
}
