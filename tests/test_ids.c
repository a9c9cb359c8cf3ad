/* SPDX-License-Identifier: MIT */
/*
 * Ids are 1, 2, 3 … in commit order, without a gap, whoever appends and however
 * many at once; a receipt names exactly the events of its append; and what an
 * uploader drains meanwhile is all of them, each once, in order.
 */
#include "crew.h"
#include "harness.h"
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>

#define THREAD_COUNT 16
#define APPEND_COUNT 60

/** Events in the largest append. */
#define BATCH_MAX 7

/** More than all threads append. */
#define ID_MAX (THREAD_COUNT * APPEND_COUNT * BATCH_MAX + 1)

/** What every thread knows about the ids that it was given. */
struct ledger {
    struct harness *harness;
    /** By id: who it was acknowledged to, as thread × 1000000 + its own count,
     *  plus 1; 0 for nobody. */
    _Atomic int64_t owners[ID_MAX];
    _Atomic int64_t total;
    _Atomic bool twice;
};

static int64_t
owner_of(size_t thread, size_t sequence)
{
    return (int64_t)(thread * 1000000 + sequence + 1);
}

/** Append single events and batches, and write down which ids that gave. */
static void
append_and_note(void *userdata, size_t number)
{
    struct ledger *ledger = userdata;
    const char *device_id = support_format("thread-%zu", number);
    struct collector_event events[BATCH_MAX];
    char payloads[BATCH_MAX][32];
    struct collector_receipt receipt;
    size_t sequence = 0;
    int64_t last_id = 0;
    size_t count;
    size_t i;
    size_t j;

    for (i = 0; i < APPEND_COUNT; i++) {
        count = (i + number) % 3 == 0 ? 1 + (i * 5 + number) % BATCH_MAX : 1;
        for (j = 0; j < count; j++) {
            (void)snprintf(payloads[j], sizeof(payloads[j]), "%lld",
                           (long long)owner_of(number, sequence + j));
            events[j] = (struct collector_event){
                .device_id = device_id, .kind = "k", .payload = payloads[j]};
        }
        harness_keep(ledger->harness, events, count, &receipt);
        ck_assert_uint_eq(receipt.count, count);
        ck_assert_int_gt(receipt.first_id, last_id);
        last_id = receipt.first_id + (int64_t)count - 1;
        ck_assert_int_lt(last_id, ID_MAX);
        for (j = 0; j < count; j++)
            if (atomic_exchange(&ledger->owners[receipt.first_id + (int64_t)j],
                                owner_of(number, sequence + j)) != 0)
                atomic_store(&ledger->twice, true);
        sequence += count;
    }
    atomic_fetch_add(&ledger->total, (int64_t)sequence);
}

/** Assert that the file holds under each id what its owner was told. */
static void
assert_file_matches(const struct ledger *ledger)
{
    const int64_t total = atomic_load(&ledger->total);
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    int64_t id = 0;

    ck_assert_int_eq(sqlite3_open(ledger->harness->path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT id, payload_json FROM event_log"
                                        " ORDER BY id",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        id++;
        ck_assert_int_eq(sqlite3_column_int64(statement, 0), id);
        ck_assert_int_eq(sqlite3_column_int64(statement, 1),
                         atomic_load(&ledger->owners[id]));
    }
    ck_assert_int_eq(id, total);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
}

/** Assert that the sink was given each event once, in order, as it was
 *  acknowledged. */
static void
assert_sink_matches(const struct ledger *ledger, struct recorder *recorder)
{
    const int64_t total = atomic_load(&ledger->total);
    const struct recorder_event *event;
    int64_t id;

    ck_assert_uint_eq(recorder_event_count(recorder), (size_t)total);
    ck_assert_uint_eq(recorder_delivered_count(recorder), (size_t)total);
    for (id = 1; id <= total; id++) {
        event = recorder_event(recorder, (size_t)id - 1);
        ck_assert_int_eq(event->id, id);
        ck_assert_int_eq(strtoll(event->payload, NULL, 10),
                         atomic_load(&ledger->owners[id]));
    }
}

START_TEST(test_ids_are_contiguous_under_threads_and_an_uploader)
{
    struct ledger *ledger = support_alloc(sizeof(*ledger));
    struct collector_uploader_options options;
    struct collector_uploader *uploader = NULL;
    struct collector_sink *sink = NULL;
    struct recorder *recorder;
    struct collector_store_stats stats;
    struct harness harness;

    ledger->harness = &harness;
    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness_open(&harness);
    recorder = recorder_new(&sink);
    collector_uploader_options_init(&options);
    options.batch_count_max = 64;
    options.interval_ms = 1;
    ck_assert_ok(
        collector_uploader_new(harness.store, sink, &options, &uploader));
    ck_assert_ok(collector_uploader_start(uploader));
    crew_run(THREAD_COUNT, append_and_note, ledger);
    ck_assert_ok(collector_uploader_stop(uploader, SUPPORT_WAIT_MS));
    collector_uploader_free(uploader);
    collector_sink_free(sink);

    ck_assert(!atomic_load(&ledger->twice));
    stats = harness_stats(&harness);
    ck_assert_uint_eq(stats.accepted, (uint64_t)atomic_load(&ledger->total));
    ck_assert_uint_eq(stats.delivered, stats.accepted);
    ck_assert_uint_eq(stats.pending, 0);
    assert_file_matches(ledger);
    assert_sink_matches(ledger, recorder);
    ck_assert_int_eq(harness_int(&harness, "SELECT sum(event_count)"
                                           " FROM upload_runs"),
                     (int64_t)stats.accepted);
    harness_reopen(&harness);
    ck_assert_int_eq(harness_append(&harness, 1),
                     atomic_load(&ledger->total) + 1);
    harness_close(&harness);
    recorder_free(recorder);
}
END_TEST

/** Somebody who looks at the file all the time. */
struct onlooker {
    struct ledger *ledger;
    _Atomic bool done;
    int64_t looks;
};

static void *
look_on(void *userdata)
{
    struct onlooker *onlooker = userdata;
    const char *path = onlooker->ledger->harness->path;

    do {
        ck_assert_int_eq(
            support_sql_int(path, "SELECT count(*) = coalesce(max(id), 0)"
                                  " FROM event_log"),
            1);
        onlooker->looks++;
    } while (!atomic_load(&onlooker->done));
    return NULL;
}

START_TEST(test_nobody_ever_sees_a_gap)
{
    struct ledger *ledger = support_alloc(sizeof(*ledger));
    struct onlooker onlooker = {.ledger = ledger};
    struct harness harness;
    pthread_t thread;

    ledger->harness = &harness;
    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    ck_assert_int_eq(pthread_create(&thread, NULL, look_on, &onlooker), 0);
    crew_run(THREAD_COUNT, append_and_note, ledger);
    atomic_store(&onlooker.done, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_gt(onlooker.looks, 0);
    ck_assert(!atomic_load(&ledger->twice));
    assert_file_matches(ledger);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("ids");
    TCase *crowd = tcase_create("crowd");

    tcase_add_loop_test(
        crowd, test_ids_are_contiguous_under_threads_and_an_uploader, 0, 3);
    tcase_add_loop_test(crowd, test_nobody_ever_sees_a_gap, 0, 3);
    suite_add_tcase(suite, crowd);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
