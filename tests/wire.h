/* SPDX-License-Identifier: MIT */
#ifndef WIRE_H
#define WIRE_H

/*
 * Bytes of HTTP/1.1 on a socket, for both ends: what the client and the fake
 * upstream have in common. Nothing here asserts, so that it can run on any
 * thread; false means that the connection is of no more use.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Larger than any body that a test sends or gets. */
#define WIRE_BUFFER_SIZE (8 * 1024 * 1024)

/** One connection and what was read from it but not used yet. */
struct wire {
    int fd;
    char *buffer;
    size_t size;
    size_t capacity;
};

/** Take over a connected socket. */
void
wire_init(struct wire *wire, int fd);

/** Close it, and free what is left. */
void
wire_close(struct wire *wire);

/** Send all of it. */
bool
wire_send(struct wire *wire, const void *bytes, size_t size);

/**
 * Read up to the empty line that ends a head.
 *
 * @param deadline_ms  As support_now_ms() counts; waits no longer.
 * @param ret_head     Yours to free; set on success only.
 */
bool
wire_read_head(struct wire *wire, int64_t deadline_ms, char **ret_head);

/**
 * Read the body that a head announces: by Content-Length, chunked, or none.
 *
 * @param ret_body  Yours to free; set on success only.
 */
bool
wire_read_body(struct wire *wire, const char *head, int64_t deadline_ms,
               char **ret_body, size_t *ret_size);

/** Whether the peer closes, without another byte, before the deadline. */
bool
wire_ends(struct wire *wire, int64_t deadline_ms);

/** Copy a header's value out of a head; false when there is none. */
bool
wire_header(const char *head, const char *name, char *value, size_t size);

#endif
