/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_STORE_H
#define COLLECTOR_STORE_H

#include <collector/batch.h>
#include <collector/clock.h>
#include <collector/error.h>
#include <collector/event.h>
#include <collector/export.h>
#include <collector/log.h>
#include <collector/problem.h>
#include <collector/random.h>
#include <collector/sink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A durable buffer of events in one SQLite file.
 *
 * Ids are 1, 2, 3 … in commit order, without a gap, and never used twice. One
 * process owns a store; any number may read its file with plain SQLite.
 *
 * Any thread may call any function on it but collector_store_free().
 */
struct collector_store;

/** How appends become transactions. Results are the same in every mode. */
enum collector_write_mode {
    /** Waiting appends share one transaction and one fsync. The default. */
    COLLECTOR_MODE_GROUP = 0,
    /** One transaction an append, one after the other: the baseline. */
    COLLECTOR_MODE_SERIALIZED = 1,
    /** One optimistic transaction an append, on connections of their own. */
    COLLECTOR_MODE_CONCURRENT = 2
};

/** What a successful append means. */
enum collector_durability {
    /** The events survive a power cut. The default. */
    COLLECTOR_DURABILITY_FULL = 0,
    /** They survive the death of the process; a power cut may take the last
     *  ones, but never one that was fetched, and never corrupts the file. */
    COLLECTOR_DURABILITY_NORMAL = 1
};

/** What becomes of an append for which there is no room. */
enum collector_overflow {
    /** It is refused with COLLECTOR_ERR_FULL. The default. */
    COLLECTOR_OVERFLOW_REJECT = 0,
    /** The oldest undelivered events make room for it: they are counted as
     *  dropped, put on record with their ids, and a receiver sees a gap. */
    COLLECTOR_OVERFLOW_DROP_OLDEST = 1
};

/** What becomes of a damaged file. */
enum collector_damage {
    /** It is refused with COLLECTOR_ERR_CORRUPT, and not touched. The default.
     */
    COLLECTOR_DAMAGE_REFUSE = 0,
    /** It is renamed to PATH.damaged-N, together with its log, and a new file
     *  takes over, to which the undelivered events that can still be read are
     *  appended as new ones. At open and while the store runs. A build without
     *  the salvage refuses to open then, with COLLECTOR_ERR_UNSUPPORTED. */
    COLLECTOR_DAMAGE_QUARANTINE = 1
};

/** Events in one append at most. */
#define COLLECTOR_APPEND_COUNT_MAX 10000

/** Bytes in one append at most: of the JSON text, or of all the events' texts
 *  with their NULs. */
#define COLLECTOR_APPEND_TEXT_SIZE_MAX (1024 * 1024)

/** Connections of the concurrent mode at most. */
#define COLLECTOR_CONNECTIONS_MAX 64

/** The smallest size_max that a store can work with. */
#define COLLECTOR_STORE_SIZE_MIN (1024 * 1024)

/** A retain_ms that never ends. */
#define COLLECTOR_RETAIN_FOREVER UINT64_MAX

/** Bytes of an idempotency key at most. */
#define COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX 255

/** Damaged files that are kept: the latest. */
#define COLLECTOR_QUARANTINE_COUNT_MAX 3

