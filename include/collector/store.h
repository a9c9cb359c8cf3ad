/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_STORE_H
#define COLLECTOR_STORE_H

#include <collector/batch.h>
#include <collector/clock.h>
#include <collector/error.h>
#include <collector/event.h>
#include <collector/export.h>
#include <collector/log.h>
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
     *  moments, but never corrupts the file. */
    COLLECTOR_DURABILITY_NORMAL = 1
};

/** Events in one append at most. */
#define COLLECTOR_APPEND_COUNT_MAX 10000

/** Bytes in one append at most: of the JSON text, or of all the events' texts
 *  with their NULs. */
#define COLLECTOR_APPEND_TEXT_SIZE_MAX (1024 * 1024)

/** Connections of the concurrent mode at most. */
#define COLLECTOR_CONNECTIONS_MAX 64

/** Options of a store. Set them with the init function first. */
struct collector_store_options {
    /** sizeof(struct collector_store_options), set by the init function. */
    size_t size;
    /** The database file; it is created when absent, its directory is not. */
    const char *path;
    /** Default COLLECTOR_MODE_GROUP. */
    enum collector_write_mode mode;
    /** Default COLLECTOR_DURABILITY_FULL. */
    enum collector_durability durability;
    /** Keep an index on device_id. Default false; once made, it stays. */
    bool indexed;
    /** Connections of the concurrent mode, 1 to COLLECTOR_CONNECTIONS_MAX.
     *  Default 8. */
    uint32_t connection_count_max;
    /** Undelivered events at most; 0 is no limit. Default 0. */
    uint64_t backlog_max;
    /** Default NULL: silence. */
    collector_log_fn log;
    void *log_userdata;
    /** Default NULL: the system's clocks. Copied. */
    const struct collector_clock *clock;
    /** Name of a registered SQLite VFS. Default NULL: SQLite's own choice. */
    const char *vfs;
};

/** Set every option to its default. NULL is fine. */
COLLECTOR_API void
collector_store_options_init(struct collector_store_options *options);

/**
 * Open a store, creating or migrating its file in one transaction.
 *
 * @param options    Everything in it is copied.
 * @param ret_store  Set on success only; yours to free.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_LOCKED (another process has it),
 *         ERR_BUSY (a foreign writer holds SQLite's lock), ERR_FOREIGN,
 *         ERR_NEWER, ERR_CORRUPT, ERR_NOSPACE, ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_open(const struct collector_store_options *options,
                     struct collector_store **ret_store);

/** Proof that events are kept. */
struct collector_receipt {
    /** The id of the first one; the others follow without a gap. 0 when count
     *  is 0. */
    int64_t first_id;
    /** How many were kept. */
    uint64_t count;
};

/**
 * Keep events, all or none of them, under consecutive ids. On success they have
 * been fsynced (with COLLECTOR_DURABILITY_FULL).
 *
 * It waits for storage only, and can't be cancelled. A failed append is undone;
 * only if power fails before the next commit may its events come back, whole.
 *
 * @param events       event_count of them; borrowed for the call.
 * @param event_count  0 to COLLECTOR_APPEND_COUNT_MAX.
 * @param ret_receipt  Set on success only; may be NULL.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_TOO_BIG, ERR_FULL, ERR_BUSY (storage
 *         lock or conflicts for too long), ERR_NOSPACE, ERR_CORRUPT, ERR_IO,
 *         ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_append(struct collector_store *store,
                       const struct collector_event *events, size_t event_count,
                       struct collector_receipt *ret_receipt);

/** What a JSON text holds. */
enum collector_json_form {
    /** One event object, or one array of them. */
    COLLECTOR_JSON_DOCUMENT,
    /** One event object a line; empty lines are skipped. */
    COLLECTOR_JSON_LINES
};

/** What is wrong with a JSON text. */
struct collector_problem {
    /** Which event, counted from 0; -1 when the text as a whole is wrong. */
    int64_t index;
    /** In words, such as "device_id is required". */
    char text[160];
};

/**
 * Keep the events in a JSON text, as collector_store_append() does.
 *
 * Members of an event object: device_id and kind (texts, required), payload
 * (any value), ts (integer, ms since 1970, 0 or absent for now). Others are
 * ignored.
 *
 * @param text         UTF-8, size bytes of it, at most
 *                     COLLECTOR_APPEND_TEXT_SIZE_MAX; borrowed for the call.
 * @param ret_receipt  Set on success only; may be NULL.
 * @param ret_problem  Set with ERR_INVALID and ERR_TOO_BIG only; may be NULL.
 * @return As collector_store_append().
 */
COLLECTOR_API int
collector_store_append_json(struct collector_store *store, const char *text,
                            size_t size, enum collector_json_form form,
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

/**
 * Put on record what became of a batch, in one transaction.
 *
 * COLLECTOR_DELIVERED moves the events out of the backlog. COLLECTOR_RETRY and
 * COLLECTOR_REJECTED leave them in it, and write the outage down: one row an
 * outage, however many attempts it takes.
 *
 * @param batch     Out of this store, or it is refused; stays yours.
 * @param delivery  Borrowed for the call.
 * @return COLLECTOR_OK, ERR_INVALID, ERR_BUSY, ERR_NOSPACE, ERR_CORRUPT,
 *         ERR_IO, ERR_NOMEM.
 */
COLLECTOR_API int
collector_store_checkpoint(struct collector_store *store,
                           struct collector_batch *batch,
                           const struct collector_delivery *delivery);

/** A store in numbers. More may follow at the end. */
struct collector_store_stats {
    /** sizeof(struct collector_store_stats), set by the caller. */
    size_t size;
    enum collector_write_mode mode;
    enum collector_durability durability;
    /** Whether there is an index on device_id. */
    bool indexed;
    /** Whether the last commit worked. */
    bool storage_ok;
    /** The collector's UUID as text. */
    char collector_id[37];
    /** The ledger, from the file: accepted = delivered + dead + dropped +
     *  pending. */
    uint64_t accepted;
    uint64_t delivered;
    uint64_t dead;
    uint64_t dropped;
    uint64_t pending;
    /** As opened; 0 is no limit. */
    uint64_t backlog_max;
    /** Distinct device ids ever seen. */
    uint64_t device_count;
    /** When the oldest undelivered event was stamped, ms since 1970; 0 when
     *  there is none. */
    int64_t oldest_pending_ts;
    /** Since open: transactions committed, commits that failed, and retries
     *  after write conflicts (concurrent mode). */
    uint64_t commits;
    uint64_t commit_failures;
    uint64_t commit_conflicts;
    /** Bytes of write-ahead log in use, about. */
    uint64_t wal_size;
    /** Since when a reader has kept the log from shrinking, monotonic ms ago;
     *  0 when none does. */
    uint64_t wal_pinned_ms;
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
 * Do what is due beside the appends: move what the write-ahead log holds to the
 * main file, and after a failure find out whether the storage works again. The
 * uploader does this by itself; a program that appends without one need not
 * either, but then now and then an append takes longer.
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
