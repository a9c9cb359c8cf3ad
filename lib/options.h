/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_OPTIONS_H
#define COLLECTOR_LIB_OPTIONS_H

#include <stddef.h>

/*
 * Structs that begin with their size, as collector.h promises: a program's may
 * be shorter or longer than ours. A struct never grows into its own padding:
 * what an older program has there is anything.
 */

/**
 * The init function of a caller's options: our defaults as far as they go, and
 * zeros behind them.
 *
 * @param options   NULL is fine.
 * @param size      Of the caller's struct.
 * @param defaults  Ours, with defaults_size bytes.
 */
void
collector__options_init(void *options, size_t size, const void *defaults,
                        size_t defaults_size);

/**
 * Copy a caller's options over the defaults, as many bytes as the caller's
 * version of the struct has: what he doesn't know keeps its default.
 *
 * @param all       Set to the defaults before; undefined on failure.
 * @param all_size  sizeof(*all).
 * @param options   Begins with its size.
 * @return COLLECTOR_OK, ERR_INVALID (NULL, or no size that a struct has),
 *         ERR_UNSUPPORTED (it asks for what we don't know).
 */
int
collector__options_copy(void *all, size_t all_size, const void *options);

#define COLLECTOR_OPTIONS_COPY(all, options)                                   \
    collector__options_copy((all), sizeof(*(all)), (options))

/**
 * Copy our statistics into a caller's, as far as they go, and zeros behind.
 *
 * @param ret_stats  Begins with its size, which stays.
 */
void
collector__stats_copy(void *ret_stats, const void *stats, size_t stats_size);

#endif
