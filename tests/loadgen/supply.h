/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_SUPPLY_H
#define LOADGEN_SUPPLY_H

#include <collector/event.h>
#include <stdint.h>

/** Events to append: the made-up ones of telemetry.h, about 60 bytes of
 *  device_id, kind and payload each. One thread. */
struct supply;

/**
 * Make one for a producer.
 *
 * @param device_count  Distinct device ids, which it goes through in turn.
 * @param event_count   Events that supply_next() makes at a time.
 * @return Yours to free; NULL without memory.
 */
struct supply *
supply_new(unsigned producer, unsigned device_count, unsigned event_count);

/** The next events, each unlike all before. Borrowed until the next call. */
const struct collector_event *
supply_next(struct supply *supply);

/** NULL is fine. */
void
supply_free(struct supply *supply);

#endif
