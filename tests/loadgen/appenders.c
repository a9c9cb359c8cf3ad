/* SPDX-License-Identifier: MIT */
/*
 * Threads that append until their time is up. They begin together, once the
 * last of them is there, and keep their figures to themselves until they are
 * joined: nothing but the store is shared while it is measured.
 */
#include "appenders.h"

#include "clock.h"
#include "fault.h"
#include "supply.h"

#include <assert.h>
#include <collector/error.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

struct appender {
    struct appenders *all;
    struct supply *supply;
    pthread_t thread;
    _Atomic uint64_t event_count;
    uint64_t busy_count;
    uint64_t ended_ns;
    struct histogram latency;
};

struct appenders {
    struct appenders_options options;
    /** Posted by each thread that is there, and for each to begin. */
    sem_t ready;
    sem_t go;
    uint64_t started_ns;
    uint64_t deadline_ns;
    atomic_bool stopping;
    atomic_uint running_count;
    /** The first error of all. */
    atomic_int rc;
    unsigned thread_count;
    struct appender *each;
};

static void
wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

/** Append until it is kept. COLLECTOR_ERR_BUSY only says that others were
 *  faster for too long: it is an end when the time is up, and no failure. */
static int
append(struct appender *appender, const struct collector_event *events)
{
    const struct appenders *all = appender->all;
    int rc;

    for (;;) {
        rc = collector_store_append(all->options.store, events,
                                    all->options.batch, NULL, NULL);
        if (rc != COLLECTOR_ERR_BUSY)
            return rc;
        appender->busy_count++;
        if (clock_now_ns() >= all->deadline_ns || atomic_load(&all->stopping))
            return rc;
    }
}

/** One append after the other. Returns why it ended: COLLECTOR_OK at the
 *  deadline. */
static int
append_until_deadline(struct appender *appender)
{
    const struct appenders *all = appender->all;
    uint64_t before;
    uint64_t after;
    int rc;

    do {
        const struct collector_event *events = supply_next(appender->supply);

        before = clock_now_ns();
        rc = append(appender, events);
        after = clock_now_ns();
        if (rc != COLLECTOR_OK)
            return rc == COLLECTOR_ERR_BUSY ? COLLECTOR_OK : rc;
        histogram_add(&appender->latency, after - before);
        atomic_fetch_add_explicit(&appender->event_count, all->options.batch,
                                  memory_order_relaxed);
    } while (after < all->deadline_ns && !atomic_load(&all->stopping));
    return COLLECTOR_OK;
}

static void *
run(void *userdata)
{
    struct appender *appender = userdata;
    struct appenders *all = appender->all;
    int none = COLLECTOR_OK;
    int rc = COLLECTOR_OK;

    (void)sem_post(&all->ready); /* far from SEM_VALUE_MAX */
    wait_for(&all->go);
    if (!atomic_load(&all->stopping))
        rc = append_until_deadline(appender);
    appender->ended_ns = clock_now_ns();
    if (rc != COLLECTOR_OK) {
        (void)atomic_compare_exchange_strong(&all->rc, &none, rc);
        atomic_store(&all->stopping, true);
    }
    atomic_fetch_sub(&all->running_count, 1);
    return NULL;
}

static int
start_thread(struct appenders *appenders)
{
    const unsigned i = appenders->thread_count;
    struct appender *appender = &appenders->each[i];

    appender->all = appenders;
    appender->supply = supply_new(i, appenders->options.device_count,
                                  appenders->options.batch);
    if (appender->supply == NULL ||
        pthread_create(&appender->thread, NULL, run, appender) != 0)
        return -1;
    appenders->thread_count++;
    atomic_fetch_add(&appenders->running_count, 1);
    return 0;
}

static struct appenders *
new_appenders(const struct appenders_options *options)
{
    struct appenders *appenders = calloc(1, sizeof(*appenders));

    if (appenders == NULL)
        return NULL;
    appenders->each = calloc(options->thread_count, sizeof(*appenders->each));
    if (appenders->each == NULL) {
        free(appenders);
        return NULL;
    }
    appenders->options = *options;
    (void)sem_init(&appenders->ready, 0, 0); /* can't fail: valid values */
    (void)sem_init(&appenders->go, 0, 0);
    return appenders;
}

/** Let them begin once the last one is there. */
static void
let_go(struct appenders *appenders, uint64_t duration_ms)
{
    unsigned i;

    for (i = 0; i < appenders->thread_count; i++)
        wait_for(&appenders->ready);
    appenders->started_ns = clock_now_ns();
    appenders->deadline_ns = appenders->started_ns + duration_ms * 1000000;
    for (i = 0; i < appenders->thread_count; i++)
        (void)sem_post(&appenders->go); /* far from SEM_VALUE_MAX */
}

int
appenders_start(const struct appenders_options *options, uint64_t duration_ms,
                struct appenders **ret_appenders)
{
    struct appenders *appenders = new_appenders(options);
    struct appended nothing = {.event_count = 0};

    if (appenders == NULL)
        return fault("out of memory");
    while (appenders->thread_count < options->thread_count) {
        if (start_thread(appenders) == 0)
            continue;
        (void)fault("can't start thread %u", appenders->thread_count + 1);
        atomic_store(&appenders->stopping, true);
        let_go(appenders, 0);
        (void)appenders_join(appenders, &nothing); /* it has failed already */
        return -1;
    }
    let_go(appenders, duration_ms);
    *ret_appenders = appenders;
    return 0;
}

bool
appenders_running(const struct appenders *appenders)
{
    return atomic_load(&appenders->running_count) > 0;
}

uint64_t
appenders_event_count(const struct appenders *appenders)
{
    uint64_t count = 0;
    unsigned i;

    for (i = 0; i < appenders->thread_count; i++)
        count += atomic_load_explicit(&appenders->each[i].event_count,
                                      memory_order_relaxed);
    return count;
}

/** Add up what the threads did; they have ended. */
static void
sum_up(const struct appenders *appenders, struct appended *appended)
{
    uint64_t ended_ns = appenders->started_ns;
    unsigned i;

    for (i = 0; i < appenders->thread_count; i++) {
        const struct appender *appender = &appenders->each[i];

        appended->busy_count += appender->busy_count;
        histogram_merge(&appended->latency, &appender->latency);
        if (appender->ended_ns > ended_ns)
            ended_ns = appender->ended_ns;
    }
    appended->event_count += appenders_event_count(appenders);
    appended->ns += ended_ns - appenders->started_ns;
}

int
appenders_join(struct appenders *appenders, struct appended *appended)
{
    unsigned i;
    int rc;

    for (i = 0; i < appenders->thread_count; i++)
        (void)pthread_join(appenders->each[i].thread, NULL); /* it exists */
    sum_up(appenders, appended);
    rc = atomic_load(&appenders->rc);
    for (i = 0; i < appenders->options.thread_count; i++)
        supply_free(appenders->each[i].supply);
    (void)sem_destroy(&appenders->ready); /* nobody waits */
    (void)sem_destroy(&appenders->go);
    free(appenders->each);
    free(appenders);
    return rc == COLLECTOR_OK ? 0 : fault_with("append", rc);
}

int
appenders_run(const struct appenders_options *options, uint64_t duration_ms,
              struct appended *appended)
{
    struct appenders *appenders = NULL;

    if (appenders_start(options, duration_ms, &appenders) < 0)
        return -1;
    assert(appenders != NULL);
    return appenders_join(appenders, appended);
}
