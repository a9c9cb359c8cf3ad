/* SPDX-License-Identifier: MIT */
#ifndef CTL_HEARD_H
#define CTL_HEARD_H

#include <collector/log.h>
#include <pthread.h>
#include <stdbool.h>

/** Bytes of a line of the library at most, with its NUL. */
#define HEARD_SIZE 512

/** The last line that the library logged, kept back until it is known whether
 *  it says all that there is to say. */
struct heard {
    pthread_mutex_t lock;
    enum collector_log_level level;
    /** "" for none. */
    char line[HEARD_SIZE];
};

/** Nothing yet. */
#define HEARD_INIT ((struct heard){.lock = PTHREAD_MUTEX_INITIALIZER})

/** Keep a warning or an error, and forward the one before it. A
 *  collector_log_fn, its userdata is a struct heard. */
void
heard_line(void *userdata, enum collector_log_level level, const char *line);

/** Forward what is kept. */
void
heard_forward(struct heard *heard);

/**
 * Take what is kept, to be said otherwise.
 *
 * @param ret_line  Set on success only.
 * @return False when there is nothing.
 */
bool
heard_take(struct heard *heard, char ret_line[HEARD_SIZE]);

#endif
