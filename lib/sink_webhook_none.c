/* SPDX-License-Identifier: MIT */
/* The webhook sink of a build without libcurl: it says so. */
#include <collector/error.h>
#include <collector/sink.h>
#include <string.h>

void
collector_webhook_options_init(struct collector_webhook_options *options)
{
    if (options == NULL)
        return;
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
}

int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink)
{
    (void)options;
    (void)ret_sink;
    return COLLECTOR_ERR_UNSUPPORTED;
}
