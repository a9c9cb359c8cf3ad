/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_ANSWER_H
#define DAEMON_ANSWER_H

#include "request.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/** The type of most answers. */
#define ANSWER_JSON "application/json"

/** The header of an answer that asks to come again, when it is worth it. */
#define ANSWER_RETRY_AFTER "Retry-After: 1\r\n"

/** Bytes of the headers that an answer may be given: as many as the page's
 *  policy takes. */
#define ANSWER_HEADERS_SIZE_MAX 768

/**
 * Answer a request, in one write unless it is a long one. When the body of the
 * request is still unread, the connection ends with the answer.
 *
 * @param headers  More headers, each ended by CR LF; NULL for none.
 * @param body     JSON and a line feed, size bytes of it; borrowed.
 */
void
answer_text(struct request *request, int status, const char *headers,
            const char *body, size_t size);

/** The same with another type than JSON's. */
void
answer_bytes(struct request *request, int status, const char *type,
             const char *headers, const char *body, size_t size);

/** Until when a client that begins now may take an answer of that size, as
 *  worker_now_ms(). */
int64_t
answer_deadline_ms(uint64_t size);

/**
 * Begin an answer that is too large for that: send its head, and have the
 * caller write size bytes, or break it off.
 *
 * @param type  Its Content-Type.
 * @return 0, or -1 when the client is gone.
 */
int
answer_begin(struct request *request, int status, const char *type,
             const char *headers, uint64_t size);

/** End such an answer early: the client sees that it is not all of it. */
void
answer_break_off(struct request *request);

/** answer_text() with a tree, which is freed; NULL counts as out of memory. */
void
answer_json(struct request *request, int status, const char *headers,
            json_t *json);

/** Answer {"error": text}. */
void
answer_error(struct request *request, int status, const char *headers,
             const char *text);

/**
 * Say that the body may come now.
 *
 * @return 0, or -1 when the client is gone.
 */
int
answer_continue(struct request *request);

#endif
