/* SPDX-License-Identifier: MIT */
#ifndef CTL_VERDICT_H
#define CTL_VERDICT_H

#include "peer.h"
#include "standing.h"

/** How a collector is, in its own words. */
struct verdict {
    /** Events are kept and delivered: there is no reason against it. */
    bool ok;
    struct standing_sentences reasons;
    struct standing_sentences warnings;
};

/**
 * Ask a collector for its /healthz.
 *
 * @param ret_verdict  Set on success only.
 * @param ret_problem  Set on failure only.
 */
enum source_result
verdict_ask(struct peer *peer, struct verdict *ret_verdict,
            struct problem *ret_problem);

#endif
