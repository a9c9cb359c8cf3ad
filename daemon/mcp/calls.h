/* SPDX-License-Identifier: MIT */
#ifndef MCP_CALLS_H
#define MCP_CALLS_H

#include "mcp.h"
#include "outlet.h"

#include <jansson.h>
#include <stdbool.h>

/** Calls that wait at most; no more is read before one of them is done. */
#define CALLS_COUNT_MAX 64

/** How soon a call that was cancelled, and is still asked, has to be
 * interrupted again, in ms: it may have been between two questions. */
#define CALLS_AGAIN_MS 20

/** Calls that ask the file, one after the other on a thread of their own, so
 *  that somebody listens meanwhile. Used by one thread. */
struct calls;

/** @param outlet  Where they are answered; borrowed. NULL when memory, threads
 *                 or descriptors are out. */
struct calls *
calls_new(const struct mcp_options *options, struct outlet *outlet);

/** Whether there is room for one more. */
bool
calls_have_room(struct calls *calls);

/** Add a request, or a batch of them, if there is room. @param tree  Handed
 *  over. */
void
calls_add(struct calls *calls, json_t *tree);

/** End the call with this id, if it is not done: it gets no answer, and of a
 *  batch the others do. */
void
calls_cancel(struct calls *calls, const json_t *id);

/** Whether a call that was cancelled is still being asked. If so, it is
 *  interrupted again. */
bool
calls_press(struct calls *calls);

/** Can be read from when one is done, or all are. */
int
calls_fd(const struct calls *calls);

/** Read from that descriptor. */
void
calls_notice(struct calls *calls);

/** No more will come. */
void
calls_close(struct calls *calls);

/** Whether no more will come, and all are done. */
bool
calls_are_done(struct calls *calls);

/** End the one that is asked, forget the others, and free it. NULL is fine. */
void
calls_free(struct calls *calls);

#endif
