/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_WAL_FRAMES_H
#define COLLECTOR_LIB_WAL_FRAMES_H

#include "raw_file.h"

/** One page in a write-ahead log. */
struct collector__wal_frame {
    /** Counted from 1. */
    uint32_t number;
    /** The page that this is a version of. */
    uint32_t page;
    /** Whether a transaction ends with it. */
    bool is_commit;
    /** It was written since the log last started over. */
    bool is_current;
    /** It is as it was written, right behind the frame before. */
    bool is_chained;
    /** The page; valid until the next frame. */
    const unsigned char *data;
};

/** A write-ahead log, frame by frame, whatever condition it is in. Zeroed is
 *  one without frames. One thread. */
struct collector__wal_frames {
    struct collector__raw_file file;
    /** One frame: its header and its page. */
    unsigned char *buffer;
    uint32_t page_size;
    /** Frames in the file, and those read. */
    uint32_t count;
    uint32_t number;
    bool big_endian;
    /** The header is as it was written: SQLite reads what follows. */
    bool is_sound;
    unsigned char salts[8];
    /** The checksum of the last frame, as stored and as computed: where one
     *  is damaged, the other is right. */
    uint32_t stored[2];
    uint32_t computed[2];
};

/**
 * Open a log. Where its header can't be believed, the first frame's salts are.
 *
 * @return COLLECTOR_OK (also when there is none, or one without a frame),
 *         ERR_IO, ERR_NOMEM.
 */
int
collector__wal_frames_open(const char *vfs, const char *path,
                           struct collector__wal_frames *ret_frames);

/** Read the next frame. @return Whether there was one. One that can't be read
 *  is neither current nor chained. */
bool
collector__wal_frames_next(struct collector__wal_frames *frames,
                           struct collector__wal_frame *ret_frame);

/** Read the page of a frame again. @return Whether it could be. */
bool
collector__wal_frames_page(struct collector__wal_frames *frames,
                           uint32_t number, unsigned char *buffer);

/** Close it. Zeroed is fine. */
void
collector__wal_frames_close(struct collector__wal_frames *frames);

#endif
