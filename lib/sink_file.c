/* SPDX-License-Identifier: MIT */
/*
 * A sink that appends one JSON object a line to a file. Delivered means synced;
 * a batch is there whole, or cut off again. Standard output can only be
 * written to, and is as durable as whatever reads it.
 */
#include "memory.h"

#include <collector/error.h>
#include <collector/sink.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much of the end is read at once to find the last line feed. */
#define TAIL_SIZE 4096

/* How often a write to a pipe that nobody reads looks for a cancel. */
#define POLL_MS 50

struct file_sink {
    char *path;
    _Atomic bool cancelled;
};

/** Wait until a write of PIPE_BUF bytes can't block. @return 0, or -1 with
 *  errno, which is ECANCELED after a cancel. */
static int
wait_writable(struct file_sink *sink, int fd)
{
    struct pollfd waited = {.fd = fd, .events = POLLOUT};

    while (!atomic_load(&sink->cancelled)) {
        if (poll(&waited, 1, POLL_MS) > 0)
            return 0; /* or broken: the write will say how */
    }
    errno = ECANCELED;
    return -1;
}

static int
write_all(struct file_sink *sink, int fd, const char *text, size_t size)
{
    ssize_t written;

    while (size > 0) {
        if (wait_writable(sink, fd) != 0)
            return -1;
        written = write(fd, text, size < PIPE_BUF ? size : PIPE_BUF);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}

/** Where the last complete line ends; -1 on error. */
static off_t
end_of_lines(int fd, off_t size)
{
    char tail[TAIL_SIZE];
    const char *feed;
    off_t start;
    ssize_t got;

    while (size > 0) {
        start = size > TAIL_SIZE ? size - TAIL_SIZE : 0;
        got = pread(fd, tail, (size_t)(size - start), start);
        if (got != size - start)
            return -1;
        feed = memrchr(tail, '\n', (size_t)got);
        if (feed != NULL)
            return start + (feed - tail) + 1;
        size = start;
    }
    return 0;
}

/** Cut off a line that a crash left unfinished; its event comes again. */
static int
cut_torn_line(int fd, off_t *ret_size)
{
    struct stat status;
    off_t end;

    if (fstat(fd, &status) != 0)
        return -1;
    *ret_size = status.st_size;
    if (!S_ISREG(status.st_mode))
        return 0; /* a pipe or a device has no end to look at */
    end = end_of_lines(fd, status.st_size);
    if (end < 0)
        return -1;
    *ret_size = end;
    return end < status.st_size ? ftruncate(fd, end) : 0;
}

/** Make the name of a new file as durable as its content. */
static int
sync_directory_of(const char *path)
{
    char *copy = collector__memory_text(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_CLOEXEC) : -1;
    int rc = fd >= 0 ? fsync(fd) : -1;

    if (fd >= 0)
        (void)close(fd); /* a directory: nothing was written */
    collector__memory_free(copy);
    return rc;
}

static int
sync_file(int fd)
{
    if (fsync(fd) == 0 || errno == EINVAL) /* a pipe or a device has none */
        return 0;
    return -1;
}

/** Bring the batch to an open file. @return 0, or -1 with errno. */
static int
append(struct file_sink *sink, int fd, const char *text, size_t size)
{
    off_t start;

    if (cut_torn_line(fd, &start) != 0)
        return -1;
    /* First the name, then the lines: what fails must leave none behind. */
    if (start == 0 && sync_directory_of(sink->path) != 0)
        return -1;
    if (write_all(sink, fd, text, size) != 0 || sync_file(fd) != 0) {
        const int why = errno;

        (void)ftruncate(fd, start); /* else the next deliver cuts its end */
        errno = why;
        return -1;
    }
    return 0;
}

static int
append_to_file(struct file_sink *sink, const char *text, size_t size)
{
    int fd = open(sink->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    int rc;

    if (fd < 0)
        return -1;
    rc = append(sink, fd, text, size);
    if (close(fd) != 0)
        rc = -1;
    return rc;
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct file_sink *sink = userdata;
    const char *text;
    size_t size;
    int rc;

    atomic_store(&sink->cancelled, false);
    rc = collector_batch_json(batch, COLLECTOR_BATCH_LINES, &text, &size);
    if (rc != COLLECTOR_OK)
        return rc;
    rc = strcmp(sink->path, "-") == 0
             ? write_all(sink, STDOUT_FILENO, text, size)
             : append_to_file(sink, text, size);
    if (rc == 0)
        return COLLECTOR_OK;
    if (errno == ECANCELED)
        return COLLECTOR_ERR_CANCELLED;
    delivery->result = COLLECTOR_RETRY;
    (void)snprintf(delivery->error, sizeof(delivery->error), "%s: %s",
                   sink->path, strerror(errno)); /* may cut */
    return COLLECTOR_OK;
}

static void
cancel(void *userdata)
{
    struct file_sink *sink = userdata;

    atomic_store(&sink->cancelled, true);
}

static void
file_sink_free(void *userdata)
{
    struct file_sink *sink = userdata;

    if (sink == NULL)
        return;
    collector__memory_free(sink->path);
    collector__memory_free(sink);
}

int
collector_sink_file_new(const char *path, struct collector_sink **ret_sink)
{
    static const struct collector_sink_ops ops = {
        .size = sizeof(ops),
        .deliver = deliver,
        .cancel = cancel,
        .free = file_sink_free,
    };
    struct file_sink *sink;
    int rc = COLLECTOR_ERR_NOMEM;

    if (path == NULL || path[0] == '\0')
        return COLLECTOR_ERR_INVALID;
    sink = collector__memory_zeroed(sizeof(*sink));
    if (sink != NULL)
        sink->path = collector__memory_text(path);
    if (sink != NULL && sink->path != NULL)
        rc = collector_sink_new("file", &ops, sink, ret_sink);
    if (rc != COLLECTOR_OK)
        file_sink_free(sink);
    return rc;
}
