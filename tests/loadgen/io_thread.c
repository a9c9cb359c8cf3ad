/* SPDX-License-Identifier: MIT */
/*
 * Many producers on one thread. Each has at most one request in flight; what an
 * answer costs is one recv(), one send(), and a share of one epoll_wait().
 */
#include "io_thread.h"

#include "clock.h"
#include "http_client.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Sockets that one look at them may find ready. */
#define READY_COUNT_MAX 256

#define NS_PER_MS UINT64_C(1000000)

/** What a connection is doing. */
enum state {
    /** Nothing any more in this run; it is closed. */
    STATE_ENDED,
    /** Sending; connecting before that, if it is new. */
    STATE_SENDING,
    STATE_WAITING,
    /** Nothing until it is due. It may be closed. */
    STATE_RESTING
};

struct connection {
    struct producer producer;
    struct http_client client;
    enum state state;
    /** Whether epoll tells when it can be written to. */
    bool watches_room;
    /** When the first byte of the request was written. */
    uint64_t sent_at_ns;
    uint64_t due_ns;
};

struct io_thread {
    struct address address;
    pthread_t thread;
    int epoll;
    uint64_t end_ns;
    bool ending;
    /** Before the first that rests is due. */
    uint64_t next_due_ns;
    _Atomic uint64_t accepted;
    struct tally tally;
    unsigned running_count;
    unsigned count;
    struct connection connections[];
};

static void
end_connection(struct io_thread *io, struct connection *connection)
{
    http_client_close(&connection->client);
    connection->state = STATE_ENDED;
    io->running_count--;
}

/** Get ready to send the producer's request. */
static void
prepare(struct connection *connection)
{
    http_client_prepare(&connection->client, connection->producer.text,
                        connection->producer.text_size);
}

static void
rest(struct io_thread *io, struct connection *connection, uint64_t ms)
{
    if (io->ending) {
        end_connection(io, connection);
        return;
    }
    connection->state = STATE_RESTING;
    connection->due_ns = clock_now_ns() + ms * NS_PER_MS;
    if (connection->due_ns < io->next_due_ns)
        io->next_due_ns = connection->due_ns;
}

/** A request that was sent in part may have come whole: it is not repeated. */
static void
give_up_request(struct io_thread *io, struct connection *connection)
{
    if (connection->client.sent_size > 0) {
        io->tally.unknown++;
        producer_advance(&connection->producer);
    }
    http_client_close(&connection->client);
    prepare(connection);
}

static void
fail(struct io_thread *io, struct connection *connection, enum trouble kind,
     const char *problem)
{
    io->tally.failures++;
    trouble_note(&io->tally.troubles, kind, "producer %u: %s",
                 connection->producer.number, problem);
    give_up_request(io, connection);
    rest(io, connection, IO_RECONNECT_MS);
}

static void
fail_broken(struct io_thread *io, struct connection *connection)
{
    fail(io, connection,
         connection->client.sent_size > 0 ? TROUBLE_BROKEN : TROUBLE_CONNECT,
         http_client_problem(&connection->client));
}

/** Have epoll tell when it can be read from, or written to as well. */
static bool
watch(struct io_thread *io, struct connection *connection, int operation,
      bool room)
{
    struct epoll_event event = {.events = EPOLLIN | (room ? EPOLLOUT : 0U),
                                .data.ptr = connection};

    if (epoll_ctl(io->epoll, operation, connection->client.fd, &event) != 0) {
        fail(io, connection, TROUBLE_BROKEN, strerror(errno));
        return false;
    }
    connection->watches_room = room;
    return true;
}

static void
send_request(struct io_thread *io, struct connection *connection)
{
    if (connection->client.sent_size == 0)
        connection->sent_at_ns = clock_now_ns();
    switch (http_client_write(&connection->client)) {
    case HTTP_DONE:
        if (!connection->watches_room ||
            watch(io, connection, EPOLL_CTL_MOD, false))
            connection->state = STATE_WAITING;
        break;
    case HTTP_AGAIN:
        if (connection->watches_room ||
            watch(io, connection, EPOLL_CTL_MOD, true))
            connection->state = STATE_SENDING;
        break;
    case HTTP_BROKEN:
    case HTTP_MALFORMED: /* of an answer only */
        fail_broken(io, connection);
        break;
    }
}

