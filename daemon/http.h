/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include "access.h"
#include "address.h"
#include "history.h"
#include "readers.h"

#include <collector/store.h>
#include <collector/uploader.h>

/** The HTTP server. One thread, which starts it, may use it. */
struct http_server;

/** What a server serves. */
struct http_options {
    struct address address;
    unsigned thread_count;
    /** Borrowed: free them after the server has stopped. */
    struct collector_store *store;
    struct collector_uploader *uploader;
    /** The path of the store's file; borrowed likewise. */
    const char *db;
    /** To ask that file with; borrowed likewise. */
    struct readers *readers;
    struct history *history;
    /** Who may do what; borrowed likewise. */
    struct access *access;
};

/**
 * Listen and serve, on threads that inherit the caller's signal mask.
 *
 * @param ret_server  Set on success only.
 * @return 0, or -1 after the reason was logged.
 */
int
http_server_start(const struct http_options *options,
                  struct http_server **ret_server);

/** The port that it listens on. */
uint16_t
http_server_port(const struct http_server *server);

/** Enforce the deadlines of clients. In how many milliseconds to call it
 *  again. */
int
http_server_watch(struct http_server *server);

/**
 * Stop listening, finish the requests that are being answered, and free the
 * server. New requests are refused meanwhile; a client that is still sending
 * its body has a few seconds. NULL is fine.
 */
void
http_server_stop(struct http_server *server);

#endif
