/* SPDX-License-Identifier: MIT */
#ifndef BASE_H
#define BASE_H

#include <collector/clock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The stores that are to be damaged: each has something in every table. Made
 * before the first input, in the target's directory, and kept in memory. One
 * thread.
 */

/** The name of a store in that directory, and of its log. */
#define BASE_NAME "events.sqlite"
#define BASE_LOG_NAME BASE_NAME "-wal"

/** A key of an append that is in the store. */
#define BASE_KEY "key-1"

/** Bytes of a page of the main file; of a log's header, and of a frame's, which
 *  a page follows. */
#define BASE_PAGE_SIZE 4096
#define BASE_LOG_HEADER_SIZE 32
#define BASE_FRAME_HEADER_SIZE 24
#define BASE_FRAME_SIZE (BASE_FRAME_HEADER_SIZE + BASE_PAGE_SIZE)

/** A file's bytes, and how many more it may get. */
struct base_file {
    uint8_t *data;
    size_t size;
    size_t size_max;
};

/** What a store consists of. */
struct base {
    struct base_file main;
    struct base_file log;
};

/**
 * Get a copy of one, valid until the next call.
 *
 * @param crashed  As it is when its process is killed: half of it is in the
 *                 log.
 */
struct base *
base_copy(bool crashed);

/** Read what is in the target's directory instead. */
void
base_read(struct base *base);

/** Have nothing but these two files in the target's directory; an empty log is
 *  none. */
void
base_write(const struct base *base);

/** A clock that moves by a millisecond whenever somebody looks at it. */
extern const struct collector_clock base_clock;

/** Move it on. */
void
base_pass_time(int64_t ms);

#endif
