/* SPDX-License-Identifier: MIT */
/*
 * What a producer does, and what a broken one does: requests whole, in pieces
 * and in part.
 */
#include "client.h"

#include "support.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct wire wire;
};

struct client *
client_new(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct client *client;
    int yes = 1;
    int fd;

    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return NULL;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    client = calloc(1, sizeof(*client));
    if (client == NULL)
        abort();
    wire_init(&client->wire, fd);
    return client;
}

struct client *
client_open(int port)
{
    struct client *client = client_new(port);

    ck_assert_msg(client != NULL, "nobody listens on port %d", port);
    return client;
}

bool
client_send(struct client *client, const void *bytes, size_t size)
{
    return wire_send(&client->wire, bytes, size);
}

bool
client_print(struct client *client, const char *format, ...)
{
    va_list args;
    char *text = NULL;
    bool sent;
    int size;

    va_start(args, format);
    size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0)
        abort();
    sent = client_send(client, text, (size_t)size);
    free(text);
    return sent;
}

bool
client_post(struct client *client, const char *json)
{
    return client_print(client,
                        "POST /events HTTP/1.1\r\nHost: box\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(json), json);
}

static bool
read_answer(struct client *client, bool has_body, struct response *response)
{
    int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    char *head = NULL;
    char *body = NULL;
    bool whole;

    memset(response, 0, sizeof(*response));
    whole = wire_read_head(&client->wire, deadline_ms, &head) &&
            strlen(head) < sizeof(response->head) &&
            sscanf(head, "HTTP/1.1 %d", &response->status) == 1;
    if (whole) {
        memcpy(response->head, head, strlen(head) + 1);
        if (has_body && response->status / 100 != 1)
            whole = wire_read_body(&client->wire, head, deadline_ms, &body,
                                   &response->body_size);
    }
    if (whole && body != NULL) {
        whole = response->body_size < sizeof(response->body);
        if (whole)
            memcpy(response->body, body, response->body_size);
    }
    free(head);
    free(body);
    return whole;
}

bool
client_read(struct client *client, struct response *response)
{
    return read_answer(client, true, response);
}

bool
client_read_head(struct client *client, struct response *response)
{
    return read_answer(client, false, response);
}

bool
client_read_file(struct client *client, struct response *response,
                 const char *path)
{
    FILE *file = fopen(path, "wxe");
    char *body = NULL;
    bool whole;

    ck_assert_ptr_nonnull(file);
    whole = client_read_head(client, response) &&
            wire_read_body(&client->wire, response->head,
                           support_now_ms() + SUPPORT_WAIT_MS, &body,
                           &response->body_size);
    if (whole && response->body_size > 0)
        ck_assert_uint_eq(fwrite(body, response->body_size, 1, file), 1);
    ck_assert_int_eq(fclose(file), 0);
    free(body);
    return whole;
}

size_t
client_drain(struct client *client)
{
    const int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    size_t size = client->wire.size; /* read already, and not used */
    char bytes[4096];
    ssize_t got = 1;

    while (got > 0 && support_now_ms() < deadline_ms) {
        got = recv(client->wire.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (got > 0)
            size += (size_t)got;
        else if (got < 0 && errno == EAGAIN) {
            support_pause();
            got = 1;
        }
    }
    return size;
}

bool
client_is_silent(struct client *client, int timeout_ms)
{
    struct pollfd poller = {.fd = client->wire.fd, .events = POLLIN};

    return client->wire.size == 0 && poll(&poller, 1, timeout_ms) == 0;
}

void
client_finish(struct client *client)
{
    (void)shutdown(client->wire.fd, SHUT_WR);
}

bool
client_is_closed(struct client *client)
{
    return wire_ends(&client->wire, support_now_ms() + SUPPORT_WAIT_MS);
}

void
client_free(struct client *client)
{
    if (client == NULL)
        return;
    wire_close(&client->wire);
    free(client);
}

void
http_request(int port, const char *method, const char *path,
             const char *headers, const char *body, struct response *response)
{
    struct client *client = client_open(port);
    const char *text =
        support_format("%s %s HTTP/1.1\r\nHost: box\r\nConnection: close\r\n%s",
                       method, path, headers == NULL ? "" : headers);

    /* The head may be refused, and the connection closed, before the body has
     * gone out: only the answer counts. */
    (void)client_send(client, text, strlen(text));
    if (body != NULL)
        (void)client_print(client, "Content-Length: %zu\r\n\r\n%s",
                           strlen(body), body);
    else
        (void)client_send(client, "\r\n", 2);
    if (strcmp(method, "HEAD") == 0)
        ck_assert(client_read_head(client, response));
    else
        ck_assert_msg(client_read(client, response), "no answer to %s %s",
                      method, path);
    client_free(client);
}

void
http_get(int port, const char *path, struct response *response)
{
    http_request(port, "GET", path, NULL, NULL, response);
}

const char *
http_get_long(int port, const char *path)
{
    int64_t deadline_ms = support_now_ms() + SUPPORT_WAIT_MS;
    struct client *client = client_open(port);
    char *head = NULL;
    char *body = NULL;
    char *text;
    size_t size;

    ck_assert(
        client_print(client, "GET %s HTTP/1.1\r\nHost: box\r\n\r\n", path));
    ck_assert(wire_read_head(&client->wire, deadline_ms, &head));
    ck_assert_contains(head, "HTTP/1.1 200 ");
    ck_assert(wire_read_body(&client->wire, head, deadline_ms, &body, &size));
    text = support_alloc(size + 1);
    memcpy(text, body, size);
    free(head);
    free(body);
    client_free(client);
    return text;
}

void
http_post_events(int port, const char *json, struct response *response)
{
    http_request(port, "POST", "/events", "Content-Type: application/json\r\n",
                 json, response);
}

void
http_send_raw(int port, const char *bytes, size_t size,
              struct response *response)
{
    struct client *client = client_open(port);

    (void)client_send(client, bytes, size); /* as above */
    ck_assert_msg(client_read(client, response), "no answer to %.200s", bytes);
    client_free(client);
}

const char *
response_header(const struct response *response, const char *name)
{
    char value[1024];

    if (!wire_header(response->head, name, value, sizeof(value)))
        return NULL;
    return support_format("%s", value);
}

json_t *
response_json(const struct response *response)
{
    json_error_t error;
    json_t *json = json_loadb(response->body, response->body_size, 0, &error);

    ck_assert_msg(json != NULL, "not JSON (%s): %s", error.text,
                  response->body);
    return json;
}

static json_t *
find_member(json_t *json, const char *path)
{
    char name[64];

    while (json != NULL && *path != '\0') {
        size_t size = strcspn(path, ".");

        if (size >= sizeof(name))
            return NULL;
        memcpy(name, path, size);
        name[size] = '\0';
        json = json_object_get(json, name);
        path += size + (path[size] == '.');
    }
    return json;
}

int64_t
response_int(const struct response *response, const char *path)
{
    json_t *json = response_json(response);
    json_t *member = find_member(json, path);
    int64_t value = json_integer_value(member);

    ck_assert_msg(json_is_integer(member), "no integer %s in %s", path,
                  response->body);
    json_decref(json);
    return value;
}

bool
response_bool(const struct response *response, const char *path)
{
    json_t *json = response_json(response);
    json_t *member = find_member(json, path);
    bool value = json_is_true(member);

    ck_assert_msg(json_is_boolean(member), "no boolean %s in %s", path,
                  response->body);
    json_decref(json);
    return value;
}

const char *
response_text(const struct response *response, const char *path)
{
    json_t *json = response_json(response);
    json_t *member = find_member(json, path);
    const char *value;

    ck_assert_msg(json_is_string(member), "no text %s in %s", path,
                  response->body);
    value = support_format("%s", json_string_value(member));
    json_decref(json);
    return value;
}
