/* SPDX-License-Identifier: MIT */
#ifndef MCP_OUTLET_H
#define MCP_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

/** Where answers go, a line each. Any thread. */
struct outlet;

/**
 * @param fd       Borrowed.
 * @param stop_fd  When this can be read from, nothing more is written;
 * borrowed.
 * @return NULL when out of memory.
 */
struct outlet *
outlet_new(int fd, int stop_fd);

/** Write an answer, and the end of its line. Its own line feeds, which can only
 *  stand between JSON values, become spaces. */
void
outlet_write(struct outlet *outlet, char *text, size_t size);

/** Why no more is written: errno, such as of nobody who reads; ECANCELED when
 * it was told to end; or 0. */
int
outlet_error(struct outlet *outlet);

/** NULL is fine. */
void
outlet_free(struct outlet *outlet);

#endif
