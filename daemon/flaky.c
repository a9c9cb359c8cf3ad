/* SPDX-License-Identifier: MIT */
/*
 * A sink that fails on purpose, at regular intervals. The failing attempt never
 * reaches the inner sink, so what arrives there is not changed by it.
 */
#include "flaky.h"

#include <collector/error.h>
#include <stdio.h>
#include <stdlib.h>

struct flaky {
    struct collector_sink *inner;
    uint32_t every;
    uint32_t attempt_count; /* since the last failure */
};

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct flaky *flaky = userdata;
    uint32_t attempts = delivery->attempts;
    int64_t started_at = delivery->started_at;
    int rc;

    if (++flaky->attempt_count >= flaky->every) {
        flaky->attempt_count = 0;
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error),
                       "failed on purpose (-flaky-every %lu)",
                       (unsigned long)flaky->every);
        return COLLECTOR_OK;
    }
    rc = collector_sink_deliver(flaky->inner, batch, delivery);
    /* These are the uploader's, and the call above cleared them. */
    delivery->attempts = attempts;
    delivery->started_at = started_at;
    return rc;
}

static void
cancel(void *userdata)
{
    struct flaky *flaky = userdata;

    collector_sink_cancel(flaky->inner);
}

static void
release(void *userdata)
{
    struct flaky *flaky = userdata;

    collector_sink_free(flaky->inner);
    free(flaky);
}

int
flaky_new(struct collector_sink *inner, uint32_t every,
          struct collector_sink **ret_sink)
{
    static const struct collector_sink_ops ops = {
        .size = sizeof(ops),
        .deliver = deliver,
        .cancel = cancel,
        .free = release,
    };
    char name[COLLECTOR_SINK_NAME_SIZE];
    struct flaky *flaky;
    int rc;

    if (inner == NULL || every == 0 || ret_sink == NULL)
        return COLLECTOR_ERR_INVALID;
    flaky = calloc(1, sizeof(*flaky));
    if (flaky == NULL)
        return COLLECTOR_ERR_NOMEM;
    flaky->inner = inner;
    flaky->every = every;
    (void)snprintf(name, sizeof(name), "flaky(%s)", collector_sink_name(inner));
    rc = collector_sink_new(name, &ops, flaky, ret_sink);
    if (rc != COLLECTOR_OK)
        free(flaky);
    return rc;
}
