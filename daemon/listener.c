/* SPDX-License-Identifier: MIT */
/*
 * CivetWeb's settings, and what each is for. A connection holds its thread, so
 * one that comes when as many are kept as there may be is a guest of a spare
 * one: nobody waits for ever, least of all a health check. When the spare ones
 * are taken as well, whoever holds a thread to no purpose has to give it up.
 */
#include "listener.h"

#include "worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Threads beyond the number that was asked for, for guests. */
#define SPARE_THREADS 4

/* Silence in a head or a body, and a client that does not read its answer. */
#define SILENCE_MS "10000"

/* Between two requests of a connection: longer than most reporting intervals.
 */
#define IDLE_MS "30000"

/* All headers together; ours and a proxy's are far below. */
#define HEAD_SIZE_MAX "16384"

/* Accepted connections that wait for a thread, and those the system holds. */
#define QUEUE_COUNT "256"
#define BACKLOG_COUNT "1024"

/* Between two looks at who is late; and while nobody gets a thread but by that
 * look. */
#define WATCH_MS 250
#define SHORTAGE_WATCH_MS 50

/* Between two looks at whether the threads have ended. */
#define STOP_STEP_MS 10

/* The user data of a connection that may stay. */
static char kept_mark;
#define KEPT ((void *)&kept_mark)

struct listener {
    struct listener_handlers handlers;
    struct mg_context *context;
    struct worker_list *workers;
    unsigned thread_count;
    atomic_uint connection_count;
    atomic_uint kept_count;
    atomic_bool stopped;
};

static int
init_connection(const struct mg_connection *conn, void **conn_data)
{
    struct listener *listener = mg_get_user_data(mg_get_context(conn));

    (void)conn_data; /* to be kept, it has to send a request */
    atomic_fetch_add(&listener->connection_count, 1);
    worker_set_wait(mg_get_thread_pointer(conn), WORKER_CLIENT_WAIT);
    return 0;
}

static void
connection_close(const struct mg_connection *conn)
{
    struct listener *listener = mg_get_user_data(mg_get_context(conn));

    worker_set_wait(mg_get_thread_pointer(conn), WORKER_NO_WAIT);
    if (mg_get_user_connection_data(conn) == KEPT)
        atomic_fetch_sub(&listener->kept_count, 1);
    atomic_fetch_sub(&listener->connection_count, 1);
}

static int
begin_request(struct mg_connection *conn)
{
    struct listener *listener = mg_get_user_data(mg_get_context(conn));
    struct worker *worker = mg_get_thread_pointer(conn);
    int status;

    worker_set_wait(worker, WORKER_NO_WAIT);
    status = listener->handlers.begin_request(conn);
    worker_set_wait(worker, WORKER_IDLE_WAIT);
    /* After a 0 CivetWeb would look for a file, with its own faults. */
    return status != 0 ? status : -1;
}

static void *
init_thread(const struct mg_context *context, int thread_type)
{
    struct listener *listener = mg_get_user_data(context);

    (void)thread_type; /* the one that accepts has to be woken up as well */
    return worker_enter(listener->workers);
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
start_civetweb(struct listener *listener, const struct address *address)
{
    const struct mg_callbacks callbacks = {
        .begin_request = begin_request,
        .log_message = listener->handlers.log_message,
        .connection_close = connection_close,
        .http_error = listener->handlers.http_error,
        .init_thread = init_thread,
        .exit_thread = exit_thread,
        .init_connection = init_connection,
    };
    char port[ADDRESS_HOST_SIZE + 8];
    char threads[16];
    const char *options[] = {
        "listening_ports",
        port,
        "num_threads",
        threads,
        "max_request_size",
        HEAD_SIZE_MAX,
        "connection_queue",
        QUEUE_COUNT,
        "listen_backlog",
        BACKLOG_COUNT,
        "request_timeout_ms",
        SILENCE_MS,
        "keep_alive_timeout_ms",
        IDLE_MS,
        "enable_keep_alive",
        "yes",
        "tcp_nodelay",
        "1",
        "decode_url",
        "no",
        "enable_auth_domain_check",
        "no",
        NULL,
    };

    (void)snprintf(port, sizeof(port), "%s:%u", address->host, address->port);
    (void)snprintf(threads, sizeof(threads), "%u",
                   listener->thread_count + SPARE_THREADS);
    return mg_start(&callbacks, listener, options);
}

struct listener *
listener_start(const struct listener_handlers *handlers,
               const struct address *address, unsigned thread_count)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (listener == NULL)
        return NULL;
    (void)mg_init_library(MG_FEATURES_DEFAULT); /* no TLS: it would crash */
    listener->handlers = *handlers;
    listener->thread_count = thread_count;
    /* One more: the thread that accepts. */
    listener->workers = worker_list_new(thread_count + SPARE_THREADS + 1);
    if (listener->workers != NULL)
        listener->context = start_civetweb(listener, address);
    if (listener->context != NULL)
        return listener;
    listener_stop(listener, NULL);
    return NULL;
}

void *
listener_userdata(const struct mg_connection *conn)
{
    const struct listener *listener = mg_get_user_data(mg_get_context(conn));

    return listener != NULL ? listener->handlers.userdata : NULL;
}

bool
listener_keep(const struct mg_connection *conn)
{
    struct listener *listener = mg_get_user_data(mg_get_context(conn));

    if (mg_get_user_connection_data(conn) == KEPT)
        return true;
    if (atomic_fetch_add(&listener->kept_count, 1) >= listener->thread_count) {
        atomic_fetch_sub(&listener->kept_count, 1);
        return false;
    }
    mg_set_user_connection_data(conn, KEPT);
    return true;
}

uint16_t
listener_port(const struct listener *listener)
{
    struct mg_server_port port;

    if (mg_get_server_ports(listener->context, 1, &port) != 1)
        return 0;
    return (uint16_t)port.port;
}

int
listener_watch(struct listener *listener)
{
    bool shortage = atomic_load(&listener->connection_count) >=
                    listener->thread_count + SPARE_THREADS;

    worker_list_watch(listener->workers, shortage);
    return shortage ? SHORTAGE_WATCH_MS : WATCH_MS;
}

static void *
stop_civetweb(void *userdata)
{
    struct listener *listener = userdata;

    mg_stop(listener->context);
    atomic_store(&listener->stopped, true);
    return NULL;
}

/* CivetWeb's threads look at its stop flag every two seconds, or when they are
 * interrupted. */
static void
stop_promptly(struct listener *listener, void (*meanwhile)(void *userdata))
{
    const struct timespec step = {.tv_nsec = STOP_STEP_MS * 1000000};
    pthread_t stopper;

    if (pthread_create(&stopper, NULL, stop_civetweb, listener) != 0) {
        mg_stop(listener->context);
        return;
    }
    while (!atomic_load(&listener->stopped)) {
        worker_list_interrupt(listener->workers);
        if (meanwhile != NULL)
            meanwhile(listener->handlers.userdata);
        (void)nanosleep(&step, NULL); /* shorter is fine */
    }
    (void)pthread_join(stopper, NULL); /* it exists */
}

void
listener_stop(struct listener *listener, void (*meanwhile)(void *userdata))
{
    if (listener == NULL)
        return;
    if (listener->context != NULL)
        stop_promptly(listener, meanwhile);
    (void)mg_exit_library(); /* as often as it was initialized */
    worker_list_free(listener->workers);
    free(listener);
}
