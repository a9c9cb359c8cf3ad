/* SPDX-License-Identifier: MIT */
/*
 * An upstream as the README describes it: one integer for each collector tells
 * what is new, what was there before, and what is missing. It reads bodies
 * whole, but not their JSON: what is measured is who sends.
 */
#include "counter.h"

#include "console.h"
#include "fault.h"
#include "listener.h"
#include "measurement.h"
#include "quantity.h"
#include "signals.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Collectors that are told apart; more are turned away. */
#define COLLECTOR_COUNT_MAX 256

/* Bytes of a collector's UUID, with its NUL. */
#define COLLECTOR_ID_SIZE 37

/* CivetWeb's threads have too small a stack for this. */
#define PIECE_SIZE 65536

/* Connections of the measurement -count. */
#define THREAD_COUNT 64

struct collector_seen {
    char id[COLLECTOR_ID_SIZE];
    uint64_t last_id;
};

/** A batch, as its head describes it. */
struct arrival {
    const char *collector_id;
    uint64_t first_id;
    uint64_t last_id;
    uint64_t body_size;
};

struct counter {
    struct listener *listener;
    pthread_mutex_t mutex;
    struct counter_figures figures;
    struct collector_seen seen[COLLECTOR_COUNT_MAX];
};

/** What is known of a collector: for one that is new, that nothing is missing.
 *  NULL when there are too many. The lock is held. */
static struct collector_seen *
find(struct counter *counter, const struct arrival *arrival)
{
    struct collector_seen *seen = counter->seen;
    unsigned i;

    for (i = 0; i < counter->figures.collector_count; i++, seen++)
        if (strcmp(seen->id, arrival->collector_id) == 0)
            return seen;
    if (i == COLLECTOR_COUNT_MAX)
        return NULL;
    counter->figures.collector_count++;
    (void)snprintf(seen->id, sizeof(seen->id), "%s", arrival->collector_id);
    seen->last_id = arrival->first_id - 1;
    return seen;
}

/** Count a batch that came whole. False when its collector is one too many. */
static bool
note(struct counter *counter, const struct arrival *arrival)
{
    const uint64_t count = arrival->last_id - arrival->first_id + 1;
    struct counter_figures *figures = &counter->figures;
    struct collector_seen *seen;
    uint64_t new_count = 0;

    (void)pthread_mutex_lock(&counter->mutex);
    seen = find(counter, arrival);
    if (seen != NULL) {
        if (arrival->first_id > seen->last_id + 1)
            figures->gap_count++;
        if (arrival->last_id > seen->last_id) {
            new_count = arrival->last_id - seen->last_id;
            new_count = new_count < count ? new_count : count;
            seen->last_id = arrival->last_id;
        }
        figures->request_count++;
        figures->event_count += new_count;
        figures->duplicate_count += count - new_count;
        figures->body_size += arrival->body_size;
    }
    (void)pthread_mutex_unlock(&counter->mutex);
    return seen != NULL;
}

/** Read a body to its end. False when it did not come whole. */
static bool
read_body(struct mg_connection *conn, uint64_t *ret_size)
{
    const long long announced = mg_get_request_info(conn)->content_length;
    char *piece = malloc(PIECE_SIZE);
    uint64_t size = 0;
    int n = -1;

    while (piece != NULL && (n = mg_read(conn, piece, PIECE_SIZE)) > 0)
        size += (uint64_t)n;
    free(piece);
    *ret_size = size;
    return n == 0 && (announced < 0 || size == (uint64_t)announced);
}

static bool
read_id(const struct mg_connection *conn, const char *name, uint64_t *ret_id)
{
    const char *text = mg_get_header(conn, name);

    return text != NULL && quantity_number(text, ret_id) && *ret_id > 0;
}

/** Read what the head says of the batch. */
static bool
read_head(const struct mg_connection *conn, struct arrival *arrival)
{
    arrival->collector_id = mg_get_header(conn, "X-Collector-Id");
    return arrival->collector_id != NULL &&
           strlen(arrival->collector_id) == COLLECTOR_ID_SIZE - 1 &&
           read_id(conn, "X-Collector-First-Id", &arrival->first_id) &&
           read_id(conn, "X-Collector-Last-Id", &arrival->last_id) &&
           arrival->last_id >= arrival->first_id;
}

