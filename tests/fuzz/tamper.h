/* SPDX-License-Identifier: MIT */
#ifndef TAMPER_H
#define TAMPER_H

#include "base.h"
#include "moves.h"

/**
 * Change a store as somebody does who has a hand in its file: any value in any
 * column, without regard to what it means. SQLite finds nothing wrong with it
 * afterwards. In the target's directory, which holds the store then.
 *
 * @param count  Moves that are to be read.
 */
void
tamper(struct base *base, struct moves *moves, size_t count);

#endif
