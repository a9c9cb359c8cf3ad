/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_RANDOM_H
#define COLLECTOR_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * 64 random bits, for firmware with a generator of its own. Called on any
 * thread, several at a time.
 *
 * They spread retries apart, and become the collector_id of a new file: devices
 * that draw the same bits speak in each other's name.
 *
 * @param userdata  As given with the callback.
 */
typedef uint64_t (*collector_random_fn)(void *userdata);

#ifdef __cplusplus
}
#endif

#endif
