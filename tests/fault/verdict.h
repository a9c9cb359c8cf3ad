/* SPDX-License-Identifier: MIT */
#ifndef VERDICT_H
#define VERDICT_H

/*
 * Whether a store has kept its word: its file after a power cut, against all
 * that was claimed before.
 */
#include "claims.h"

#include <collector/collector.h>

struct verdict {
    /** How the store is opened: its path, and all else as before. */
    struct collector_store_options options;
    const char *directory;
    /** What it is held to. What it was allowed to lose is taken out. */
    struct claims *claims;
    /** What it says from now on is claimed here. */
    struct tape *tape;
    unsigned seed;
    /** Whether the backlog is drained before anything is committed: a commit
     *  would sync what was there. */
    bool drains_first;
    /** Whether somebody has the file open meanwhile, to read it: without, the
     *  log is moved and synced when the store is opened. */
    bool has_reader;
};

/**
 * Open the store, compare, have it go on working (repeats, appends, a drain, a
 * snapshot), close it, and compare again.
 *
 * @return What is wrong; NULL when nothing is.
 */
const char *
verdict_find_fault(struct verdict *verdict);

#endif
