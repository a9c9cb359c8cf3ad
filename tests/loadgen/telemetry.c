/* SPDX-License-Identifier: MIT */
/* The events that a producer makes up. They follow from the run, the producer
 * and a count, so that what was sent need not be kept to be compared. */
#include "telemetry.h"

#include "decimal.h"

#include <string.h>

/* Between the first devices of two producers: a prime, so that few share one
 * at the same time. */
#define DEVICE_STRIDE 7919

size_t
telemetry_write_device(const struct telemetry *telemetry, unsigned producer,
                       uint64_t n, char *text)
{
    const uint64_t device =
        ((uint64_t)producer * DEVICE_STRIDE + n) % telemetry->devices;
    char *end = stpcpy(text, "device-");

    return (size_t)(decimal_write(end, device) - text);
}

size_t
telemetry_write_payload(const struct telemetry *telemetry, unsigned producer,
                        uint64_t n, char *text)
{
    char *end = stpcpy(text, "{\"run\":");

    end = decimal_write(end, telemetry->run);
    end = stpcpy(end, ",\"producer\":");
    end = decimal_write(end, producer);
    end = stpcpy(end, ",\"n\":");
    end = decimal_write(end, n);
    *end++ = '}';
    return (size_t)(end - text);
}

size_t
telemetry_write_event(const struct telemetry *telemetry, unsigned producer,
                      uint64_t n, char *text)
{
    char *end = stpcpy(text, "{\"device_id\":\"");

    end += telemetry_write_device(telemetry, producer, n, end);
    end = stpcpy(end, "\",\"kind\":\"" TELEMETRY_KIND "\",\"payload\":");
    end += telemetry_write_payload(telemetry, producer, n, end);
    *end++ = '}';
    return (size_t)(end - text);
}
