/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_PROOF_H
#define LOADGEN_PROOF_H

#include "stats.h"
#include "tally.h"
#include "telemetry.h"

/** What there is to prove it with. All is borrowed. */
struct evidence {
    const struct telemetry *telemetry;
    /** Before the first request, and after the last answer; both NULL when the
     *  server has none. */
    const struct stats *before;
    const struct stats *after;
    /** The collector's file, or NULL. */
    const char *db;
};

/** What was looked at. */
struct proof {
    uint64_t ids_given;
    uint64_t rows_compared;
};

/**
 * Prove that every event of a tally that was confirmed is kept: no id was given
 * twice, the ledger knows them all and adds up, none was dropped, and each row
 * of the file is what was sent. What speaks against it is noted with the
 * tally's troubles.
 *
 * @param tally  Its receipts are sorted.
 */
void
proof_make(const struct evidence *evidence, struct tally *tally,
           struct proof *ret_proof);

#endif
