/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_CLOCK_H
#define COLLECTOR_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Where a store and its uploader take the time from, for firmware with a clock
 * of its own and for tests.
 *
 * Both functions may be called on any thread, several at a time, as long as
 * the store lives.
 */
struct collector_clock {
    /** Milliseconds since 1970-01-01 UTC; may jump. Stamps events and runs, and
     *  decides nothing. What is less than 1 counts as 1. */
    int64_t (*wall_ms)(void *userdata);
    /** Milliseconds since any fixed moment; never goes back. Times retries. */
    int64_t (*monotonic_ms)(void *userdata);
    /** Handed to both. */
    void *userdata;
};

#ifdef __cplusplus
}
#endif

#endif
