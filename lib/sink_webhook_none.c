/* SPDX-License-Identifier: MIT */
/* The webhook sink of a build without libcurl: it says so. */
#include <collector/error.h>
#include <collector/sink.h>

int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink)
{
    (void)options;
    (void)ret_sink;
    return COLLECTOR_ERR_UNSUPPORTED;
}
