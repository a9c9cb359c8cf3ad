/* SPDX-License-Identifier: MIT */
/* A store to try things on. */
#include "fixture.h"

#include <inttypes.h>
#include <stdio.h>

static void
open_store(struct fixture *fixture)
{
    const struct collector_clock clock = support_clock_ops(&fixture->clock);
    struct collector_store_options options;

    collector_store_options_init(&options);
    options.path = fixture->path;
    options.log = support_log;
    options.log_userdata = fixture->log;
    options.clock = &clock;
    ck_assert_ok(collector_store_open(&options, &fixture->store));
}

void
fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->path = support_path(support_dir_new(), "events.sqlite");
    fixture->log = support_log_new();
    support_clock_init(&fixture->clock);
    open_store(fixture);
}

void
fixture_reopen(struct fixture *fixture)
{
    fixture_close(fixture);
    open_store(fixture);
}

void
fixture_close(struct fixture *fixture)
{
    collector_store_free(fixture->store);
    fixture->store = NULL;
}

void
fixture_append_payload(struct fixture *fixture, const char *payload)
{
    const struct collector_event event = {
        .device_id = "d", .kind = "k", .payload = payload};

    ck_assert_ok(collector_store_append(fixture->store, &event, 1, NULL, NULL));
}

void
fixture_append(struct fixture *fixture, size_t count)
{
    const uint64_t accepted = fixture_accepted(fixture);
    char payload[24];
    size_t i;

    for (i = 1; i <= count; i++) {
        (void)snprintf(payload, sizeof(payload), "%" PRIu64, accepted + i);
        fixture_append_payload(fixture, payload);
    }
}

struct collector_batch *
fixture_fetch(struct fixture *fixture, uint32_t event_count_max)
{
    const struct collector_batch_limits limits = {event_count_max, 1024 * 1024};
    struct collector_batch *batch = NULL;

    ck_assert_ok(collector_store_fetch(fixture->store, &limits, &batch));
    return batch;
}

int
fixture_deliver(struct fixture *fixture, struct collector_sink *sink,
                uint32_t event_count_max,
                struct collector_delivery *ret_delivery)
{
    struct collector_batch *batch = fixture_fetch(fixture, event_count_max);
    int rc;

    ck_assert_ptr_nonnull(batch);
    memset(ret_delivery, 0, sizeof(*ret_delivery));
    rc = collector_sink_deliver(sink, batch, ret_delivery);
    if (ret_delivery->result == COLLECTOR_DELIVERED)
        ck_assert_ok(
            collector_store_checkpoint(fixture->store, batch, ret_delivery));
    collector_batch_free(batch);
    return rc;
}

static struct collector_store_stats
read_stats(struct fixture *fixture)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(fixture->store, &stats);
    return stats;
}

uint64_t
fixture_accepted(struct fixture *fixture)
{
    return read_stats(fixture).accepted;
}

uint64_t
fixture_pending(struct fixture *fixture)
{
    return read_stats(fixture).pending;
}

int64_t
fixture_sql_int(struct fixture *fixture, const char *sql)
{
    return support_sql_int(fixture->path, sql);
}
