/* SPDX-License-Identifier: MIT */
/*
 * Answers: always with a length; and but for those that are too large for it,
 * always text, ended by a line feed, and in one write. A second one could
 * wait for the client's ACK of the first one, and is lost when the server stops
 * in between.
 */
#include "answer.h"

#include "decimal.h"
#include "json_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A thread has 100 KiB of stack: what is larger goes to the heap. */
#define ANSWER_STACK_SIZE 4096

/* The time that a client has to take a long one: half a minute, and as long as
 * it needs at 64 KB a second. Silence ends it sooner. */
#define STREAM_MS_MIN 30000
#define STREAM_BYTES_PER_MS 64

/* What is sent at a time of what is longer: more than any receipt, which had
 * better arrive in one. */
#define ANSWER_PIECE_SIZE ((size_t)256 * 1024)

/* The status line and our own headers, of which each is short. */
#define ANSWER_HEAD_SIZE_MAX (192 + ANSWER_HEADERS_SIZE_MAX)

static const char *
status_words(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Error"; /* one of CivetWeb's */
    }
}

/* Settle whether the connection ends with this answer, and write its head. */
static size_t
write_head(struct request *request, int status, const char *type,
           const char *headers, uint64_t body_size, char *ret_head)
{
    char *at = ret_head;

    assert(headers == NULL || strlen(headers) <= ANSWER_HEADERS_SIZE_MAX);
    if (request->body_pending || atomic_load(request->stopping))
        request->keep_alive = false;
    request->status = status;
    traffic_note(request->traffic, request->route, status);
    at = stpcpy(at, "HTTP/1.1 ");
    at = decimal_write(at, (uint64_t)status);
    *at++ = ' ';
    at = stpcpy(at, status_words(status));
    at = stpcpy(at, "\r\nContent-Type: ");
    at = stpcpy(at, type);
    at = stpcpy(at, "\r\nContent-Length: ");
    at = decimal_write(at, body_size);
    at = stpcpy(at, "\r\n");
    if (headers != NULL)
        at = stpcpy(at, headers);
    at = stpcpy(at, request->keep_alive ? "Connection: keep-alive\r\n\r\n"
                                        : "Connection: close\r\n\r\n");
    return (size_t)(at - ret_head);
}

static void
send_in_pieces(struct request *request, int status, const char *type,
               const char *headers, const char *body, size_t size)
{
    const int64_t deadline_ms = answer_deadline_ms(size);
    const char *end = body + size;
    bool sent = answer_begin(request, status, type, headers, size) == 0;

    while (sent && !request->head_only && body < end) {
        const size_t left = (size_t)(end - body);
        const size_t piece =
            left < ANSWER_PIECE_SIZE ? left : ANSWER_PIECE_SIZE;

        sent = worker_now_ms() < deadline_ms &&
               mg_write(request->conn, body, piece) == (int)piece;
        body += piece;
    }
    if (!sent)
        answer_break_off(request); /* the client is gone, or too slow */
}

void
answer_bytes(struct request *request, int status, const char *type,
             const char *headers, const char *body, size_t size)
{
    char stack[ANSWER_STACK_SIZE];
    char *heap = NULL;
    char *text = stack;
    size_t head_size;

    if (size > ANSWER_PIECE_SIZE) {
        send_in_pieces(request, status, type, headers, body, size);
        return;
    }
    if (size > sizeof(stack) - ANSWER_HEAD_SIZE_MAX) {
        heap = malloc(ANSWER_HEAD_SIZE_MAX + size);
        text = heap;
    }
    if (text == NULL) {
        /* A receipt can't be given any more: to the client this is a broken
         * connection, and so it sends the events again. */
        request->status = status;
        request->keep_alive = false;
    } else {
        head_size = write_head(request, status, type, headers, size, text);
        memcpy(text + head_size, body, size);
        if (!request->head_only)
            head_size += size;
        if (mg_write(request->conn, text, head_size) != (int)head_size)
            request->keep_alive = false; /* the client is gone */
    }
    if (!request->keep_alive)
        mg_disable_connection_keep_alive(request->conn);
    free(heap);
}

void
answer_text(struct request *request, int status, const char *headers,
            const char *body, size_t size)
{
    answer_bytes(request, status, ANSWER_JSON, headers, body, size);
}

int64_t
answer_deadline_ms(uint64_t size)
{
    return worker_now_ms() + STREAM_MS_MIN +
           (int64_t)(size / STREAM_BYTES_PER_MS);
}

int
answer_begin(struct request *request, int status, const char *type,
             const char *headers, uint64_t size)
{
    char head[ANSWER_HEAD_SIZE_MAX];
    const size_t head_size =
        write_head(request, status, type, headers, size, head);

    if (!request->keep_alive)
        mg_disable_connection_keep_alive(request->conn);
    return mg_write(request->conn, head, head_size) == (int)head_size ? 0 : -1;
}

void
answer_break_off(struct request *request)
{
    request->keep_alive = false;
    mg_disable_connection_keep_alive(request->conn);
}

void
answer_json(struct request *request, int status, const char *headers,
            json_t *json)
{
    static const char exhausted[] = "{\"error\":\"out of memory\"}\n";
    char *text = NULL;
    size_t size = 0;

    if (json != NULL) {
        size = json_dumpb(json, NULL, 0, JSON_COMPACT);
        text = malloc(size + 1);
    }
    if (text != NULL) {
        (void)json_dumpb(json, text, size, JSON_COMPACT); /* has that size */
        text[size] = '\n';
        answer_text(request, status, headers, text, size + 1);
    } else {
        answer_text(request, 503, ANSWER_RETRY_AFTER, exhausted,
                    sizeof(exhausted) - 1);
    }
    free(text);
    json_decref(json);
}

void
answer_error(struct request *request, int status, const char *headers,
             const char *text)
{
    answer_json(request, status, headers,
                json_pack("{s:o}", "error", json_text(text)));
}

int
answer_continue(struct request *request)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t size = sizeof(text) - 1;

    return mg_write(request->conn, text, size) == (int)size ? 0 : -1;
}
