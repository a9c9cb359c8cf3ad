/* SPDX-License-Identifier: MIT */
/* An uploader's share of the work on a store, with nothing behind it: fetch,
 * mark, and look after the store as often as the uploader does. */
#include "settler.h"

#include "clock.h"
#include "fault.h"

#include <collector/error.h>
#include <collector/uploader.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Only when nothing is pending. */
#define REST_NS 1000000

/* Between two looks after the store, as the uploader has it. */
#define MAINTAIN_NS 100000000

/* Events in a batch of the loop: fewer than an uploader takes, so that its
 * checkpoints are in the way more often. */
#define LOOP_BATCH_COUNT 200

struct settler {
    struct collector_store *store;
    pthread_t thread;
    atomic_bool stopping;
    uint64_t event_count;
    uint64_t maintained_ns;
    int rc;
};

uint32_t
settler_batch_count(void)
{
    struct collector_uploader_options defaults;

    collector_uploader_options_init(&defaults);
    return defaults.batch_count_max;
}

int
settler_step(struct collector_store *store, uint32_t event_count_max,
             uint64_t *ret_count)
{
    const struct collector_batch_limits limits = {
        .event_count_max = event_count_max,
        .bytes_max = COLLECTOR_BATCH_BYTES_MAX,
    };
    const struct collector_delivery delivery = {.result = COLLECTOR_DELIVERED};
    struct collector_batch *batch = NULL;
    int rc;

    *ret_count = 0;
    rc = collector_store_fetch(store, &limits, &batch);
    if (rc == COLLECTOR_OK && batch != NULL) {
        rc = collector_store_checkpoint(store, batch, &delivery);
        if (rc == COLLECTOR_OK)
            *ret_count = collector_batch_count(batch);
    }
    collector_batch_free(batch);
    return rc;
}

int
settler_settle_all(struct collector_store *store)
{
    uint64_t count;
    int rc;

    do {
        rc = settler_step(store, COLLECTOR_BATCH_COUNT_MAX, &count);
    } while (rc == COLLECTOR_OK && count > 0);
    return rc == COLLECTOR_OK ? 0 : fault_with("marking a batch", rc);
}

static void
maintain(struct settler *settler)
{
    const uint64_t now = clock_now_ns();

    if (now - settler->maintained_ns < MAINTAIN_NS)
        return;
    (void)collector_store_maintain(settler->store); /* is logged */
    settler->maintained_ns = now;
}

static void *
run(void *userdata)
{
    static const struct timespec rest = {.tv_nsec = REST_NS};
    struct settler *settler = userdata;
    uint64_t count;
    int rc;

    while (!atomic_load(&settler->stopping)) {
        rc = settler_step(settler->store, LOOP_BATCH_COUNT, &count);
        if (rc != COLLECTOR_OK && rc != COLLECTOR_ERR_BUSY) {
            settler->rc = rc;
            break;
        }
        settler->event_count += count;
        maintain(settler);
        if (count == 0)
            (void)nanosleep(&rest, NULL); /* shorter is fine */
    }
    return NULL;
}

struct settler *
settler_start(struct collector_store *store)
{
    struct settler *settler = calloc(1, sizeof(*settler));

    if (settler != NULL) {
        settler->store = store;
        if (pthread_create(&settler->thread, NULL, run, settler) == 0)
            return settler;
    }
    free(settler);
    (void)fault("can't start a thread");
    return NULL;
}

int
settler_stop(struct settler *settler, uint64_t *event_count)
{
    int rc;

    if (settler == NULL)
        return 0;
    atomic_store(&settler->stopping, true);
    (void)pthread_join(settler->thread, NULL); /* it exists */
    *event_count += settler->event_count;
    rc = settler->rc;
    free(settler);
    return rc == COLLECTOR_OK ? 0 : fault_with("marking a batch", rc);
}
