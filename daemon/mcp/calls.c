/* SPDX-License-Identifier: MIT */
/*
 * One call at a time, in the order in which they came. A call that was
 * cancelled has no answer, whether it waited, was being asked, or was about to
 * be answered.
 */
#include "calls.h"

#include "session.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct calls {
    const struct mcp_options *options;
    struct outlet *outlet;
    struct inquiry *inquiry;
    pthread_t thread;
    bool running;
    /** Tells the listener. */
    int fd;
    pthread_mutex_t mutex;
    /** Something below has changed. */
    pthread_cond_t changed;
    /** count of them, from first on, in a ring. */
    json_t *waiting[CALLS_COUNT_MAX];
    size_t first;
    size_t count;
    /** The batch that is being asked, of which so many parts have begun; NULL
     *  for none. */
    json_t *batch;
    size_t begun_count;
    /** What is being asked, perhaps a part of it; NULL for nothing. */
    const json_t *current;
    bool cancelled;
    /** No more will come. */
    bool ending;
    bool ended;
};

/** Ask this from now on; NULL for nothing. The mutex is held. */
static void
begin(struct calls *calls, const json_t *message)
{
    calls->current = message;
    calls->cancelled = false;
    inquiry_begin(calls->inquiry);
}

/** The next part of the batch, which is current from now on; NULL behind the
 *  last. */
static const json_t *
next_part(struct calls *calls)
{
    const json_t *part;

    (void)pthread_mutex_lock(&calls->mutex);
    part = json_array_get(calls->batch, calls->begun_count);
    if (part != NULL)
        calls->begun_count++;
    begin(calls, part);
    (void)pthread_mutex_unlock(&calls->mutex);
    return part;
}

static bool
is_cancelled(struct calls *calls)
{
    bool cancelled;

    (void)pthread_mutex_lock(&calls->mutex);
    cancelled = calls->cancelled;
    (void)pthread_mutex_unlock(&calls->mutex);
    return cancelled;
}

/** Write the answers to the batch, those of its parts that have one. @return
 *  Whether there is any. */
static bool
answer_batch(struct calls *calls, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    const json_t *part;
    bool any = false;

    while ((part = next_part(calls)) != NULL) {
        FILE *answer = open_memstream(&text, &size);
        bool answered;

        if (answer == NULL)
            continue;
        answered =
            session_answer_part(part, calls->options, calls->inquiry, answer);
        if (fclose(answer) == 0 && answered && !is_cancelled(calls)) {
            (void)putc(any ? ',' : '[', out);
            (void)fwrite(text, 1, size, out);
            any = true;
        }
        free(text);
        text = NULL;
    }
    if (any)
        (void)putc(']', out);
    return any;
}

static bool
answer_call(struct calls *calls, const json_t *tree, FILE *out)
{
    const struct rpc_message request = rpc_message(tree);

    session_call(&request, calls->options, calls->inquiry, out);
    return !is_cancelled(calls);
}

static void
answer(struct calls *calls, const json_t *tree)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool answered;

    if (out == NULL)
        return;
    answered = json_is_array(tree) ? answer_batch(calls, out)
                                   : answer_call(calls, tree, out);
    if (fclose(out) == 0 && answered)
        outlet_write(calls->outlet, text, size);
    free(text);
}

/** The next call, or batch, which is being asked from now on; NULL when all is
 *  done. */
static json_t *
take(struct calls *calls)
{
    json_t *tree = NULL;

    (void)pthread_mutex_lock(&calls->mutex);
    while (calls->count == 0 && !calls->ending)
        (void)pthread_cond_wait(&calls->changed, &calls->mutex);
    if (calls->count > 0) {
        tree = calls->waiting[calls->first];
        calls->first = (calls->first + 1) % CALLS_COUNT_MAX;
        calls->count--;
        calls->batch = json_is_array(tree) ? tree : NULL;
        calls->begun_count = 0;
        begin(calls, calls->batch == NULL ? tree : NULL);
    }
    calls->ended = tree == NULL;
    (void)pthread_cond_broadcast(&calls->changed);
    (void)pthread_mutex_unlock(&calls->mutex);
    (void)eventfd_write(calls->fd, 1); /* full only if it is not read */
    return tree;
}

/** Nothing is being asked any more, before its tree is freed. */
static void
let_go(struct calls *calls)
{
    (void)pthread_mutex_lock(&calls->mutex);
    calls->batch = NULL;
    calls->current = NULL;
    (void)pthread_mutex_unlock(&calls->mutex);
}

static void *
run(void *argument)
{
    struct calls *calls = argument;
    json_t *tree;

    while ((tree = take(calls)) != NULL) {
        answer(calls, tree);
        let_go(calls);
        json_decref(tree);
    }
    return NULL;
}

struct calls *
calls_new(const struct mcp_options *options, struct outlet *outlet)
{
    struct calls *calls = calloc(1, sizeof(*calls));

    if (calls == NULL)
        return NULL;
    calls->options = options;
    calls->outlet = outlet;
    calls->inquiry = inquiry_new(options->path, options->deadline_ms);
    calls->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)pthread_mutex_init(&calls->mutex, NULL); /* can't fail on Linux */
    (void)pthread_cond_init(&calls->changed, NULL);
    if (calls->inquiry != NULL && calls->fd >= 0)
        calls->running = pthread_create(&calls->thread, NULL, run, calls) == 0;
    if (calls->running)
        return calls;
    calls_free(calls);
    return NULL;
}

