/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_BELL_H
#define COLLECTOR_LIB_BELL_H

#include <stdint.h>

/** What threads sleep on until somebody rings. All zero has never rung; there
 *  is nothing to free. Any thread. */
struct collector__bell {
    /** How often, and it may start again at 0. */
    _Atomic uint32_t rings;
};

/** How often it has rung. Ask before looking at what it is rung for, or under
 *  the lock of that. */
uint32_t
collector__bell_count(const struct collector__bell *bell);

/** Sleep until it has rung once more than that, or for a while: what it is rung
 *  for has to be looked at again. */
void
collector__bell_wait(struct collector__bell *bell, uint32_t count);

/** Wake all who sleep on it, by one system call. */
void
collector__bell_ring(struct collector__bell *bell);

#endif
