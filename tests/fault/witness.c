/* SPDX-License-Identifier: MIT */
/* A sink that claims what it is offered. */
#include "witness.h"

#include "serial.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

/** One delivery in so many fails. */
#define AWAY_ONE_IN 6

static bool
has_poison(const struct collector_batch *batch)
{
    size_t i;

    for (i = 0; i < collector_batch_count(batch); i++) {
        if (serial_is_poison(serial_of(collector_batch_event(batch, i))))
            return true;
    }
    return false;
}

static void
claim_offered(struct witness *witness, const struct collector_batch *batch)
{
    size_t i;

    for (i = 0; i < collector_batch_count(batch); i++) {
        const struct claim offered = {
            .kind = CLAIM_OFFERED,
            .id = collector_batch_first_id(batch) + (int64_t)i,
            .serial = serial_of(collector_batch_event(batch, i))};

        if (offered.serial == 0)
            witness->fault = support_format("the event that was sent as %lld"
                                            " is none that ever was",
                                            (long long)offered.id);
        claim(witness->tape, offered);
    }
}

static int
deliver(void *userdata, const struct collector_batch *batch,
        struct collector_delivery *delivery)
{
    struct witness *witness = userdata;
    int rc = COLLECTOR_OK;

    claim_offered(witness, batch);
    if (witness->is_picky && rand_r(&witness->seed) % AWAY_ONE_IN == 0) {
        delivery->result = COLLECTOR_RETRY;
        (void)snprintf(delivery->error, sizeof(delivery->error), "away");
    } else if (witness->is_picky && has_poison(batch)) {
        delivery->result = COLLECTOR_REJECTED;
        delivery->status = 400;
    } else if (witness->next != NULL) {
        rc = collector_sink_deliver(witness->next, batch, delivery);
    }
    if (rc == COLLECTOR_OK && delivery->result == COLLECTOR_DELIVERED)
        witness->delivered_through = collector_batch_last_id(batch);
    return rc;
}

int
witness_sink_new(struct witness *witness, struct collector_sink **ret_sink)
{
    static const struct collector_sink_ops ops = {.size = sizeof(ops),
                                                  .deliver = deliver};

    return collector_sink_new("witness", &ops, witness, ret_sink);
}

struct collector_sink *
witness_sink(struct witness *witness)
{
    struct collector_sink *sink = NULL;

    ck_assert_ok(witness_sink_new(witness, &sink));
    return sink;
}

struct collector_uploader *
witness_uploader(struct collector_store *store, struct collector_sink *sink,
                 uint32_t event_count_max)
{
    struct collector_uploader *uploader = NULL;
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.batch_count_max = event_count_max;
    ck_assert_ok(collector_uploader_new(store, sink, &options, &uploader));
    return uploader;
}

int
witness_drain(struct witness *witness, struct collector_uploader *uploader,
              struct collector_drain *ret_drain)
{
    const int rc = collector_uploader_drain(uploader, ret_drain);

    if (rc == COLLECTOR_OK && ret_drain->event_count > 0)
        claim(witness->tape, (struct claim){.kind = CLAIM_SETTLED,
                                            .id = witness->delivered_through});
    return rc;
}
