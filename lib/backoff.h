/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_BACKOFF_H
#define COLLECTOR_LIB_BACKOFF_H

#include <stdint.h>

/** How retries spread out. */
struct collector__backoff {
    uint32_t base_ms;
    uint32_t max_ms;
};

/**
 * The rest after a failure: exponential backoff with full jitter (M. Brooker,
 * "Exponential Backoff And Jitter", 2015), an even draw from
 * 0 … min(max_ms, base_ms × 2^(failures - 1)), both ends included.
 *
 * @param failures  In a row, this one included; 0 gives 0.
 * @param random    64 even bits.
 */
uint32_t
collector__backoff_ms(const struct collector__backoff *backoff,
                      uint32_t failures, uint64_t random);

#endif
