/* SPDX-License-Identifier: MIT */
/* Compressed texts: the only user of zlib. */
#include "gzip.h"

#include "buffer.h"
#include "memory.h"

#include <collector/error.h>
#include <limits.h>
#include <stdbool.h>

#define ZLIB_CONST /* what is packed is only read */
#include <zlib.h>

/* Lines are what is scarce: level 1 takes two fifths of the time, and leaves a
 * third more to send; above 6 a few percent cost twice the time. */
#define LEVEL 6

/* The largest window, and gzip's frame around it: zlib's numbers. */
#define WINDOW_BITS (15 + 16)
#define MEMORY_LEVEL 8

struct collector__gzip {
    z_stream stream;
    bool ready;
    struct collector__buffer packed;
};

static voidpf
take(voidpf userdata, uInt count, uInt size)
{
    (void)userdata;
    return collector__memory_new((size_t)count * size); /* zlib's are small */
}

static void
give(voidpf userdata, voidpf memory)
{
    (void)userdata;
    collector__memory_free(memory);
}

int
collector__gzip_new(struct collector__gzip **ret_gzip)
{
    struct collector__gzip *gzip = collector__memory_zeroed(sizeof(*gzip));
    int rc = COLLECTOR_ERR_NOMEM;

    if (gzip == NULL)
        return COLLECTOR_ERR_NOMEM;
    gzip->stream.zalloc = take;
    gzip->stream.zfree = give;
    collector__buffer_init(&gzip->packed, UINT_MAX);
    gzip->ready = deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS,
                               MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    if (!gzip->ready)
        goto out;
    *ret_gzip = gzip;
    gzip = NULL; /* handed over */
    rc = COLLECTOR_OK;
out:
    collector__gzip_free(gzip);
    return rc;
}

int
collector__gzip_pack(struct collector__gzip *gzip, const char *text,
                     size_t size, const char **ret_data, size_t *ret_size)
{
    z_stream *stream = &gzip->stream;
    int rc;

    if (size == 0 || size > UINT_MAX)
        return COLLECTOR_ERR_TOO_BIG;
    gzip->packed.size = 0;
    rc = collector__buffer_reserve(&gzip->packed, size);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)deflateReset(stream); /* it is a valid one */
    stream->next_in = (const Bytef *)text;
    stream->avail_in = (uInt)size;
    stream->next_out = (Bytef *)gzip->packed.data;
    stream->avail_out = (uInt)size - 1;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return COLLECTOR_ERR_TOO_BIG; /* there was no more room */
    *ret_data = gzip->packed.data;
    *ret_size = stream->total_out;
    return COLLECTOR_OK;
}

void
collector__gzip_free(struct collector__gzip *gzip)
{
    if (gzip == NULL)
        return;
    if (gzip->ready)
        (void)deflateEnd(&gzip->stream); /* whatever was under way */
    collector__buffer_clear(&gzip->packed);
    collector__memory_free(gzip);
}
