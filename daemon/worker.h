/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/** All threads of the server, and what each of them waits for. */
struct worker_list;

/** One thread of the server. */
struct worker;

/** What of its client a thread waits for. */
enum worker_wait {
    /** Nothing: it is at work, or has no client. */
    WORKER_NO_WAIT,
    /** The rest of a first head, or of a body. Not that an answer is read: the
     *  signal does not end a write. */
    WORKER_CLIENT_WAIT,
    /** The next request of a connection that is kept, with all of its head. */
    WORKER_IDLE_WAIT
};

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

/** Say what the calling thread waits for from now on. NULL is fine. */
void
worker_set_wait(struct worker *worker, enum worker_wait wait);

/** Whether its client has kept the calling thread waiting for so long that it
 *  may have been interrupted for that. */
bool
worker_waits_long(const struct worker *worker);

/**
 * Interrupt those that are past their deadline. Call it several times a second.
 *
 * @param shortage  There is no thread for the next connection: interrupt those
 *                  as well whose clients have kept them waiting for long, and
 *                  if they are few, those that have been idle for longest.
 */
void
worker_list_watch(struct worker_list *list, bool shortage);

/** Interrupt them all. */
void
worker_list_interrupt(struct worker_list *list);

#endif
