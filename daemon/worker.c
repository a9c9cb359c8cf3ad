/* SPDX-License-Identifier: MIT */
/*
 * Deadlines for CivetWeb's threads.
 *
 * Its own time-out bounds silence: a client that sends a byte now and then
 * would hold a thread for days, inside a single mg_read(). But a signal makes
 * the poll() in there fail, and the read with it. So whoever must not wait for
 * ever leaves its deadline here, and the main thread sends SIGURG to those that
 * are late. A signal that arrives between two calls is lost, hence "again and
 * again". The same signal wakes the threads up when the server stops; without
 * it they would notice within two seconds.
 */
#include "worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* Between two signals to one that is late. The first may only end a read that
 * has got something; the second then finds the next one with nothing. */
#define WORKER_GAP_MS 2

struct worker {
    struct worker_list *list;
    pthread_t thread;
    bool alive; /* under the list's lock */
    _Atomic int64_t deadline_ms;
};

struct worker_list {
    /* Held while a thread is signalled, so that it can't be gone. */
    pthread_mutex_t lock;
    unsigned count;
    unsigned count_max;
    struct worker workers[];
};

static void
wake_up(int number)
{
    (void)number; /* to have interrupted a call is all it is for */
}

int64_t
worker_now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail on Linux */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct worker_list *
worker_list_new(unsigned count_max)
{
    struct sigaction action = {.sa_handler = wake_up, .sa_flags = SA_RESTART};
    struct worker_list *list;

    list = calloc(1, sizeof(*list) + count_max * sizeof(list->workers[0]));
    if (list == NULL)
        return NULL;
    list->count_max = count_max;
    (void)pthread_mutex_init(&list->lock, NULL); /* can't fail on Linux */
    (void)sigaction(SIGURG, &action, NULL);      /* a valid signal */
    return list;
}

void
worker_list_free(struct worker_list *list)
{
    if (list == NULL)
        return;
    (void)pthread_mutex_destroy(&list->lock);
    free(list);
}

struct worker *
worker_enter(struct worker_list *list)
{
    struct worker *worker = NULL;

    (void)pthread_mutex_lock(&list->lock);
    if (list->count < list->count_max) {
        worker = &list->workers[list->count++];
        worker->list = list;
        worker->thread = pthread_self();
        worker->alive = true;
    }
    (void)pthread_mutex_unlock(&list->lock);
    return worker;
}

void
worker_leave(struct worker *worker)
{
    if (worker == NULL)
        return;
    (void)pthread_mutex_lock(&worker->list->lock);
    worker->alive = false;
    (void)pthread_mutex_unlock(&worker->list->lock);
}

void
worker_set_deadline(struct worker *worker, int64_t deadline_ms)
{
    atomic_store_explicit(&worker->deadline_ms, deadline_ms,
                          memory_order_relaxed);
}

static bool
is_late(const struct worker *worker, int64_t now_ms)
{
    int64_t deadline_ms =
        atomic_load_explicit(&worker->deadline_ms, memory_order_relaxed);

    return deadline_ms != 0 && deadline_ms <= now_ms;
}

/* Whether there was anybody to interrupt. */
static bool
interrupt_workers(struct worker_list *list, bool all)
{
    int64_t now_ms = worker_now_ms();
    bool any = false;
    unsigned i;

    (void)pthread_mutex_lock(&list->lock);
    for (i = 0; i < list->count; i++) {
        struct worker *worker = &list->workers[i];

        if (worker->alive && (all || is_late(worker, now_ms))) {
            (void)pthread_kill(worker->thread, SIGURG); /* it is alive */
            any = true;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return any;
}

void
worker_list_watch(struct worker_list *list)
{
    const struct timespec gap = {.tv_nsec = WORKER_GAP_MS * 1000000};

    if (!interrupt_workers(list, false))
        return;
    (void)nanosleep(&gap, NULL); /* shorter is fine */
    (void)interrupt_workers(list, false);
}

void
worker_list_interrupt(struct worker_list *list)
{
    (void)interrupt_workers(list, true);
}
