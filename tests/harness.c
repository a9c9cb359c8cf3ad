/* SPDX-License-Identifier: MIT */
/* A store under examination. */
#include "harness.h"

#include <stdlib.h>

/** More than any event takes in a batch. A batch makes room for all it may
 * hold, and an allocator that fills its memory takes long for the largest. */
#define EVENT_SIZE_MAX ((size_t)2 * COLLECTOR_PAYLOAD_SIZE_MAX)

void
harness_init(struct harness *harness)
{
    memset(harness, 0, sizeof(*harness));
    harness->dir = support_dir_new();
    harness->path = support_path(harness->dir, "events.sqlite");
    harness->wal_path = support_path(harness->dir, "events.sqlite-wal");
    harness->log = support_log_new();
    collector_store_options_init(&harness->options);
    harness->options.path = harness->path;
    harness->options.log = support_log;
    harness->options.log_userdata = harness->log;
}

void
harness_stop_clock(struct harness *harness)
{
    support_clock_init(&harness->clock);
    harness->clock_ops = support_clock_ops(&harness->clock);
    harness->options.clock = &harness->clock_ops;
}

void
harness_prepare(struct harness *harness, int mode)
{
    harness_init(harness);
    harness_stop_clock(harness);
    harness->options.mode = (enum collector_write_mode)mode;
    harness->options.durability = COLLECTOR_DURABILITY_NORMAL;
}

void
harness_open(struct harness *harness)
{
    ck_assert_ok(collector_store_open(&harness->options, &harness->store));
}

void
harness_close(struct harness *harness)
{
    collector_store_free(harness->store);
    harness->store = NULL;
}

void
harness_reopen(struct harness *harness)
{
    harness_close(harness);
    harness_open(harness);
}

void
harness_start(struct harness *harness, enum collector_write_mode mode)
{
    harness_init(harness);
    harness->options.mode = mode;
    harness_open(harness);
}

bool
harness_may_lose(const struct harness *harness, int64_t began_ms)
{
    return harness->options.mode == COLLECTOR_MODE_CONCURRENT &&
           support_now_ms() - began_ms >= COLLECTOR_CONFLICT_MS_MAX;
}

void
harness_keep(struct harness *harness, const struct collector_event *events,
             size_t count, struct collector_receipt *ret_receipt)
{
    int64_t began_ms;
    int rc;

    do {
        began_ms = support_now_ms();
        rc = collector_store_append(harness->store, events, count, NULL,
                                    ret_receipt);
    } while (rc == COLLECTOR_ERR_BUSY && harness_may_lose(harness, began_ms));
    ck_assert_ok(rc);
}

int64_t
harness_append(struct harness *harness, size_t count)
{
    struct collector_event *events = support_alloc(count * sizeof(*events));
    struct collector_receipt receipt = {0, 0, false};
    size_t i;

    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){.device_id = "d", .kind = "k"};
    harness_keep(harness, events, count, &receipt);
    ck_assert_uint_eq(receipt.count, count);
    return receipt.first_id;
}

int64_t
harness_see(struct harness *harness, const char *device_id, int64_t ts)
{
    const struct collector_event event = {
        .device_id = device_id, .kind = "k", .ts = ts};
    struct collector_receipt receipt = {0, 0, false};

    harness_keep(harness, &event, 1, &receipt);
    return receipt.first_id;
}

int
harness_try(struct harness *harness, const char *kind)
{
    const struct collector_event event = {.device_id = "d", .kind = kind};

    return collector_store_append(harness->store, &event, 1, NULL, NULL);
}

int
harness_fill(struct harness *harness, const char *device_id, size_t count,
             size_t payload_size)
{
    struct collector_event *events = calloc(count, sizeof(*events));
    char *payload = malloc(payload_size + 1);
    size_t i;
    int rc;

    ck_assert(events != NULL && payload != NULL && payload_size >= 2);
    memset(payload, 'x', payload_size);
    payload[0] = payload[payload_size - 1] = '"';
    payload[payload_size] = '\0';
    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = device_id, .kind = "k", .payload = payload};
    rc = collector_store_append(harness->store, events, count, NULL, NULL);
    free(payload);
    free(events);
    return rc;
}

