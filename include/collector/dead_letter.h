/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_DEAD_LETTER_H
#define COLLECTOR_DEAD_LETTER_H

#include <collector/event.h>
#include <collector/export.h>
#include <collector/store.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * An event that the receiver refused for good. It stays in the file, with the
 * reason, until it is purged or dead_letter_max newer ones have come; in the
 * ledger it is dead for ever, whatever becomes of it here.
 *
 * All functions may be called on any thread.
 */
struct collector_dead_letter {
    /** The id that the event was sent with. */
    int64_t event_id;
    /** As it was appended. */
    struct collector_event event;
    /** When it was given up, ms since 1970. */
    int64_t at;
    /** How often it was sent, alone or among others. */
    uint32_t attempts;
    /** The last answer's status, as the protocol has it; 0 for none. */
    int32_t status;
    /** The last answer in words. */
    const char *reason;
    /** The id of the event that it was appended again as; 0 when it was not. */
    int64_t replayed_as;
};

/**
 * Receives one dead letter, on the thread that lists them.
 *
 * @param userdata  As given with the callback.
 * @param letter    Borrowed for the call.
 * @return 0 to go on, anything else to end the listing.
 */
typedef int (*collector_dead_letter_fn)(
    void *userdata, const struct collector_dead_letter *letter);

/** Dead letters that are handled in one transaction at most. */
#define COLLECTOR_DEAD_LETTER_STEP_MAX 200

/**
 * Show dead letters in the order of their ids.
 *
 * No lock is held while a letter is shown: they are read in steps.
 *
 * @param after_id   Begin behind this id; 0 for the first.
 * @param count_max  At most so many.
 * @param show       Called for each; may call the library.
 * @return COLLECTOR_OK (also when show ended it), ERR_INVALID, ERR_BUSY,
 *         ERR_NOSPACE, ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_dead_letters_list(struct collector_store *store, int64_t after_id,
                            uint64_t count_max, collector_dead_letter_fn show,
                            void *userdata);

/**
 * Append dead letters again, as new events with new ids and the old content.
 * Each is replayed once: those that have been are left out, as are ids of which
 * there is no dead letter. In steps of COLLECTOR_DEAD_LETTER_STEP_MAX, each of
 * which is kept whole or not at all, and is as durable as an append. Where the
 * backlog has no room for all of them, as many are appended as it has room for.
 *
 * @param event_ids  id_count of them; NULL for all dead letters.
 * @param ret_count  How many were appended; also set on failure, since earlier
 *                   steps stay; may be NULL.
 * @return COLLECTOR_OK, ERR_INVALID (also when the file is quarantined
 *         meanwhile, which the letters stay in), ERR_FULL, ERR_TOO_BIG (one is
 *         more than size_max could ever hold), ERR_BUSY, ERR_NOSPACE,
 *         ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_dead_letters_replay(struct collector_store *store,
                              const int64_t *event_ids, size_t id_count,
                              uint64_t *ret_count);

/**
 * Delete dead letters with their events. The ledger keeps counting them.
 * Otherwise like collector_dead_letters_replay().
 *
 * @return COLLECTOR_OK, ERR_INVALID (as there), ERR_BUSY, ERR_NOSPACE,
 *         ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_dead_letters_purge(struct collector_store *store,
                             const int64_t *event_ids, size_t id_count,
                             uint64_t *ret_count);

#ifdef __cplusplus
}
#endif

#endif
