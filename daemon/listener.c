/* SPDX-License-Identifier: MIT */
/* CivetWeb's settings, and what each is for. */
#include "listener.h"

#include <stdio.h>

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

struct mg_context *
listener_start(const struct mg_callbacks *callbacks, void *userdata,
               const struct address *address, unsigned thread_count)
{
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

    (void)mg_init_library(MG_FEATURES_DEFAULT); /* no TLS: it would crash */
    (void)snprintf(port, sizeof(port), "%s:%u", address->host, address->port);
    (void)snprintf(threads, sizeof(threads), "%u",
                   thread_count + LISTENER_SPARE_THREADS);
    return mg_start(callbacks, userdata, options);
}

uint16_t
listener_port(const struct mg_context *context)
{
    struct mg_server_port port;

    if (mg_get_server_ports(context, 1, &port) != 1)
        return 0;
    return (uint16_t)port.port;
}
