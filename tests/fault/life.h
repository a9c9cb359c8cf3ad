/* SPDX-License-Identifier: MIT */
#ifndef LIFE_H
#define LIFE_H

/*
 * The life of a collector: appends with keys and without, deliveries that fail,
 * rests, maintenance, dead letters, snapshots and reopenings. What it comes to
 * is written down line by line, without the times of the wall, so that two
 * lives from one seed can be compared.
 */
#include <stdbool.h>
#include <stdint.h>

/** Things that are done in a life. */
#define LIFE_STEP_COUNT 250

/**
 * Live it to its end. Asserts on the way that no device is seen earlier than
 * before, and that no rest is longer or shorter than was asked for.
 *
 * @param mode        An enum collector_write_mode.
 * @param jumps       Whether the wall clock does: see wall.h.
 * @param jump_count  How often it did is added to it. May be NULL.
 * @return What the life came to; the caller frees it.
 */
char *
life_live(int mode, unsigned seed, bool jumps, uint64_t *jump_count);

#endif
