/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_HEADER_FILE_H
#define DAEMON_HEADER_FILE_H

#include "problem.h"

#include <collector/sink.h>
#include <stddef.h>

/** The headers in a file, and in which lines they stand. Zeroed, none. */
struct header_file {
    char *headers[COLLECTOR_WEBHOOK_HEADERS_MAX];
    unsigned lines[COLLECTOR_WEBHOOK_HEADERS_MAX];
    size_t count;
};

/**
 * Read a file of headers, one a line.
 *
 * @param ret_file     Clear it, whatever is returned.
 * @param ret_problem  Set on failure only.
 * @return 0, or -1.
 */
int
header_file_read(const char *path, struct header_file *ret_file,
                 struct problem *ret_problem);

/** Free the headers, and leave nothing of them behind. */
void
header_file_clear(struct header_file *file);

#endif