/** Options of a store. Set them with the init function first. */
struct collector_store_options {
    /** sizeof(struct collector_store_options), set by the init function. */
    size_t size;
    /** The database file; it is created when absent, its directory is not. */
    const char *path;
    /** Name of a registered SQLite VFS. Default NULL: SQLite's own choice. The
     *  methods of its open files are called by way of a copy that counts what
     *  is written and synced: it can't tell its files by their pMethods. */
    const char *vfs;
    /** Default COLLECTOR_DAMAGE_REFUSE. */
    enum collector_damage on_damage;
    /** Default COLLECTOR_DURABILITY_FULL. */
    enum collector_durability durability;
    /** Keep an index on device_id. Default false; once made, it stays. */
    bool indexed;
    /** Default COLLECTOR_MODE_GROUP. */
    enum collector_write_mode mode;
    /** Connections of the concurrent mode, 1 to COLLECTOR_CONNECTIONS_MAX.
     *  Default 8. */
    uint32_t connection_count_max;
    /** Undelivered events at most; 0 is no limit. Default 0. */
    uint64_t backlog_max;
    /** Bytes of the main file and the write-ahead log together; 0 is no limit,
     *  else COLLECTOR_STORE_SIZE_MIN or more. Default 0. Near it, events that
     *  are delivered go first, dead letters next; then overflow decides.
     *  One append may be of about an eighth of it. */
    uint64_t size_max;
    /** How long delivered events stay in the file, in ms, at least until
     *  size_max wants their room. Default 7 days. Like idempotency_retain_ms it
     *  is counted in time that the store was open: a wall clock that jumps
     *  expires nothing. */
    uint64_t retain_ms;
    /** Dead letters that are kept, the latest; 0 is no limit. Default 10000. */
    uint64_t dead_letter_max;
    /** How long an idempotency key is remembered at least, in ms, unless newer
     *  ones need its place. Default 24 hours. */
    uint64_t idempotency_retain_ms;
    /** Idempotency keys that are remembered, the latest; about, since they are
     *  trimmed now and then; 0 is no limit. Default 100000. With size_max they
     *  are no more than one for 2 KiB of it. */
    uint64_t idempotency_max;
    /** What becomes of an append beyond backlog_max or size_max. Default
     *  COLLECTOR_OVERFLOW_REJECT. */
    enum collector_overflow overflow;
    /** Default NULL: silence. */
    collector_log_fn log;
    /** Handed to log. */
    void *log_userdata;
    /** Default NULL: the system's clocks. Copied. */
    const struct collector_clock *clock;
    /** Default NULL: the kernel's random bits. Of its uploader too. */
    collector_random_fn random;
    /** Handed to random. */
    void *random_userdata;
};

/**
 * Set every option to its default. NULL is fine.
 *
 * Call it with the options alone: the macro of the same name adds the size.
 *
 * @param size  sizeof(*options), as the caller was compiled: the library's own
 *              may be another.
 */
COLLECTOR_API void
collector_store_options_init(struct collector_store_options *options,
                             size_t size);

/** Calls the function of this name, with the size that options have here. */
#define collector_store_options_init(options)                                  \
    collector_store_options_init((options),                                    \
                                 sizeof(struct collector_store_options))

/**
 * Open a store, creating or migrating its file in one transaction.
 *
 * @param options    Everything in it is copied.
 * @param ret_store  Set on success only; yours to free.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (options of a newer
 *         version; in a build without salvage also COLLECTOR_DAMAGE_QUARANTINE,
 *         and a file that another build was about to replace), ERR_LOCKED
 *         (another store has it, here or in another process), ERR_BUSY (a
 *         foreign writer holds SQLite's lock), ERR_FOREIGN, ERR_NEWER,
 *         ERR_CORRUPT, ERR_NOSPACE, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_open(const struct collector_store_options *options,
                     struct collector_store **ret_store);

/**
 * Change the limits of an open store: backlog_max, size_max, overflow,
 * retain_ms, dead_letter_max, idempotency_retain_ms and idempotency_max. What
 * is asked from then on obeys them; what is kept beyond them goes as it would
 * have gone. All other options stay as they were, whatever these say.
 *
 * @param options  Borrowed for the call; path as at the open.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_UNSUPPORTED (options of a newer
 *         version). Without COLLECTOR_OK nothing is changed.
 */
COLLECTOR_API int
collector_store_reconfigure(struct collector_store *store,
                            const struct collector_store_options *options);

/** Proof that events are kept. */
struct collector_receipt {
    /** The id of the first one; the others follow without a gap. 0 when count
     *  is 0. */
    int64_t first_id;
    /** How many were kept. */
    uint64_t count;
    /** They had been kept before, under the same idempotency key: nothing was
     *  stored now. */
    bool duplicate;
};

/**
 * Keep events, all or none of them, under consecutive ids. On success they have
 * been fsynced (with COLLECTOR_DURABILITY_FULL).
 *
 * It waits for storage only, and can't be cancelled. A failed append is undone;
 * only if power fails before the next commit may its events come back, whole.
 *
 * With an idempotency key it may be repeated as often as it takes to get an
 * answer, also after a crash: the events are kept once, and every repeat gets
 * the receipt of the first. An append of no events remembers no key.
 *
 * @param events           event_count of them; borrowed for the call.
 * @param event_count      0 to COLLECTOR_APPEND_COUNT_MAX.
 * @param idempotency_key  UTF-8 without control characters, 1 to
 *                         COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX bytes; NULL for
 *                         none. Borrowed for the call.
 * @param ret_receipt      Set on success only; may be NULL.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_TOO_BIG (also for more than size_max
 *         could ever hold), ERR_FULL, ERR_CONFLICT (the key was used with other
 *         events), ERR_BUSY (storage lock or conflicts for too long),
 *         ERR_NOSPACE, ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_append(struct collector_store *store,
                       const struct collector_event *events, size_t event_count,
                       const char *idempotency_key,
                       struct collector_receipt *ret_receipt);

/** What a JSON text holds. */
enum collector_json_form {
    /** One event object, or one array of them. */
    COLLECTOR_JSON_DOCUMENT = 0,
    /** One event object a line; empty lines are skipped. */
    COLLECTOR_JSON_LINES = 1
};

