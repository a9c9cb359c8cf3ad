/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_BATCH_H
#define COLLECTOR_LIB_BATCH_H

#include "connection.h"
#include "random.h"

#include <collector/batch.h>

/**
 * Copy the oldest undelivered events. The read transaction has ended when this
 * returns.
 *
 * @param collector_id  Copied.
 * @param out           Set to false when the batch is freed; outlives it.
 * @param ret_batch     Set on success only: NULL when there are none.
 * @return COLLECTOR_OK, ERR_CORRUPT (also for a gap in the ids), or as
 *         collector__connection_error().
 */
int
collector__batch_read(struct collector__connection *connection,
                      const struct collector_batch_limits *limits,
                      const char *collector_id, _Atomic bool *out,
                      struct collector_batch **ret_batch);

/** Whether it reached one of its limits, so that there may be more to fetch. */
bool
collector__batch_is_full(const struct collector_batch *batch);

/** When it was read, ms since 1970. */
int64_t
collector__batch_read_at(const struct collector_batch *batch);

#endif
