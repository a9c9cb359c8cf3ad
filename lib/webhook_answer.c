/* SPDX-License-Identifier: MIT */
/*
 * What an HTTP answer means for a batch. Only one that has a status and came
 * whole counts, and libcurl is not strict about either: a line that only begins
 * like a status line counts as 200, and a connection that is closed in the
 * middle of the headers as an answer without a body.
 */
#include "webhook_answer.h"

#include <stdio.h>
#include <string.h>

/* Bytes of an answer that are read, and thrown away, before the exchange is
 * broken off. It must have room for an upstream that echoes the largest batch:
 * broken off means sent again. */
#define BODY_SIZE_MAX (2 * COLLECTOR_BATCH_BYTES_MAX)

/* How a status line begins, and the digits of a status. */
static const char version[] = "HTTP/";
#define STATUS_DIGITS 3

/** The status in a status line; 0 when there is none. */
static int
status_of(const char *line, size_t size)
{
    const char *at = memchr(line, ' ', size);
    int status = 0;
    int digits;

    if (at == NULL || (size_t)(line + size - at) <= STATUS_DIGITS + 1)
        return 0;
    for (digits = 0; digits < STATUS_DIGITS; digits++) {
        at++;
        if (*at < '0' || *at > '9')
            return 0;
        status = status * 10 + (*at - '0');
    }
    return at[1] == ' ' || at[1] == '\r' || at[1] == '\n' ? status : 0;
}

void
collector__webhook_answer_line(struct collector__webhook_answer *answer,
                               const char *line, size_t size)
{
    if (size > strlen(version) && memcmp(line, version, strlen(version)) == 0)
        answer->status = status_of(line, size);
    answer->head_complete = size > 0 && size <= 2 && line[size - 1] == '\n' &&
                            (size == 1 || line[0] == '\r');
}

bool
collector__webhook_answer_body(struct collector__webhook_answer *answer,
                               size_t size)
{
    answer->body_size += size;
    return answer->body_size <= BODY_SIZE_MAX;
}

/** What an HTTP status means for the batch. */
static enum collector_delivery_result
result_of(long status)
{
    if (status >= 200 && status <= 299)
        return COLLECTOR_DELIVERED;
    if (status == 400 || status == 413 || status == 415 || status == 422)
        return COLLECTOR_REJECTED;
    return COLLECTOR_RETRY;
}

void
collector__webhook_answer_judge(const struct collector__webhook_answer *answer,
                                long taken_status,
                                struct collector_delivery *delivery)
{
    const char *fault = NULL;

    if (answer->status != taken_status)
        fault = "the answer has no status";
    else if (!answer->head_complete)
        fault = "the answer breaks off";
    delivery->result =
        fault == NULL ? result_of(answer->status) : COLLECTOR_RETRY;
    if (fault != NULL)
        (void)snprintf(delivery->error, sizeof(delivery->error), "%s", fault);
    else if (delivery->result != COLLECTOR_DELIVERED)
        (void)snprintf(delivery->error, sizeof(delivery->error), "HTTP %d",
                       answer->status);
}
