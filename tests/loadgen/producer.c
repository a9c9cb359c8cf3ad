/* SPDX-License-Identifier: MIT */
/* What one producer says and hears. It repeats what was refused for now, and
 * never what may have been kept: events have no second copy. */
#include "producer.h"

#include "decimal.h"

#include <stdlib.h>
#include <string.h>

/* The head, with the largest length and token. */
#define HEAD_SIZE_MAX 640

/* Of a 503 that does not say it. */
#define RETRY_MS_DEFAULT 1000

/* As much of an answer as is shown. */
#define SHOWN_SIZE 80

static const char head_start[] = "POST /events HTTP/1.1\r\n"
                                 "Content-Type: application/json\r\n";
static const char head_host[] = "Host: ";
static const char head_length[] = "\r\nContent-Length: ";
static const char head_end[] = "\r\n\r\n";

/** Write events where the body begins, and return its end. */
static char *
write_body(const struct producer *producer, char *end)
{
    const struct producer_options *options = producer->options;
    const uint64_t first_n = (uint64_t)producer->request * options->batch;
    unsigned i;

    if (options->batch > 1)
        *end++ = '[';
    for (i = 0; i < options->batch; i++) {
        if (i > 0)
            *end++ = ',';
        end += telemetry_write_event(&options->telemetry, producer->number,
                                     first_n + i, end);
    }
    if (options->batch > 1)
        *end++ = ']';
    return end;
}

static size_t
write_head(const struct producer *producer, size_t body_size, char *text)
{
    char *end = stpcpy(text, head_start);

    if (producer->options->authorization != NULL)
        end = stpcpy(end, producer->options->authorization);
    end = stpcpy(end, head_host);
    end = stpcpy(end, producer->options->host);
    end = stpcpy(end, head_length);
    end = decimal_write(end, body_size);
    end = stpcpy(end, head_end);
    return (size_t)(end - text);
}

static void
write_request(struct producer *producer)
{
    char *body = producer->buffer + HEAD_SIZE_MAX;
    char *end = write_body(producer, body);
    char head[HEAD_SIZE_MAX];
    size_t head_size = write_head(producer, (size_t)(end - body), head);

    memcpy(body - head_size, head, head_size);
    producer->text = body - head_size;
    producer->text_size = (size_t)(end - producer->text);
}

int
producer_init(struct producer *producer, const struct producer_options *options,
              unsigned number)
{
    /* Beside each event a comma or a bracket, and one bracket more. */
    const size_t body_size_max =
        options->batch * (size_t)(TELEMETRY_EVENT_SIZE_MAX + 1) + 1;

    *producer = (struct producer){.options = options, .number = number};
    producer->buffer = malloc(HEAD_SIZE_MAX + body_size_max);
    if (producer->buffer == NULL)
        return -1;
    write_request(producer);
    return 0;
}

void
producer_release(struct producer *producer)
{
    free(producer->buffer);
    producer->buffer = NULL;
}

void
producer_advance(struct producer *producer)
{
    producer->request++;
    write_request(producer);
}

static void
keep_receipt(const struct producer *producer, int64_t first_id,
             struct tally *tally)
{
    const struct receipt receipt = {
        .first_id = first_id,
        .request = producer->request,
        .producer = (uint16_t)producer->number,
        .count = (uint16_t)producer->options->batch,
    };

    if (receipts_add(&tally->receipts, &receipt) == 0)
        return;
    tally->failures++;
    trouble_note(&tally->troubles, TROUBLE_MEMORY, "producer %u, id %lld",
                 producer->number, (long long)first_id);
}

static void
confirm(struct producer *producer, const struct http_answer *answer,
        uint64_t latency_ns, struct tally *tally)
{
    const char *problem = NULL;
    int64_t first_id = 0;

    if (producer->options->receipts)
        problem = receipts_read(answer->body, answer->body_size,
                                producer->options->batch, &first_id);
    if (problem != NULL) {
        tally->failures++;
        tally->unknown++;
        trouble_note(&tally->troubles, TROUBLE_RECEIPT, "%s: %.*s", problem,
                     (int)strnlen(answer->body, answer->body_size < SHOWN_SIZE
                                                    ? answer->body_size
                                                    : SHOWN_SIZE),
                     answer->body);
        return;
    }
    tally->requests++;
    tally->accepted += producer->options->batch;
    histogram_add(&tally->latency, latency_ns);
    if (producer->options->receipts)
        keep_receipt(producer, first_id, tally);
}

static void
count_refusal(const struct http_answer *answer, struct tally *tally)
{
    tally->failures++;
    trouble_note(
        &tally->troubles, TROUBLE_STATUS, "%d %.*s", answer->status,
        (int)(answer->body_size < SHOWN_SIZE ? answer->body_size : SHOWN_SIZE),
        answer->body);
}

uint64_t
producer_take(struct producer *producer, const struct http_answer *answer,
              uint64_t latency_ns, struct tally *tally)
{
    if (answer->status == 503) {
        tally->backpressure++;
        return answer->retry_s > 0 ? answer->retry_s * UINT64_C(1000)
                                   : RETRY_MS_DEFAULT;
    }
    if (answer->status == 200)
        confirm(producer, answer, latency_ns, tally);
    else
        count_refusal(answer, tally);
    producer_advance(producer);
    return 0;
}
