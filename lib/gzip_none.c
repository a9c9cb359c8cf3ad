/* SPDX-License-Identifier: MIT */
/* Compression in a build without zlib: it says so. */
#include "gzip.h"

#include <collector/error.h>

int
collector__gzip_new(struct collector__gzip **ret_gzip)
{
    (void)ret_gzip;
    return COLLECTOR_ERR_UNSUPPORTED;
}

int
collector__gzip_pack(struct collector__gzip *gzip, const char *text,
                     size_t size, const char **ret_data, size_t *ret_size)
{
    (void)gzip;
    (void)text;
    (void)size;
    (void)ret_data;
    (void)ret_size;
    return COLLECTOR_ERR_UNSUPPORTED;
}

void
collector__gzip_free(struct collector__gzip *gzip)
{
    (void)gzip;
}
