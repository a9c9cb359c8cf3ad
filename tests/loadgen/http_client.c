/* SPDX-License-Identifier: MIT */
/* One connection. A request leaves in one send, and an answer that is there
 * whole comes in with one recv: system calls are most of what a load costs. */
#include "http_client.h"

#include "clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
http_client_init(struct http_client *client, size_t body_size_max)
{
    *client = (struct http_client){.fd = -1, .body_size_max = body_size_max};
    client->answer = malloc(HTTP_HEAD_SIZE_MAX + body_size_max);
    return client->answer != NULL ? 0 : -1;
}

void
http_client_release(struct http_client *client)
{
    if (client->answer == NULL)
        return;
    http_client_close(client);
    free(client->answer);
    client->answer = NULL;
}

static int
begin_connect(int fd, const struct address *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(address->port)};
    int yes = 1;

    if (inet_pton(AF_INET, address->host, &name.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    /* A request that leaves in one send gains nothing by waiting. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) != 0 &&
        errno != EINPROGRESS)
        return -1;
    return 0;
}

int
http_client_connect(struct http_client *client, const struct address *address)
{
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd >= 0 && begin_connect(client->fd, address) == 0)
        return 0;
    client->error = errno;
    http_client_close(client);
    return -1;
}

void
http_client_prepare(struct http_client *client, const char *request,
                    size_t size)
{
    client->request = request;
    client->request_size = size;
    client->sent_size = 0;
    client->answer_size = 0;
}

enum http_progress
http_client_write(struct http_client *client)
{
    const ssize_t sent =
        send(client->fd, client->request + client->sent_size,
             client->request_size - client->sent_size, MSG_NOSIGNAL);

    if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return HTTP_AGAIN;
        client->error = errno;
        return HTTP_BROKEN;
    }
    client->sent_size += (size_t)sent;
    return client->sent_size == client->request_size ? HTTP_DONE : HTTP_AGAIN;
}

enum http_progress
http_client_read(struct http_client *client, struct http_answer *ret_answer)
{
    /* The parser lets no answer get as long as this. */
    const size_t size_max = HTTP_HEAD_SIZE_MAX + client->body_size_max;
    const ssize_t got = recv(client->fd, client->answer + client->answer_size,
                             size_max - client->answer_size, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return HTTP_AGAIN;
    if (got <= 0) {
        client->error = got < 0 ? errno : 0;
        return HTTP_BROKEN;
    }
    client->answer_size += (size_t)got;
    switch (http_answer_parse(client->answer, client->answer_size,
                              client->body_size_max, ret_answer)) {
    case HTTP_ANSWER_WHOLE:
        return HTTP_DONE;
    case HTTP_ANSWER_PART:
        return HTTP_AGAIN;
    case HTTP_ANSWER_MALFORMED:
        break;
    }
    return HTTP_MALFORMED;
}

void
http_client_close(struct http_client *client)
{
    if (client->fd >= 0)
        (void)close(client->fd); /* nothing that was written matters now */
    client->fd = -1;
}

const char *
http_client_problem(const struct http_client *client)
{
    return client->error != 0 ? strerror(client->error) : "the server hung up";
}

/** Wait until the socket is ready; -1 when it takes too long. */
static int
wait_ready(const struct http_client *client, short events, uint64_t deadline_ns)
{
    struct pollfd poller = {.fd = client->fd, .events = events};
    uint64_t now_ns;

    while ((now_ns = clock_now_ns()) < deadline_ns) {
        if (poll(&poller, 1, (int)((deadline_ns - now_ns) / 1000000) + 1) > 0)
            return 0;
    }
    return -1;
}

enum http_progress
http_client_exchange(struct http_client *client, const struct address *address,
                     const char *request, unsigned timeout_ms,
                     struct http_answer *ret_answer)
{
    const uint64_t deadline_ns =
        clock_now_ns() + timeout_ms * UINT64_C(1000000);
    enum http_progress progress;
    bool sent = false;

    http_client_prepare(client, request, strlen(request));
    if (http_client_connect(client, address) != 0)
        return HTTP_BROKEN;
    for (;;) {
        if (wait_ready(client, sent ? POLLIN : POLLOUT, deadline_ns) != 0) {
            client->error = ETIMEDOUT;
            return HTTP_BROKEN;
        }
        progress = sent ? http_client_read(client, ret_answer)
                        : http_client_write(client);
        if (progress != HTTP_AGAIN && (sent || progress != HTTP_DONE))
            return progress;
        sent = sent || progress == HTTP_DONE;
    }
}
