/* SPDX-License-Identifier: MIT */
/*
 * HTTP framing, as simple as it can be: it trusts neither peer to be fast, and
 * both to be friendly.
 */
#include "wire.h"

#include "support.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/** What one recv() asks for. */
#define READ_SIZE 65536

/** A chunk's size in hexadecimal, an extension not included. */
#define CHUNK_LINE_SIZE 64

void
wire_init(struct wire *wire, int fd)
{
    *wire = (struct wire){.fd = fd};
}

void
wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        (void)close(wire->fd);
    free(wire->buffer);
    *wire = (struct wire){.fd = -1};
}

bool
wire_send(struct wire *wire, const void *bytes, size_t size)
{
    const char *next = bytes;

    while (size > 0) {
        ssize_t sent = send(wire->fd, next, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool
wait_readable(int fd, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms - support_now_ms();
        int rc = poll(&poller, 1, left > 0 ? (int)left : 0);

        if (rc > 0)
            return true;
        if (rc == 0 || errno != EINTR)
            return false;
    }
}

static bool
read_more(struct wire *wire, int64_t deadline_ms)
{
    ssize_t got;

    if (wire->size + READ_SIZE > wire->capacity) {
        size_t capacity = wire->capacity * 2 + READ_SIZE;
        char *buffer;

        if (capacity > WIRE_BUFFER_SIZE * 2)
            return false;
        buffer = realloc(wire->buffer, capacity);
        if (buffer == NULL)
            return false;
        wire->buffer = buffer;
        wire->capacity = capacity;
    }
    if (!wait_readable(wire->fd, deadline_ms))
        return false;
    got = recv(wire->fd, wire->buffer + wire->size, READ_SIZE, 0);
    if (got <= 0)
        return false;
    wire->size += (size_t)got;
    return true;
}

static void
consume(struct wire *wire, size_t size)
{
    wire->size -= size;
    memmove(wire->buffer, wire->buffer + size, wire->size);
}

/** Bytes up to and with the first end mark; 0 when it was not read yet. */
static size_t
find_end(const struct wire *wire, const char *end)
{
    const char *found;

    if (wire->size == 0)
        return 0;
    found = memmem(wire->buffer, wire->size, end, strlen(end));
    return found == NULL ? 0 : (size_t)(found - wire->buffer) + strlen(end);
}

static char *
take_text(struct wire *wire, size_t size)
{
    char *text = malloc(size + 1);

    if (text == NULL)
        return NULL;
    if (size > 0)
        memcpy(text, wire->buffer, size);
    text[size] = '\0';
    consume(wire, size);
    return text;
}

bool
wire_read_head(struct wire *wire, int64_t deadline_ms, char **ret_head)
{
    size_t size;

    while ((size = find_end(wire, "\r\n\r\n")) == 0)
        if (!read_more(wire, deadline_ms))
            return false;
    *ret_head = take_text(wire, size);
    return *ret_head != NULL;
}

static bool
read_exactly(struct wire *wire, int64_t deadline_ms, size_t size,
             char **ret_text)
{
    if (size > WIRE_BUFFER_SIZE + 2) /* with a chunk's line end */
        return false;
    while (wire->size < size)
        if (!read_more(wire, deadline_ms))
            return false;
    *ret_text = take_text(wire, size);
    return *ret_text != NULL;
}

static bool
read_chunk(struct wire *wire, int64_t deadline_ms, char **ret_chunk,
           size_t *ret_size)
{
    char line[CHUNK_LINE_SIZE];
    size_t line_size;
    size_t size;

    while ((line_size = find_end(wire, "\r\n")) == 0)
        if (!read_more(wire, deadline_ms))
            return false;
    if (line_size >= sizeof(line))
        return false;
    memcpy(line, wire->buffer, line_size);
    line[line_size] = '\0';
    size = strtoul(line, NULL, 16);
    consume(wire, line_size);
    if (size > WIRE_BUFFER_SIZE ||
        !read_exactly(wire, deadline_ms, size + 2, ret_chunk))
        return false;
    *ret_size = size;
    return true;
}

static bool
read_chunked(struct wire *wire, int64_t deadline_ms, char **ret_body,
             size_t *ret_size)
{
    char *body = calloc(1, WIRE_BUFFER_SIZE + 1);
    size_t body_size = 0;
    size_t size = 1;
    bool whole = body != NULL;

    while (whole && size > 0) {
        char *chunk = NULL;

        whole = read_chunk(wire, deadline_ms, &chunk, &size) &&
                body_size + size <= WIRE_BUFFER_SIZE;
        if (whole)
            memcpy(body + body_size, chunk, size);
        body_size += size;
        free(chunk);
    }
    if (!whole) {
        free(body);
        return false;
    }
    body[body_size] = '\0';
    *ret_body = body;
    *ret_size = body_size;
    return true;
}

bool
wire_read_body(struct wire *wire, const char *head, int64_t deadline_ms,
               char **ret_body, size_t *ret_size)
{
    char value[64] = "";
    size_t size;

    if (wire_header(head, "Transfer-Encoding", value, sizeof(value)) &&
        strcasecmp(value, "chunked") == 0)
        return read_chunked(wire, deadline_ms, ret_body, ret_size);
    size = wire_header(head, "Content-Length", value, sizeof(value))
               ? strtoul(value, NULL, 10)
               : 0;
    if (!read_exactly(wire, deadline_ms, size, ret_body))
        return false;
    *ret_size = size;
    return true;
}

bool
wire_ends(struct wire *wire, int64_t deadline_ms)
{
    char byte;

    return wire->size == 0 && wait_readable(wire->fd, deadline_ms) &&
           recv(wire->fd, &byte, 1, 0) <= 0;
}

bool
wire_header(const char *head, const char *name, char *value, size_t size)
{
    size_t name_size = strlen(name);
    const char *line;

    for (line = strstr(head, "\r\n"); line != NULL;
         line = strstr(line, "\r\n")) {
        size_t length;

        line += 2;
        if (strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
            continue;
        line += name_size + 1;
        line += strspn(line, " \t");
        length = strcspn(line, "\r\n");
        if (length >= size)
            return false;
        memcpy(value, line, length);
        value[length] = '\0';
        return true;
    }
    return false;
}
