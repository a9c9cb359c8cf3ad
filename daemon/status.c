/* SPDX-License-Identifier: MIT */
/* The one look at the store and the uploader that /healthz and /stats share. */
#include "status.h"

#include "answer.h"
#include "json_text.h"

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

void
status_set_error(json_t *object, const struct collector_uploader_stats *stats)
{
    if (stats->last_error[0] != '\0')
        (void)json_object_set_new(object, "last_error",
                                  json_text(stats->last_error));
}
