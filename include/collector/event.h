/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_EVENT_H
#define COLLECTOR_EVENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of a device_id at most. What is over is refused. */
#define COLLECTOR_DEVICE_ID_SIZE_MAX 256
/** Bytes of a kind at most. */
#define COLLECTOR_KIND_SIZE_MAX 128
/** Bytes of a payload at most, without insignificant white space. */
#define COLLECTOR_PAYLOAD_SIZE_MAX (64 * 1024)

/** In JSON, bytes of an event beside its payload at most: names, and members
 *  that are ignored. A parser's tree of them takes many times their size. */
#define COLLECTOR_EVENT_REST_SIZE_MAX (64 * 1024)

/** Levels of arrays and objects in a payload at most: far more than telemetry
 *  needs, and few enough for a parser that recurses on a 64 KiB stack. */
#define COLLECTOR_PAYLOAD_DEPTH_MAX 64

/**
 * One thing that a device reported.
 *
 * All texts are UTF-8 and end with NUL. Those that you pass in stay yours;
 * those that you are shown belong to the object that shows them.
 */
struct collector_event {
    /** Who reported it: 1 to COLLECTOR_DEVICE_ID_SIZE_MAX bytes. */
    const char *device_id;
    /** What sort of thing it is: 1 to COLLECTOR_KIND_SIZE_MAX bytes. */
    const char *kind;
    /**
     * Any one JSON value, or NULL for none. It is stored as written, without
     * insignificant white space: numbers, escapes, the order of keys and
     * duplicate keys stay as they are.
     */
    const char *payload;
    /** Milliseconds since 1970-01-01 UTC, not negative; 0 is replaced by the
     *  time of the append. */
    int64_t ts;
};

#ifdef __cplusplus
}
#endif

#endif
