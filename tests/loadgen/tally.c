/* SPDX-License-Identifier: MIT */
/* Each thread counts for itself, and all is added up when they have ended. */
#include "tally.h"

void
tally_move(struct tally *from, struct tally *to)
{
    to->requests += from->requests;
    to->accepted += from->accepted;
    to->backpressure += from->backpressure;
    to->failures += from->failures;
    to->unknown += from->unknown;
    if (from->answered_at_ns > to->answered_at_ns)
        to->answered_at_ns = from->answered_at_ns;
    histogram_merge(&to->latency, &from->latency);
    trouble_merge(&to->troubles, &from->troubles);
    if (receipts_move(&from->receipts, &to->receipts) != 0)
        trouble_note(&to->troubles, TROUBLE_MEMORY, "%zu of them",
                     from->receipts.count);
    receipts_release(&from->receipts);
    *from = (struct tally){.requests = 0};
}

void
tally_release(struct tally *tally)
{
    receipts_release(&tally->receipts);
}
