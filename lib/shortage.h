/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_SHORTAGE_H
#define COLLECTOR_LIB_SHORTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct collector__connection;

/** How often an operation that found no room is run again: as long as some can
 *  be made, which others may take first. */
#define COLLECTOR_SHORTAGE_ROUNDS_MAX 16

/** Events that are pruned or dropped at a time for the room of others, and the
 *  part of the backlog that is dropped at a time if that is less. */
#define COLLECTOR_SHORTAGE_STEP_EVENTS 64
#define COLLECTOR_SHORTAGE_STEP_PART 16

/** Steps for one making of room: what one transaction deletes at most. */
#define COLLECTOR_SHORTAGE_STEP_COUNT_MAX 64

/** What operations were short of. */
struct collector__shortage {
    /** Pages: of all of them, and of the one that wants most. */
    uint64_t page_count;
    uint32_t page_count_max;
    /** Room on the disk. */
    bool disk;
};

/**
 * After operations have failed for want of room, make some: move the log, prune
 * what is delivered, drop the oldest if that is the policy; on a full disk give
 * the reserve up and try to get it back. Nobody else may use the write path
 * meanwhile, and no transaction is open.
 *
 * @return Whether those that add events should be run again. Those that only
 *         settle, or delete, should be in any case.
 */
bool
collector__shortage_relieve(struct collector__connection *connection,
                            const struct collector__shortage *shortage);

#endif
