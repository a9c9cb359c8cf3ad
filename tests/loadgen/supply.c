/* SPDX-License-Identifier: MIT */
/* Events that look like telemetry, and cost next to nothing to make: what is
 * measured runs on the same cores. */
#include "supply.h"

#include "telemetry.h"

#include <stdlib.h>

/* Any number of ten digits: events are as long as those of other runs. */
#define RUN 2147483647

/** The texts of one event. */
struct supply_texts {
    char device_id[TELEMETRY_TEXT_SIZE_MAX + 1];
    char payload[TELEMETRY_TEXT_SIZE_MAX + 1];
};

struct supply {
    struct telemetry telemetry;
    unsigned producer;
    unsigned event_count;
    /** Events made so far. */
    uint64_t n;
    struct collector_event *events;
    struct supply_texts *texts;
};

struct supply *
supply_new(unsigned producer, unsigned device_count, unsigned event_count)
{
    struct supply *supply = calloc(1, sizeof(*supply));

    if (supply == NULL)
        return NULL;
    supply->producer = producer;
    supply->telemetry.run = RUN;
    supply->telemetry.devices = device_count;
    supply->event_count = event_count;
    supply->events = calloc(event_count, sizeof(*supply->events));
    supply->texts = calloc(event_count, sizeof(*supply->texts));
    if (supply->events != NULL && supply->texts != NULL)
        return supply;
    supply_free(supply);
    return NULL;
}

static void
make(struct supply *supply, unsigned i)
{
    struct collector_event *event = &supply->events[i];
    struct supply_texts *texts = &supply->texts[i];
    const uint64_t n = supply->n++;
    size_t size;

    size = telemetry_write_device(&supply->telemetry, supply->producer, n,
                                  texts->device_id);
    texts->device_id[size] = '\0';
    size = telemetry_write_payload(&supply->telemetry, supply->producer, n,
                                   texts->payload);
    texts->payload[size] = '\0';
    event->device_id = texts->device_id;
    event->kind = TELEMETRY_KIND;
    event->payload = texts->payload;
}

const struct collector_event *
supply_next(struct supply *supply)
{
    unsigned i;

    for (i = 0; i < supply->event_count; i++)
        make(supply, i);
    return supply->events;
}

void
supply_free(struct supply *supply)
{
    if (supply == NULL)
        return;
    free(supply->events);
    free(supply->texts);
    free(supply);
}
