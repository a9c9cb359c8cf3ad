/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: CivetWeb reads heads and keeps connections, everything else
 * is decided here. All requests come in through begin_request, so that none of
 * CivetWeb's own files, authorization and handlers is ever reached.
 */
#include "http.h"

#include "answer.h"
#include "body.h"
#include "console.h"
#include "listener.h"
#include "routes.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a stop waits for requests that are being answered. */
#define HTTP_STOP_MS_MAX 5000

/* Between two looks at what a stop waits for. */
#define HTTP_STOP_STEP_MS 10

struct http_server {
    struct http_options options;
    struct listener *listener;
    /* What CivetWeb said last while it started. */
    char start_problem[256];
    atomic_bool started;
    atomic_bool stopping;
    atomic_bool snapshot_out;
    atomic_uint request_count;
    _Atomic uint64_t full_at;
    struct traffic traffic;
    struct latency append_latency;
};

static void
dispatch(struct http_server *server, struct request *request)
{
    struct request_problem problem;

    if (request_read_head(request, &problem) < 0) {
        answer_error(request, problem.status, NULL, problem.text);
        return;
    }
    if (atomic_load(&server->stopping)) {
        answer_error(request, 503, ANSWER_RETRY_AFTER, "shutting down");
        return;
    }
    if (request->keep_alive && !listener_keep(request->conn))
        request->keep_alive = false;
    routes_answer(request);
}

static int
begin_request(struct mg_connection *conn)
{
    struct http_server *server = listener_userdata(conn);
    struct request request = {
        .conn = conn,
        .worker = mg_get_thread_pointer(conn),
        .store = server->options.store,
        .uploader = server->options.uploader,
        .db = server->options.db,
        .readers = server->options.readers,
        .history = server->options.history,
        .access = server->options.access,
        .snapshot_out = &server->snapshot_out,
        .full_at = &server->full_at,
        .traffic = &server->traffic,
        .append_latency = &server->append_latency,
        .stopping = &server->stopping,
    };

    if (request.worker == NULL)
        return -1; /* more threads than CivetWeb was told to start */
    atomic_fetch_add(&server->request_count, 1);
    dispatch(server, &request);
    atomic_fetch_sub(&server->request_count, 1);
    /* A client that waits for a 100, or has been silent for long, sends
     * nothing that could be in the way. */
    if (request.body_pending && !request.continue_expected &&
        request.status != 408)
        body_discard(&request);
    return request.status;
}

/* CivetWeb calls a method that it does not know a bad request, and has parsed
 * the version by then. */
static bool
is_unknown_method(const struct mg_request_info *info, int status)
{
    return status == 400 && info != NULL && info->http_version != NULL &&
           isdigit((unsigned char)info->http_version[0]) &&
           info->num_headers == 0 && !routes_have_method(info->request_method);
}

/* What CivetWeb would answer by itself, all of it before begin_request. */
static int
http_error(struct mg_connection *conn, int status, const char *message)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct http_server *server = listener_userdata(conn);
    struct request request = {
        .conn = conn,
        .worker = mg_get_thread_pointer(conn),
        .traffic = &server->traffic,
        .stopping = &server->stopping,
        .keep_alive = false,
    };

    (void)message; /* CivetWeb calls heads malformed that are late, or over
                    * the limit: only the clock can tell them apart */
    if (info != NULL && info->request_method != NULL)
        request.head_only = strcmp(info->request_method, "HEAD") == 0;
    if (is_unknown_method(info, status))
        answer_error(&request, 501, NULL, "method not implemented");
    else if (status == 411)
        answer_error(&request, 400, NULL, "Content-Length must be a number");
    else if (status == 400 && (info == NULL || info->http_version == NULL) &&
             worker_waits_long(request.worker))
        answer_error(&request, 408, NULL, "the head took too long");
    else if (status == 505)
        answer_error(&request, 505, NULL, "HTTP version not supported");
    else
        answer_error(&request, status, NULL,
                     "the head is malformed, incomplete, or over 16 KiB");
    return 0;
}

static int
log_message(const struct mg_connection *conn, const char *message)
{
    struct http_server *server = listener_userdata(conn);

    if (server == NULL || atomic_load(&server->started))
        console_log(COLLECTOR_LOG_WARNING, "http: %s", message);
    else if (server->start_problem[0] == '\0')
        (void)snprintf(server->start_problem, sizeof(server->start_problem),
                       "%s", message); /* the first one names the cause */
    return 1;
}

int
http_server_start(const struct http_options *options,
                  struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    struct listener_handlers handlers = {
        .begin_request = begin_request,
        .http_error = http_error,
        .log_message = log_message,
        .userdata = server,
    };
    int rc = -1;

    if (server == NULL)
        goto out;
    server->options = *options;
    server->listener =
        listener_start(&handlers, &options->address, options->thread_count);
    if (server->listener == NULL)
        goto out;
    atomic_store(&server->started, true);
    if (server->start_problem[0] != '\0')
        console_log(COLLECTOR_LOG_WARNING, "http: %s", server->start_problem);
    *ret_server = server;
    server = NULL; /* handed over */
    rc = 0;
out:
    if (rc < 0)
        console_log(COLLECTOR_LOG_ERROR, "can't listen on %s:%u: %s",
                    options->address.host, options->address.port,
                    server != NULL && server->start_problem[0] != '\0'
                        ? server->start_problem
                        : "out of memory");
    http_server_stop(server);
    return rc;
}

uint16_t
http_server_port(const struct http_server *server)
{
    return listener_port(server->listener);
}

int
http_server_watch(struct http_server *server)
{
    return listener_watch(server->listener);
}

static void
rest_a_step(void)
{
    struct timespec step = {.tv_nsec = HTTP_STOP_STEP_MS * 1000000};

    (void)nanosleep(&step, NULL); /* shorter is fine */
}

static void
finish_requests(struct http_server *server)
{
    int64_t deadline_ms = worker_now_ms() + HTTP_STOP_MS_MAX;

    atomic_store(&server->stopping, true);
    while (atomic_load(&server->request_count) > 0 &&
           worker_now_ms() < deadline_ms) {
        (void)http_server_watch(server); /* sooner than it asks for */
        rest_a_step();
    }
}

/* A snapshot goes on for as long as its client reads. */
static void
break_off(void *userdata)
{
    struct http_server *server = userdata;

    collector_store_snapshot_cancel(server->options.store);
}

void
http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    if (server->listener != NULL)
        finish_requests(server);
    listener_stop(server->listener, break_off);
    free(server);
}
