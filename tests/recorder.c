/* SPDX-License-Identifier: MIT */
/*
 * A sink whose memory and answers belong to the test. Events are copied into
 * support's memory, so that what was recorded never moves.
 */
#include "recorder.h"

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** More answers than any test scripts. */
#define ANSWER_COUNT_MAX 1024

/** More events than any unit test delivers. */
#define EVENT_COUNT_MAX 65536

struct recorder {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct recorder_answer answers[ANSWER_COUNT_MAX];
    size_t answer_count;
    size_t answers_used;
    recorder_judge_fn judge;
    void *judge_userdata;
    bool blocked;
    bool headstrong;
    bool delivering;
    bool cancelled;
    size_t call_count;
    size_t cancel_count;
    size_t free_count;
    size_t event_count;
    size_t delivered_count;
    struct recorder_event *events[EVENT_COUNT_MAX];
};

static const char *
copy_text(const char *text)
{
    return text == NULL ? NULL : support_format("%s", text);
}

static void
record_batch(struct recorder *recorder, const struct collector_batch *batch)
{
    size_t count = collector_batch_count(batch);
    size_t i;

    for (i = 0; i < count && recorder->event_count < EVENT_COUNT_MAX; i++) {
        const struct collector_event *event = collector_batch_event(batch, i);
        struct recorder_event *copy = support_alloc(sizeof(*copy));

        copy->id = collector_batch_first_id(batch) + (int64_t)i;
        copy->device_id = copy_text(event->device_id);
        copy->kind = copy_text(event->kind);
        copy->payload = copy_text(event->payload);
        copy->ts = event->ts;
        copy->call = recorder->call_count;
        recorder->events[recorder->event_count++] = copy;
    }
}

static void
mark_delivered(struct recorder *recorder, size_t first)
{
    size_t i;

    for (i = first; i < recorder->event_count; i++) {
        recorder->events[i]->delivered = true;
        recorder->delivered_count++;
    }
}

static int
recorder_deliver(void *userdata, const struct collector_batch *batch,
                 struct collector_delivery *delivery)
{
    struct recorder *recorder = userdata;
    struct recorder_answer answer = {0};
    size_t first;

    (void)pthread_mutex_lock(&recorder->lock);
    first = recorder->event_count;
    record_batch(recorder, batch);
    recorder->call_count++;
    recorder->delivering = true;
    recorder->cancelled = false;
    (void)pthread_cond_broadcast(&recorder->changed);
    while (recorder->blocked && !recorder->cancelled)
        (void)pthread_cond_wait(&recorder->changed, &recorder->lock);
    if (recorder->cancelled)
        answer.rc = COLLECTOR_ERR_CANCELLED;
    else if (recorder->answers_used < recorder->answer_count)
        answer = recorder->answers[recorder->answers_used++];
    else if (recorder->judge != NULL)
        answer = recorder->judge(recorder->judge_userdata, batch);
    if (answer.rc == COLLECTOR_OK && answer.result == COLLECTOR_DELIVERED)
        mark_delivered(recorder, first);
    recorder->delivering = false;
    (void)pthread_mutex_unlock(&recorder->lock);

    delivery->result = answer.result;
    delivery->status = answer.status;
    delivery->retry_after_ms = answer.retry_after_ms;
    if (answer.error != NULL)
        (void)snprintf(delivery->error, sizeof(delivery->error), "%s",
                       answer.error);
    return answer.rc;
}

static void
recorder_cancel(void *userdata)
{
    struct recorder *recorder = userdata;

    (void)pthread_mutex_lock(&recorder->lock);
    recorder->cancel_count++;
    if (recorder->delivering && !recorder->headstrong)
        recorder->cancelled = true;
    (void)pthread_cond_broadcast(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
}

static void
recorder_sink_freed(void *userdata)
{
    struct recorder *recorder = userdata;

    (void)pthread_mutex_lock(&recorder->lock);
    recorder->free_count++;
    (void)pthread_mutex_unlock(&recorder->lock);
}

struct recorder *
recorder_new(struct collector_sink **ret_sink)
{
    const struct collector_sink_ops ops = {.size = sizeof(ops),
                                           .deliver = recorder_deliver,
                                           .cancel = recorder_cancel,
                                           .free = recorder_sink_freed};
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    ck_assert_ptr_nonnull(recorder);
    (void)pthread_mutex_init(&recorder->lock, NULL);
    (void)pthread_cond_init(&recorder->changed, NULL);
    ck_assert_ok(collector_sink_new("recorder", &ops, recorder, ret_sink));
    return recorder;
}

void
recorder_script(struct recorder *recorder, struct recorder_answer answer)
{
    (void)pthread_mutex_lock(&recorder->lock);
    ck_assert_uint_lt(recorder->answer_count, ANSWER_COUNT_MAX);
    recorder->answers[recorder->answer_count++] = answer;
    (void)pthread_mutex_unlock(&recorder->lock);
}

void
recorder_set_judge(struct recorder *recorder, recorder_judge_fn judge,
                   void *userdata)
{
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->judge = judge;
    recorder->judge_userdata = userdata;
    (void)pthread_mutex_unlock(&recorder->lock);
}

static void
set_blocked(struct recorder *recorder, bool blocked)
{
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->blocked = blocked;
    (void)pthread_cond_broadcast(&recorder->changed);
    (void)pthread_mutex_unlock(&recorder->lock);
}

void
recorder_block(struct recorder *recorder)
{
    set_blocked(recorder, true);
}

void
recorder_release(struct recorder *recorder)
{
    set_blocked(recorder, false);
}

void
recorder_set_cancellable(struct recorder *recorder, bool cancellable)
{
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->headstrong = !cancellable;
    (void)pthread_mutex_unlock(&recorder->lock);
}

bool
recorder_is_delivering(struct recorder *recorder)
{
    bool delivering;

    (void)pthread_mutex_lock(&recorder->lock);
    delivering = recorder->delivering;
    (void)pthread_mutex_unlock(&recorder->lock);
    return delivering;
}

static size_t
read_count(struct recorder *recorder, const size_t *count)
{
    size_t value;

    (void)pthread_mutex_lock(&recorder->lock);
    value = *count;
    (void)pthread_mutex_unlock(&recorder->lock);
    return value;
}

size_t
recorder_call_count(struct recorder *recorder)
{
    return read_count(recorder, &recorder->call_count);
}

size_t
recorder_cancel_count(struct recorder *recorder)
{
    return read_count(recorder, &recorder->cancel_count);
}

size_t
recorder_free_count(struct recorder *recorder)
{
    return read_count(recorder, &recorder->free_count);
}

size_t
recorder_event_count(struct recorder *recorder)
{
    return read_count(recorder, &recorder->event_count);
}

size_t
recorder_delivered_count(struct recorder *recorder)
{
    return read_count(recorder, &recorder->delivered_count);
}

const struct recorder_event *
recorder_event(struct recorder *recorder, size_t i)
{
    const struct recorder_event *event = NULL;

    (void)pthread_mutex_lock(&recorder->lock);
    if (i < recorder->event_count)
        event = recorder->events[i];
    (void)pthread_mutex_unlock(&recorder->lock);
    return event;
}

void
recorder_free(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    (void)pthread_cond_destroy(&recorder->changed);
    (void)pthread_mutex_destroy(&recorder->lock);
    free(recorder);
}
