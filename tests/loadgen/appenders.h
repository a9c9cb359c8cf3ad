/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_APPENDERS_H
#define LOADGEN_APPENDERS_H

#include "histogram.h"

#include <collector/store.h>
#include <stdbool.h>
#include <stdint.h>

/** Threads that append to one store, each as fast as it is let. */
struct appenders;

/** Who appends what. */
struct appenders_options {
    /** Borrowed until the appenders are joined. */
    struct collector_store *store;
    unsigned thread_count;
    /** Distinct device ids. */
    unsigned device_count;
    /** Events in an append. */
    unsigned batch;
};

/** What came of it, summed up over all runs. Zeroed at first. */
struct appended {
    uint64_t event_count;
    /** Appends that were tried again after COLLECTOR_ERR_BUSY. */
    uint64_t busy_count;
    /** From the common start to the end of the last append. */
    uint64_t ns;
    /** Of appends, from their first try to the receipt. */
    struct histogram latency;
};

/**
 * Have them all start at the same moment, and go on for so long.
 *
 * @param ret_appenders  Set on success only; to be joined.
 * @return 0, or -1 after the reason was said.
 */
int
appenders_start(const struct appenders_options *options, uint64_t duration_ms,
                struct appenders **ret_appenders);

/** Whether some have not ended yet. */
bool
appenders_running(const struct appenders *appenders);

/** Events that were confirmed so far; may lag behind a little. */
uint64_t
appenders_event_count(const struct appenders *appenders);

/**
 * Wait for their end, and free them.
 *
 * @param appended  What they did is added to it.
 * @return 0, or -1 when one has failed, which was said.
 */
int
appenders_join(struct appenders *appenders, struct appended *appended);

/** Start and join. */
int
appenders_run(const struct appenders_options *options, uint64_t duration_ms,
              struct appended *appended);

#endif
