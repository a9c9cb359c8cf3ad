/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_PROBE_H
#define DAEMON_PROBE_H

#include "address.h"

#include <stddef.h>

/** A question to an HTTP server that nobody waits for. One thread. */
struct probe {
    /** -1 when nothing was asked. */
    int fd;
    size_t sent_size;
    size_t answer_size;
    char answer[8];
};

/** What became of it. */
enum probe_result {
    PROBE_WAITS,
    /** A status came, whichever. */
    PROBE_ANSWERED,
    /** Nobody listens, or it hung up. */
    PROBE_FAILED
};

/** Ask for /livez, where a server listens that was told this address. What goes
 *  wrong is said by the first look. */
void
probe_begin(struct probe *probe, const struct address *address);

/** See how it goes. Once it is over, the next one may begin. */
enum probe_result
probe_look(struct probe *probe);

/** Give it up. One that was not begun is fine, if its fd is -1. */
void
probe_end(struct probe *probe);

#endif
