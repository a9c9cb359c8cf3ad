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
    uint64_t backlog_max;
    uint32_t connection_count;
    int lock_fd;
    bool indexed;
    /** Whether a batch is out. */
    _Atomic bool batch_out;
};

#endif
