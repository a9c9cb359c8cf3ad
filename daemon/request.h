/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include "access.h"
#include "history.h"
#include "latency.h"
#include "readers.h"
#include "traffic.h"
#include "worker.h"

#include <civetweb.h>
#include <collector/store.h>
#include <collector/uploader.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** How the end of a request's body is known. */
enum request_framing { REQUEST_NO_BODY, REQUEST_SIZED, REQUEST_CHUNKED };

/** One HTTP request while it is answered. One thread; everything is borrowed.
 */
struct request {
    struct mg_connection *conn;
    struct worker *worker;
    struct collector_store *store;
    struct collector_uploader *uploader;
    /** The path of the store's file. */
    const char *db;
    /** To ask the file with. */
    struct readers *readers;
    struct history *history;
    struct access *access;
    /** Whether a snapshot is on its way to somebody. */
    atomic_bool *snapshot_out;
    /** What all requests of the server share: one more than the events that had
     *  left the buffer when it was last found full; 0 when the last append had
     *  room. */
    _Atomic uint64_t *full_at;
    /** What all of them are counted in. */
    struct traffic *traffic;
    /** How long appends take. */
    struct latency *append_latency;
    /** Whether the server wants to be rid of its connections. */
    const atomic_bool *stopping;

    const char *method;
    /** As sent, without the query; NULL when there is none. */
    const char *path;
    /** What stands behind the question mark, as sent; NULL without one. */
    const char *query;
    /** What stands in the place of the {…} of its route's path, as sent; NULL
     *  without one. */
    const char *segment;
    /** NULL when absent. */
    const char *content_type;
    /** The types that it takes, as sent; NULL when absent. */
    const char *accept;
    /** What it says of who sent it; NULL when absent. */
    const char *authorization;
    /** Whose page a browser sent it for, as origin_is_foreign() takes them;
     * NULL when absent. */
    const char *fetch_site;
    const char *origin;
    const char *host;
    /** How many headers there were with a key; the last of them, without the
     *  spaces around it, and cut when it is too long to be one. */
    unsigned idempotency_key_count;
    char idempotency_key[COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX + 2];
    enum request_framing framing;
    /** With REQUEST_SIZED. */
    uint64_t body_size;
    /** The body, or some of it, has not been read. */
    bool body_pending;
    /** The body is compressed, or otherwise not as we can read it. */
    bool body_encoded;
    /** The client waits for a 100 before it sends the body. */
    bool continue_expected;
    /** It expects something that nobody here can do. */
    bool expectation_unknown;
    /** HEAD: the answer goes without its body. */
    bool head_only;
    /** Another request may follow on this connection. */
    bool keep_alive;

    /** As routes_name() takes it; 0 while it has none. */
    unsigned route;
    /** The status that was answered; 0 before that. */
    int status;
};

/** Why a request head is refused. */
struct request_problem {
    int status;
    const char *text;
};

/**
 * Take from a parsed request head what matters here, and check what CivetWeb
 * does not: whoever gets the end of a body wrong takes the rest of it for the
 * next request.
 *
 * @param request  conn is set, the rest is zero. It can be answered also when
 *                 the head is refused.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1 when the request must be refused.
 */
int
request_read_head(struct request *request, struct request_problem *ret_problem);

#endif
