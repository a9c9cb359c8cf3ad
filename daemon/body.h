/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BODY_H
#define DAEMON_BODY_H

#include "request.h"

#include <stddef.h>

/** From the first byte of a body that is read to the last: a megabyte at
 *  35 KB/s. It also bounds how long one client can hold a thread. */
#define BODY_TIME_MS_MAX 30000

/** What came of reading a body. */
enum body_result {
    BODY_COMPLETE,
    BODY_TOO_BIG,
    /** It ended early, or its chunks are malformed. */
    BODY_BROKEN,
    BODY_TOO_SLOW,
    BODY_NO_MEMORY
};

/**
 * Read the whole body of a request.
 *
 * @param size_max  More than that is BODY_TOO_BIG.
 * @param ret_text  Set with BODY_COMPLETE only; yours to free. No NUL at the
 *                  end.
 * @param ret_size  Likewise.
 */
enum body_result
body_read(struct request *request, size_t size_max, char **ret_text,
          size_t *ret_size);

/**
 * After an answer that ends the connection: take what the client is still
 * sending, within limits. If it were left, closing would make the system throw
 * the answer away before the client has read it.
 */
void
body_discard(struct request *request);

#endif