/** Send what is prepared, on a new connection if there is none. */
static void
proceed(struct io_thread *io, struct connection *connection)
{
    if (connection->client.fd >= 0) {
        send_request(io, connection);
        return;
    }
    if (http_client_connect(&connection->client, &io->address) != 0)
        fail_broken(io, connection);
    else if (watch(io, connection, EPOLL_CTL_ADD, true))
        connection->state = STATE_SENDING;
}

static void
take_answer(struct io_thread *io, struct connection *connection,
            const struct http_answer *answer)
{
    const uint64_t now_ns = clock_now_ns();
    uint64_t wait_ms;

    wait_ms = producer_take(&connection->producer, answer,
                            now_ns - connection->sent_at_ns, &io->tally);
    io->tally.answered_at_ns = now_ns;
    atomic_store_explicit(&io->accepted, io->tally.accepted,
                          memory_order_relaxed);
    /* What was not sent yet of an answered request would be taken for the next
     * one. */
    if (answer->close || connection->state == STATE_SENDING)
        http_client_close(&connection->client);
    prepare(connection);
    if (io->ending)
        end_connection(io, connection);
    else if (wait_ms > 0)
        rest(io, connection, wait_ms);
    else
        proceed(io, connection);
}

static void
receive(struct io_thread *io, struct connection *connection)
{
    struct http_answer answer;

    switch (http_client_read(&connection->client, &answer)) {
    case HTTP_DONE:
        take_answer(io, connection, &answer);
        break;
    case HTTP_AGAIN:
        break;
    case HTTP_BROKEN:
        fail_broken(io, connection);
        break;
    case HTTP_MALFORMED:
        fail(io, connection, TROUBLE_MALFORMED, answer.problem);
        break;
    }
}

/** The server may hang up on one that rests, but not speak to it. */
static void
listen_at_rest(struct io_thread *io, struct connection *connection)
{
    struct http_answer answer;

    if (http_client_read(&connection->client, &answer) != HTTP_BROKEN) {
        io->tally.failures++;
        trouble_note(&io->tally.troubles, TROUBLE_MALFORMED,
                     "producer %u: an answer without a request",
                     connection->producer.number);
    }
    http_client_close(&connection->client);
    prepare(connection);
}

static void
handle(struct io_thread *io, struct connection *connection, uint32_t events)
{
    switch (connection->state) {
    case STATE_ENDED:
        break;
    case STATE_RESTING:
        listen_at_rest(io, connection);
        break;
    case STATE_SENDING:
        if ((events & EPOLLIN) != 0 && connection->client.sent_size > 0)
            receive(io, connection); /* refused before it was sent */
        else
            send_request(io, connection);
        break;
    case STATE_WAITING:
        receive(io, connection);
        break;
    }
}

static void
wake_due(struct io_thread *io, uint64_t now_ns)
{
    unsigned i;

    if (now_ns < io->next_due_ns)
        return;
    io->next_due_ns = UINT64_MAX;
    for (i = 0; i < io->count; i++) {
        struct connection *connection = &io->connections[i];

        if (connection->state != STATE_RESTING)
            continue;
        if (connection->due_ns <= now_ns)
            proceed(io, connection);
        else if (connection->due_ns < io->next_due_ns)
            io->next_due_ns = connection->due_ns;
    }
}

/** Nothing new from here on: those that have sent nothing have ended. */
static void
begin_ending(struct io_thread *io)
{
    unsigned i;

    io->ending = true;
    io->next_due_ns = UINT64_MAX;
    for (i = 0; i < io->count; i++) {
        struct connection *connection = &io->connections[i];

        if (connection->state != STATE_ENDED &&
            connection->client.sent_size == 0)
            end_connection(io, connection);
    }
}

