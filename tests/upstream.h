/* SPDX-License-Identifier: MIT */
#ifndef UPSTREAM_H
#define UPSTREAM_H

/*
 * A fake upstream: an HTTP server on a port of its own that remembers every
 * request, and answers as told. Any thread may call any of these functions but
 * upstream_free().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct upstream;

/** What to do with a request, once all of it was read. */
enum upstream_trick {
    UPSTREAM_ANSWER = 0,
    /** Say nothing until the peer goes away. */
    UPSTREAM_HANG,
    /** Close the connection without a word. */
    UPSTREAM_CLOSE,
    /** Announce a longer body than is sent, then close. */
    UPSTREAM_CUT
};

/** How to answer one request. All zero: 200 with an empty body. */
struct upstream_answer {
    enum upstream_trick trick;
    /** 0 is 200. */
    int status;
    /** More header lines, each with its line end; NULL for none. */
    const char *headers;
    /** NULL for none. */
    const char *body;
    /** Not NULL: these bytes instead, and then the end. */
    const char *raw;
    /** Wait this long first. */
    int delay_ms;
    /** Wait for upstream_release() first. */
    bool held;
};

/** A request as it came in. */
struct upstream_request {
    /** Which connection brought it, counted from 1. */
    unsigned connection;
    char method[16];
    char path[256];
    /** With the request line. */
    char *head;
    char *body;
    size_t body_size;
    /** When all of it was there, as support_now_ms() counts. */
    int64_t at_ms;
    /** What it was answered: 0 when it got no whole answer. */
    int status;
};

/** One event in a webhook's body. */
struct upstream_event {
    int64_t id;
    const char *device_id;
    const char *kind;
    /** As compact JSON; NULL for none. */
    const char *payload;
    int64_t ts;
};

/** How to answer a request that was read whole. Called one at a time, on a
 *  thread of the upstream. */
typedef struct upstream_answer (*upstream_judge_fn)(
    void *userdata, const struct upstream_request *request);

typedef void (*upstream_event_fn)(void *userdata,
                                  const struct upstream_request *request,
                                  const struct upstream_event *event);

/** Listen on a free port of 127.0.0.1. */
struct upstream *
upstream_new(void);

/** The same on a given port, where one has stopped; 0 is any. */
struct upstream *
upstream_new_at(int port);

int
upstream_port(const struct upstream *upstream);

/** The URL of a path on it, as text of support.h. */
const char *
upstream_url(const struct upstream *upstream, const char *path);

/** Answer the first request that has no answer yet. The texts are not copied.
 */
void
upstream_script(struct upstream *upstream, struct upstream_answer answer);

/** Answer like that whenever nothing is scripted. */
void
upstream_set_default(struct upstream *upstream, struct upstream_answer answer);

/** Let a judge answer whatever is not scripted; NULL: the default does. */
void
upstream_set_judge(struct upstream *upstream, upstream_judge_fn judge,
                   void *userdata);

/** Let go of all answers that are held, now and later. */
void
upstream_release(struct upstream *upstream);

/** Requests so far, and the i-th of them: NULL when i is too large. A request
 *  never changes, and lives as long as the upstream. */
size_t
upstream_request_count(struct upstream *upstream);
const struct upstream_request *
upstream_request(struct upstream *upstream, size_t i);

/** Whether there are this many requests in time. */
bool
upstream_wait_requests(struct upstream *upstream, size_t count, int timeout_ms);

/** A request's header as text of support.h; NULL when there is none. */
const char *
upstream_header(const struct upstream_request *request, const char *name);

/** The ids that a request is about, from its headers; 0 when there is none. */
int64_t
upstream_first_id(const struct upstream_request *request);
int64_t
upstream_last_id(const struct upstream_request *request);

/** Show all events of all requests, in the order of their arrival. Fails the
 *  test when a body is not what a webhook gets. */
void
upstream_each_event(struct upstream *upstream, upstream_event_fn show,
                    void *userdata);

/** The id up to which all events were answered with 2xx. Fails the test when
 *  an event was first shown out of order, or a gap is left. */
int64_t
upstream_confirmed_id(struct upstream *upstream);

/** Hang up on everybody, and free everything. NULL is fine. */
void
upstream_free(struct upstream *upstream);

#endif
