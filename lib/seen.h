/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SEEN_H
#define COLLECTOR_LIB_SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct json_t;

/**
 * Which devices a run of events is from, kept in memory while the events are
 * appended. All zero is an empty run. One thread at a time.
 */
struct collector__seen {
    /** NULL: nothing is known. */
    struct json_t *last_seen;
    int64_t first_id;
    int64_t last_id;
};

/** An event was appended. One that does not follow the last begins a new run;
 *  without memory nothing is known. */
void
collector__seen_note(struct collector__seen *seen, int64_t id,
                     const char *device_id, int64_t ts);

/** Forget all of it: the events are on record, or are gone. */
void
collector__seen_forget(struct collector__seen *seen);

/** Whether it is known of just these events. */
bool
collector__seen_is_of(const struct collector__seen *seen, int64_t first_id,
                      int64_t last_id);

/** Takes a device, and the largest timestamp of its events. @return As the
 *  caller likes. */
typedef int (*collector__seen_fn)(void *userdata, const char *device_id,
                                  int64_t ts);

/** Go through the devices in the order of their first event. @return The first
 *  thing but COLLECTOR_OK that the callback returned, which ends it. */
int
collector__seen_each(const struct collector__seen *seen,
                     collector__seen_fn visit, void *userdata);

#endif