static void
give_up_silent(struct io_thread *io)
{
    unsigned i;

    for (i = 0; i < io->count; i++) {
        if (io->connections[i].state != STATE_ENDED)
            fail(io, &io->connections[i], TROUBLE_SILENT,
                 "no answer within 10 s of the end");
    }
}

/** Milliseconds to the next moment at which there is something to do. */
static int
timeout_ms(const struct io_thread *io, uint64_t deadline_ns, uint64_t now_ns)
{
    const uint64_t next_ns =
        io->next_due_ns < deadline_ns ? io->next_due_ns : deadline_ns;

    return next_ns <= now_ns ? 0 : (int)((next_ns - now_ns) / NS_PER_MS) + 1;
}

static void
wait_ready(struct io_thread *io, int wait_ms)
{
    struct epoll_event events[READY_COUNT_MAX];
    int count = epoll_wait(io->epoll, events, READY_COUNT_MAX, wait_ms);
    int i;

    /* A failure can only be an interruption: then there is nothing ready. */
    for (i = 0; i < count; i++)
        handle(io, events[i].data.ptr, events[i].events);
}

static void *
run(void *userdata)
{
    struct io_thread *io = userdata;
    uint64_t deadline_ns = io->end_ns;
    uint64_t now_ns = clock_now_ns();
    unsigned i;

    for (i = 0; i < io->count; i++)
        proceed(io, &io->connections[i]);
    while (io->running_count > 0) {
        wait_ready(io, timeout_ms(io, deadline_ns, now_ns));
        now_ns = clock_now_ns();
        if (now_ns < deadline_ns) {
            wake_due(io, now_ns);
            continue;
        }
        if (io->ending)
            give_up_silent(io);
        else
            begin_ending(io);
        deadline_ns = now_ns + IO_SILENCE_MS_MAX * NS_PER_MS;
    }
    return NULL;
}

struct io_thread *
io_thread_new(const struct address *address,
              const struct producer_options *options, unsigned first,
              unsigned count)
{
    struct io_thread *io =
        calloc(1, sizeof(*io) + count * sizeof(io->connections[0]));
    unsigned i;

    if (io == NULL)
        return NULL;
    io->address = *address;
    io->count = count;
    io->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll < 0)
        goto out;
    for (i = 0; i < count; i++) {
        struct connection *connection = &io->connections[i];

        if (producer_init(&connection->producer, options, first + i) != 0 ||
            http_client_init(&connection->client,
                             RECEIPTS_BODY_SIZE_MAX(options->batch)) != 0)
            goto out;
        prepare(connection);
    }
    return io;
out:
    io_thread_free(io);
    return NULL;
}

int
io_thread_start(struct io_thread *io, uint64_t end_ns)
{
    unsigned i;

    for (i = 0; i < io->count; i++)
        io->connections[i].state = STATE_RESTING;
    io->running_count = io->count;
    io->end_ns = end_ns;
    io->ending = false;
    io->next_due_ns = UINT64_MAX;
    return pthread_create(&io->thread, NULL, run, io) == 0 ? 0 : -1;
}

bool
io_thread_join(struct io_thread *io, const struct timespec *until)
{
    return pthread_timedjoin_np(io->thread, NULL, until) == 0;
}

uint64_t
io_thread_accepted(const struct io_thread *io)
{
    return atomic_load_explicit(&io->accepted, memory_order_relaxed);
}

struct tally *
io_thread_tally(struct io_thread *io)
{
    return &io->tally;
}

void
io_thread_free(struct io_thread *io)
{
    unsigned i;

    if (io == NULL)
        return;
    for (i = 0; i < io->count; i++) {
        http_client_release(&io->connections[i].client);
        producer_release(&io->connections[i].producer);
    }
    if (io->epoll >= 0)
        (void)close(io->epoll); /* nothing was written to it */
    tally_release(&io->tally);
    free(io);
}
