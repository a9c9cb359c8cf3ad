/* SPDX-License-Identifier: MIT */
/*
 * A thread that accepts, and one for each connection. A request is put on
 * record when all of it was read and its answer is chosen, and before a byte of
 * the answer is sent: what the peer knows, the test can see.
 */
#include "upstream.h"

#include "support.h"
#include "wire.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_COUNT_MAX 256
#define ANSWER_COUNT_MAX 1024
#define REQUEST_COUNT_MAX 65536

/** Longer than any test: a connection ends when the peer or the test ends. */
#define IDLE_MS 600000

struct connection {
    struct upstream *upstream;
    pthread_t thread;
    unsigned number;
    struct wire wire;
};

struct upstream {
    int fd;
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    bool stopping;
    bool released;
    size_t connection_count;
    struct connection connections[CONNECTION_COUNT_MAX];
    struct upstream_answer standard;
    upstream_judge_fn judge;
    void *judge_userdata;
    size_t answer_count;
    size_t answers_used;
    struct upstream_answer answers[ANSWER_COUNT_MAX];
    size_t request_count;
    struct upstream_request *requests[REQUEST_COUNT_MAX];
};

static void
record_request(struct upstream *upstream, struct upstream_request *request,
               struct upstream_answer *ret_answer)
{
    (void)pthread_mutex_lock(&upstream->lock);
    request->at_ms = support_now_ms();
    *ret_answer = upstream->standard;
    if (upstream->answers_used < upstream->answer_count)
        *ret_answer = upstream->answers[upstream->answers_used++];
    else if (upstream->judge != NULL)
        *ret_answer = upstream->judge(upstream->judge_userdata, request);
    if (ret_answer->status == 0)
        ret_answer->status = 200;
    request->status =
        ret_answer->trick == UPSTREAM_ANSWER && ret_answer->raw == NULL
            ? ret_answer->status
            : 0;
    if (upstream->request_count == REQUEST_COUNT_MAX)
        abort();
    upstream->requests[upstream->request_count++] = request;
    (void)pthread_mutex_unlock(&upstream->lock);
}

static struct upstream_request *
read_request(struct connection *connection)
{
    struct upstream_request *request = calloc(1, sizeof(*request));
    int64_t deadline_ms = support_now_ms() + IDLE_MS;
    struct wire *wire = &connection->wire;

    if (request == NULL)
        abort();
    request->connection = connection->number;
    if (wire_read_head(wire, deadline_ms, &request->head) &&
        sscanf(request->head, "%15s %255s", request->method, request->path) ==
            2 &&
        wire_read_body(wire, request->head, deadline_ms, &request->body,
                       &request->body_size))
        return request;
    free(request->head);
    free(request);
    return NULL;
}

static void
rest(struct upstream *upstream, const struct upstream_answer *answer)
{
    int64_t deadline_ms = support_now_ms() + answer->delay_ms;
    bool resting = true;

    while (resting) {
        (void)pthread_mutex_lock(&upstream->lock);
        resting =
            !upstream->stopping && (support_now_ms() < deadline_ms ||
                                    (answer->held && !upstream->released));
        (void)pthread_mutex_unlock(&upstream->lock);
        if (resting)
            support_pause();
    }
}

/** False when the connection is over. */
static bool
give_answer(struct connection *connection, const struct upstream_answer *answer)
{
    const char *body = answer->body == NULL ? "" : answer->body;
    size_t missing = answer->trick == UPSTREAM_CUT ? 1000 : 0;
    char head[1024];
    int size;

    rest(connection->upstream, answer);
    if (answer->trick == UPSTREAM_CLOSE)
        return false;
    if (answer->raw != NULL) {
        (void)wire_send(&connection->wire, answer->raw, strlen(answer->raw));
        return false;
    }
    if (answer->trick == UPSTREAM_HANG) {
        (void)wire_ends(&connection->wire, support_now_ms() + IDLE_MS);
        return false;
    }
    size = snprintf(head, sizeof(head),
                    "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n",
                    answer->status, strlen(body) + missing,
                    answer->headers == NULL ? "" : answer->headers);
    if (size < 0 || (size_t)size >= sizeof(head))
        abort();
    return wire_send(&connection->wire, head, (size_t)size) &&
           wire_send(&connection->wire, body, strlen(body)) && missing == 0;
}

static void *
serve_connection(void *userdata)
{
    struct connection *connection = userdata;
    struct upstream_request *request;
    struct upstream_answer answer;

    do {
        request = read_request(connection);
        if (request == NULL)
            break;
        record_request(connection->upstream, request, &answer);
    } while (give_answer(connection, &answer));
    /* The descriptor stays taken until the end, so that upstream_free() can
     * shut it down without hitting somebody else's. */
    (void)shutdown(connection->wire.fd, SHUT_RDWR);
    return NULL;
}

