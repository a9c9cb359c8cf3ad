/* SPDX-License-Identifier: MIT */
#ifndef SERIAL_H
#define SERIAL_H

/*
 * Events that can be told apart: each follows from its serial number, and says
 * it in its payload. Numbers begin at 1.
 */
#include <collector/collector.h>
#include <stdbool.h>

/** What an event says at most, with its NUL. */
#define SERIAL_TEXT_SIZE 2048

/** Room for the texts of one event. */
struct serial_texts {
    char device_id[16];
    char kind[16];
    char payload[SERIAL_TEXT_SIZE];
};

/** Make the event of this number; its texts are in the room given. */
struct collector_event
serial_event(int64_t serial, struct serial_texts *texts);

/** The number of an event, or 0 when it is not what serial_event() makes of any
 *  number. */
int64_t
serial_of(const struct collector_event *event);

/** Whether a receiver that is hard to please rejects it. */
bool
serial_is_poison(int64_t serial);

/**
 * Append so many events, the first with this number: as structs or as JSON,
 * which depends on the number, so that a repeat is one.
 *
 * @return As collector_store_append().
 */
int
serial_append(struct collector_store *store, int64_t serial, size_t count,
              const char *key, struct collector_receipt *receipt);

#endif
