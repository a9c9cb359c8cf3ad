/* SPDX-License-Identifier: MIT */
/*
 * Lines of a bounded length. What is kept of a longer one is nothing: it is
 * skipped up to its end, and the next line is read as if it had not been.
 */
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is read at once; most lines are shorter. */
#define STEP_SIZE 4096

struct lines {
    int fd;
    size_t size_max;
    /** capacity bytes, of which size have come and at were taken. */
    char *bytes;
    size_t capacity;
    size_t size;
    size_t at;
    /** Up to here there is no line feed. */
    size_t searched;
    /** The line has been too long already. */
    bool skipping;
    bool ended;
};

struct lines *
lines_new(int fd, size_t size_max)
{
    struct lines *lines = calloc(1, sizeof(*lines));

    if (lines == NULL)
        return NULL;
    lines->fd = fd;
    lines->size_max = size_max;
    return lines;
}

/** Forget what was taken, and make room for a step. */
static int
make_room(struct lines *lines)
{
    char *bytes;

    if (lines->at > 0) {
        memmove(lines->bytes, lines->bytes + lines->at,
                lines->size - lines->at);
        lines->size -= lines->at;
        lines->searched -= lines->at;
        lines->at = 0;
    }
    if (lines->capacity - lines->size >= STEP_SIZE)
        return 0;
    bytes = realloc(lines->bytes, lines->capacity * 2 + STEP_SIZE);
    if (bytes == NULL)
        return -1;
    lines->bytes = bytes;
    lines->capacity = lines->capacity * 2 + STEP_SIZE;
    return 0;
}

int
lines_read(struct lines *lines)
{
    ssize_t count;

    if (make_room(lines) < 0)
        return -1;
    do
        count = read(lines->fd, lines->bytes + lines->size, STEP_SIZE);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return -1;
    lines->ended = count == 0;
    lines->size += (size_t)count;
    return 0;
}

/** Take what is there without an end, when no end can make a line of it. */
static enum lines_step
wait_for_more(struct lines *lines)
{
    const bool skipping = lines->skipping;

    lines->searched = lines->size;
    if (lines->size - lines->at <= lines->size_max && !skipping)
        return LINES_WAIT;
    lines->at = lines->size;
    lines->skipping = true;
    return skipping ? LINES_WAIT : LINES_TOO_LONG;
}

/** Take the line that ends there. @return LINES_WAIT for the rest of one that
 *  is skipped. */
static enum lines_step
take(struct lines *lines, size_t end, const char **ret_line, size_t *ret_size)
{
    const size_t begin = lines->at;
    const bool skipping = lines->skipping;

    lines->at = end < lines->size ? end + 1 : end;
    lines->searched = lines->at;
    lines->skipping = false;
    if (skipping)
        return LINES_WAIT;
    if (end - begin > lines->size_max)
        return LINES_TOO_LONG;
    *ret_line = lines->bytes + begin;
    *ret_size = end - begin;
    return LINES_LINE;
}

/** Where the line ends that begins where others were taken; size if it has no
 *  end yet. */
static size_t
find_end(const struct lines *lines)
{
    const char *feed = NULL;

    if (lines->searched < lines->size)
        feed = memchr(lines->bytes + lines->searched, '\n',
                      lines->size - lines->searched);
    return feed != NULL ? (size_t)(feed - lines->bytes) : lines->size;
}

enum lines_step
lines_next(struct lines *lines, const char **ret_line, size_t *ret_size)
{
    enum lines_step step;

    do {
        const size_t end = find_end(lines);

        if (end == lines->size && !lines->ended)
            return wait_for_more(lines);
        if (lines->at == lines->size)
            return LINES_END;
        step = take(lines, end, ret_line, ret_size);
    } while (step == LINES_WAIT);
    return step;
}

void
lines_free(struct lines *lines)
{
    if (lines == NULL)
        return;
    free(lines->bytes);
    free(lines);
}
