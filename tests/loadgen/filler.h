/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_FILLER_H
#define LOADGEN_FILLER_H

#include "subject.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * Append so many events as fast as it goes, with a line that says how far it
 * is.
 *
 * @param settled  They end up delivered and kept; otherwise as backlog.
 * @return 0, or -1 after the reason was said.
 */
int
filler_fill(const struct subject *subject, unsigned device_count,
            uint64_t event_count, bool settled);

#endif
