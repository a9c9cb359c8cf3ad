/* SPDX-License-Identifier: MIT */
/* Structs of callers who were compiled with another version's headers: never
 * read or written beyond what they have, and never obeyed in part. */
#include "options.h"

#include <collector/error.h>
#include <string.h>

/* More than any version's struct has: the size was never set. */
#define SIZE_MAX_SANE 4096

/** Write as much of ours as the caller has, which is a size at least, and zeros
 *  behind it. */
static void
put(void *theirs, size_t size, const void *ours, size_t ours_size)
{
    const size_t known = size < ours_size ? size : ours_size;

    memcpy(theirs, ours, known);
    memset((char *)theirs + known, 0, size - known);
    memcpy(theirs, &size, sizeof(size));
}

void
collector__options_init(void *options, size_t size, const void *defaults,
                        size_t defaults_size)
{
    if (options != NULL)
        put(options, size, defaults, defaults_size);
}

int
collector__options_copy(void *all, size_t all_size, const void *options)
{
    const char *bytes = options;
    size_t size;
    size_t i;

    if (options == NULL)
        return COLLECTOR_ERR_INVALID;
    memcpy(&size, options, sizeof(size));
    if (size < sizeof(size) || size > SIZE_MAX_SANE)
        return COLLECTOR_ERR_INVALID;
    for (i = all_size; i < size; i++) {
        if (bytes[i] != 0)
            return COLLECTOR_ERR_UNSUPPORTED;
    }
    memcpy(all, options, size < all_size ? size : all_size);
    return COLLECTOR_OK;
}

void
collector__stats_copy(void *ret_stats, const void *stats, size_t stats_size)
{
    size_t size;

    memcpy(&size, ret_stats, sizeof(size));
    if (size > SIZE_MAX_SANE)
        size = stats_size; /* it was never set: no further than ours */
    put(ret_stats, size, stats, stats_size);
}
