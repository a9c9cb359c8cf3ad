/* SPDX-License-Identifier: MIT */
#ifndef PLATTER_H
#define PLATTER_H

/*
 * What a disk holds while a tape plays: what has been synced, and what has only
 * been written, of which a power cut leaves any part.
 */
#include "tape.h"

struct platter;

/** A disk that holds nothing, for a tape that began with an empty directory. */
struct platter *
platter_new(const struct tape *tape);

/** One for a tape that has just begun, and on which nothing is yet, with what
 * is in its directory. */
struct platter *
platter_new_from_files(const struct tape *tape);

/** The same after platter_kill(): what was not synced then is not synced now.
 *  The other disk is borrowed. */
struct platter *
platter_new_from_kill(const struct tape *tape, const struct platter *killed);

/** Play the tape up to this entry, which is not played; never backwards. */
void
platter_play(struct platter *platter, size_t entry_count);

/**
 * Cut the power: make a directory's files what the disk might hold when it is
 * back. What was synced is there, of the later writes an arbitrary part, down
 * to single sectors of 512 bytes, of the later changes of names as well.
 *
 * @param directory  Emptied first.
 * @param seed       Decides what is left.
 */
void
platter_cut(const struct platter *platter, const char *directory,
            unsigned *seed);

/** Kill the process instead: make a directory's files what all others see, with
 *  nothing lost while the power stays on. */
void
platter_kill(const struct platter *platter, const char *directory);

void
platter_free(struct platter *platter);

#endif
