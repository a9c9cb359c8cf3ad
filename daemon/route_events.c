/* SPDX-License-Identifier: MIT */
/*
 * POST /events. All checks that need only the head come first, so that nobody
 * sends a megabyte to be refused; the receipt leaves after the library has
 * said that the events are kept.
 */
#include "answer.h"
#include "body.h"
#include "decimal.h"
#include "failure.h"
#include "routes.h"

#include <collector/error.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Receipts of up to about 25 events are written without a malloc. */
#define RECEIPT_STACK_SIZE 640

/* Around the ids: {"accepted":10000,"ids":[]} and a line feed. */
#define RECEIPT_FRAME_SIZE 64

/* Says that the receipt is that of an earlier request with the same key. */
#define REPLAYED "Idempotency-Replayed: true\r\n"

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

static size_t
write_receipt(const struct collector_receipt *receipt, char *text)
{
    char *end = stpcpy(text, "{\"accepted\":");
    uint64_t i;

    end = decimal_write(end, receipt->count);
    end = stpcpy(end, ",\"ids\":[");
    for (i = 0; i < receipt->count; i++) {
        if (i > 0)
            *end++ = ',';
        end = decimal_write(end, (uint64_t)receipt->first_id + i);
    }
    end = stpcpy(end, "]}\n");
    return (size_t)(end - text);
}

static void
answer_receipt(struct request *request, const struct collector_receipt *receipt)
{
    char stack[RECEIPT_STACK_SIZE];
    size_t size_max =
        RECEIPT_FRAME_SIZE + (size_t)receipt->count * (DECIMAL_SIZE_MAX + 1);
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
    answer_text(request, 200, receipt->duplicate ? REPLAYED : NULL,
                heap != NULL ? heap : stack,
                write_receipt(receipt, heap != NULL ? heap : stack));
    free(heap);
}

static void
refuse_unframed(struct request *request)
{
    /* What follows, if anything, is a body and not the next request. */
    request->keep_alive = false;
    answer_error(request, 411, NULL, "Content-Length is required");
}

/* 0 with a body, -1 when the request has been answered. */
static int
receive(struct request *request, char **ret_text, size_t *ret_size)
{
    if (request->idempotency_key_count > 1) {
        answer_error(request, 400, NULL, "more than one Idempotency-Key");
        return -1;
    }
    if (request->framing == REQUEST_NO_BODY) {
        refuse_unframed(request);
        return -1;
    }
    if (body_read(request, ret_text, ret_size) < 0)
        return -1;
    if (*ret_size > 0)
        return 0;
    free(*ret_text);
    answer_error(request, 400, NULL, "the body is empty");
    return -1;
}

/* Whether it was the storage that took the time: what is malformed, or no event
 * at all, never got there. */
static bool
is_append(int rc, const struct collector_receipt *receipt)
{
    if (rc == COLLECTOR_OK)
        return receipt->count > 0;
    return rc != COLLECTOR_ERR_INVALID && rc != COLLECTOR_ERR_TOO_BIG;
}

void
route_events(struct request *request)
{
    struct collector_receipt receipt;
    const char *key =
        request->idempotency_key_count > 0 ? request->idempotency_key : NULL;
    struct collector_problem problem = {.index = -1};
    char *text = NULL;
    uint64_t began_ns;
    size_t size;
    int rc;

    if (receive(request, &text, &size) < 0)
        return;
    began_ns = latency_now_ns();
    rc = collector_store_append_json(request->store, text, size,
                                     form_of(request->content_type), key,
                                     &receipt, &problem);
    if (is_append(rc, &receipt))
        latency_note_since(request->append_latency, began_ns);
    free(text);
    if (rc != COLLECTOR_OK) {
        failure_answer(request, rc, &problem, NULL);
        return;
    }
    if (receipt.count > 0 && !receipt.duplicate)
        atomic_store(request->full_at, 0); /* there was room */
    answer_receipt(request, &receipt);
}
