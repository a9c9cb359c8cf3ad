/* SPDX-License-Identifier: MIT */
/*
 * Devices by name, in the order in which they came: a Jansson object is such a
 * table. Asking the file instead, which has to sort the events, took a third of
 * all that an append of a thousand events costs.
 */
#include "seen.h"

#include <collector/error.h>
#include <jansson.h>

void
collector__seen_note(struct collector__seen *seen, int64_t id,
                     const char *device_id, int64_t ts)
{
    json_t *known;

    if (seen->last_seen == NULL || id != seen->last_id + 1) {
        collector__seen_forget(seen);
        seen->last_seen = json_object();
        seen->first_id = id;
    }
    seen->last_id = id;
    known = json_object_get(seen->last_seen, device_id);
    if (known == NULL) {
        if (json_object_set_new_nocheck(seen->last_seen, device_id,
                                        json_integer(ts)) != 0)
            collector__seen_forget(seen);
    } else if (json_integer_value(known) < ts) {
        (void)json_integer_set(known, ts); /* it is an integer */
    }
}

void
collector__seen_forget(struct collector__seen *seen)
{
    json_decref(seen->last_seen);
    seen->last_seen = NULL;
}

bool
collector__seen_is_of(const struct collector__seen *seen, int64_t first_id,
                      int64_t last_id)
{
    return seen->last_seen != NULL && seen->first_id == first_id &&
           seen->last_id == last_id;
}

int
collector__seen_each(const struct collector__seen *seen,
                     collector__seen_fn visit, void *userdata)
{
    const char *device_id;
    json_t *ts;
    int rc;

    json_object_foreach(seen->last_seen, device_id, ts)
    {
        rc = visit(userdata, device_id, json_integer_value(ts));
        if (rc != COLLECTOR_OK)
            return rc;
    }
    return COLLECTOR_OK;
}
