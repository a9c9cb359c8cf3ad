/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_IO_THREAD_H
#define LOADGEN_IO_THREAD_H

#include "address.h"
#include "producer.h"
#include "tally.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** How long the end of a run waits for answers. */
#define IO_SILENCE_MS_MAX 10000

/** After a broken connection, before the next one. */
#define IO_RECONNECT_MS 100

/** A thread with its share of the producers, each of which has a connection
 *  while it runs. The thread that made it may call anything but where it says
 *  otherwise. */
struct io_thread;

/**
 * Make one, without a thread yet.
 *
 * @param options  Borrowed.
 * @param first    The number of its first producer.
 * @param count    How many producers it has.
 * @return NULL without memory or descriptors.
 */
struct io_thread *
io_thread_new(const struct address *address,
              const struct producer_options *options, unsigned first,
              unsigned count);

/** Connect and send until that moment, then wait for the answers that are
 *  missing. 0, or -1 when there is no thread to be had. */
int
io_thread_start(struct io_thread *io, uint64_t end_ns);

/** Wait for the end of the run, at most until that moment of the wall clock.
 *  Whether it has come; then it can be started again. */
bool
io_thread_join(struct io_thread *io, const struct timespec *until);

/** Events accepted so far, in all runs. Also while it runs. */
uint64_t
io_thread_accepted(const struct io_thread *io);

/** What came of all runs, between two of them. Borrowed. */
struct tally *
io_thread_tally(struct io_thread *io);

/** Free it; it must not run. NULL is fine. */
void
io_thread_free(struct io_thread *io);

#endif
