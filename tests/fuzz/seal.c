/* SPDX-License-Identifier: MIT */
/*
 * The checksums of a write-ahead log, after "Database File Format", section 4.3
 * (https://www.sqlite.org/fileformat2.html): each goes on from the one before.
 */
#include "seal.h"

/** What a checksum is over: most of the header, and of a frame its first eight
 *  bytes and its page. */
#define HEADER_PART 24
#define FRAME_PART 8

static uint32_t
get(const uint8_t *bytes, bool big_endian)
{
    uint32_t number = 0;
    int i;

    for (i = 0; i < 4; i++)
        number = number << 8 | bytes[big_endian ? i : 3 - i];
    return number;
}

static void
put(uint8_t *bytes, uint32_t number)
{
    int i;

    for (i = 3; i >= 0; i--) {
        bytes[i] = (uint8_t)number;
        number >>= 8;
    }
}

static void
add(uint32_t sums[2], const uint8_t *bytes, size_t size, bool big_endian)
{
    size_t i;

    for (i = 0; i < size; i += 8) {
        sums[0] += get(bytes + i, big_endian) + sums[1];
        sums[1] += get(bytes + i + 4, big_endian) + sums[0];
    }
}

void
seal_log(struct base_file *log)
{
    uint32_t sums[2] = {0, 0};
    bool big_endian;
    size_t at;

    if (log->size < BASE_LOG_HEADER_SIZE)
        return;
    big_endian = (log->data[3] & 1) != 0;
    add(sums, log->data, HEADER_PART, big_endian);
    put(log->data + HEADER_PART, sums[0]);
    put(log->data + HEADER_PART + 4, sums[1]);
    for (at = BASE_LOG_HEADER_SIZE; at + BASE_FRAME_SIZE <= log->size;
         at += BASE_FRAME_SIZE) {
        uint8_t *frame = log->data + at;

        add(sums, frame, FRAME_PART, big_endian);
        add(sums, frame + BASE_FRAME_HEADER_SIZE, BASE_PAGE_SIZE, big_endian);
        put(frame + BASE_FRAME_HEADER_SIZE - 8, sums[0]);
        put(frame + BASE_FRAME_HEADER_SIZE - 4, sums[1]);
    }
}