/** A main file that shrinks between two looks at it is looked at again, or it
 *  would be added to a log of another moment. */
int64_t
harness_file_size(const struct harness *harness)
{
    int64_t main_size;
    int64_t wal_size;

    do {
        main_size = support_file_size(harness->path);
        wal_size = support_file_size(harness->wal_path);
    } while (support_file_size(harness->path) != main_size);
    return main_size + (wal_size > 0 ? wal_size : 0);
}

struct collector_batch *
harness_fetch(struct harness *harness, uint32_t event_count_max)
{
    struct collector_batch_limits limits = {event_count_max,
                                            COLLECTOR_BATCH_BYTES_MAX};
    struct collector_batch *batch = NULL;

    if (event_count_max < COLLECTOR_BATCH_BYTES_MAX / EVENT_SIZE_MAX)
        limits.bytes_max = event_count_max * EVENT_SIZE_MAX;
    ck_assert_ok(collector_store_fetch(harness->store, &limits, &batch));
    return batch;
}

int
harness_checkpoint(struct harness *harness, struct collector_batch *batch,
                   enum collector_delivery_result result)
{
    const struct collector_delivery delivery = {.result = result};

    return collector_store_checkpoint(harness->store, batch, &delivery);
}

size_t
harness_deliver(struct harness *harness, uint32_t event_count_max)
{
    struct collector_batch *batch = harness_fetch(harness, event_count_max);
    size_t count = 0;

    if (batch != NULL) {
        count = collector_batch_count(batch);
        ck_assert_ok(harness_checkpoint(harness, batch, COLLECTOR_DELIVERED));
        collector_batch_free(batch);
    }
    return count;
}

void
harness_bury(struct harness *harness, size_t count)
{
    const struct collector_delivery delivery = {.result = COLLECTOR_REJECTED,
                                                .status = 422,
                                                .attempts = 3,
                                                .error = "HTTP 422"};
    struct collector_batch *batch;

    for (; count > 0; count--) {
        harness_exec(harness, "UPDATE state SET dead_in_a_row = 0");
        batch = harness_fetch(harness, 1);
        ck_assert_ok(
            collector_store_checkpoint(harness->store, batch, &delivery));
        collector_batch_free(batch);
    }
}

void
harness_bury_many(struct harness *harness, size_t count)
{
    const int64_t first_id = harness_append(harness, count);

    harness_exec(
        harness,
        support_format(
            "INSERT INTO dead_letters (event_id, at, status, reason, attempts)"
            " SELECT id, 1, 400, 'no', 1 FROM backlog;"
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            "  status, first_id, last_id, attempts)"
            " SELECT 1, 1, %zu, 'dead', %jd, max(id), 1 FROM backlog;"
            "UPDATE state SET dead = dead + %zu,"
            "  settled_through = settled_through + %zu",
            count, (intmax_t)first_id, count, count));
    harness_reopen(harness); /* it was done from outside */
}

struct collector_store_stats
harness_stats(struct harness *harness)
{
    struct collector_store_stats stats = {.size = sizeof(stats)};

    collector_store_stats(harness->store, &stats);
    return stats;
}

int64_t
harness_int(struct harness *harness, const char *sql)
{
    return support_sql_int(harness->path, sql);
}

const char *
harness_text(struct harness *harness, const char *sql)
{
    return support_sql_text(harness->path, sql);
}

int64_t
harness_devices_through(struct harness *harness)
{
    return harness_int(harness, "SELECT devices_through FROM state");
}

void
harness_exec(struct harness *harness, const char *sql)
{
    support_sql_exec(harness->path, sql);
}

void
harness_assert_contiguous(struct harness *harness, int64_t count)
{
    ck_assert_int_eq(harness_int(harness, "SELECT count(*) FROM event_log"),
                     count);
    ck_assert_int_eq(harness_int(harness, "SELECT max(id) FROM event_log"),
                     count);
    if (count > 0)
        ck_assert_int_eq(harness_int(harness, "SELECT min(id) FROM event_log"),
                         1);
}
