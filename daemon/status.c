/* SPDX-License-Identifier: MIT */
/* The one look at the store and the uploader that /healthz, /stats and /metrics
 * share. */
#include "status.h"

#include "answer.h"
#include "json_text.h"

/* No clock that was ever set says less: 2000-01-01. A board without a battery
 * begins in 1970, and where nobody knows the time an event is stamped with 1.
 */
#define SET_CLOCK_MS INT64_C(946684800000)

void
status_read(const struct request *request, struct status *ret_status)
{
    struct collector_store_stats *store = &ret_status->store;
    uint64_t full_at = atomic_load(request->full_at);

    store->size = sizeof(*store);
    ret_status->uploader.size = sizeof(ret_status->uploader);
    /* In this order, a delivery that is said to have worked is marked. */
    collector_uploader_stats(request->uploader, &ret_status->uploader);
    collector_store_stats(request->store, store);
    ret_status->refusing =
        full_at != 0 && full_at - 1 == store->accepted - store->pending;
}

bool
status_backlog_age(const struct collector_store_stats *stats, int64_t now_ms,
                   uint64_t *ret_age_ms)
{
    const int64_t ts = stats->oldest_pending_ts;

    if (stats->pending > 0 && (ts < SET_CLOCK_MS || now_ms < SET_CLOCK_MS))
        return false;
    *ret_age_ms =
        stats->pending > 0 && ts < now_ms ? (uint64_t)(now_ms - ts) : 0;
    return true;
}

void
status_set_error(json_t *object, const struct collector_uploader_stats *stats)
{
    if (stats->last_error[0] != '\0')
        (void)json_object_set_new(object, "last_error",
                                  json_text(stats->last_error));
}
