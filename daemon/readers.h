/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_READERS_H
#define DAEMON_READERS_H

#include <collector/reader.h>
#include <stdint.h>

/** Readers at most: questions that are asked at a time. Each may take a core to
 *  itself, and those who post events need some. */
#define READERS_COUNT_MAX 2

/** How long a request waits for one of them, in ms. */
#define READERS_WAIT_MS 2000

/** Requests at most that wait for one, have one, or send what they have got:
 *  each keeps a thread of the server, of which one in so many may be kept, and
 *  an answer. */
#define READERS_REQUEST_COUNT_MAX 16
#define READERS_REQUEST_SHARE 4

/** How long a question may keep the file, in ms: also how long an answer takes
 *  at most, so that others get their turn while they wait. */
#define READERS_DEADLINE_MS 1000

/** Bytes of an answer at most. */
#define READERS_BYTES_MAX (1024 * 1024)

/**
 * Readers of the store's file that requests share. Each is opened when it is
 * first needed, so that who never asks has none.
 *
 * Any thread may call any function on it but readers_free().
 */
struct readers;

/**
 * Open nothing yet.
 *
 * @param path          The store's file; borrowed.
 * @param thread_count  Threads of the server.
 * @return NULL when out of memory.
 */
struct readers *
readers_new(const char *path, unsigned thread_count);

/** Begin a request that will ask something. COLLECTOR_OK, or ERR_BUSY: there
 *  are too many. */
int
readers_enter(struct readers *readers);

/** End it, once its answer was sent. */
void
readers_leave(struct readers *readers);

/**
 * Take a reader for one question, and wait for it if need be.
 *
 * @param rows_max    Rows that the answer has at most, as
 *                    collector_reader_set_rows_max() takes it.
 * @param ret_reader  Set on success only: give it back.
 * @return COLLECTOR_OK, ERR_BUSY (all were taken for too long), or as
 *         collector_reader_open().
 */
int
readers_take(struct readers *readers, uint32_t rows_max,
             struct collector_reader **ret_reader);

/** Give a reader back. */
void
readers_give_back(struct readers *readers,
                  const struct collector_reader *reader);

/** Close them all, which must have been given back. NULL is fine. */
void
readers_free(struct readers *readers);

#endif
