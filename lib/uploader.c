/* SPDX-License-Identifier: MIT */
/*
 * Fetch, deliver, checkpoint or wait: the one place that decides. A batch is
 * marked only after the sink has confirmed it, and is kept until it is marked:
 * if the mark can't be written, only the mark is tried again. A batch that is
 * rejected is let go, and a smaller one fetched from the same place, until the
 * event that is to blame stands alone.
 */
#include "uploader.h"

#include "batch.h"
#include "memory.h"
#include "options.h"
#include "sink.h"
#include "store.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* The rest after a batch that was not full: events gather meanwhile, so that
 * a steady trickle does not become one request an event. */
#define LINGER_MS 20

/* The status of a receiver to which a batch is too large: HTTP's. */
#define STATUS_TOO_LARGE 413

int
collector_uploader_new(struct collector_store *store,
                       struct collector_sink *sink,
                       const struct collector_uploader_options *options,
                       struct collector_uploader **ret_uploader)
{
    struct collector_uploader_options all;
    struct collector_uploader *uploader;
    pthread_condattr_t attributes;
    int rc = collector__store_check(store);

    if (rc == COLLECTOR_OK)
        rc = collector__sink_check(sink);
    if (rc == COLLECTOR_OK)
        rc = collector__uploader_options_read(options, &all);
    if (rc == COLLECTOR_OK && ret_uploader == NULL)
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    uploader = collector__memory_zeroed(sizeof(*uploader));
    if (uploader == NULL)
        return COLLECTOR_ERR_NOMEM;
    uploader->store = store;
    uploader->sink = sink;
    uploader->options = all;
    uploader->log.fn = all.log;
    uploader->log.userdata = all.log_userdata;
    uploader->clock = &store->database.clock;
    (void)snprintf(uploader->stats.sink, sizeof(uploader->stats.sink), "%s",
                   collector_sink_name(sink));        /* as long as the name */
    (void)pthread_mutex_init(&uploader->mutex, NULL); /* none of these can */
    (void)pthread_condattr_init(&attributes);         /* fail on Linux */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&uploader->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    collector__uploader_note_cycle(uploader);
    *ret_uploader = uploader;
    return COLLECTOR_OK;
}

int
collector__uploader_check(const struct collector_uploader *uploader)
{
    return uploader != NULL ? collector__store_check(uploader->store)
                            : COLLECTOR_ERR_INVALID;
}

void
collector__uploader_drop_batch(struct collector_uploader *uploader)
{
    collector_batch_free(uploader->batch);
    uploader->batch = NULL;
    uploader->confirmed = false;
    memset(&uploader->delivery, 0, sizeof(uploader->delivery));
}

/** A cycle has failed: rest. */
static void
fail(struct collector_uploader *uploader, const char *why,
     int64_t retry_after_ms, struct collector__step *step)
{
    step->drain.result = COLLECTOR_RETRY;
    step->drain.wait_ms =
        collector__uploader_note_failure(uploader, why, retry_after_ms);
}

/** Whether somebody breaks off what is in flight. */
static bool
is_interrupted(struct collector_uploader *uploader)
{
    bool interrupted;

    (void)pthread_mutex_lock(&uploader->mutex);
    interrupted = uploader->stopping || uploader->changing;
    (void)pthread_mutex_unlock(&uploader->mutex);
    return interrupted;
}

/** The batch failed for a reason that is not in it: keep it, and rest. */
static void
postpone(struct collector_uploader *uploader, struct collector__step *step)
{
    const struct collector_delivery *delivery = &uploader->delivery;
    int rc;

    collector__isolation_retry(&uploader->isolation,
                               collector_batch_first_id(uploader->batch),
                               collector_batch_last_id(uploader->batch));
    rc = collector_store_checkpoint(uploader->store, uploader->batch,
                                    delivery); /* logged; the rest goes on */
    fail(uploader, delivery->error, delivery->retry_after_ms, step);
    if (rc == COLLECTOR_ERR_INVALID) /* its file is no longer ours */
        collector__uploader_drop_batch(uploader);
}

/** Nobody gets through alone: it is not the event. Try one at a time. */
static void
take_for_broken(struct collector_uploader *uploader,
                struct collector__step *step)
{
    const struct collector_delivery *delivery = &uploader->delivery;
    char why[COLLECTOR_DELIVERY_ERROR_SIZE];

    collector__isolation_probe(&uploader->isolation);
    (void)snprintf(why, sizeof(why),
                   "%.100s; %d events in a row were rejected: "
                   "the endpoint is taken for broken",
                   delivery->error, COLLECTOR_DEAD_IN_A_ROW_MAX); /* it fits */
    fail(uploader, why, delivery->retry_after_ms, step);
}

