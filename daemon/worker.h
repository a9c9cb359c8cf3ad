/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/** All threads of the server, and what each of them waits for. */
struct worker_list;

/** One thread of the server. */
struct worker;

/** Monotonic milliseconds. */
int64_t
worker_now_ms(void);

/**
 * A list for that many threads; NULL when out of memory. Installs a handler for
 * SIGURG, which the list uses to wake its threads up.
 */
struct worker_list *
worker_list_new(unsigned count_max);

/** Free a list whose threads have ended. NULL is fine. */
void
worker_list_free(struct worker_list *list);

/**
 * Put the calling thread on the list. NULL when the list is full.
 *
 * @return Borrowed from the list.
 */
struct worker *
worker_enter(struct worker_list *list);

/** Take the calling thread off the list, before it ends. NULL is fine. */
void
worker_leave(struct worker *worker);

/**
 * Interrupt the blocking calls of this thread from that moment on, again and
 * again, until it is set to 0. Only the thread itself may call it.
 */
void
worker_set_deadline(struct worker *worker, int64_t deadline_ms);

/** Interrupt those that are past their deadline. Call it every second or so. */
void
worker_list_watch(struct worker_list *list);

/** Interrupt them all. */
void
worker_list_interrupt(struct worker_list *list);

#endif
