/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HEARTBEAT_H
#define DAEMON_HEARTBEAT_H

#include "address.h"

#include <collector/store.h>
#include <collector/uploader.h>

/** What a service manager hears while all runs. One thread. */
struct heartbeat;

/** Whom to ask how it goes. */
struct heartbeat_options {
    /** Borrowed: free them after the heartbeat. */
    struct collector_store *store;
    struct collector_uploader *uploader;
    /** Where the HTTP server listens. */
    struct address address;
};

/** Begin, if somebody wants to hear it. NULL when out of memory. */
struct heartbeat *
heartbeat_new(const struct heartbeat_options *options);

/**
 * Do what is due. The watchdog is fed only after the server has answered like
 * to anybody, and with an uploader that does not hang.
 *
 * @return In how many milliseconds to call it again, at the latest.
 */
int
heartbeat_step(struct heartbeat *heartbeat);

/** NULL is fine. */
void
heartbeat_free(struct heartbeat *heartbeat);

#endif