/** The culprit stands alone: have it buried. */
static void
bury(struct collector_uploader *uploader, struct collector__step *step)
{
    const int64_t id = collector_batch_first_id(uploader->batch);
    const uint32_t attempts =
        collector__isolation_attempts(&uploader->isolation, id);
    int rc;

    if (uploader->delivery.attempts < attempts)
        uploader->delivery.attempts = attempts;
    rc = collector_store_checkpoint(uploader->store, uploader->batch,
                                    &uploader->delivery);
    if (rc != COLLECTOR_OK && rc != COLLECTOR_ERR_INVALID) {
        fail(uploader, collector_error_text(rc), 0, step);
    } else if (rc == COLLECTOR_OK &&
               collector__store_settled_through(uploader->store) < id) {
        take_for_broken(uploader, step);
    } else {
        collector__uploader_drop_batch(uploader);
        collector__uploader_note_success(uploader, 0);
    }
}

/** The receiver refuses the batch: find out which event is to blame. */
static void
isolate(struct collector_uploader *uploader, struct collector__step *step)
{
    const int64_t first_id = collector_batch_first_id(uploader->batch);
    const int64_t last_id = collector_batch_last_id(uploader->batch);

    step->drain.result = COLLECTOR_REJECTED;
    collector__isolation_reject(&uploader->isolation, first_id, last_id,
                                uploader->delivery.status == STATUS_TOO_LARGE);
    if (first_id == last_id) {
        bury(uploader, step);
        return;
    }
    collector__uploader_drop_batch(uploader); /* the next one is smaller */
    collector__uploader_note_cycle(uploader);
}

/** Have the batch keep to its rates. @return Whether it may go now. */
static bool
pace(struct collector_uploader *uploader, struct collector__step *step)
{
    const struct collector_uploader_options *options = &uploader->options;
    const int64_t now = collector__clock_monotonic_ms(uploader->clock);
    const size_t count = collector_batch_count(uploader->batch);
    const char *text;
    size_t size = 0;
    uint32_t wait_ms;
    int rc = COLLECTOR_OK;

    if (options->byte_rate_max > 0)
        rc = collector_batch_json(uploader->batch, COLLECTOR_BATCH_ARRAY, &text,
                                  &size);
    if (rc != COLLECTOR_OK) {
        fail(uploader, collector_error_text(rc), 0, step);
        return false;
    }
    collector__rate_refill(&uploader->event_rate, options->event_rate_max, now);
    collector__rate_refill(&uploader->byte_rate, options->byte_rate_max, now);
    step->drain.wait_ms = collector__rate_wait_ms(&uploader->event_rate, count);
    wait_ms = collector__rate_wait_ms(&uploader->byte_rate, size);
    if (step->drain.wait_ms < wait_ms)
        step->drain.wait_ms = wait_ms;
    collector__uploader_note_pace(uploader, step->drain.wait_ms);
    step->paced = step->drain.wait_ms > 0;
    if (step->paced)
        return false;
    collector__rate_take(&uploader->event_rate, count);
    collector__rate_take(&uploader->byte_rate, size);
    return true;
}

/**
 * Offer the batch to the sink.
 *
 * @return Whether it is confirmed. If not, the step is over.
 */
static bool
deliver(struct collector_uploader *uploader, struct collector__step *step)
{
    struct collector_delivery *delivery = &uploader->delivery;
    int rc;

    delivery->attempts++;
    delivery->started_at = collector__clock_wall_ms(uploader->clock);
    collector__uploader_note_flight(uploader, true);
    rc = collector_sink_deliver(uploader->sink, uploader->batch, delivery);
    collector__uploader_note_flight(uploader, false);
    if (rc == COLLECTOR_ERR_CANCELLED && is_interrupted(uploader)) {
        step->drain.result = COLLECTOR_RETRY; /* we broke it off ourselves */
        return false;
    }
    collector__uploader_note_run(uploader,
                                 delivery->result != COLLECTOR_DELIVERED);
    switch (delivery->result) {
    case COLLECTOR_DELIVERED:
        uploader->confirmed = true;
        return true;
    case COLLECTOR_REJECTED:
        isolate(uploader, step);
        return false;
    case COLLECTOR_RETRY:
        break;
    }
    postpone(uploader, step);
    return false;
}

/** Tell the store that the sink has the batch. */
static void
mark(struct collector_uploader *uploader, struct collector__step *step)
{
    const size_t count = collector_batch_count(uploader->batch);
    const bool full = collector__batch_is_full(uploader->batch);
    int rc;

    rc = collector_store_checkpoint(uploader->store, uploader->batch,
                                    &uploader->delivery);
    if (rc != COLLECTOR_OK && rc != COLLECTOR_ERR_INVALID) {
        fail(uploader, collector_error_text(rc), 0, step);
        return;
    }
    collector__isolation_deliver(&uploader->isolation);
    collector__uploader_drop_batch(uploader);
    if (rc == COLLECTOR_ERR_INVALID) { /* its file is no longer ours */
        collector__uploader_note_success(uploader, 0);
        return;
    }
    collector__uploader_note_success(uploader, count);
    step->drain.event_count = count;
    if (!full)
        step->drain.wait_ms = LINGER_MS < uploader->options.interval_ms
                                  ? LINGER_MS
                                  : uploader->options.interval_ms;
}

