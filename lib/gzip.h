/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_GZIP_H
#define COLLECTOR_LIB_GZIP_H

#include <stddef.h>

/** Makes texts smaller, one after another. One thread. */
struct collector__gzip;

/** @return COLLECTOR_OK, ERR_UNSUPPORTED (built without gzip), ERR_NOMEM. */
int
collector__gzip_new(struct collector__gzip **ret_gzip);

/**
 * Compress a text, in memory that is used for the next one again.
 *
 * @param ret_data  Borrowed until the next call.
 * @return COLLECTOR_OK, ERR_TOO_BIG (it would not be smaller), ERR_NOMEM.
 */
int
collector__gzip_pack(struct collector__gzip *gzip, const char *text,
                     size_t size, const char **ret_data, size_t *ret_size);

/** NULL is fine. */
void
collector__gzip_free(struct collector__gzip *gzip);

#endif
