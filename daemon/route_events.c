/* SPDX-License-Identifier: MIT */
/*
 * POST /events. All checks that need only the head come first, so that nobody
 * sends a megabyte to be refused; the receipt leaves after the library has
 * said that the events are kept.
 */
#include "answer.h"
#include "body.h"
#include "routes.h"

#include <collector/error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits of the largest id, and a comma. */
#define ID_SIZE_MAX 20

/* Receipts of up to about 25 events are written without a malloc. */
#define RECEIPT_STACK_SIZE 640

/* Around the ids: {"accepted":10000,"ids":[]} and a line feed. */
#define RECEIPT_FRAME_SIZE 64

static enum collector_json_form
form_of(const char *content_type)
{
    static const char lines[] = "application/x-ndjson";
    size_t size = sizeof(lines) - 1;

    if (content_type != NULL && strncasecmp(content_type, lines, size) == 0 &&
        strchr("; \t", content_type[size]) != NULL)
        return COLLECTOR_JSON_LINES; /* strchr() also finds the NUL */
    return COLLECTOR_JSON_DOCUMENT;
}

static char *
write_number(char *end, uint64_t number)
{
    char digits[ID_SIZE_MAX];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *end++ = digits[--count];
    return end;
}

static size_t
write_receipt(const struct collector_receipt *receipt, char *text)
{
    char *end = stpcpy(text, "{\"accepted\":");
    uint64_t i;

    end = write_number(end, receipt->count);
    end = stpcpy(end, ",\"ids\":[");
    for (i = 0; i < receipt->count; i++) {
        if (i > 0)
            *end++ = ',';
        end = write_number(end, (uint64_t)receipt->first_id + i);
    }
    end = stpcpy(end, "]}\n");
    return (size_t)(end - text);
}

static void
answer_receipt(struct request *request, const struct collector_receipt *receipt)
{
    char stack[RECEIPT_STACK_SIZE];
    size_t size_max = RECEIPT_FRAME_SIZE + receipt->count * (ID_SIZE_MAX + 1);
    char *heap = NULL;

    if (size_max > sizeof(stack)) {
        heap = malloc(size_max);
        if (heap == NULL) {
            /* The events are kept, so this must not look like a refusal that
             * stored nothing: 500, as for anything half-known. */
            answer_error(request, 500, NULL, "kept, but out of memory");
            return;
        }
    }
    answer_text(request, 200, NULL, heap != NULL ? heap : stack,
                write_receipt(receipt, heap != NULL ? heap : stack));
    free(heap);
}

static void
answer_problem(struct request *request, int status,
               const struct collector_problem *problem)
{
    json_t *json = json_pack("{s:o}", "error", answer_string(problem->text));

    if (json != NULL && problem->index >= 0)
        (void)json_object_set_new(json, "index", json_integer(problem->index));
    answer_json(request, status, NULL, json);
}

static void
answer_full(struct request *request)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(request->store, &stats);
    answer_json(request, 503, ANSWER_RETRY_AFTER,
                json_pack("{s:s, s:I}", "error", "buffer full", "backlog",
                          (json_int_t)stats.pending));
}

static void
answer_refusal(struct request *request, int rc,
               const struct collector_problem *problem)
{
    const char *text = "internal error";

    switch ((enum collector_error)rc) {
    case COLLECTOR_ERR_INVALID:
        answer_problem(request, 400, problem);
        return;
    case COLLECTOR_ERR_TOO_BIG:
        /* A field that is too long is the fault of one event. */
        answer_problem(request, problem->index < 0 ? 413 : 400, problem);
        return;
    case COLLECTOR_ERR_FULL:
        answer_full(request);
        return;
    case COLLECTOR_ERR_CONFLICT:
        answer_error(request, 422, NULL,
                     "Idempotency-Key was used with another body");
        return;
    case COLLECTOR_ERR_NOSPACE:
        text = "disk full";
        break;
    case COLLECTOR_ERR_BUSY:
        text = "busy";
        break;
    case COLLECTOR_ERR_IO:
    case COLLECTOR_ERR_CORRUPT:
        text = "storage error";
        break;
    case COLLECTOR_ERR_NOMEM:
        text = "out of memory";
        break;
    case COLLECTOR_OK:
    case COLLECTOR_ERR_LOCKED:
    case COLLECTOR_ERR_FOREIGN:
    case COLLECTOR_ERR_NEWER:
    case COLLECTOR_ERR_CANCELLED:
    case COLLECTOR_ERR_UNSUPPORTED:
    case COLLECTOR_ERR_EXISTS:
        break; /* an append never returns these */
    }
    answer_error(request, 503, ANSWER_RETRY_AFTER, text);
}

static void
refuse_unframed(struct request *request)
{
    /* What follows, if anything, is a body and not the next request. */
    request->keep_alive = false;
    answer_error(request, 411, NULL, "Content-Length is required");
}

/* 0 when the head is fine, and the body may come. */
static int
refuse_by_head(struct request *request)
{
    if (request->body_encoded)
        answer_error(request, 415, NULL, "Content-Encoding is not supported");
    else if (request->framing == REQUEST_NO_BODY)
        refuse_unframed(request);
    else if (request->framing == REQUEST_SIZED &&
             request->body_size > COLLECTOR_APPEND_TEXT_SIZE_MAX)
        answer_error(request, 413, NULL, "the body is over 1 MiB");
    else if (request->expectation_unknown)
        answer_error(request, 417, NULL, "only 100-continue can be expected");
    else
        return 0;
    return -1;
}

/* 0 with the body, -1 when the request has been answered. */
static int
receive(struct request *request, char **ret_text, size_t *ret_size)
{
    if (request->continue_expected && request->body_pending) {
        /* When the client is gone, reading fails as well. */
        (void)answer_continue(request);
        request->continue_expected = false;
    }
    switch (body_read(request, COLLECTOR_APPEND_TEXT_SIZE_MAX, ret_text,
                      ret_size)) {
    case BODY_COMPLETE:
        if (*ret_size > 0)
            return 0;
        free(*ret_text);
        answer_error(request, 400, NULL, "the body is empty");
        return -1;
    case BODY_TOO_BIG:
        answer_error(request, 413, NULL, "the body is over 1 MiB");
        return -1;
    case BODY_BROKEN:
        answer_error(request, 400, NULL,
                     "the body ends early, or its chunks are malformed");
        return -1;
    case BODY_TOO_SLOW:
        answer_error(request, 408, NULL, "the body took too long");
        return -1;
    case BODY_NO_MEMORY:
        answer_error(request, 503, ANSWER_RETRY_AFTER, "out of memory");
        return -1;
    }
    return -1;
}

void
route_events(struct request *request)
{
    struct collector_receipt receipt;
    struct collector_problem problem = {.index = -1};
    char *text = NULL;
    size_t size;
    int rc;

    if (refuse_by_head(request) < 0 || receive(request, &text, &size) < 0)
        return;
    rc = collector_store_append_json(request->store, text, size,
                                     form_of(request->content_type), NULL,
                                     &receipt, &problem);
    free(text);
    if (rc == COLLECTOR_OK)
        answer_receipt(request, &receipt);
    else
        answer_refusal(request, rc, &problem);
}
