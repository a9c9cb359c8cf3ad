/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RATE_H
#define COLLECTOR_LIB_RATE_H

#include <collector/uploader.h>
#include <stdint.h>

/**
 * A bucket of tokens: as many drop in each second as the rate says, and it
 * holds those of one second. Zeroed, it is full as soon as it has a rate.
 */
struct collector__rate {
    /** Tokens a second, 0 for any number, as it was last told. */
    uint64_t per_s;
    /** Thousandths of a token; below 0 it is in debt. */
    int64_t level;
    /** When that was so, in ms. */
    int64_t at_ms;
};

/** Let in what has dropped until now. A clock that goes back drops nothing. */
void
collector__rate_refill(struct collector__rate *rate, uint64_t per_s,
                       int64_t now_ms);

/**
 * How long until so many tokens can be taken, in ms, and at least 1; 0: now.
 * More than the bucket can hold are given on credit, once it is full.
 */
uint32_t
collector__rate_wait_ms(const struct collector__rate *rate, uint64_t amount);

/** Take so many tokens, whether they are there or not. */
void
collector__rate_take(struct collector__rate *rate, uint64_t amount);

#endif