bool
calls_have_room(struct calls *calls)
{
    bool room;

    (void)pthread_mutex_lock(&calls->mutex);
    room = calls->count < CALLS_COUNT_MAX;
    (void)pthread_mutex_unlock(&calls->mutex);
    return room;
}

void
calls_add(struct calls *calls, json_t *tree)
{
    (void)pthread_mutex_lock(&calls->mutex);
    assert(calls->count < CALLS_COUNT_MAX);
    calls->waiting[(calls->first + calls->count) % CALLS_COUNT_MAX] = tree;
    calls->count++;
    (void)pthread_cond_broadcast(&calls->changed);
    (void)pthread_mutex_unlock(&calls->mutex);
}

static bool
has_id(const json_t *tree, const json_t *id)
{
    return json_equal(json_object_get(tree, "id"), id) != 0;
}

/** Take the i-th that waits out of the ring. */
static void
remove_waiting(struct calls *calls, size_t i)
{
    json_decref(calls->waiting[(calls->first + i) % CALLS_COUNT_MAX]);
    for (; i + 1 < calls->count; i++)
        calls->waiting[(calls->first + i) % CALLS_COUNT_MAX] =
            calls->waiting[(calls->first + i + 1) % CALLS_COUNT_MAX];
    calls->count--;
}

/** Take the parts with this id out of a batch, from the i-th on: what has begun
 *  stays. Does nothing to what is none. */
static void
remove_parts(json_t *batch, size_t i, const json_t *id)
{
    size_t at;

    for (at = json_array_size(batch); at > i; at--) {
        if (has_id(json_array_get(batch, at - 1), id))
            (void)json_array_remove(batch, at - 1);
    }
}

/** The same for what waits in the ring. A batch of which nothing is left has no
 *  answer when its turn comes. */
static void
cancel_waiting(struct calls *calls, const json_t *id)
{
    size_t i;

    for (i = calls->count; i > 0; i--) {
        json_t *tree = calls->waiting[(calls->first + i - 1) % CALLS_COUNT_MAX];

        if (has_id(tree, id))
            remove_waiting(calls, i - 1);
        else
            remove_parts(tree, 0, id);
    }
}

void
calls_cancel(struct calls *calls, const json_t *id)
{
    (void)pthread_mutex_lock(&calls->mutex);
    if (calls->current != NULL && has_id(calls->current, id)) {
        calls->cancelled = true;
        inquiry_interrupt(calls->inquiry);
    }
    remove_parts(calls->batch, calls->begun_count, id);
    cancel_waiting(calls, id);
    (void)pthread_mutex_unlock(&calls->mutex);
}

bool
calls_press(struct calls *calls)
{
    bool ending;

    (void)pthread_mutex_lock(&calls->mutex);
    ending = calls->current != NULL && calls->cancelled;
    if (ending)
        inquiry_interrupt(calls->inquiry);
    (void)pthread_mutex_unlock(&calls->mutex);
    return ending;
}

int
calls_fd(const struct calls *calls)
{
    return calls->fd;
}

void
calls_notice(struct calls *calls)
{
    eventfd_t count;

    (void)eventfd_read(calls->fd, &count); /* what matters is the state */
}

void
calls_close(struct calls *calls)
{
    (void)pthread_mutex_lock(&calls->mutex);
    calls->ending = true;
    (void)pthread_cond_broadcast(&calls->changed);
    (void)pthread_mutex_unlock(&calls->mutex);
}

bool
calls_are_done(struct calls *calls)
{
    bool ended;

    (void)pthread_mutex_lock(&calls->mutex);
    ended = calls->ended;
    (void)pthread_mutex_unlock(&calls->mutex);
    return ended;
}

static struct timespec
soon(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_REALTIME, &at); /* can't fail on Linux */
    at.tv_nsec += CALLS_AGAIN_MS * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

static void
stop(struct calls *calls)
{
    calls_close(calls);
    (void)pthread_mutex_lock(&calls->mutex);
    while (calls->count > 0)
        remove_waiting(calls, calls->count - 1);
    calls->batch = NULL; /* no more of it begins */
    while (!calls->ended) {
        const struct timespec again = soon();

        calls->cancelled = true;
        inquiry_interrupt(calls->inquiry);
        (void)pthread_cond_timedwait(&calls->changed, &calls->mutex, &again);
    }
    (void)pthread_mutex_unlock(&calls->mutex);
    (void)pthread_join(calls->thread, NULL); /* it is ours, and has ended */
}

void
calls_free(struct calls *calls)
{
    if (calls == NULL)
        return;
    if (calls->running)
        stop(calls);
    if (calls->fd >= 0)
        (void)close(calls->fd); /* nothing is lost with it */
    inquiry_free(calls->inquiry);
    (void)pthread_cond_destroy(&calls->changed);
    (void)pthread_mutex_destroy(&calls->mutex);
    free(calls);
}
