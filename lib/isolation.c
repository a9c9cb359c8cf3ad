/* SPDX-License-Identifier: MIT */
/*
 * The search for the event that the receiver refuses. Events leave in order, so
 * that a part of a rejected batch is simply a smaller batch from the same
 * place: each rejection halves the range that holds the culprit, and so does
 * each delivery of its left half. Pure: it knows ids and counts only.
 */
#include "isolation.h"

#include <collector/batch.h>

uint32_t
collector__isolation_limit(const struct collector__isolation *isolation,
                           int64_t settled_through, uint32_t event_count_max)
{
    const int64_t suspect_count = isolation->rejected_last - settled_through;
    int64_t limit = event_count_max;

    if (isolation->probing)
        return 1;
    if (suspect_count > 0 && !isolation->too_large && suspect_count / 2 < limit)
        limit = suspect_count / 2;
    if (isolation->event_count_max > 0 && isolation->event_count_max < limit)
        limit = isolation->event_count_max;
    return limit > 1 ? (uint32_t)limit : 1;
}

/** Forget the batches whose events are settled: all before this id are. */
static void
forget_settled(struct collector__isolation *isolation, int64_t first_id)
{
    size_t kept = 0;
    size_t i;

    for (i = 0; i < isolation->sent_count; i++) {
        if (isolation->sent[i].last_id >= first_id)
            isolation->sent[kept++] = isolation->sent[i];
    }
    isolation->sent_count = kept;
}

/** Remember that everything up to last_id was sent once more. */
static void
note_sent(struct collector__isolation *isolation, int64_t last_id)
{
    size_t i;

    for (i = 0; i < isolation->sent_count; i++) {
        if (isolation->sent[i].last_id == last_id) {
            isolation->sent[i].count++;
            return;
        }
    }
    if (i < COLLECTOR_ISOLATION_SENT_MAX) {
        isolation->sent[i] = (struct collector__sent){last_id, 1};
        isolation->sent_count++;
    }
}

/** Have later batches smaller, or as before when one event alone is too large:
 *  it is to blame, and not the number of them. */
static void
shrink(struct collector__isolation *isolation, int64_t event_count)
{
    isolation->calm_count = 0;
    if (event_count == 1)
        isolation->event_count_max = isolation->event_count_max_before;
    else
        isolation->event_count_max = (uint32_t)(event_count / 2);
}

void
collector__isolation_reject(struct collector__isolation *isolation,
                            int64_t first_id, int64_t last_id, bool too_large)
{
    forget_settled(isolation, first_id);
    note_sent(isolation, last_id);
    if (isolation->rejected_last < first_id) /* a search begins */
        isolation->event_count_max_before = isolation->event_count_max;
    isolation->rejected_last = last_id;
    isolation->too_large = too_large;
    if (too_large)
        shrink(isolation, last_id - first_id + 1);
}

void
collector__isolation_retry(struct collector__isolation *isolation,
                           int64_t first_id, int64_t last_id)
{
    forget_settled(isolation, first_id);
    if (isolation->sent_count > 0)
        note_sent(isolation, last_id);
}

void
collector__isolation_deliver(struct collector__isolation *isolation)
{
    isolation->probing = false;
    if (isolation->event_count_max == 0 ||
        ++isolation->calm_count < COLLECTOR_ISOLATION_CALM_MAX)
        return;
    isolation->calm_count = 0;
    isolation->event_count_max *= 2;
    if (isolation->event_count_max >= COLLECTOR_BATCH_COUNT_MAX)
        isolation->event_count_max = 0;
}

void
collector__isolation_probe(struct collector__isolation *isolation)
{
    isolation->probing = true;
}

uint32_t
collector__isolation_attempts(const struct collector__isolation *isolation,
                              int64_t id)
{
    uint32_t attempts = 0;
    size_t i;

    /* Every batch began at or before an event that is still not settled. */
    for (i = 0; i < isolation->sent_count; i++) {
        if (isolation->sent[i].last_id >= id)
            attempts += isolation->sent[i].count;
    }
    return attempts;
}
