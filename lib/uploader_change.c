/* SPDX-License-Identifier: MIT */
/*
 * What an uploader is told, at first and later. A change waits for the step
 * that is under way, so that no step sees half of it, and breaks off its
 * delivery.
 */
#include "uploader.h"

#include "options.h"
#include "sink.h"

#include <collector/error.h>
#include <stdio.h>
#include <string.h>

/* How often a change repeats its cancel: one that comes just before a delivery
 * begins is lost. */
#define CANCEL_INTERVAL_MS 20

#undef collector_uploader_options_init /* it adds the size */

void
collector_uploader_options_init(struct collector_uploader_options *options,
                                size_t size)
{
    static const struct collector_uploader_options defaults = {
        .size = sizeof(defaults),
        .interval_ms = 1000,
        .batch_count_max = 1000,
        .batch_bytes_max = 1024 * 1024,
        .retry_base_ms = 1000,
        .retry_max_ms = 5 * 60 * 1000,
    };

    collector__options_init(options, size, &defaults, sizeof(defaults));
}

static bool
are_valid(const struct collector_uploader_options *options)
{
    return options->interval_ms > 0 && options->batch_count_max > 0 &&
           options->batch_count_max <= COLLECTOR_BATCH_COUNT_MAX &&
           options->batch_bytes_max > 0 &&
           options->batch_bytes_max <= COLLECTOR_BATCH_BYTES_MAX &&
           options->retry_base_ms > 0 && options->retry_max_ms > 0 &&
           options->event_rate_max <= COLLECTOR_RATE_MAX &&
           options->byte_rate_max <= COLLECTOR_RATE_MAX;
}

int
collector__uploader_options_read(
    const struct collector_uploader_options *options,
    struct collector_uploader_options *ret_options)
{
    int rc = COLLECTOR_OK;

    collector_uploader_options_init(ret_options, sizeof(*ret_options));
    if (options != NULL)
        rc = COLLECTOR_OPTIONS_COPY(ret_options, options);
    if (rc == COLLECTOR_OK && !are_valid(ret_options))
        rc = COLLECTOR_ERR_INVALID;
    return rc;
}

void
collector__uploader_begin_step(struct collector_uploader *uploader)
{
    while (uploader->changing)
        (void)pthread_cond_wait(&uploader->changed, &uploader->mutex);
    uploader->stepping = true;
}

void
collector__uploader_end_step(struct collector_uploader *uploader)
{
    uploader->stepping = false;
    (void)pthread_cond_broadcast(&uploader->changed);
}

/** Wait until nobody is in a step. The lock is held, but not all the time. */
static void
interrupt(struct collector_uploader *uploader)
{
    while (uploader->stepping) {
        (void)pthread_mutex_unlock(&uploader->mutex);
        collector_sink_cancel(uploader->sink);
        (void)pthread_mutex_lock(&uploader->mutex);
        if (uploader->stepping)
            collector__uploader_wait(uploader, CANCEL_INTERVAL_MS);
    }
}

/** Nobody is in a step, and the lock is held. */
static void
change(struct collector_uploader *uploader, struct collector_sink *sink,
       const struct collector_uploader_options *options)
{
    struct collector_uploader_stats *stats = &uploader->stats;

    if (sink != NULL && sink != uploader->sink) {
        uploader->sink = sink;
        (void)snprintf(stats->sink, sizeof(stats->sink), "%s",
                       collector_sink_name(sink)); /* as long as the name */
        /* What another receiver has refused says nothing of this one. */
        memset(&uploader->isolation, 0, sizeof(uploader->isolation));
    }
    uploader->options = *options;
    uploader->log.fn = options->log;
    uploader->log.userdata = options->log_userdata;
    if (!uploader->confirmed)
        collector__uploader_drop_batch(uploader); /* the next may be smaller */
    uploader->retry_at = 0;
    uploader->poked = true;
}

int
collector_uploader_reconfigure(struct collector_uploader *uploader,
                               struct collector_sink *sink,
                               const struct collector_uploader_options *options)
{
    struct collector_uploader_options all;
    int rc = collector__uploader_check(uploader);

    if (rc == COLLECTOR_OK && sink != NULL)
        rc = collector__sink_check(sink);
    if (rc == COLLECTOR_OK)
        rc = collector__uploader_options_read(options, &all);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)pthread_mutex_lock(&uploader->mutex);
    while (uploader->changing || uploader->stopping)
        collector__uploader_wait(uploader, CANCEL_INTERVAL_MS);
    uploader->changing = true;
    interrupt(uploader);
    change(uploader, sink, &all);
    uploader->changing = false;
    (void)pthread_cond_broadcast(&uploader->changed);
    (void)pthread_mutex_unlock(&uploader->mutex);
    return COLLECTOR_OK;
}
