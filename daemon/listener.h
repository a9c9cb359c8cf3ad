/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include "address.h"

#include <civetweb.h>
#include <stdbool.h>

/**
 * A port that is listened to, and the threads that serve its connections, with
 * the settings of collectord. One thread, which starts it, may use it.
 */
struct listener;

/** Who answers. Called on the threads of the listener. */
struct listener_handlers {
    /** As CivetWeb's callbacks of these names; http_error may be NULL. */
    int (*begin_request)(struct mg_connection *conn);
    int (*http_error)(struct mg_connection *conn, int status,
                      const char *message);
    int (*log_message)(const struct mg_connection *conn, const char *message);
    void *userdata;
};

/**
 * Listen and serve.
 *
 * @param handlers      Copied.
 * @param thread_count  Connections that are kept at a time.
 * @return NULL without memory, or when it can't listen, of which log_message
 *         was told.
 */
struct listener *
listener_start(const struct listener_handlers *handlers,
               const struct address *address, unsigned thread_count);

/** The userdata of the handlers; NULL before there is any. */
void *
listener_userdata(const struct mg_connection *conn);

/** Whether a connection, which has sent a request, may stay after the answer.
 *  Call it while that request is answered. */
bool
listener_keep(const struct mg_connection *conn);

/** The port that it listens on; 0 when there is none. */
uint16_t
listener_port(const struct listener *listener);

/** Enforce the deadlines of clients, and shorter ones while all threads are
 *  taken. In how many milliseconds to call it again. */
int
listener_watch(struct listener *listener);

/**
 * Stop listening, interrupt all threads in what they wait for, and wait for
 * their end. Then free it. NULL is fine.
 *
 * @param meanwhile  Called every few milliseconds with the handlers' userdata,
 *                   to break off what else a thread may wait for; may be NULL.
 */
void
listener_stop(struct listener *listener, void (*meanwhile)(void *userdata));

#endif
