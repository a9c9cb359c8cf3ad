/* SPDX-License-Identifier: MIT */
/*
 * No drops, from the outside: what was confirmed to the producers against what
 * the collector has counted, and against what stands in its file.
 */
#include "proof.h"

#include "event_rows.h"

#include <inttypes.h>

/** Receipts are in order: an id that was given twice is where two overlap.
 *  Return how many ids there are. */
static uint64_t
check_ids(const struct receipts *receipts, struct trouble_list *troubles)
{
    int64_t last_id = 0;
    uint64_t count = 0;
    size_t i;

    for (i = 0; i < receipts->count; i++) {
        const struct receipt *receipt = &receipts->all[i];
        const int64_t end = receipt->first_id + receipt->count - 1;

        if (receipt->first_id <= last_id)
            trouble_note(troubles, TROUBLE_TWICE, "id %" PRId64,
                         receipt->first_id);
        if (end > last_id) {
            count += (uint64_t)(receipt->first_id > last_id ? receipt->count
                                                            : end - last_id);
            last_id = end;
        }
    }
    return count;
}

/** The ids lie among those that the ledger gave out meanwhile. */
static void
check_range(const struct evidence *evidence, const struct tally *tally,
            struct trouble_list *troubles)
{
    const struct receipts *receipts = &tally->receipts;
    int64_t last_id = 0;
    size_t i;

    if (receipts->count > 0 &&
        receipts->all[0].first_id <= evidence->before->accepted)
        trouble_note(troubles, TROUBLE_TWICE,
                     "id %" PRId64 ", of a ledger that was at %" PRId64
                     " before",
                     receipts->all[0].first_id, evidence->before->accepted);
    for (i = 0; i < receipts->count; i++) {
        const struct receipt *receipt = &receipts->all[i];

        if (receipt->first_id + receipt->count - 1 > last_id)
            last_id = receipt->first_id + receipt->count - 1;
    }
    if (last_id > evidence->after->accepted)
        trouble_note(troubles, TROUBLE_UNCOUNTED,
                     "id %" PRId64 " of a ledger that is at %" PRId64, last_id,
                     evidence->after->accepted);
    if (evidence->after->accepted - evidence->before->accepted <
        (int64_t)tally->accepted)
        trouble_note(troubles, TROUBLE_UNCOUNTED,
                     "%" PRIu64 " events confirmed, and %" PRId64 " counted",
                     tally->accepted,
                     evidence->after->accepted - evidence->before->accepted);
}

static void
check_ledger(const struct stats *stats, struct trouble_list *troubles)
{
    if (stats->accepted !=
        stats->delivered + stats->dead + stats->dropped + stats->pending)
        trouble_note(troubles, TROUBLE_LEDGER,
                     "%" PRId64 " accepted, %" PRId64 " delivered, %" PRId64
                     " dead, %" PRId64 " dropped, %" PRId64 " pending",
                     stats->accepted, stats->delivered, stats->dead,
                     stats->dropped, stats->pending);
}

static void
check_dropped(const struct evidence *evidence, struct trouble_list *troubles)
{
    const int64_t count = evidence->after->dropped - evidence->before->dropped;

    if (count != 0)
        trouble_note(troubles, TROUBLE_DROPPED, "%" PRId64 " during the load",
                     count);
}

void
proof_make(const struct evidence *evidence, struct tally *tally,
           struct proof *ret_proof)
{
    struct trouble_list *troubles = &tally->troubles;
    struct proof proof = {.rows_compared = 0};

    receipts_sort(&tally->receipts);
    if (tally->accepted == 0)
        trouble_note(troubles, TROUBLE_NOTHING, "no event was confirmed");
    proof.ids_given = check_ids(&tally->receipts, troubles);
    if (evidence->before != NULL) {
        check_range(evidence, tally, troubles);
        check_ledger(evidence->before, troubles);
        check_ledger(evidence->after, troubles);
        check_dropped(evidence, troubles);
    }
    if (evidence->db != NULL)
        proof.rows_compared = event_rows_compare(
            evidence->db, evidence->telemetry, &tally->receipts, troubles);
    *ret_proof = proof;
}
