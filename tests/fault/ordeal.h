/* SPDX-License-Identifier: MIT */
#ifndef ORDEAL_H
#define ORDEAL_H

/*
 * A scene is played with the first call failing, then with the second, and so
 * on until it runs clean; once each with only that call failing, and with all
 * later ones as well until the trouble is over. Then the store has to work, and
 * its file to hold what was claimed.
 */
#include "scenes.h"

struct ordeal {
    const struct scene *scene;
    enum collector_write_mode mode;
    struct trouble *trouble;
    /** Pieces of memory that are in use, where that is known; else NULL. */
    int64_t (*live_count)(void);
    /** Stands before the calls on files in this directory, or NULL. */
    void (*watch)(const char *directory);
    /** How many of the numbers are tried, drawn from the seed; each of them
     *  when there are no more. */
    uint64_t round_count;
    unsigned seed;
};

/** What came of it. */
struct ordeal_result {
    /** What was wrong, and how to see it again; NULL when nothing was. */
    const char *fault;
    /** Calls of a scene that runs clean, and rounds. */
    uint64_t call_count;
    uint64_t round_count;
};

/** Whether to leave nothing out: in a campaign, and to play one round again. */
bool
ordeal_is_long(void);

struct ordeal_result
ordeal_run(const struct ordeal *ordeal);

#endif
