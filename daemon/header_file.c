/* SPDX-License-Identifier: MIT */
/* The webhook's own headers. What one has to look like, the library says. */
#include "header_file.h"

#include "secret_file.h"

#include <stdlib.h>
#include <string.h>

/* There may be comments. */
#define LINE_COUNT_MAX (8 * COLLECTOR_WEBHOOK_HEADERS_MAX)

static const char *
take_line(void *userdata, const char *line, unsigned number)
{
    struct header_file *file = userdata;

    if (file->count == COLLECTOR_WEBHOOK_HEADERS_MAX)
        return "expected 32 headers at most";
    file->headers[file->count] = strdup(line);
    if (file->headers[file->count] == NULL)
        return "expected memory for a copy";
    file->lines[file->count++] = number;
    return NULL;
}

int
header_file_read(const char *path, struct header_file *ret_file,
                 struct problem *ret_problem)
{
    memset(ret_file, 0, sizeof(*ret_file));
    return secret_file_read("-webhook-header-file", path, LINE_COUNT_MAX,
                            take_line, ret_file, ret_problem);
}

void
header_file_clear(struct header_file *file)
{
    size_t i;

    for (i = 0; i < file->count; i++) {
        explicit_bzero(file->headers[i], strlen(file->headers[i]));
        free(file->headers[i]);
    }
    memset(file, 0, sizeof(*file));
}
