/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "request.h"

#include <collector/store.h>
#include <collector/uploader.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What the store and the uploader say about themselves at one moment. */
struct status {
    struct collector_store_stats store;
    struct collector_uploader_stats uploader;
    /** Events were refused for want of room, and none has left the buffer
     *  since. */
    bool refusing;
};

/** Ask them. It changes nothing, waits for nothing, and costs the same however
 *  many events there are. */
void
status_read(const struct request *request, struct status *ret_status);

/**
 * How long the oldest event has been in the backlog, by its time stamp; 0
 * without one, or when its clock is ahead of ours.
 *
 * @param now_ms      Milliseconds since 1970.
 * @param ret_age_ms  Set on success only; below INT64_MAX.
 * @return False when it isn't known, since one of the two clocks had not been
 *         set: what they are apart is decades, and says nothing.
 */
bool
status_backlog_age(const struct collector_store_stats *stats, int64_t now_ms,
                   uint64_t *ret_age_ms);

/** Add the uploader's last_error to an object, if there is one. */
void
status_set_error(json_t *object, const struct collector_uploader_stats *stats);

#endif
