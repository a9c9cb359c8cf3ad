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
 *
 * With a thread for each connection, clients that are slow on purpose could
 * take them all. So while there is no thread for the next one, nobody may keep
 * his for longer than a moment without a reason. A kept connection that is idle
 * is such a reason, as long as there are worse ones.
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

/* How long a client may keep a thread waiting while others wait for one. An
 * honest one has sent its head before a thread turns to it, and is then sending
 * as fast as it can. */
#define WORKER_PATIENCE_MS 500

/* The same between two requests. */
#define WORKER_IDLE_PATIENCE_MS 1000

/* As many are to be freed at a look while there is no thread left. */
#define WORKER_FREED_COUNT 16

struct worker {
    struct worker_list *list;
    pthread_t thread;
    bool alive; /* under the list's lock */
    _Atomic int64_t deadline_ms;
    _Atomic int wait; /* enum worker_wait */
    _Atomic int64_t wait_since_ms;
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

void
worker_set_wait(struct worker *worker, enum worker_wait wait)
{
    if (worker == NULL)
        return;
    /* The time first: what is new must not look old. */
    if (wait != WORKER_NO_WAIT)
        atomic_store(&worker->wait_since_ms, worker_now_ms());
    atomic_store(&worker->wait, wait);
}

/* How long it has been in that wait; -1 when it is in another one. */
static int64_t
waited_ms(const struct worker *worker, enum worker_wait wait, int64_t now_ms)
{
    if ((enum worker_wait)atomic_load(&worker->wait) != wait)
        return -1;
    return now_ms - atomic_load(&worker->wait_since_ms);
}

bool
worker_waits_long(const struct worker *worker)
{
    const int64_t now_ms = worker_now_ms();

    return waited_ms(worker, WORKER_CLIENT_WAIT, now_ms) >=
               WORKER_PATIENCE_MS ||
           waited_ms(worker, WORKER_IDLE_WAIT, now_ms) >=
               WORKER_IDLE_PATIENCE_MS;
}

static bool
is_late(const struct worker *worker, int64_t now_ms)
{
    int64_t deadline_ms =
        atomic_load_explicit(&worker->deadline_ms, memory_order_relaxed);

    return deadline_ms != 0 && deadline_ms <= now_ms;
}

static void
interrupt(const struct worker *worker)
{
    (void)pthread_kill(worker->thread, SIGURG); /* it is alive */
}

/* How many there were to interrupt. */
static unsigned
interrupt_late(struct worker_list *list, bool shortage)
{
    int64_t now_ms = worker_now_ms();
    unsigned count = 0;
    unsigned i;

    (void)pthread_mutex_lock(&list->lock);
    for (i = 0; i < list->count; i++) {
        const struct worker *worker = &list->workers[i];
        bool slow = shortage && waited_ms(worker, WORKER_CLIENT_WAIT, now_ms) >=
                                    WORKER_PATIENCE_MS;

        if (worker->alive && (slow || is_late(worker, now_ms))) {
            interrupt(worker);
            count++;
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return count;
}

/* Under the lock. The one that has been idle for longest, but for less than the
 * limit, which is how long the last one had been; NULL when there is none. */
static const struct worker *
find_idlest(const struct worker_list *list, int64_t now_ms, int64_t *limit_ms)
{
    const struct worker *idlest = NULL;
    int64_t longest_ms = WORKER_IDLE_PATIENCE_MS - 1;
    unsigned i;

    for (i = 0; i < list->count; i++) {
        const struct worker *worker = &list->workers[i];
        int64_t ms = waited_ms(worker, WORKER_IDLE_WAIT, now_ms);

        if (worker->alive && ms > longest_ms && ms < *limit_ms) {
            idlest = worker;
            longest_ms = ms;
        }
    }
    *limit_ms = longest_ms;
    return idlest;
}

/* Once is enough for them: one that misses it is there at the next look. */
static void
interrupt_idlest(struct worker_list *list, unsigned count)
{
    int64_t now_ms = worker_now_ms();
    int64_t limit_ms = INT64_MAX;
    const struct worker *idlest;

    (void)pthread_mutex_lock(&list->lock);
    for (; count > 0; count--) {
        idlest = find_idlest(list, now_ms, &limit_ms);
        if (idlest == NULL)
            break;
        interrupt(idlest);
    }
    (void)pthread_mutex_unlock(&list->lock);
}

void
worker_list_watch(struct worker_list *list, bool shortage)
{
    const struct timespec gap = {.tv_nsec = WORKER_GAP_MS * 1000000};
    const unsigned count = interrupt_late(list, shortage);

    if (shortage && count < WORKER_FREED_COUNT)
        interrupt_idlest(list, WORKER_FREED_COUNT - count);
    if (count == 0)
        return;
    (void)nanosleep(&gap, NULL); /* shorter is fine */
    (void)interrupt_late(list, shortage);
}

void
worker_list_interrupt(struct worker_list *list)
{
    unsigned i;

    (void)pthread_mutex_lock(&list->lock);
    for (i = 0; i < list->count; i++) {
        if (list->workers[i].alive)
            interrupt(&list->workers[i]);
    }
    (void)pthread_mutex_unlock(&list->lock);
}
