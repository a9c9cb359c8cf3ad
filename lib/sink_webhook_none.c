/* SPDX-License-Identifier: MIT */
/* The webhook sink of a build without libcurl: it says so. */
#include "options.h"

#include <collector/error.h>
#include <collector/sink.h>

#undef collector_webhook_options_init /* it adds the size */

void
collector_webhook_options_init(struct collector_webhook_options *options,
                               size_t size)
{
    static const struct collector_webhook_options none;

    collector__options_init(options, size, &none, sizeof(none));
}

int
collector_sink_webhook_new(const struct collector_webhook_options *options,
                           struct collector_sink **ret_sink)
{
    (void)options;
    (void)ret_sink;
    return COLLECTOR_ERR_UNSUPPORTED;
}
