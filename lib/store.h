/* SPDX-License-Identifier: MIT */
#ifndef COLLECTOR_LIB_STORE_H
#define COLLECTOR_LIB_STORE_H

#include "writer.h"

#include <collector/store.h>

/** A connection for reading, and the lock that lets one thread at a time. */
struct collector__reader {
    pthread_mutex_t mutex;
    struct collector__connection connection;
};

struct collector_store {
    /** Held for reading by whoever uses the connections below, and for writing
     *  by whoever puts another file in the place of a damaged one. */
    pthread_rwlock_t files;
    struct collector__database database;
    struct collector__counters counters;
    struct collector__writer writer;
    /** For fetch and the moving of the log, which may take a while. */
    struct collector__reader fetcher;
    /** For questions, which don't. */
    struct collector__reader asker;
    /** The last ledger that could be read; under the asker's lock. */
    struct collector_store_stats known;
    char collector_id[37];
    enum collector_write_mode mode;
    uint32_t connection_count;
    int lock_fd;
    bool indexed;
    /** Whether a batch is out. */
    _Atomic bool batch_out;
};

/** Use the store's connections, until collector__store_leave(). Any number of
 *  threads may; don't enter twice. */
void
collector__store_enter(struct collector_store *store);

void
collector__store_leave(struct collector_store *store);

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
