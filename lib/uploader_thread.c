/* SPDX-License-Identifier: MIT */
/*
 * The uploader's steps on a thread of its own: start, rest, and stop with a
 * deadline. The only thread that the library ever starts.
 */
#include "uploader.h"

#include <collector/error.h>
#include <signal.h>
#include <time.h>

/* How often a stop repeats its cancel: one that comes just before a delivery
 * begins is lost. */
#define CANCEL_INTERVAL_MS 20

/* How often a rest is interrupted to look after the store, which is due at
 * least once a second whatever the upstream does. */
#define MAINTAIN_INTERVAL_MS 1000

/* Between two looks after the store: batches may follow each other by the
 * hundred a second, and what is due can wait that long. */
#define MAINTAIN_MS 100

static int64_t
system_now_ms(void)
{
    return collector__clock_monotonic_ms(&collector__clock_system);
}

void
collector__uploader_maintain(struct collector_uploader *uploader)
{
    const int64_t now = system_now_ms();

    if (now - uploader->maintained_at < MAINTAIN_MS)
        return;
    (void)collector_store_maintain(uploader->store); /* is logged */
    uploader->maintained_at = system_now_ms();
}

/** Wait for a change, at most until then. The lock is held. */
static void
wait_until(struct collector_uploader *uploader, int64_t at)
{
    const struct timespec until = {at / 1000, (long)(at % 1000) * 1000000};

    (void)pthread_cond_timedwait(&uploader->changed, &uploader->mutex,
                                 &until); /* the caller looks again */
}

void
collector__uploader_wait(struct collector_uploader *uploader, int64_t ms)
{
    wait_until(uploader, system_now_ms() + ms);
}

/** Rest until then or for a while, and look after the store when the rest goes
 *  on. The lock is held, but not meanwhile: a stop may come in. */
static void
rest_a_while(struct collector_uploader *uploader, int64_t at)
{
    const int64_t slice_at = system_now_ms() + MAINTAIN_INTERVAL_MS;

    wait_until(uploader, at < slice_at ? at : slice_at);
    if (at <= slice_at || system_now_ms() < slice_at)
        return; /* the next step does it, or the caller goes on resting */
    (void)pthread_mutex_unlock(&uploader->mutex);
    collector__uploader_maintain(uploader);
    (void)pthread_mutex_lock(&uploader->mutex);
}

/**
 * Rest after a step.
 *
 * @param noticed  Whether a stop was noticed before this step; updated. What
 *                 came in before the stop is still drained.
 * @return Whether to go on.
 */
static bool
rest(struct collector_uploader *uploader, const struct collector__step *step,
     bool *noticed)
{
    int64_t wake_at = system_now_ms() + step->drain.wait_ms;
    bool go_on = true;

    (void)pthread_mutex_lock(&uploader->mutex);
    while (!uploader->stopping && !uploader->poked && system_now_ms() < wake_at)
        rest_a_while(uploader, wake_at);
    uploader->poked = false;
    if (uploader->stopping) {
        if (step->drain.result == COLLECTOR_DELIVERED && !step->paced)
            wake_at = system_now_ms(); /* others need their rest */
        go_on = !(step->empty && *noticed) && wake_at < uploader->stop_at;
        while (go_on && system_now_ms() < wake_at)
            rest_a_while(uploader, wake_at);
        go_on = go_on && system_now_ms() < uploader->stop_at;
        *noticed = true;
    }
    (void)pthread_mutex_unlock(&uploader->mutex);
    return go_on;
}