/**
 * Keep the events in a JSON text, as collector_store_append() does.
 *
 * Members of an event object: device_id and kind (texts, required), payload
 * (any value), ts (integer, ms since 1970, 0 or absent for now). Others are
 * ignored.
 *
 * @param text             UTF-8; borrowed for the call.
 * @param size             Bytes of it, at most COLLECTOR_APPEND_TEXT_SIZE_MAX.
 * @param form             What the text holds.
 * @param idempotency_key  As there. A repeat must have the same bytes.
 * @param ret_receipt      Set on success only; may be NULL.
 * @param ret_problem      Set with ERR_INVALID and ERR_TOO_BIG only; may be
 *                         NULL.
 * @return As collector_store_append().
 */
COLLECTOR_API int
collector_store_append_json(struct collector_store *store, const char *text,
                            size_t size, enum collector_json_form form,
                            const char *idempotency_key,
                            struct collector_receipt *ret_receipt,
                            struct collector_problem *ret_problem);

/**
 * Take a copy of the oldest undelivered events. One batch may be out at a time.
 *
 * @param limits     Borrowed for the call.
 * @param ret_batch  Set on success only: yours to free, or NULL when there is
 *                   nothing to deliver.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY (the last batch was not freed,
 *         or a storage lock), ERR_NOSPACE, ERR_CORRUPT, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_fetch(struct collector_store *store,
                      const struct collector_batch_limits *limits,
                      struct collector_batch **ret_batch);

/** Dead letters in a row, without a delivery between them, after which the
 *  endpoint counts as broken and not the events: no more are buried. */
#define COLLECTOR_DEAD_IN_A_ROW_MAX 10

