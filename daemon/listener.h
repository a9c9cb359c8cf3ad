/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "address.h"

#include <civetweb.h>

/** Threads beyond the number that was asked for. A connection holds its thread,
 *  so one that comes when all are taken is a guest of a spare one, and ends
 *  with its first answer: nobody waits for ever, least of all a health check.
 */
#define LISTENER_SPARE_THREADS 4

/**
 * Listen, and have CivetWeb read heads and keep connections, with the settings
 * that collectord has.
 *
 * @param callbacks     Copied.
 * @param thread_count  Connections that are kept at a time.
 * @return What mg_stop() ends; NULL when it can't listen, of which CivetWeb has
 *         told the log callback.
 */
struct mg_context *
listener_start(const struct mg_callbacks *callbacks, void *userdata,
               const struct address *address, unsigned thread_count);

/** The port that it listens on; 0 when there is none. */
uint16_t
listener_port(const struct mg_context *context);

#endif