static void
take_step(struct collector_uploader *uploader, struct collector__step *ret_step)
{
    (void)pthread_mutex_lock(&uploader->mutex);
    collector__uploader_begin_step(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
    collector__uploader_step(uploader, ret_step);
    (void)pthread_mutex_lock(&uploader->mutex);
    collector__uploader_end_step(uploader);
    (void)pthread_mutex_unlock(&uploader->mutex);
}

static void *
run_thread(void *userdata)
{
    struct collector_uploader *uploader = userdata;
    struct collector_uploader_options options;
    bool noticed = false;
    struct collector__step step;

    (void)pthread_mutex_lock(&uploader->mutex);
    options = uploader->options; /* a change is for the next thread */
    (void)pthread_mutex_unlock(&uploader->mutex);
    if (options.thread_enter != NULL)
        options.thread_enter(options.thread_userdata);
    do {
        take_step(uploader, &step);
    } while (rest(uploader, &step, &noticed));
    if (!uploader->confirmed)
        collector__uploader_drop_batch(
            uploader); /* it stays in the store's backlog */
    if (options.thread_leave != NULL)
        options.thread_leave(options.thread_userdata);
    (void)pthread_mutex_lock(&uploader->mutex);
    uploader->finished = true;
    (void)pthread_cond_broadcast(&uploader->changed);
    (void)pthread_mutex_unlock(&uploader->mutex);
    return NULL;
}

/** Start the thread with all signals blocked: they are the program's. */
static int
create_thread(struct collector_uploader *uploader)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* valid arguments */
    rc = pthread_create(&uploader->thread, NULL, run_thread, uploader);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? COLLECTOR_OK : COLLECTOR_ERR_NOMEM;
}

int
collector_uploader_start(struct collector_uploader *uploader)
{
    int rc = collector__uploader_check(uploader);

    if (rc != COLLECTOR_OK)
        return rc;
    rc = COLLECTOR_ERR_BUSY;
    (void)pthread_mutex_lock(&uploader->mutex);
    if (!uploader->started && !uploader->stepping) {
        uploader->stopping = false;
        uploader->finished = false;
        rc = create_thread(uploader);
        uploader->started = rc == COLLECTOR_OK;
    }
    (void)pthread_mutex_unlock(&uploader->mutex);
    return rc;
}

/** Wait for the thread to finish; past the deadline, break its delivery off. */
static void
wait_for_finish(struct collector_uploader *uploader)
{
    while (!uploader->finished && system_now_ms() < uploader->stop_at)
        wait_until(uploader, uploader->stop_at);
    while (!uploader->finished) {
        (void)pthread_mutex_unlock(&uploader->mutex);
        collector_sink_cancel(uploader->sink);
        (void)pthread_mutex_lock(&uploader->mutex);
        if (!uploader->finished)
            collector__uploader_wait(uploader, CANCEL_INTERVAL_MS);
    }
}

int
collector_uploader_stop(struct collector_uploader *uploader, uint32_t drain_ms)
{
    const int64_t stop_at = system_now_ms() + drain_ms;
    const int rc = collector__uploader_check(uploader);

    if (rc != COLLECTOR_OK)
        return rc;
    (void)pthread_mutex_lock(&uploader->mutex);
    while (uploader->changing) /* it has the sink's attention */
        collector__uploader_wait(uploader, CANCEL_INTERVAL_MS);
    if (uploader->started && !uploader->stopping) {
        uploader->stopping = true;
        uploader->stop_at = stop_at;
        (void)pthread_cond_broadcast(&uploader->changed);
        wait_for_finish(uploader);
        (void)pthread_join(uploader->thread, NULL); /* it has finished */
        uploader->started = false;
        uploader->stopping = false;
        (void)pthread_cond_broadcast(&uploader->changed);
    }
    /* Somebody else is stopping it; when he is done it may be started again. */
    while (uploader->started && uploader->stopping) {
        if (stop_at < uploader->stop_at)
            uploader->stop_at = stop_at; /* the sooner one counts */
        (void)pthread_cond_broadcast(&uploader->changed);
        collector__uploader_wait(uploader, CANCEL_INTERVAL_MS);
    }
    (void)pthread_mutex_unlock(&uploader->mutex);
    return COLLECTOR_OK;
}
