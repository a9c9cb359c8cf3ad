/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BODY_H
#define DAEMON_BODY_H

#include "request.h"

#include <stddef.h>

/** From the first byte of a body that is read to the last: a megabyte at
 *  35 KB/s. It also bounds how long one client can hold a thread. */
#define BODY_TIME_MS_MAX 30000

/** Bytes of a body at most: as many as one append takes. */
#define BODY_SIZE_MAX COLLECTOR_APPEND_TEXT_SIZE_MAX

/**
 * Read the whole body of a request, or answer why not. What only needs the head
 * is refused first, so that nobody sends a megabyte in vain.
 *
 * @param ret_text  Set on success only; yours to free. No NUL at the end.
 * @param ret_size  Likewise; 0 when there is no body.
 * @return 0, or -1 when the request has been answered.
 */
int
body_read(struct request *request, char **ret_text, size_t *ret_size);

/**
 * After an answer that ends the connection: take what the client is still
 * sending, within limits. If it were left, closing would make the system throw
 * the answer away before the client has read it.
 */
void
body_discard(struct request *request);

#endif
