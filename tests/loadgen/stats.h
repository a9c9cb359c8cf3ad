/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_STATS_H
#define LOADGEN_STATS_H

#include "address.h"

#include <jansson.h>
#include <stdint.h>

/** What a collector says of itself. */
struct stats {
    int64_t accepted;
    int64_t delivered;
    int64_t dead;
    int64_t dropped;
    int64_t pending;
    int64_t backlog;
    int64_t commits;
};

/** What came of asking. */
enum stats_result {
    STATS_READ,
    /** There is a server, but it has no stats. */
    STATS_NONE,
    STATS_NO_SERVER
};

/**
 * GET /stats, on a connection of its own.
 *
 * @param authorization  A header line with a token, or "".
 * @param ret_stats    Set with STATS_READ only.
 * @param ret_problem  Set otherwise: why not, cut to its size.
 */
enum stats_result
stats_read(const struct address *address, const char *authorization,
           struct stats *ret_stats, char *ret_problem, size_t problem_size);

/** The ledger as an object; NULL without memory. */
json_t *
stats_ledger_json(const struct stats *stats);

#endif
