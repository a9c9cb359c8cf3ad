/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_HTTP_CLIENT_H
#define LOADGEN_HTTP_CLIENT_H

#include "address.h"
#include "http_answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What came of moving bytes. */
enum http_progress {
    /** The request is sent, or the answer is there. */
    HTTP_DONE,
    /** The socket has to become ready first. */
    HTTP_AGAIN,
    /** The connection failed, or ended before the answer did. */
    HTTP_BROKEN,
    /** The answer is none; see its problem. */
    HTTP_MALFORMED
};

/** One connection that never blocks, with one request at a time on it. One
 *  thread. */
struct http_client {
    /** -1 when it is closed. */
    int fd;
    /** The request, and how much of it was sent. */
    const char *request;
    size_t request_size;
    size_t sent_size;
    /** What was read of the answer. */
    char *answer;
    size_t answer_size;
    size_t body_size_max;
    /** Of HTTP_BROKEN: an errno, or 0 when the server hung up. */
    int error;
};

/** A closed one. 0, or -1 without memory. */
int
http_client_init(struct http_client *client, size_t body_size_max);

/** Close it, and free what it has. All zero is fine. */
void
http_client_release(struct http_client *client);

/** Begin to connect: what is written waits for it. 0, or -1 when that is not
 *  possible, and HTTP_BROKEN's error is set. */
int
http_client_connect(struct http_client *client, const struct address *address);

/** Prepare to send a request, which is borrowed until its answer is there, and
 *  forget the answer before. */
void
http_client_prepare(struct http_client *client, const char *request,
                    size_t size);

/** Send what the socket takes. */
enum http_progress
http_client_write(struct http_client *client);

/**
 * Read once.
 *
 * @param ret_answer  As http_answer_parse() sets it; its body is valid until
 *                    the next call.
 */
enum http_progress
http_client_read(struct http_client *client, struct http_answer *ret_answer);

/** Hang up. */
void
http_client_close(struct http_client *client);

/** Why the connection is broken, in words. */
const char *
http_client_problem(const struct http_client *client);

/**
 * Connect, send a request, and wait for its answer; the only call that waits.
 *
 * @return HTTP_DONE, HTTP_BROKEN (error ETIMEDOUT when it took too long) or
 *         HTTP_MALFORMED.
 */
enum http_progress
http_client_exchange(struct http_client *client, const struct address *address,
                     const char *request, unsigned timeout_ms,
                     struct http_answer *ret_answer);

#endif
