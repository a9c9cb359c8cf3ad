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

struct floor_server {
    struct listener *listener;
    struct traffic traffic;
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
    if (request->keep_alive && !listener_keep(request->conn))
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
    struct floor_server *server = listener_userdata(conn);
    struct request request = {
        .conn = conn,
        .worker = mg_get_thread_pointer(conn),
        .traffic = &server->traffic,
        .stopping = &server->stopping,
    };

    if (request.worker == NULL)
        return -1; /* more threads than CivetWeb was told to start */
    answer_request(server, &request);
    return request.status;
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
start(struct floor_server *server, const struct address *address,
      unsigned thread_count)
{
    const struct listener_handlers handlers = {
        .begin_request = begin_request,
        .log_message = log_message,
        .userdata = server,
    };
    uint64_t allowed;

    if (!descriptors_allow((uint64_t)thread_count + OTHER_DESCRIPTORS,
                           &allowed))
        console_log(COLLECTOR_LOG_WARNING,
                    "%" PRIu64 " open files are too few for %u connections",
                    allowed, thread_count);
    server->listener = listener_start(&handlers, address, thread_count);
    if (server->listener != NULL)
        return 0;
    console_log(COLLECTOR_LOG_ERROR, "can't listen on %s:%u", address->host,
                address->port);
    return -1;
}

int
measure_floor(const struct options *options)
{
    const unsigned thread_count = options->workers > THREAD_COUNT_MIN
                                      ? options->workers
                                      : THREAD_COUNT_MIN;
    struct floor_server server = {.listener = NULL};
    sigset_t before;

    signals_block(&before);
    if (start(&server, &options->listen, thread_count) < 0)
        return 1;
    console_log(COLLECTOR_LOG_INFO, "listening on %s:%u", options->listen.host,
                listener_port(server.listener));
    while (!signals_wait_for(WATCH_MS))
        listener_watch(server.listener);
    atomic_store(&server.stopping, true);
    listener_stop(server.listener, NULL);
    return 0;
}
