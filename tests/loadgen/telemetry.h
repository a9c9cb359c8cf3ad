/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_TELEMETRY_H
#define LOADGEN_TELEMETRY_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of the longest event, and of the longest device id or payload in it.
 *  None of these texts ends with NUL. */
#define TELEMETRY_EVENT_SIZE_MAX 160
#define TELEMETRY_TEXT_SIZE_MAX 96

/** The kind of all events. */
#define TELEMETRY_KIND "temperature"

/** What the events of a run have in common. */
struct telemetry {
    /** Tells them from those of another run in the same file. */
    uint32_t run;
    /** Distinct device ids. */
    unsigned devices;
};

/** Write the device id of a producer's n-th event, and return its size. */
size_t
telemetry_write_device(const struct telemetry *telemetry, unsigned producer,
                       uint64_t n, char *text);

/** Write its payload, which no other event has, and return its size. */
size_t
telemetry_write_payload(const struct telemetry *telemetry, unsigned producer,
                        uint64_t n, char *text);

/** Write it whole, as it is sent, and return its size. */
size_t
telemetry_write_event(const struct telemetry *telemetry, unsigned producer,
                      uint64_t n, char *text);

#endif
