/* SPDX-License-Identifier: MIT */
/* A sink: operations and what they work on, called in one way by everybody. */
#include "sink.h"

#include "fork.h"
#include "memory.h"
#include "options.h"

#include <collector/error.h>
#include <stdio.h>

struct collector_sink {
    struct collector_sink_ops ops;
    void *userdata;
    pid_t maker;
    char name[COLLECTOR_SINK_NAME_SIZE];
};

int
collector_sink_new(const char *name, const struct collector_sink_ops *ops,
                   void *userdata, struct collector_sink **ret_sink)
{
    struct collector_sink_ops all = {0, NULL, NULL, NULL};
    struct collector_sink *sink;
    int rc = COLLECTOR_OPTIONS_COPY(&all, ops);

    if (rc == COLLECTOR_OK &&
        (name == NULL || ret_sink == NULL || all.deliver == NULL))
        rc = COLLECTOR_ERR_INVALID;
    if (rc != COLLECTOR_OK)
        return rc;
    sink = collector__memory_zeroed(sizeof(*sink));
    if (sink == NULL)
        return COLLECTOR_ERR_NOMEM;
    sink->ops = all;
    sink->userdata = userdata;
    sink->maker = getpid();
    (void)snprintf(sink->name, sizeof(sink->name), "%s", name); /* may cut */
    *ret_sink = sink;
    return COLLECTOR_OK;
}

int
collector__sink_check(const struct collector_sink *sink)
{
    return sink != NULL ? collector__fork_check(sink->maker)
                        : COLLECTOR_ERR_INVALID;
}

const char *
collector_sink_name(const struct collector_sink *sink)
{
    return sink->name;
}

int
collector_sink_deliver(struct collector_sink *sink,
                       const struct collector_batch *batch,
                       struct collector_delivery *delivery)
{
    int rc;

    delivery->result = COLLECTOR_DELIVERED;
    delivery->status = 0;
    delivery->retry_after_ms = 0;
    delivery->error[0] = '\0';
    rc = collector__sink_check(sink);
    if (rc == COLLECTOR_OK)
        rc = sink->ops.deliver(sink->userdata, batch, delivery);
    if (rc == COLLECTOR_OK)
        return rc;
    delivery->result = COLLECTOR_RETRY;
    if (delivery->error[0] == '\0')
        (void)snprintf(delivery->error, sizeof(delivery->error), "%s",
                       collector_error_text(rc)); /* our words: they fit */
    return rc;
}

void
collector_sink_cancel(struct collector_sink *sink)
{
    if (sink->ops.cancel != NULL && collector__sink_check(sink) == COLLECTOR_OK)
        sink->ops.cancel(sink->userdata);
}

void
collector_sink_free(struct collector_sink *sink)
{
    if (sink == NULL)
        return;
    if (sink->ops.free != NULL && collector__sink_check(sink) == COLLECTOR_OK)
        sink->ops.free(sink->userdata);
    collector__memory_free(sink);
}