/** Let go of a batch that was kept over a rest, if its events were dropped in
 *  the meantime: nobody waits for them any more. */
static void
drop_overtaken(struct collector_uploader *uploader)
{
    if (uploader->batch != NULL && !uploader->confirmed &&
        collector_batch_first_id(uploader->batch) <=
            collector__store_settled_through(uploader->store))
        collector__uploader_drop_batch(uploader);
}

/** Begin anew when the batch is from another file than those before. */
static void
note_collector(struct collector_uploader *uploader)
{
    const char *id = collector_batch_collector_id(uploader->batch);

    if (strcmp(id, uploader->collector_id) == 0)
        return;
    memset(&uploader->isolation, 0, sizeof(uploader->isolation));
    (void)snprintf(uploader->collector_id, sizeof(uploader->collector_id), "%s",
                   id); /* as long as the id */
}

/** No batch is larger than what its rates give in a second, if it has more
 *  than one event. */
static struct collector_batch_limits
batch_limits(const struct collector_uploader_options *options)
{
    struct collector_batch_limits limits = {options->batch_count_max,
                                            options->batch_bytes_max};

    if (options->event_rate_max > 0 &&
        options->event_rate_max < limits.event_count_max)
        limits.event_count_max = (uint32_t)options->event_rate_max;
    if (options->byte_rate_max > 0 && options->byte_rate_max < limits.bytes_max)
        limits.bytes_max = (size_t)options->byte_rate_max;
    return limits;
}

/** Get a batch, unless one is left over. @return Whether there is one. */
static bool
fetch(struct collector_uploader *uploader, struct collector__step *step)
{
    struct collector_batch_limits limits = batch_limits(&uploader->options);
    int rc;

    drop_overtaken(uploader);
    if (uploader->batch != NULL)
        return true;
    limits.event_count_max = collector__isolation_limit(
        &uploader->isolation, collector__store_settled_through(uploader->store),
        limits.event_count_max);
    rc = collector_store_fetch(uploader->store, &limits, &uploader->batch);
    if (rc != COLLECTOR_OK) {
        fail(uploader, collector_error_text(rc), 0, step);
        return false;
    }
    if (uploader->batch == NULL) {
        collector__uploader_note_success(uploader, 0);
        step->empty = true;
        step->drain.wait_ms = uploader->options.interval_ms;
        return false;
    }
    note_collector(uploader);
    return true;
}

void
collector__uploader_step(struct collector_uploader *uploader,
                         struct collector__step *ret_step)
{
    struct collector__step step = {{0, COLLECTOR_DELIVERED, 0}, false, false};

    step.drain.wait_ms = collector__uploader_remaining_rest(uploader);
    if (step.drain.wait_ms > 0)
        step.drain.result = COLLECTOR_RETRY;
    else if (fetch(uploader, &step) &&
             (uploader->confirmed ||
              (pace(uploader, &step) && deliver(uploader, &step))))
        mark(uploader, &step);
    collector__uploader_maintain(uploader);
    *ret_step = step;
}

int
collector_uploader_drain(struct collector_uploader *uploader,
                         struct collector_drain *ret_drain)
{
    struct collector__step step;
    bool busy;
    int rc = collector__uploader_check(uploader);

    if (rc != COLLECTOR_OK)
        return rc;
    if (ret_drain == NULL)
        return COLLECTOR_ERR_INVALID;
    (void)pthread_mutex_lock(&uploader->mutex);
    busy = uploader->stepping || uploader->started;
    if (!busy)
        collector__uploader_begin_step(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
    if (busy)
        return COLLECTOR_ERR_BUSY;
    collector__uploader_step(uploader, &step);
    (void)pthread_mutex_lock(&uploader->mutex);
    collector__uploader_end_step(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
    *ret_drain = step.drain;
    return COLLECTOR_OK;
}

void
collector_uploader_free(struct collector_uploader *uploader)
{
    if (uploader == NULL)
        return;
    if (collector__uploader_check(uploader) == COLLECTOR_OK) {
        (void)collector_uploader_stop(uploader, 0);     /* can't fail */
        (void)pthread_cond_destroy(&uploader->changed); /* nobody waits */
        (void)pthread_mutex_destroy(&uploader->mutex);  /* nobody holds it */
    }
    /* A child may have got a batch that was just being made or freed. */
    if (!uploader->started && !uploader->stepping)
        collector__uploader_drop_batch(uploader);
    collector__memory_free(uploader);
}
