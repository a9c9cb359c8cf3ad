/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HEALTH_H
#define DAEMON_HEALTH_H

#include "status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** A status, judged. */
struct health {
    /** Events are kept and delivered: there is no reason against it. */
    bool ok;
    /** There is room for more events. */
    bool backlog_ok;
    /** What is wrong, and what may become so: arrays of sentences for whoever
     *  has to mend it. Yours; NULL or too short when memory is out. */
    json_t *reasons;
    json_t *warnings;
};

/** Whether the uploader hangs, rather than to wait for an upstream that is
 * gone: only a restart helps then. */
bool
health_is_stuck(const struct collector_uploader_stats *stats);

/**
 * Judge.
 *
 * @param now_ms  Milliseconds since 1970. Only for words: a clock that jumps
 *                changes no verdict.
 */
void
health_judge(const struct status *status, int64_t now_ms,
             struct health *ret_health);

#endif
