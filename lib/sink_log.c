/* SPDX-License-Identifier: MIT */
/* A sink that only says how many events went by: nothing can go wrong in it. */
#include "log.h"
#include "memory.h"

#include <collector/error.h>
#include <collector/sink.h>

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
        .free = collector__memory_free,
    };
    struct collector__log *userdata;
    int rc;

    if (log == NULL)
        return COLLECTOR_ERR_INVALID;
    userdata = collector__memory_new(sizeof(*userdata));
    if (userdata == NULL)
        return COLLECTOR_ERR_NOMEM;
    userdata->fn = log;
    userdata->userdata = log_userdata;
    rc = collector_sink_new("log", &ops, userdata, ret_sink);
    if (rc != COLLECTOR_OK)
        collector__memory_free(userdata);
    return rc;
}
