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
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a stop waits for requests that are being answered. */
#define HTTP_STOP_MS_MAX 5000

/* Between two looks at what a stop waits for. */
#define HTTP_STOP_STEP_MS 10

/* The user data of a connection that may not stay. */
static char guest_mark;
#define GUEST ((void *)&guest_mark)

struct http_server {
    struct http_options options;
    struct mg_context *context;
    struct worker_list *workers;
    /* What CivetWeb said last while it started. */
    char start_problem[256];
    atomic_bool started;
    atomic_bool stopping;
    atomic_bool stopped;
    atomic_bool snapshot_out;
    atomic_uint connection_count;
    atomic_uint request_count;
    _Atomic uint64_t full_at;
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
    if (mg_get_user_connection_data(request->conn) == GUEST)
        request->keep_alive = false;
    routes_answer(request);
}

static int
begin_request(struct mg_connection *conn)
{
    struct http_server *server = mg_get_user_data(mg_get_context(conn));
    struct request request = {
        .conn = conn,
        .worker = mg_get_thread_pointer(conn),
        .store = server->options.store,
        .uploader = server->options.uploader,
        .db = server->options.db,
        .snapshot_out = &server->snapshot_out,
        .full_at = &server->full_at,
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
    struct http_server *server = mg_get_user_data(mg_get_context(conn));
    struct request request = {
        .conn = conn,
        .stopping = &server->stopping,
        .keep_alive = false,
    };

    (void)message; /* CivetWeb calls heads malformed that are late, or over
                    * the limit: nothing here can tell them apart */
    if (info != NULL && info->request_method != NULL)
        request.head_only = strcmp(info->request_method, "HEAD") == 0;
    if (is_unknown_method(info, status))
        answer_error(&request, 501, NULL, "method not implemented");
    else if (status == 411)
        answer_error(&request, 400, NULL, "Content-Length must be a number");
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
    struct http_server *server = mg_get_user_data(mg_get_context(conn));

    if (server == NULL || atomic_load(&server->started))
        console_log(COLLECTOR_LOG_WARNING, "http: %s", message);
    else if (server->start_problem[0] == '\0')
        (void)snprintf(server->start_problem, sizeof(server->start_problem),
                       "%s", message); /* the first one names the cause */
    return 1;
}

static int
init_connection(const struct mg_connection *conn, void **conn_data)
{
    struct http_server *server = mg_get_user_data(mg_get_context(conn));

    if (atomic_fetch_add(&server->connection_count, 1) >=
        server->options.thread_count)
        *conn_data = GUEST;
    return 0;
}

static void
connection_close(const struct mg_connection *conn)
{
    struct http_server *server = mg_get_user_data(mg_get_context(conn));

    atomic_fetch_sub(&server->connection_count, 1);
}

static void *
init_thread(const struct mg_context *context, int thread_type)
{
    struct http_server *server = mg_get_user_data(context);

    (void)thread_type; /* the one that accepts has to be woken up as well */
    return worker_enter(server->workers);
}

static void
exit_thread(const struct mg_context *context, int thread_type,
            void *thread_pointer)
{
    (void)context;
    (void)thread_type;
    worker_leave(thread_pointer);
}

static struct mg_context *
start_civetweb(struct http_server *server)
{
    static const struct mg_callbacks callbacks = {
        .begin_request = begin_request,
        .log_message = log_message,
        .connection_close = connection_close,
        .http_error = http_error,
        .init_thread = init_thread,
        .exit_thread = exit_thread,
        .init_connection = init_connection,
    };

    return listener_start(&callbacks, server, &server->options.address,
                          server->options.thread_count);
}

int
http_server_start(const struct http_options *options,
                  struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int rc = -1;

    if (server == NULL)
        goto out;
    server->options = *options;
    /* One more: the thread that accepts. */
    server->workers =
        worker_list_new(options->thread_count + LISTENER_SPARE_THREADS + 1);
    if (server->workers == NULL)
        goto out;
    server->context = start_civetweb(server);
    if (server->context == NULL)
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
                    server != NULL && server->workers != NULL
                        ? server->start_problem
                        : "out of memory");
    http_server_stop(server);
    return rc;
}

uint16_t
http_server_port(const struct http_server *server)
{
    return listener_port(server->context);
}

void
http_server_watch(struct http_server *server)
{
    worker_list_watch(server->workers);
}

static void
rest_a_step(void)
{
    struct timespec step = {.tv_nsec = HTTP_STOP_STEP_MS * 1000000};

    (void)nanosleep(&step, NULL); /* shorter is fine */
}

static void *
stop_civetweb(void *userdata)
{
    struct http_server *server = userdata;

    mg_stop(server->context);
    atomic_store(&server->stopped, true);
    return NULL;
}

/* CivetWeb's threads look at its stop flag every two seconds, or when they are
 * interrupted. */
static void
stop_promptly(struct http_server *server)
{
    pthread_t stopper;

    if (pthread_create(&stopper, NULL, stop_civetweb, server) != 0) {
        mg_stop(server->context);
        return;
    }
    while (!atomic_load(&server->stopped)) {
        worker_list_interrupt(server->workers);
        collector_store_snapshot_cancel(server->options.store);
        rest_a_step();
    }
    (void)pthread_join(stopper, NULL); /* it exists */
}

static void
finish_requests(struct http_server *server)
{
    int64_t deadline_ms = worker_now_ms() + HTTP_STOP_MS_MAX;

    atomic_store(&server->stopping, true);
    while (atomic_load(&server->request_count) > 0 &&
           worker_now_ms() < deadline_ms) {
        http_server_watch(server);
        rest_a_step();
    }
}

void
http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    if (server->context != NULL) {
        finish_requests(server);
        stop_promptly(server);
    }
    (void)mg_exit_library();
    worker_list_free(server->workers);
    free(server);
}
