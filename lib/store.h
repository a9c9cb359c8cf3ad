/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_STORE_H
#define COLLECTOR_LIB_STORE_H

#include "forecast.h"
#include "fork.h"
#include "writer.h"

#include <collector/store.h>

/** A connection for reading, and the lock that lets one thread at a time. */
struct collector__desk {
    pthread_mutex_t mutex;
    struct collector__connection connection;
};

/** What becomes of the one snapshot that may be written at a time. */
enum collector__snapshot {
    COLLECTOR_SNAPSHOT_NONE,
    COLLECTOR_SNAPSHOT_RUNS,
    /** It runs, and ends as soon as it notices. */
    COLLECTOR_SNAPSHOT_CANCELLED
};
struct collector__salvage;

struct collector_store {
    /** Held for reading by whoever uses the connections below, and for writing
     *  by whoever puts another file in the place of a damaged one. */
    pthread_rwlock_t files;
    struct collector__database database;
    struct collector__counters counters;
    struct collector__writer writer;
    /** For fetch and the moving of the log, which may take a while. */
    struct collector__desk fetcher;
    /** Events that a power cut leaves in the file; under the fetcher's lock. */
    int64_t synced_through;
    /** For questions, which don't. */
    struct collector__desk asker;
    /** The last ledger that could be read; under the asker's lock. */
    struct collector_store_stats known;
    /** Where the backlog and the file are going; likewise. */
    struct collector__forecast backlog_forecast;
    struct collector__forecast size_forecast;
    /** Bytes that the backlog takes, about; likewise. */
    uint64_t backlog_size;
    /** When they were last told by maintain, monotonic ms. */
    _Atomic int64_t sampled_at;
    char collector_id[37];
    enum collector_write_mode mode;
    uint32_t connection_count;
    int lock_fd;
    /** The process that opened it. */
    pid_t maker;
    /** The open has worked: what is closed is the file as it should be. */
    bool opened;
    /** How often the file was replaced, and when that was last tried, by the
     *  database's clock, 0 for never; to be read with the store entered. */
    uint64_t generation;
    int64_t replace_tried_at;
    /** Whether it was seen that the file is damaged, and is to stay: nothing
     *  new is put into it. */
    _Atomic bool damaged;
    /** The damaged file that is being read, NULL for none; under its mutex. */
    pthread_mutex_t salvage_mutex;
    struct collector__salvage *salvage;
    bool salvage_logged;
    /** Since when reads of it are refused, monotonic ms; 0 when none was. */
    int64_t salvage_refused_since;
    /** Whether there may be one to be read. */
    _Atomic bool salvaging;
    bool indexed;
    /** Whether a batch is out. */
    _Atomic bool batch_out;
    /** An enum collector__snapshot. */
    _Atomic int snapshot;
};

/** Whether a store can be used here. @return COLLECTOR_OK, ERR_INVALID for
 *  NULL, ERR_FORK. */
int
collector__store_check(const struct collector_store *store);

/** Use the store's connections, until collector__store_leave(). Any number of
 *  threads may; don't enter twice. */
void
collector__store_enter(struct collector_store *store);

void
collector__store_leave(struct collector_store *store);

/** Whether somebody waits to put another file in this one's place, and with him
 *  everybody who is not inside yet. The caller has entered: whoever stays for
 *  long asks now and then, and leaves. */
bool
collector__store_is_wanted(struct collector_store *store);

/** Have an operation run and committed. The caller has not entered. As
 *  collector__writer_submit(). */
int
collector__store_submit(struct collector_store *store,
                        struct collector__operation *operation);

/** Up to which id events are settled, delivered or not. Doesn't read the file,
 *  and is never ahead of it. */
int64_t
collector__store_settled_through(struct collector_store *store);

#endif
