/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_H
#define CLIENT_H

/*
 * An HTTP client that can misbehave. Functions that return bool do not assert:
 * false means that the connection is of no more use. A client is used by one
 * thread at a time.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A collector's answer. */
struct response {
    int status;
    /** With the status line. */
    char head[4096];
    /** Ends with NUL; as long as the ids of the largest request need. */
    char body[192 * 1024];
    size_t body_size;
};

struct client;

/** Connect to 127.0.0.1; NULL when nobody listens. */
struct client *
client_new(int port);

/** Connect, and fail the test when nobody listens. */
struct client *
client_open(int port);

/** Send bytes, or text made like printf does. */
bool
client_send(struct client *client, const void *bytes, size_t size);
bool
client_print(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Send POST /events with a Content-Length and this body. */
bool
client_post(struct client *client, const char *json);

/** Read one answer, 100 Continue included. */
bool
client_read(struct client *client, struct response *response);

/** Read the answer to a HEAD: it has no body, whatever it announces. */
bool
client_read_head(struct client *client, struct response *response);

/** Read one answer, and its body, which is not text, into a new file. */
bool
client_read_file(struct client *client, struct response *response,
                 const char *path);

/** Read on to the end of the connection, within SUPPORT_WAIT_MS, and say how
 *  much there was after the last that was read. */
size_t
client_drain(struct client *client);

/** Whether nothing came in for this long. */
bool
client_is_silent(struct client *client, int timeout_ms);

/** Say that nothing more will be sent. */
void
client_finish(struct client *client);

/** Whether the collector closes the connection within SUPPORT_WAIT_MS. */
bool
client_is_closed(struct client *client);

/** Hang up. NULL is fine. */
void
client_free(struct client *client);

/** One request on a connection of its own. Fails the test when there is no
 *  answer. headers: lines with their line ends, or NULL; body: or NULL. */
void
http_request(int port, const char *method, const char *path,
             const char *headers, const char *body, struct response *response);

void
http_get(int port, const char *path, struct response *response);

/** The body of the answer to a GET, however long, as text of support.h. Fails
 *  the test when it is not a 200. */
const char *
http_get_long(int port, const char *path);

/** POST /events. */
void
http_post_events(int port, const char *json, struct response *response);

/** Whatever the bytes are, then the answer. */
void
http_send_raw(int port, const char *bytes, size_t size,
              struct response *response);

/** A header of an answer as text of support.h; NULL when there is none. */
const char *
response_header(const struct response *response, const char *name);

/** The body as JSON; yours to free. Fails the test when it is not JSON. */
json_t *
response_json(const struct response *response);

/** A member of the body, found by names with dots between them. Fails the test
 *  when it is missing or of another type. Text is of support.h. */
int64_t
response_int(const struct response *response, const char *path);
bool
response_bool(const struct response *response, const char *path);
const char *
response_text(const struct response *response, const char *path);

#endif
