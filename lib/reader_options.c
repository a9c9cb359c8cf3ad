/* SPDX-License-Identifier: MIT */
/* A reader's defaults, in builds without one as well. */
#include "options.h"

#include <collector/reader.h>

#undef collector_reader_options_init /* it adds the size */

void
collector_reader_options_init(struct collector_reader_options *options,
                              size_t size)
{
    static const struct collector_reader_options defaults = {
        .size = sizeof(defaults),
        .rows_max = 1000,
        .deadline_ms = 5000,
        .bytes_max = 1024 * 1024,
    };

    collector__options_init(options, size, &defaults, sizeof(defaults));
}