/**
 * Put on record what became of a batch, in one transaction.
 *
 * COLLECTOR_DELIVERED moves the events out of the backlog. COLLECTOR_RETRY
 * leaves them in it, and writes the outage down: one row an outage, however
 * many attempts it takes. COLLECTOR_REJECTED makes a dead letter of a batch of
 * one event, which leaves the backlog; a larger batch, or an eleventh dead
 * letter in a row (COLLECTOR_DEAD_IN_A_ROW_MAX), counts as COLLECTOR_RETRY.
 * Fetch smaller batches to find out which event is to blame.
 *
 * Events of the batch that were dropped in the meantime stay dropped: each is
 * counted once.
 *
 * @param batch     Out of this store, or it is refused; stays yours.
 * @param delivery  Borrowed for the call.
 * @return COLLECTOR_OK, ERR_INVALID (also when the batch is from a file that
 *         was quarantined since), ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT, ERR_IO,
 *         ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_checkpoint(struct collector_store *store,
                           struct collector_batch *batch,
                           const struct collector_delivery *delivery);

/** A store in numbers. */
struct collector_store_stats {
    /** sizeof(struct collector_store_stats), set by the caller. */
    size_t size;
    /** The collector's UUID as text. */
    char collector_id[37];
    /** Whether there is an index on device_id. */
    bool indexed;
    /** Whether the last commit worked. */
    bool storage_ok;
    /** Whether appends are refused since the disk is full. */
    bool disk_full;
    /** Whether a damaged file is still being read. */
    bool salvaging;
    /** As opened. */
    enum collector_write_mode mode;
    /** As opened. */
    enum collector_durability durability;
    /** As opened. */
    enum collector_overflow overflow;
    /** As opened; 0 is no limit. */
    uint64_t backlog_max;
    /** As opened; 0 is no limit. */
    uint64_t size_max;
    /** Events ever kept. The ledger, from the file: accepted = delivered +
     *  dead + dropped + pending. */
    uint64_t accepted;
    /** Events that a receiver has confirmed. */
    uint64_t delivered;
    /** Events that became dead letters. */
    uint64_t dead;
    /** Events that made room for newer ones. */
    uint64_t dropped;
    /** Events in the backlog. */
    uint64_t pending;
    /** When the oldest undelivered event was stamped, ms since 1970; 0 when
     *  there is none. */
    int64_t oldest_pending_ts;
    /** Time until the backlog limit or size_max is reached, in ms, if the last
     *  minute goes on; 0 when it is not coming nearer. */
    uint64_t full_in_ms;
    /** Distinct device ids ever seen. */
    uint64_t device_count;
    /** Dead letters that are kept. */
    uint64_t dead_letter_count;
    /** Dead letters since the last delivery. */
    uint64_t dead_in_a_row;
    /** Transactions committed since open. */
    uint64_t commits;
    /** Commits that failed since open. */
    uint64_t commit_failures;
    /** Retries after write conflicts since open (concurrent mode). */
    uint64_t commit_conflicts;
    /** Bytes of the main file and the write-ahead log together. */
    uint64_t file_size;
    /** Bytes that more events can have: what is free in the file and, with a
     *  size_max, what it may still grow. */
    uint64_t free_size;
    /** Bytes of write-ahead log in use, about. */
    uint64_t wal_size;
    /** For how long a reader has kept the log from shrinking, in ms; 0 when
     *  none does. */
    uint64_t wal_pinned_ms;
    /** Events read from damaged files. Of this file's past. */
    uint64_t salvaged;
    /** Events that were not found there again, at least: what is not known is
     *  not counted. */
    uint64_t salvage_lost;
    /** Bytes of the file that the backlog takes, about: its share of those in
     *  use, as if all events that are kept were of one size. */
    uint64_t backlog_size;
    /** How often SQLite had the main file or the log synced since open, by
     *  whatever VFS. Directories, snapshots, the reserve and what a sink writes
     *  are not in it. */
    uint64_t syncs;
    /** Bytes written to the two files since open, likewise. */
    uint64_t written_size;
    /** How often the log was moved to the main file, as far as readers let it,
     *  since open. */
    uint64_t log_moves;
    /** Delivered events and dead letters deleted since open, when they were
     *  old enough or others needed their room; not what was dropped, or purged
     *  by hand. */
    uint64_t pruned;
};

/**
 * The store in numbers, at a cost that does not grow with the number of events.
 * If the file can't be read just now, the last known ledger is given.
 *
 * @param ret_stats  Set ret_stats->size first.
 */
COLLECTOR_API void
collector_store_stats(struct collector_store *store,
                      struct collector_store_stats *ret_stats);

/**
 * Write a consistent copy of the file while appends go on: one file, without a
 * log. It is written under another name beside path, fsynced, and renamed, so
 * that path is whole or absent. The copy has no collector_id of its own (it is
 * in snapshot_of): a store that is opened on it gets a new one.
 *
 * Meanwhile the write-ahead log can't start again, so it grows by what is
 * appended. A snapshot gives way when the disk is nearly full.
 *
 * @param path  Must not exist; its directory must. What snapshots of the same
 *              path have left behind in a crash (PATH.tmp- and eight digits) is
 *              removed: two processes should not write one path at a time.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_EXISTS, ERR_BUSY (another snapshot is
 *         being written, or a damaged file is to be replaced), ERR_NOSPACE
 *         (also when the copy would leave the disk too full to go on),
 *         ERR_CORRUPT, ERR_CANCELLED, ERR_IO, ERR_NOMEM. Only COLLECTOR_OK
 *         leaves a file.
 */
COLLECTOR_API int
collector_store_snapshot(struct collector_store *store, const char *path);

/**
 * Have a snapshot that is being written end soon, with ERR_CANCELLED; so that
 * a program that stops need not wait for it. Without one it does nothing. Any
 * thread.
 */
COLLECTOR_API void
collector_store_snapshot_cancel(struct collector_store *store);

/**
 * Do what is due beside the appends, for some milliseconds: prune what was kept
 * long enough and give its room back, move what the write-ahead log holds to
 * the main file, salvage a damaged file, and after a failure find out whether
 * the storage works again. The uploader does this by itself at least once a
 * second; a program without one should.
 *
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT,
 *         ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_maintain(struct collector_store *store);

/**
 * Close a store that no thread uses any more, with its batch and uploader freed
 * before. NULL is fine.
 */
COLLECTOR_API void
collector_store_free(struct collector_store *store);

#ifdef __cplusplus
}
#endif

#endif
