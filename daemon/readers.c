/* SPDX-License-Identifier: MIT */
/*
 * However many clients ask, however dear their questions are, and however
 * slowly they take the answers, few are asked at a time, and few wait or are
 * answered: the others are told to come again, and the threads and the memory
 * are there for those who post events.
 */
#include "readers.h"

#include "console.h"

#include <collector/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* A place for one. */
struct slot {
    bool taken;
    struct collector_reader *reader; /* NULL when none is open */
};

struct readers {
    const char *path;
    pthread_mutex_t lock;
    pthread_cond_t given_back;
    struct slot slots[READERS_COUNT_MAX];
    unsigned request_count;
    unsigned request_count_max;
};

static unsigned
request_count_max(unsigned thread_count)
{
    const unsigned count = thread_count / READERS_REQUEST_SHARE;

    if (count > READERS_REQUEST_COUNT_MAX)
        return READERS_REQUEST_COUNT_MAX;
    return count > 0 ? count : 1;
}

struct readers *
readers_new(const char *path, unsigned thread_count)
{
    struct readers *readers = calloc(1, sizeof(*readers));
    pthread_condattr_t attributes;

    if (readers == NULL)
        return NULL;
    readers->path = path;
    readers->request_count_max = request_count_max(thread_count);
    (void)pthread_mutex_init(&readers->lock, NULL); /* can't fail on Linux */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* exists */
    (void)pthread_cond_init(&readers->given_back, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return readers;
}

int
readers_enter(struct readers *readers)
{
    int rc = COLLECTOR_ERR_BUSY;

    (void)pthread_mutex_lock(&readers->lock);
    if (readers->request_count < readers->request_count_max) {
        readers->request_count++;
        rc = COLLECTOR_OK;
    }
    (void)pthread_mutex_unlock(&readers->lock);
    return rc;
}

void
readers_leave(struct readers *readers)
{
    (void)pthread_mutex_lock(&readers->lock);
    readers->request_count--;
    (void)pthread_mutex_unlock(&readers->lock);
}

/* The place is ours. */
static int
open_reader(struct readers *readers, struct slot *slot)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    int rc;

    collector_reader_options_init(&options);
    options.path = readers->path;
    options.bytes_max = READERS_BYTES_MAX;
    options.deadline_ms = READERS_DEADLINE_MS;
    options.log = console_forward;
    rc = collector_reader_open(&options, &reader);
    if (rc != COLLECTOR_OK)
        return rc;
    (void)pthread_mutex_lock(&readers->lock); /* others look for one */
    slot->reader = reader;
    (void)pthread_mutex_unlock(&readers->lock);
    return COLLECTOR_OK;
}

/* A free place, with a reader if there is one; NULL when all are taken. */
static struct slot *
find_slot(struct readers *readers)
{
    struct slot *found = NULL;
    size_t i;

    for (i = 0; i < READERS_COUNT_MAX; i++) {
        struct slot *slot = &readers->slots[i];

        if (!slot->taken && (found == NULL || found->reader == NULL))
            found = slot;
    }
    return found;
}

/* Under the lock; NULL when there is none in time. */
static struct slot *
wait_for_slot(struct readers *readers)
{
    struct slot *slot = find_slot(readers);
    struct timespec until;
    int rc = 0;

    if (slot != NULL)
        return slot;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* can't fail on Linux */
    until.tv_sec += READERS_WAIT_MS / 1000;
    while (slot == NULL && rc == 0) {
        rc = pthread_cond_timedwait(&readers->given_back, &readers->lock,
                                    &until);
        slot = find_slot(readers);
    }
    return slot;
}

/* Under the lock. */
static void
free_slot(struct readers *readers, struct slot *slot)
{
    slot->taken = false;
    (void)pthread_cond_signal(&readers->given_back);
}

int
readers_take(struct readers *readers, uint32_t rows_max,
             struct collector_reader **ret_reader)
{
    struct slot *slot;
    int rc = COLLECTOR_OK;

    (void)pthread_mutex_lock(&readers->lock);
    slot = wait_for_slot(readers);
    if (slot != NULL)
        slot->taken = true;
    (void)pthread_mutex_unlock(&readers->lock);
    if (slot == NULL)
        return COLLECTOR_ERR_BUSY;
    if (slot->reader == NULL)
        rc = open_reader(readers, slot);
    if (rc == COLLECTOR_OK)
        rc = collector_reader_set_rows_max(slot->reader, rows_max);
    if (rc == COLLECTOR_OK) {
        *ret_reader = slot->reader;
        return rc;
    }
    (void)pthread_mutex_lock(&readers->lock);
    free_slot(readers, slot);
    (void)pthread_mutex_unlock(&readers->lock);
    return rc;
}

void
readers_give_back(struct readers *readers,
                  const struct collector_reader *reader)
{
    size_t i;

    (void)pthread_mutex_lock(&readers->lock);
    for (i = 0; i < READERS_COUNT_MAX; i++) {
        if (readers->slots[i].reader == reader)
            free_slot(readers, &readers->slots[i]);
    }
    (void)pthread_mutex_unlock(&readers->lock);
}

void
readers_free(struct readers *readers)
{
    size_t i;

    if (readers == NULL)
        return;
    for (i = 0; i < READERS_COUNT_MAX; i++)
        collector_reader_free(readers->slots[i].reader);
    (void)pthread_cond_destroy(&readers->given_back);
    (void)pthread_mutex_destroy(&readers->lock);
    free(readers);
}