static int
answer(struct mg_connection *conn, int status, const char *reason)
{
    char text[128];
    const int size =
        snprintf(text, sizeof(text),
                 "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status, reason);

    (void)mg_write(conn, text, (size_t)size); /* it is sent again if lost */
    return status;
}

static int
begin_request(struct mg_connection *conn)
{
    struct counter *counter = listener_userdata(conn);
    struct arrival arrival;

    if (!read_body(conn, &arrival.body_size))
        return answer(conn, 400, "Bad Request");
    if (!read_head(conn, &arrival))
        return answer(conn, 422, "Unprocessable Entity");
    if (!note(counter, &arrival))
        return answer(conn, 503, "Service Unavailable");
    return answer(conn, 200, "OK");
}

static int
log_message(const struct mg_connection *conn, const char *message)
{
    (void)conn;
    console_log(COLLECTOR_LOG_WARNING, "http: %s", message);
    return 1;
}

int
counter_start(const struct address *address, unsigned thread_count,
              struct counter **ret_counter)
{
    struct counter *counter = calloc(1, sizeof(*counter));
    const struct listener_handlers handlers = {
        .begin_request = begin_request,
        .log_message = log_message,
        .userdata = counter,
    };

    if (counter == NULL)
        return fault("out of memory");
    (void)pthread_mutex_init(&counter->mutex, NULL); /* can't fail on Linux */
    counter->listener = listener_start(&handlers, address, thread_count);
    if (counter->listener == NULL) {
        counter_stop(counter);
        return fault("can't listen on %s:%u", address->host, address->port);
    }
    *ret_counter = counter;
    return 0;
}

uint16_t
counter_port(const struct counter *counter)
{
    return listener_port(counter->listener);
}

void
counter_read(struct counter *counter, struct counter_figures *ret_figures)
{
    (void)pthread_mutex_lock(&counter->mutex);
    *ret_figures = counter->figures;
    (void)pthread_mutex_unlock(&counter->mutex);
}

void
counter_stop(struct counter *counter)
{
    if (counter == NULL)
        return;
    listener_stop(counter->listener, NULL);
    (void)pthread_mutex_destroy(&counter->mutex); /* nobody holds it */
    free(counter);
}

/** Say what came, as one line. */
static int
print_figures(const struct counter_figures *figures, bool json)
{
    json_t *report;

    if (!json) {
        (void)printf("%" PRIu64 " events of %u collectors in %" PRIu64
                     " requests, %" PRIu64 " bytes; %" PRIu64 " gaps, %" PRIu64
                     " duplicates\n",
                     figures->event_count, figures->collector_count,
                     figures->request_count, figures->body_size,
                     figures->gap_count, figures->duplicate_count);
        return fflush(stdout);
    }
    report = json_pack(
        "{s:s, s:[{s:I, s:i, s:I, s:I, s:I, s:I}]}", "measurement", "count",
        "cells", "events", (json_int_t)figures->event_count, "collectors",
        (int)figures->collector_count, "requests",
        (json_int_t)figures->request_count, "body_bytes",
        (json_int_t)figures->body_size, "gaps", (json_int_t)figures->gap_count,
        "duplicates", (json_int_t)figures->duplicate_count);
    if (report == NULL)
        return fault("out of memory");
    (void)json_dumpf(report, stdout, JSON_COMPACT); /* fflush() fails as well */
    json_decref(report);
    (void)putchar('\n');
    return fflush(stdout);
}

int
measure_counter(const struct options *options)
{
    struct counter_figures figures;
    struct counter *counter = NULL;
    sigset_t before;

    signals_block(&before);
    if (counter_start(&options->listen, THREAD_COUNT, &counter) < 0)
        return 1;
    assert(counter != NULL);
    console_log(COLLECTOR_LOG_INFO, "listening on %s:%u", options->listen.host,
                counter_port(counter));
    (void)signals_wait();
    counter_read(counter, &figures);
    counter_stop(counter);
    return print_figures(&figures, options->json) == 0 ? 0 : 1;
}
