/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_HTTP_ANSWER_H
#define LOADGEN_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a head: many times what a collector sends. */
#define HTTP_HEAD_SIZE_MAX 4096

/** A longer Retry-After counts as this: an hour. */
#define HTTP_RETRY_S_MAX 3600

/** One answer; its body lies in the bytes that were parsed. */
struct http_answer {
    int status;
    const char *body;
    size_t body_size;
    /** Retry-After in seconds; 0 when there is none. */
    unsigned retry_s;
    /** The server ends the connection after it. */
    bool close;
    /** With HTTP_ANSWER_MALFORMED: what is wrong, a static text. */
    const char *problem;
};

/** What bytes are so far. */
enum http_answer_form {
    HTTP_ANSWER_WHOLE,
    HTTP_ANSWER_PART,
    HTTP_ANSWER_MALFORMED
};

/**
 * Parse all that has come in since the request. Strict: HTTP/1.1, a
 * Content-Length, nothing behind the body, and no guesses.
 *
 * @param body_size_max  A longer body is malformed.
 * @param ret_answer     Set with HTTP_ANSWER_WHOLE; with MALFORMED only its
 *                       problem is.
 */
enum http_answer_form
http_answer_parse(const char *bytes, size_t size, size_t body_size_max,
                  struct http_answer *ret_answer);

#endif
