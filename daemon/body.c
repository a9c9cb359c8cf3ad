/* SPDX-License-Identifier: MIT */
/*
 * Bodies: a body counts only when all of it came, in time, and within the
 * limit.
 */
#include "body.h"

#include "answer.h"

#include <errno.h>
#include <stdlib.h>

/* The first buffer of a chunked body; most fit. */
#define BODY_CHUNKED_SIZE 16384

/* Chunks are read in small pieces. mg_read() goes on after an interruption if
 * it has got a byte since the last one, so a client that trickles fast enough
 * is only noticed between two calls. */
#define BODY_PIECE_SIZE 1024

/* Another body is read in pieces for what each of them shows: that its client
 * is sending. One fits into what TCP sends before the first ACK. */
#define BODY_SIZED_PIECE_SIZE 8192

/* How long, and how much, to listen to a client that was refused. A decent one
 * reads its answer and closes. */
#define BODY_DISCARD_MS_MAX 2000
#define BODY_DISCARD_SIZE_MAX (8 * 1024 * 1024)

/* What came of reading a body. */
enum body_result {
    BODY_COMPLETE,
    BODY_TOO_BIG,
    /* It ended early, or its chunks are malformed. */
    BODY_BROKEN,
    BODY_TOO_SLOW,
    BODY_NO_MEMORY
};

/* A body on its way in. */
struct body {
    char *text;
    size_t size;
    size_t capacity;
    int64_t deadline_ms;
    /* Where the client has to get to next, so as not to be called slow. */
    size_t milestone;
};

/* The size of the next piece. Whoever has sent one is waited for anew. */
static size_t
begin_piece(struct request *request, struct body *body)
{
    size_t room = body->capacity - body->size;
    size_t size_max = request->framing == REQUEST_CHUNKED
                          ? BODY_PIECE_SIZE
                          : BODY_SIZED_PIECE_SIZE;

    if (body->size >= body->milestone) {
        worker_set_wait(request->worker, WORKER_CLIENT_WAIT);
        body->milestone = body->size + size_max;
    }
    return room < size_max ? room : size_max;
}

/* Fill what room there is. COMPLETE when it is full, or at the end of chunks,
 * of which *ret_ended tells. */
static enum body_result
fill(struct request *request, struct body *body, bool *ret_ended)
{
    while (body->size < body->capacity) {
        size_t room = begin_piece(request, body);
        int n;

        errno = 0; /* what an interruption leaves there tells it from an end */
        n = mg_read(request->conn, body->text + body->size, room);
        if (n > 0)
            body->size += (size_t)n;
        else if (n == 0 && request->framing == REQUEST_CHUNKED)
            *ret_ended = true;
        if (*ret_ended || body->size == body->capacity)
            break;
        if (n == 0 || worker_now_ms() >= body->deadline_ms)
            return BODY_TOO_SLOW;
        if (n < 0)
            return errno == EINTR ? BODY_TOO_SLOW : BODY_BROKEN;
    }
    return BODY_COMPLETE;
}

static enum body_result
grow(struct body *body)
{
    size_t capacity = body->capacity * 2;
    char *text;

    if (capacity < BODY_CHUNKED_SIZE)
        capacity = BODY_CHUNKED_SIZE;
    if (capacity > BODY_SIZE_MAX)
        capacity = BODY_SIZE_MAX + 1; /* one more, to see that it is too big */
    text = realloc(body->text, capacity);
    if (text == NULL)
        return BODY_NO_MEMORY;
    body->text = text;
    body->capacity = capacity;
    return BODY_COMPLETE;
}

static enum body_result
read_chunks(struct request *request, struct body *body)
{
    enum body_result result = BODY_COMPLETE;
    bool ended = false;

    while (result == BODY_COMPLETE && !ended) {
        if (body->size > BODY_SIZE_MAX)
            return BODY_TOO_BIG;
        result = grow(body);
        if (result == BODY_COMPLETE)
            result = fill(request, body, &ended);
    }
    return result;
}

static enum body_result
read_sized(struct request *request, struct body *body)
{
    bool ended = false;

    /* Never 0 bytes: that may give NULL. */
    body->capacity = (size_t)request->body_size;
    body->text = malloc(body->capacity + 1);
    if (body->text == NULL)
        return BODY_NO_MEMORY;
    return fill(request, body, &ended);
}

static enum body_result
read_in_time(struct request *request, struct body *body)
{
    enum body_result result;

    body->deadline_ms = worker_now_ms() + BODY_TIME_MS_MAX;
    worker_set_deadline(request->worker, body->deadline_ms);
    if (request->framing == REQUEST_CHUNKED)
        result = read_chunks(request, body);
    else
        result = read_sized(request, body);
    worker_set_deadline(request->worker, 0);
    worker_set_wait(request->worker, WORKER_NO_WAIT);
    return result;
}

static void
refuse(struct request *request, enum body_result result)
{
    switch (result) {
    case BODY_COMPLETE:
        break;
    case BODY_TOO_BIG:
        answer_error(request, 413, NULL, "the body is over 1 MiB");
        break;
    case BODY_BROKEN:
        answer_error(request, 400, NULL,
                     "the body ends early, or its chunks are malformed");
        break;
    case BODY_TOO_SLOW:
        answer_error(request, 408, NULL, "the body took too long");
        break;
    case BODY_NO_MEMORY:
        answer_error(request, 503, ANSWER_RETRY_AFTER, "out of memory");
        break;
    }
}

/* 0 when the head is fine, and the body may come. */
static int
refuse_by_head(struct request *request)
{
    if (request->body_encoded)
        answer_error(request, 415, NULL, "Content-Encoding is not supported");
    else if (request->framing == REQUEST_SIZED &&
             request->body_size > BODY_SIZE_MAX)
        refuse(request, BODY_TOO_BIG);
    else if (request->expectation_unknown)
        answer_error(request, 417, NULL, "only 100-continue can be expected");
    else
        return 0;
    return -1;
}

int
body_read(struct request *request, char **ret_text, size_t *ret_size)
{
    struct body body = {.text = NULL};
    enum body_result result;

    if (refuse_by_head(request) < 0)
        return -1;
    if (request->continue_expected && request->body_pending) {
        /* When the client is gone, reading fails as well. */
        (void)answer_continue(request);
        request->continue_expected = false;
    }
    result = read_in_time(request, &body);
    if (result != BODY_COMPLETE) {
        free(body.text);
        refuse(request, result);
        return -1;
    }
    request->body_pending = false;
    *ret_text = body.text;
    *ret_size = body.size;
    return 0;
}

void
body_discard(struct request *request)
{
    char scrap[BODY_PIECE_SIZE];
    int64_t deadline_ms = worker_now_ms() + BODY_DISCARD_MS_MAX;
    size_t size = 0;
    int n;

    worker_set_deadline(request->worker, deadline_ms);
    worker_set_wait(request->worker, WORKER_CLIENT_WAIT);
    do {
        n = mg_read(request->conn, scrap, sizeof(scrap));
        size += sizeof(scrap);
    } while (n > 0 && size < BODY_DISCARD_SIZE_MAX &&
             worker_now_ms() < deadline_ms);
    worker_set_wait(request->worker, WORKER_NO_WAIT);
    worker_set_deadline(request->worker, 0);
}