static void *
accept_connections(void *userdata)
{
    struct upstream *upstream = userdata;
    struct connection *connection;
    bool stopping = false;
    int fd;

    while (!stopping && (fd = accept(upstream->fd, NULL, NULL)) >= 0) {
        (void)pthread_mutex_lock(&upstream->lock);
        stopping = upstream->stopping;
        if (stopping || upstream->connection_count == CONNECTION_COUNT_MAX) {
            (void)close(fd);
        } else {
            connection = &upstream->connections[upstream->connection_count++];
            connection->upstream = upstream;
            connection->number = (unsigned)upstream->connection_count;
            wire_init(&connection->wire, fd);
            if (pthread_create(&connection->thread, NULL, serve_connection,
                               connection) != 0)
                abort();
        }
        (void)pthread_mutex_unlock(&upstream->lock);
    }
    return NULL;
}

struct upstream *
upstream_new_at(int port)
{
    struct upstream *upstream = calloc(1, sizeof(*upstream));
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int yes = 1;

    ck_assert_ptr_nonnull(upstream);
    upstream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(upstream->fd, 0);
    (void)setsockopt(upstream->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    ck_assert_int_eq(bind(upstream->fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(upstream->fd, 64), 0);
    ck_assert_int_eq(
        getsockname(upstream->fd, (struct sockaddr *)&address, &size), 0);
    upstream->port = ntohs(address.sin_port);
    (void)pthread_mutex_init(&upstream->lock, NULL);
    ck_assert_int_eq(
        pthread_create(&upstream->thread, NULL, accept_connections, upstream),
        0);
    return upstream;
}

struct upstream *
upstream_new(void)
{
    return upstream_new_at(0);
}

int
upstream_port(const struct upstream *upstream)
{
    return upstream->port;
}

const char *
upstream_url(const struct upstream *upstream, const char *path)
{
    return support_format("http://127.0.0.1:%d%s", upstream->port, path);
}

void
upstream_script(struct upstream *upstream, struct upstream_answer answer)
{
    (void)pthread_mutex_lock(&upstream->lock);
    ck_assert_uint_lt(upstream->answer_count, ANSWER_COUNT_MAX);
    upstream->answers[upstream->answer_count++] = answer;
    (void)pthread_mutex_unlock(&upstream->lock);
}

void
upstream_set_default(struct upstream *upstream, struct upstream_answer answer)
{
    (void)pthread_mutex_lock(&upstream->lock);
    upstream->standard = answer;
    (void)pthread_mutex_unlock(&upstream->lock);
}

void
upstream_set_judge(struct upstream *upstream, upstream_judge_fn judge,
                   void *userdata)
{
    (void)pthread_mutex_lock(&upstream->lock);
    upstream->judge = judge;
    upstream->judge_userdata = userdata;
    (void)pthread_mutex_unlock(&upstream->lock);
}

void
upstream_release(struct upstream *upstream)
{
    (void)pthread_mutex_lock(&upstream->lock);
    upstream->released = true;
    (void)pthread_mutex_unlock(&upstream->lock);
}

size_t
upstream_request_count(struct upstream *upstream)
{
    size_t count;

    (void)pthread_mutex_lock(&upstream->lock);
    count = upstream->request_count;
    (void)pthread_mutex_unlock(&upstream->lock);
    return count;
}

const struct upstream_request *
upstream_request(struct upstream *upstream, size_t i)
{
    const struct upstream_request *request = NULL;

    (void)pthread_mutex_lock(&upstream->lock);
    if (i < upstream->request_count)
        request = upstream->requests[i];
    (void)pthread_mutex_unlock(&upstream->lock);
    return request;
}

bool
upstream_wait_requests(struct upstream *upstream, size_t count, int timeout_ms)
{
    return support_eventually(upstream_request_count(upstream) >= count,
                              timeout_ms);
}

const char *
upstream_header(const struct upstream_request *request, const char *name)
{
    char value[512];

    if (!wire_header(request->head, name, value, sizeof(value)))
        return NULL;
    return support_format("%s", value);
}

static int64_t
id_header(const struct upstream_request *request, const char *name)
{
    char value[32];

    return wire_header(request->head, name, value, sizeof(value))
               ? strtoll(value, NULL, 10)
               : 0;
}

int64_t
upstream_first_id(const struct upstream_request *request)
{
    return id_header(request, "X-Collector-First-Id");
}

int64_t
upstream_last_id(const struct upstream_request *request)
{
    return id_header(request, "X-Collector-Last-Id");
}

void
upstream_free(struct upstream *upstream)
{
    size_t i;

    if (upstream == NULL)
        return;
    (void)pthread_mutex_lock(&upstream->lock);
    upstream->stopping = true;
    (void)pthread_mutex_unlock(&upstream->lock);
    (void)shutdown(upstream->fd, SHUT_RDWR); /* wakes accept() */
    (void)pthread_join(upstream->thread, NULL);
    for (i = 0; i < upstream->connection_count; i++) {
        (void)shutdown(upstream->connections[i].wire.fd, SHUT_RDWR);
        (void)pthread_join(upstream->connections[i].thread, NULL);
        wire_close(&upstream->connections[i].wire);
    }
    for (i = 0; i < upstream->request_count; i++) {
        free(upstream->requests[i]->head);
        free(upstream->requests[i]->body);
        free(upstream->requests[i]);
    }
    (void)close(upstream->fd);
    (void)pthread_mutex_destroy(&upstream->lock);
    free(upstream);
}
