/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_IDEMPOTENCY_H
#define COLLECTOR_LIB_IDEMPOTENCY_H

#include "connection.h"
#include "event_list.h"

#include <collector/store.h>

/** Keys are trimmed to their maximum with the first one after an open, and then
 *  each time a 64th of it, or one, was added: finding the last one to keep
 *  walks over all of them. */
#define COLLECTOR_IDEMPOTENCY_TRIM_PART 64

/** What an append was made of, in short: FNV-1a (64 bit) and the number of
 *  bytes. It finds mistakes; whoever forges one cheats only himself. */
struct collector__digest {
    uint64_t hash;
    uint64_t size;
};

/** The digest of a text. */
struct collector__digest
collector__digest_text(const char *text, size_t size);

/** The digest of events as a program passed them in. */
struct collector__digest
collector__digest_events(const struct collector_event *events,
                         size_t event_count);

/** Whether a key may be used: UTF-8 without control characters, within the
 *  limit. */
bool
collector__idempotency_key_is_valid(const char *key);

/**
 * Look a key up. Inside a transaction.
 *
 * @param ret_receipt  What the first append was given; its count is 0 when the
 *                     key is new.
 * @return COLLECTOR_OK, ERR_CONFLICT (it was used with another digest), or as
 *         collector__connection_error().
 */
int
collector__idempotency_find(struct collector__connection *connection,
                            const char *key,
                            const struct collector__digest *digest,
                            struct collector_receipt *ret_receipt);

/** Remember a key that is new, in the transaction of its events. Returns as
 *  collector__connection_error(). */
int
collector__idempotency_keep(struct collector__connection *connection,
                            const char *key,
                            const struct collector__digest *digest,
                            const struct collector_receipt *receipt,
                            int64_t now);

/** Forget the keys that were kept long enough, at most so many. Inside a
 *  transaction. Returns as collector__connection_error(). */
int
collector__idempotency_prune(struct collector__connection *connection,
                             uint32_t count_max);

#endif
