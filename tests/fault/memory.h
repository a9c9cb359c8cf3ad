/* SPDX-License-Identifier: MIT */
#ifndef MEMORY_H
#define MEMORY_H

/*
 * The memory of the library, and of SQLite, Jansson and libcurl below it: it
 * runs out when told to, and what is not given back is known. What the tests
 * themselves allocate is not seen.
 *
 * The library is one in which the names of libc's functions that allocate were
 * exchanged for those here: see meson.build.
 */
#include "trouble.h"

/** Stand before all of it, for good. Before SQLite is used. */
void
memory_watch(struct trouble *watched);

/** Pieces that were allocated and not given back. Any thread. */
int64_t
memory_live_count(void);

#endif
