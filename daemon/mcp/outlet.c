/* SPDX-License-Identifier: MIT */
/*
 * Answers never mix, and a client that takes none holds nobody up who has to
 * end: before each piece somebody looks whether there is room for it.
 */
#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* As much as a pipe that is said to be writable takes at once, without making
 * the writer wait. */
#define PIECE_SIZE PIPE_BUF

struct outlet {
    pthread_mutex_t mutex;
    int fd;
    int stop_fd;
    int error;
};

struct outlet *
outlet_new(int fd, int stop_fd)
{
    struct outlet *outlet = calloc(1, sizeof(*outlet));

    if (outlet == NULL)
        return NULL;
    outlet->fd = fd;
    outlet->stop_fd = stop_fd;
    (void)pthread_mutex_init(&outlet->mutex, NULL); /* can't fail on Linux */
    return outlet;
}

/** Wait for room. 0, or what is in the way. */
static int
wait_for_room(const struct outlet *outlet)
{
    struct pollfd fds[] = {{.fd = outlet->fd, .events = POLLOUT},
                           {.fd = outlet->stop_fd, .events = POLLIN}};

    while (poll(fds, 2, -1) < 0) {
        if (errno != EINTR)
            return errno;
    }
    return fds[1].revents != 0 ? ECANCELED : 0;
}

/** 0, or what went wrong. */
static int
write_all(const struct outlet *outlet, const char *text, size_t size)
{
    while (size > 0) {
        const int error = wait_for_room(outlet);
        ssize_t count;

        if (error != 0)
            return error;
        count = write(outlet->fd, text, size < PIECE_SIZE ? size : PIECE_SIZE);
        if (count < 0 && errno != EINTR && errno != EAGAIN)
            return errno;
        if (count > 0) {
            text += count;
            size -= (size_t)count;
        }
    }
    return 0;
}

/** Make a line of it. */
static void
fold(char *text, size_t size)
{
    size_t i;

    for (i = 0; i < size; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
    }
}

void
outlet_write(struct outlet *outlet, char *text, size_t size)
{
    fold(text, size);
    (void)pthread_mutex_lock(&outlet->mutex); /* never held by us already */
    if (outlet->error == 0)
        outlet->error = write_all(outlet, text, size);
    if (outlet->error == 0)
        outlet->error = write_all(outlet, "\n", 1);
    (void)pthread_mutex_unlock(&outlet->mutex);
}

int
outlet_error(struct outlet *outlet)
{
    int error;

    (void)pthread_mutex_lock(&outlet->mutex);
    error = outlet->error;
    (void)pthread_mutex_unlock(&outlet->mutex);
    return error;
}

void
outlet_free(struct outlet *outlet)
{
    if (outlet == NULL)
        return;
    (void)pthread_mutex_destroy(&outlet->mutex);
    free(outlet);
}
