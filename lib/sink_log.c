/* SPDX-License-Identifier: MIT */
/* A sink that only says how many events went by: nothing can go wrong in it. */
#include "log.h"

#include <collector/error.h>
#include <collector/sink.h>
#include <stdlib.h>

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    const struct collector__log *log = userdata;

    (void)delivery; /* says delivered */
    collector__log(log, COLLECTOR_LOG_INFO, "uploaded %zu events",
                   collector_batch_count(batch));
    return COLLECTOR_OK;
}

int
collector_sink_log_new(collector_log_fn log, void *log_userdata,
                       struct collector_sink **ret_sink)
{
    static const struct collector_sink_ops ops = {
        .size = sizeof(ops),
        .deliver = deliver,
        .free = free,
    };
    struct collector__log *userdata;
    int rc;

    if (log == NULL)
        return COLLECTOR_ERR_INVALID;
    userdata = malloc(sizeof(*userdata));
    if (userdata == NULL)
        return COLLECTOR_ERR_NOMEM;
    userdata->fn = log;
    userdata->userdata = log_userdata;
    rc = collector_sink_new("log", &ops, userdata, ret_sink);
    if (rc != COLLECTOR_OK)
        free(userdata);
    return rc;
}
