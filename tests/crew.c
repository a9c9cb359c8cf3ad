/* SPDX-License-Identifier: MIT */
/* Threads that append, and a gate that holds them up. */
#include "crew.h"

#include <semaphore.h>

/** More threads than any test runs at once. */
#define THREAD_COUNT_MAX 64

struct gate {
    struct collector__operation operation;
    struct collector_store *store;
    pthread_t thread;
    sem_t running;
    sem_t opened;
    bool shut;
};

struct worker {
    pthread_t thread;
    pthread_barrier_t *barrier;
    void (*work)(void *userdata, size_t number);
    void *userdata;
    size_t number;
};

/** It may be run again alone, and must not wait a second time then. */
static int
hold(struct collector__operation *operation,
     struct collector__connection *connection)
{
    struct gate *gate = (struct gate *)operation;

    (void)connection;
    if (gate->shut) {
        gate->shut = false;
        (void)sem_post(&gate->running);
        (void)sem_wait(&gate->opened);
    }
    return COLLECTOR_ERR_INVALID; /* a refusal: nothing is committed */
}

static void *
run_gate(void *userdata)
{
    struct gate *gate = userdata;

    (void)collector__writer_submit(&gate->store->writer, &gate->operation);
    if (gate->shut) /* it was refused unseen: there is no gate */
        (void)sem_post(&gate->running);
    return NULL;
}

struct gate *
gate_shut(struct collector_store *store)
{
    struct gate *gate = support_alloc(sizeof(*gate));

    ck_assert_int_ne(store->mode, COLLECTOR_MODE_CONCURRENT);
    gate->operation.run = hold;
    gate->store = store;
    gate->shut = true;
    (void)sem_init(&gate->running, 0, 0);
    (void)sem_init(&gate->opened, 0, 0);
    ck_assert_int_eq(pthread_create(&gate->thread, NULL, run_gate, gate), 0);
    (void)sem_wait(&gate->running);
    ck_assert_msg(!gate->shut, "the storage lets no gate in");
    return gate;
}

void
gate_open(struct gate *gate)
{
    (void)sem_post(&gate->opened);
    ck_assert_int_eq(pthread_join(gate->thread, NULL), 0);
}

size_t
queue_length(struct collector_store *store)
{
    struct collector__writer *writer = &store->writer;
    struct collector__operation *each;
    size_t length = 0;

    (void)pthread_mutex_lock(&writer->mutex);
    for (each = writer->head; each != NULL; each = each->next)
        length++;
    (void)pthread_mutex_unlock(&writer->mutex);
    return length;
}

static void *
run_append(void *userdata)
{
    struct append_call *call = userdata;

    call->rc = collector_store_append(call->store, call->events,
                                      call->event_count, NULL, &call->receipt);
    atomic_store(&call->returned, true);
    return NULL;
}

struct append_call *
append_start(struct collector_store *store,
             const struct collector_event *events, size_t event_count)
{
    struct append_call *call = support_alloc(sizeof(*call));

    call->store = store;
    call->events = events;
    call->event_count = event_count;
    ck_assert_int_eq(pthread_create(&call->thread, NULL, run_append, call), 0);
    return call;
}

struct append_call *
append_queue(struct collector_store *store,
             const struct collector_event *events, size_t event_count)
{
    const size_t before = queue_length(store);
    struct append_call *call = append_start(store, events, event_count);

    ck_assert_eventually(queue_length(store) == before + 1);
    return call;
}

int
append_join(struct append_call *call)
{
    ck_assert_int_eq(pthread_join(call->thread, NULL), 0);
    return call->rc;
}

static void *
run_worker(void *userdata)
{
    struct worker *worker = userdata;

    (void)pthread_barrier_wait(worker->barrier);
    worker->work(worker->userdata, worker->number);
    return NULL;
}

void
crew_run(size_t thread_count, void (*work)(void *userdata, size_t number),
         void *userdata)
{
    struct worker workers[THREAD_COUNT_MAX];
    pthread_barrier_t barrier;
    size_t i;

    ck_assert_uint_le(thread_count, THREAD_COUNT_MAX);
    (void)pthread_barrier_init(&barrier, NULL, (unsigned)thread_count);
    for (i = 0; i < thread_count; i++) {
        workers[i] = (struct worker){
            .barrier = &barrier, .work = work, .userdata = userdata};
        workers[i].number = i;
        ck_assert_int_eq(
            pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]),
            0);
    }
    for (i = 0; i < thread_count; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    (void)pthread_barrier_destroy(&barrier);
}
