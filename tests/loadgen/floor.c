/* SPDX-License-Identifier: MIT */
/*
 * What HTTP alone costs: collectord's own server with its heads, bodies and
 * answers, and nothing in between. A collector that keeps what it gets can come
 * close to this, and no further.
 */
#include "measurement.h"

#include "answer.h"
#include "body.h"
#include "console.h"
#include "decimal.h"
#include "descriptors.h"
#include "listener.h"
#include "signals.h"
#include "worker.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* As many as collectord has by default. */
#define THREAD_COUNT_MIN 256

/* Connections that wait for a thread, and what every process has. */
#define OTHER_DESCRIPTORS 512

/* How often clients are held to their deadlines. */
#define WATCH_MS 500

/* {"accepted":1,"ids":[N]} and a line feed. */
#define RECEIPT_SIZE_MAX 64

/* The user data of a connection that may not stay: without such guests, a
 * producer beyond the last thread would wait for ever. */
static char guest_mark;
#define GUEST ((void *)&guest_mark)

struct floor_server {
    struct worker_list *workers;
    struct mg_context *context;
    unsigned thread_count;
    atomic_uint connection_count;
    atomic_bool stopping;
    _Atomic uint64_t last_id;
};

static void
answer_receipt(struct floor_server *server, struct request *request)
{
    char text[RECEIPT_SIZE_MAX];
    char *end = stpcpy(text, "{\"accepted\":1,\"ids\":[");

    end = decimal_write(end, atomic_fetch_add(&server->last_id, 1) + 1);
    end = stpcpy(end, "]}\n");
    answer_text(request, 200, NULL, text, (size_t)(end - text));
}

static void
answer_request(struct floor_server *server, struct request *request)
{
    struct request_problem problem;
    char *text;
    size_t size;

    if (request_read_head(request, &problem) < 0) {
        answer_error(request, problem.status, NULL, problem.text);
        return;
    }
    if (mg_get_user_connection_data(request->conn) == GUEST)
        request->keep_alive = false;
    if (request->path == NULL || strcmp(request->path, "/events") != 0 ||
        strcmp(request->method, "POST") != 0) {
        answer_error(request, 404, NULL, "there is only POST /events");
    } else if (body_read(request, &text, &size) == 0) {
        free(text);
        answer_receipt(server, request);
    }
}

static int
begin_request(struct mg_connection *conn)
{
    struct floor_server *server = mg_get_user_data(mg_get_context(conn));
    struct request request = {
        .conn = conn,
        .worker = mg_get_thread_pointer(conn),
        .stopping = &server->stopping,
    };

    if (request.worker == NULL)
        return -1; /* more threads than CivetWeb was told to start */
    answer_request(server, &request);
    return request.status;
}

static int
init_connection(const struct mg_connection *conn, void **conn_data)
{
    struct floor_server *server = mg_get_user_data(mg_get_context(conn));

    if (atomic_fetch_add(&server->connection_count, 1) >= server->thread_count)
        *conn_data = GUEST;
    return 0;
}

static void
connection_close(const struct mg_connection *conn)
{
    struct floor_server *server = mg_get_user_data(mg_get_context(conn));

    atomic_fetch_sub(&server->connection_count, 1);
}

static void *
init_thread(const struct mg_context *context, int thread_type)
{
    struct floor_server *server = mg_get_user_data(context);

    (void)thread_type; /* the one that accepts is on the list as well */
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

static int
log_message(const struct mg_connection *conn, const char *message)
{
    (void)conn;
    console_log(COLLECTOR_LOG_WARNING, "http: %s", message);
    return 1;
}

/** Listen. 0, or -1 after the reason was logged. */
static int
start(struct floor_server *server, const struct address *address)
{
    static const struct mg_callbacks callbacks = {
        .begin_request = begin_request,
        .log_message = log_message,
        .connection_close = connection_close,
        .init_thread = init_thread,
        .exit_thread = exit_thread,
        .init_connection = init_connection,
    };
    const unsigned thread_count = server->thread_count;
    uint64_t allowed;

    if (!descriptors_allow((uint64_t)thread_count + OTHER_DESCRIPTORS,
                           &allowed))
        console_log(COLLECTOR_LOG_WARNING,
                    "%" PRIu64 " open files are too few for %u connections",
                    allowed, thread_count);
    /* One more: the thread that accepts. */
    server->workers =
        worker_list_new(thread_count + LISTENER_SPARE_THREADS + 1);
    if (server->workers != NULL)
        server->context =
            listener_start(&callbacks, server, address, thread_count);
    if (server->context != NULL)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "can't listen on %s:%u", address->host,
                address->port);
    return -1;
}

static void
stop(struct floor_server *server)
{
    atomic_store(&server->stopping, true);
    if (server->context != NULL)
        mg_stop(server->context);
    (void)mg_exit_library(); /* nothing of it is used any more */
    worker_list_free(server->workers);
}

int
measure_floor(const struct options *options)
{
    struct floor_server server = {
        .thread_count = options->workers > THREAD_COUNT_MIN ? options->workers
                                                            : THREAD_COUNT_MIN};
    sigset_t before;
    int status = 1;

    signals_block(&before);
    if (start(&server, &options->listen) == 0) {
        console_log(COLLECTOR_LOG_INFO, "listening on %s:%u",
                    options->listen.host, listener_port(server.context));
        while (!signals_wait_for(WATCH_MS))
            worker_list_watch(server.workers);
        status = 0;
    }
    stop(&server);
    return status;
}
