/* SPDX-License-Identifier: MIT */
#ifndef WALL_H
#define WALL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/** A wall clock, and what it said. Any thread may ask it. */
struct wall {
    pthread_mutex_t lock;
    bool jumps;
    /** Also to where 64 bits end. */
    bool wild;
    unsigned seed;
    int64_t now;
    /** The largest that anybody was told. */
    int64_t latest;
    uint64_t jump_count;
};

/**
 * Begin in the year 2023.
 *
 * @param jumps  Whether it does; otherwise it moves on by 1 each time.
 * @param seed   Decides when, and how far; an even one has it wild.
 */
void
wall_init(struct wall *wall, bool jumps, unsigned seed);

/** A collector_clock's wall_ms, for which the wall is the userdata. */
int64_t
wall_read(void *userdata);

#endif
