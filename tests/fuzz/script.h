/* SPDX-License-Identifier: MIT */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "base.h"

/**
 * Make of an input what it leaves of a store's files; valid until the next
 * call. Any bytes are a script, and a few do a lot, so that what libFuzzer
 * draws are moves, not files: a byte for the store (odd: it crashed; the other
 * bits are the target's), one for how many moves follow in SQL, as by somebody
 * who has a hand in the file, and then moves on bytes. Each is a byte that says
 * what it does, the highest bit that it does it to the log, and arguments. The
 * target's directory holds nothing afterwards that is of use.
 */
struct base *
script_run(const uint8_t *data, size_t size);

#endif
