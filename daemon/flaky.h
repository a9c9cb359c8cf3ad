/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_FLAKY_H
#define DAEMON_FLAKY_H

#include <collector/sink.h>
#include <stdint.h>

/**
 * A sink that hands every batch to another one, but makes every n-th attempt
 * fail before it gets there: for trying out what an outage does.
 *
 * @param inner     Owned by the new sink on success, still yours on failure.
 * @param every     1 or more; 1 fails always.
 * @param ret_sink  Set on success only.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_NOMEM.
 */
int
flaky_new(struct collector_sink *inner, uint32_t every,
          struct collector_sink **ret_sink);

#endif
