/* SPDX-License-Identifier: MIT */
/* The webhook's options: the same in a build that can't make one. */
#include "options.h"

#include <collector/sink.h>

#undef collector_webhook_options_init /* it adds the size */

void
collector_webhook_options_init(struct collector_webhook_options *options,
                               size_t size)
{
    static const struct collector_webhook_options defaults = {
        .size = sizeof(defaults),
        .connect_timeout_ms = 10000,
        .timeout_ms = 30000,
        .low_speed_ms = 10000,
    };

    collector__options_init(options, size, &defaults, sizeof(defaults));
}
