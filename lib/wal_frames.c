/* SPDX-License-Identifier: MIT */
/*
 * The write-ahead log as it lies on the disk, after section 4 of "Database File
 * Format" (https://www.sqlite.org/fileformat2.html). Each frame's checksum goes
 * on from the one before, so that a frame shows not only that it is whole, but
 * also what was in the log when it was written.
 */
#include "wal_frames.h"

#include "database.h"
#include "memory.h"

#include <collector/error.h>
#include <string.h>

#define HEADER_SIZE 32
#define FRAME_HEADER_SIZE 24
#define MAGIC                                                                  \
    0x377f0682u /* the last bit says how checksums read their words            \
                 */

#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536

static uint32_t
get32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t
get32_little(const unsigned char *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[1] << 8 | bytes[0];
}

/** Go on with a checksum over more bytes, a multiple of eight. */
static void
add_checksum(bool big_endian, const unsigned char *bytes, size_t size,
             uint32_t sums[2])
{
    uint32_t (*get)(const unsigned char *) = big_endian ? get32 : get32_little;
    size_t i;

    for (i = 0; i + 8 <= size; i += 8) {
        sums[0] += get(bytes + i) + sums[1];
        sums[1] += get(bytes + i + 4) + sums[0];
    }
}

static bool
is_page_size(uint32_t size)
{
    return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX &&
           (size & (size - 1)) == 0;
}

static bool
is_native_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;

    memcpy(&first, &one, 1);
    return first == 0;
}

/** Take from the header what can be believed, and guess the rest. */
static void
read_header(struct collector__wal_frames *frames)
{
    unsigned char header[HEADER_SIZE];
    unsigned char frame[FRAME_HEADER_SIZE];
    uint32_t sums[2] = {0, 0};
    const int64_t size = frames->file.size;

    frames->page_size = COLLECTOR_PAGE_SIZE;
    frames->big_endian = is_native_big_endian();
    if (collector__raw_file_read(&frames->file, 0, header, HEADER_SIZE)) {
        if ((get32(header) & ~1u) == MAGIC)
            frames->big_endian = (get32(header) & 1) != 0;
        add_checksum(frames->big_endian, header, 24, sums);
        frames->stored[0] = get32(header + 24);
        frames->stored[1] = get32(header + 28);
        frames->is_sound = (get32(header) & ~1u) == MAGIC &&
                           sums[0] == frames->stored[0] &&
                           sums[1] == frames->stored[1];
        memcpy(frames->salts, header + 16, sizeof(frames->salts));
    }
    if (frames->is_sound && is_page_size(get32(header + 8)))
        frames->page_size = get32(header + 8);
    memcpy(frames->computed, sums, sizeof(sums));
    if (!frames->is_sound &&
        collector__raw_file_read(&frames->file, HEADER_SIZE, frame,
                                 FRAME_HEADER_SIZE))
        memcpy(frames->salts, frame + 8, sizeof(frames->salts));
    if (size > HEADER_SIZE)
        frames->count = (uint32_t)((size - HEADER_SIZE) /
                                   (FRAME_HEADER_SIZE + frames->page_size));
}

int
collector__wal_frames_open(const char *vfs, const char *path,
                           struct collector__wal_frames *ret_frames)
{
    sqlite3_vfs *found = sqlite3_vfs_find(vfs);
    struct collector__wal_frames frames;
    int exists = 0;
    int rc;

    memset(&frames, 0, sizeof(frames));
    if (found == NULL)
        return COLLECTOR_ERR_IO;
    (void)found->xAccess(found, path, SQLITE_ACCESS_EXISTS, &exists);
    if (exists == 0) { /* so it is, too, for an empty one */
        *ret_frames = frames;
        return COLLECTOR_OK;
    }
    rc = collector__raw_file_open(vfs, path, SQLITE_OPEN_WAL, &frames.file);
    if (rc != COLLECTOR_OK)
        return rc;
    read_header(&frames);
    frames.buffer = collector__memory_new(FRAME_HEADER_SIZE + frames.page_size);
    if (frames.buffer == NULL) {
        collector__wal_frames_close(&frames);
        return COLLECTOR_ERR_NOMEM;
    }
    *ret_frames = frames;
    return COLLECTOR_OK;
}

static int64_t
offset_of(const struct collector__wal_frames *frames, uint32_t number)
{
    return HEADER_SIZE +
           (int64_t)(number - 1) * (FRAME_HEADER_SIZE + frames->page_size);
}

/** Whether the frame in the buffer goes on from a checksum. */
static bool
goes_on_from(const struct collector__wal_frames *frames, uint32_t sums[2])
{
    const unsigned char *header = frames->buffer;

    add_checksum(frames->big_endian, header, 8, sums);
    add_checksum(frames->big_endian, header + FRAME_HEADER_SIZE,
                 frames->page_size, sums);
    return sums[0] == get32(header + 16) && sums[1] == get32(header + 20);
}

bool
collector__wal_frames_next(struct collector__wal_frames *frames,
                           struct collector__wal_frame *ret_frame)
{
    unsigned char *header = frames->buffer;
    uint32_t sums[2];

    if (frames->number >= frames->count)
        return false;
    memset(ret_frame, 0, sizeof(*ret_frame));
    ret_frame->number = ++frames->number;
    ret_frame->data = header + FRAME_HEADER_SIZE;
    if (!collector__raw_file_read(&frames->file,
                                  offset_of(frames, frames->number), header,
                                  FRAME_HEADER_SIZE + frames->page_size))
        return true;
    ret_frame->page = get32(header);
    ret_frame->is_commit = get32(header + 4) != 0;
    ret_frame->is_current =
        memcmp(header + 8, frames->salts, sizeof(frames->salts)) == 0;
    memcpy(sums, frames->computed, sizeof(sums));
    ret_frame->is_chained = goes_on_from(frames, sums);
    if (!ret_frame->is_chained) {
        memcpy(sums, frames->stored, sizeof(sums));
        ret_frame->is_chained = goes_on_from(frames, sums);
    }
    memcpy(frames->computed, sums, sizeof(sums));
    frames->stored[0] = get32(header + 16);
    frames->stored[1] = get32(header + 20);
    return true;
}

bool
collector__wal_frames_page(struct collector__wal_frames *frames,
                           uint32_t number, unsigned char *buffer)
{
    return collector__raw_file_read(
        &frames->file, offset_of(frames, number) + FRAME_HEADER_SIZE, buffer,
        frames->page_size);
}

void
collector__wal_frames_close(struct collector__wal_frames *frames)
{
    collector__raw_file_close(&frames->file);
    collector__memory_free(frames->buffer);
    memset(frames, 0, sizeof(*frames));
}
