/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_SUBJECT_H
#define LOADGEN_SUBJECT_H

#include "scratch.h"

#include <collector/store.h>
#include <stdbool.h>
#include <stdint.h>

/** A store that is measured: without limits, and with all that it delivered
 *  kept. Zeroed is closed. */
struct subject {
    char path[SCRATCH_PATH_SIZE];
    enum collector_write_mode mode;
    bool indexed;
    /** Of the concurrent mode. */
    unsigned connection_count;
    struct collector_store *store;
};

/** Set it up for a file of this name, which is not opened yet. */
void
subject_init(struct subject *subject, const struct scratch *scratch,
             const char *name, enum collector_write_mode mode);

/** Open its file, making it when there is none. 0, or -1 after the reason was
 *  said. */
int
subject_open(struct subject *subject);

/** Close it. A closed one is fine. */
void
subject_close(struct subject *subject);

/**
 * See that it holds just those events that were confirmed: in its books, and in
 * the file as SQLite reads it.
 *
 * @return 0, or -1 after the difference was said.
 */
int
subject_check(const struct subject *subject, uint64_t confirmed_count);

/** What the store says of itself. */
void
subject_stats(const struct subject *subject,
              struct collector_store_stats *ret_stats);

#endif
