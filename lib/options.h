/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_OPTIONS_H
#define COLLECTOR_LIB_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/**
 * Copy a caller's options over the defaults, as many bytes as the caller's
 * version of the struct has: what he doesn't know keeps its default.
 *
 * @param all       Set to the defaults before.
 * @param all_size  sizeof(*all).
 * @param options   Begins with its size; NULL or a size of 0 is refused.
 * @return Whether the options could be taken.
 */
static inline bool
collector__options_copy(void *all, size_t all_size, const void *options)
{
    size_t size;

    if (options == NULL)
        return false;
    memcpy(&size, options, sizeof(size));
    if (size < sizeof(size))
        return false;
    memcpy(all, options, size < all_size ? size : all_size);
    return true;
}

#define COLLECTOR_OPTIONS_COPY(all, options)                                   \
    collector__options_copy((all), sizeof(*(all)), (options))

#endif
