/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_RESERVE_H
#define COLLECTOR_LIB_RESERVE_H

#include "log.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** What is added to the database's path for the file that holds the room. */
#define COLLECTOR_RESERVE_SUFFIX ".reserve"

/** Room on the disk that nobody else can take. Whoever has the write path to
 *  himself may take and release it; any thread may look. Zeroed is none. */
struct collector__reserve {
    char *path;
    uint64_t size;
    /** Without it, appends are refused. */
    _Atomic bool held;
    /** The storage knows no such thing: appends go on without. */
    _Atomic bool absent;
};

/**
 * Name the file, and say how large it is to be. It is not made yet.
 *
 * @param path  The database's.
 * @return COLLECTOR_OK, ERR_NOMEM.
 */
int
collector__reserve_init(struct collector__reserve *reserve, const char *path,
                        uint64_t size);

/** Whether appends may go on: it is held, or there is none to be held. */
bool
collector__reserve_is_held(const struct collector__reserve *reserve);

/**
 * Make the file, unless it is there. Storage that can't set room aside for a
 * file has none: appends go on without.
 *
 * @return Whether appends may go on.
 */
bool
collector__reserve_take(struct collector__reserve *reserve,
                        const struct collector__log *log);

/** Give the room to whoever needs it now. */
void
collector__reserve_release(struct collector__reserve *reserve);

/** Remove the file if it is held, and forget it. Zeroed is fine. */
void
collector__reserve_close(struct collector__reserve *reserve);

#endif
