/* SPDX-License-Identifier: MIT */
#ifndef MOMENTS_H
#define MOMENTS_H

/*
 * When the power is cut while a tape plays.
 */
#include "tape.h"

/** Draw so many moments, each the number of the entry that is not played, the
 *  first ones first. Half of them come before something is synced: then most is
 *  at stake. */
void
moments_draw(size_t moments[], size_t count, const struct tape *tape,
             unsigned *seed);

#endif
