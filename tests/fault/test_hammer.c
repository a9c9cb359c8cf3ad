/* SPDX-License-Identifier: MIT */
/*
 * Eight threads do to one store and its uploader whatever the headers allow, in
 * an order that nobody knows. In the end what was confirmed is there, each
 * event once and with its content, and the ledger is what the receipts, the
 * sink and the fetchers say.
 */
#include "account.h"
#include "crew.h"
#include "harness.h"
#include "recorder.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREAD_COUNT 8
#define ACT_COUNT 120
#define APPEND_COUNT_MAX 12

/** Of the events of a thread, one of so many is refused for good. */
#define BAD_EVERY 7

/** More events than all of them can append in a round: the sink must be able to
 *  remember each. */
#define EVENT_COUNT_MAX 32768

struct anvil {
    struct harness harness;
    struct recorder *recorder;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    unsigned seed;
    /** By id: what was confirmed; NULL when nobody was told of it. */
    const char *_Atomic confirmed[EVENT_COUNT_MAX];
    _Atomic uint64_t confirmed_count;
    _Atomic uint64_t replayed_count;
    /** Events that a fetcher has settled as delivered. */
    _Atomic uint64_t fetched_count;
    _Atomic int copy_count;
};

/** One of the threads. */
struct hand {
    struct anvil *anvil;
    unsigned number;
    unsigned seed;
    unsigned serial;
};

static struct anvil anvil;

static unsigned
draw(struct hand *hand, unsigned limit)
{
    return (unsigned)rand_r(&hand->seed) % limit;
}

/** Note what was confirmed. An id that was before had the same content. */
static void
note_receipt(struct hand *hand, const struct collector_receipt *receipt,
             unsigned serial)
{
    uint64_t i;

    for (i = 0; i < receipt->count; i++) {
        const int64_t id = receipt->first_id + (int64_t)i;
        const char *content =
            support_format("%u %ju", hand->number, (uintmax_t)(serial + i));
        const char *before = NULL;

        ck_assert_int_lt(id, EVENT_COUNT_MAX);
        if (atomic_compare_exchange_strong(&hand->anvil->confirmed[id], &before,
                                           content))
            atomic_fetch_add(&hand->anvil->confirmed_count, 1);
        else
            ck_assert_str_eq(content, before);
        ck_assert_int_eq(receipt->duplicate, before != NULL);
    }
}

static int
append_json(struct hand *hand, unsigned count, unsigned serial, const char *key,
            struct collector_receipt *ret_receipt)
{
    const char *text = "";
    unsigned i;

    for (i = 0; i < count; i++)
        text = support_format("%s{\"device_id\":\"%u\",\"kind\":\"k\","
                              "\"payload\":%u}\n",
                              text, hand->number, serial + i);
    return collector_store_append_json(hand->anvil->harness.store, text,
                                       strlen(text), COLLECTOR_JSON_LINES, key,
                                       ret_receipt, NULL);
}

static int
append_structs(struct hand *hand, unsigned count, unsigned serial,
               const char *key, struct collector_receipt *ret_receipt)
{
    struct collector_event events[APPEND_COUNT_MAX];
    const char *device_id = support_format("%u", hand->number);
    unsigned i;

    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = device_id,
            .kind = "k",
            .payload = support_format("%u", serial + i)};
    return collector_store_append(hand->anvil->harness.store, events, count,
                                  key, ret_receipt);
}

/** Append, perhaps with a key, and then perhaps twice. */
static void
act_append(struct hand *hand)
{
    const unsigned count = 1 + draw(hand, APPEND_COUNT_MAX);
    const unsigned serial = hand->serial;
    const bool keyed = draw(hand, 3) == 0;
    const bool json = draw(hand, 2) == 0;
    const char *key =
        keyed ? support_format("%u-%u", hand->number, serial) : NULL;
    int times = keyed ? 2 : 1;

    hand->serial += count;
    for (; times > 0; times--) {
        struct collector_receipt receipt = {0, 0, false};
        const int rc = json
                           ? append_json(hand, count, serial, key, &receipt)
                           : append_structs(hand, count, serial, key, &receipt);

        if (rc == COLLECTOR_ERR_BUSY)
            continue; /* too many collisions: it says so */
        ck_assert_ok(rc);
        note_receipt(hand, &receipt, serial);
    }
}

/** Deliver a batch beside the uploader, or think better of it. */
static void
act_fetch(struct hand *hand)
{
    const struct collector_batch_limits limits = {1 + draw(hand, 20), 65536};
    struct collector_delivery delivery = {.result = COLLECTOR_DELIVERED};
    struct collector_batch *batch = NULL;
    int rc = collector_store_fetch(hand->anvil->harness.store, &limits, &batch);

    ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_BUSY);
    if (rc == COLLECTOR_OK && batch != NULL && draw(hand, 2) == 0) {
        rc = collector_store_checkpoint(hand->anvil->harness.store, batch,
                                        &delivery);
        ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_BUSY);
        if (rc == COLLECTOR_OK)
            atomic_fetch_add(&hand->anvil->fetched_count,
                             collector_batch_count(batch));
    }
    collector_batch_free(batch);
}

static void
act_snapshot(struct hand *hand)
{
    const char *path = support_path(
        hand->anvil->harness.dir,
        support_format("copy-%d",
                       atomic_fetch_add(&hand->anvil->copy_count, 1)));
    const int rc = collector_store_snapshot(hand->anvil->harness.store, path);

    if (rc == COLLECTOR_OK)
        ck_assert_int_eq(unlink(path), 0);
    else
        ck_assert(rc == COLLECTOR_ERR_BUSY || rc == COLLECTOR_ERR_CANCELLED);
}

static int
ignore_letter(void *userdata, const struct collector_dead_letter *letter)
{
    ck_assert_int_ge(letter->event_id, 1);
    (void)userdata;
    return 0;
}

static void
act_letters(struct hand *hand)
{
    struct collector_store *store = hand->anvil->harness.store;
    uint64_t count = 0;
    int rc;

    switch (draw(hand, 3)) {
    case 0:
        rc = collector_dead_letters_replay(store, NULL, 0, &count);
        atomic_fetch_add(&hand->anvil->replayed_count, count);
        break;
    case 1:
        rc = collector_dead_letters_purge(store, NULL, 0, NULL);
        break;
    default:
        rc = collector_dead_letters_list(store, 0, 100, ignore_letter, NULL);
        break;
    }
    ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_BUSY);
}

static void
act_uploader(struct hand *hand)
{
    struct collector_uploader *uploader = hand->anvil->uploader;
    struct collector_drain drain;
    int rc = COLLECTOR_OK;

    switch (draw(hand, 16)) {
    case 0:
        rc = collector_uploader_stop(uploader, 0);
        ck_assert_ok(rc);
        break;
    case 1:
        rc = collector_uploader_stop(uploader, 3);
        ck_assert_ok(rc);
        break;
    case 2:
        rc = collector_uploader_drain(uploader, &drain);
        break;
    case 3:
        collector_sink_cancel(hand->anvil->sink);
        break;
    default:
        rc = collector_uploader_start(uploader);
        break;
    }
    ck_assert(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_BUSY);
}

static void
act_look(struct hand *hand)
{
    struct collector_uploader_stats uploader = {.size = sizeof(uploader)};
    struct collector_store_stats stats = harness_stats(&hand->anvil->harness);

    ck_assert_uint_eq(stats.accepted, stats.delivered + stats.dead +
                                          stats.dropped + stats.pending);
    collector_uploader_stats(hand->anvil->uploader, &uploader);
    ck_assert_uint_le(uploader.failures, uploader.runs);
}

static void
act(struct hand *hand)
{
    const unsigned drawn = draw(hand, 20);

    if (drawn < 8)
        act_append(hand);
    else if (drawn < 10)
        act_fetch(hand);
    else if (drawn < 12)
        act_letters(hand);
    else if (drawn < 16)
        act_uploader(hand);
    else if (drawn < 17)
        act_snapshot(hand);
    else if (drawn < 18)
        collector_store_snapshot_cancel(hand->anvil->harness.store);
    else if (drawn < 19)
        (void)collector_store_maintain(hand->anvil->harness.store); /* BUSY */
    else
        act_look(hand);
}

static void
work(void *userdata, size_t number)
{
    struct anvil *shared = userdata;
    struct hand hand = {.anvil = shared,
                        .number = (unsigned)number,
                        .seed = shared->seed + (unsigned)number * 7919};
    int i;

    for (i = 0; i < ACT_COUNT; i++)
        act(&hand);
}

/** Whether there is one among them that the receiver never takes. */
static bool
is_bad(const struct collector_batch *batch)
{
    size_t i;

    for (i = 0; i < collector_batch_count(batch); i++) {
        if (strtol(collector_batch_event(batch, i)->payload, NULL, 10) %
                BAD_EVERY ==
            0)
            return true;
    }
    return false;
}

/** What the receiver thinks, after a moment. */
static struct recorder_answer
judge(void *userdata, const struct collector_batch *batch)
{
    unsigned *seed = userdata;
    const unsigned drawn = (unsigned)rand_r(seed) % 12;

    (void)usleep((unsigned)rand_r(seed) % 300);
    if (drawn == 0)
        return (struct recorder_answer){.result = COLLECTOR_RETRY};
    if (drawn == 1)
        return (struct recorder_answer){.rc = COLLECTOR_ERR_CANCELLED};
    if (is_bad(batch))
        return (struct recorder_answer){.result = COLLECTOR_REJECTED,
                                        .status = drawn == 2 ? 413 : 400};
    return (struct recorder_answer){0};
}

static void
open_all(int mode)
{
    struct collector_uploader_options options;

    memset(&anvil, 0, sizeof(anvil));
    harness_prepare(&anvil.harness, mode);
    anvil.harness.options.clock = NULL;
    harness_open(&anvil.harness);
    anvil.recorder = recorder_new(&anvil.sink);
    collector_uploader_options_init(&options);
    options.interval_ms = 1;
    options.retry_base_ms = 1;
    options.retry_max_ms = 2;
    options.batch_count_max = 30;
    ck_assert_ok(collector_uploader_new(anvil.harness.store, anvil.sink,
                                        &options, &anvil.uploader));
}

/** Whatever is in the file is what was confirmed, or was replayed. */
static void
compare_stored(bool *stored)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(anvil.harness.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT id, device_id || ' ' ||"
                                        " payload_json FROM event_log",
                                        -1, &statement, NULL),
                     SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const int64_t id = sqlite3_column_int64(statement, 0);
        const char *content;

        ck_assert_int_lt(id, EVENT_COUNT_MAX);
        content = atomic_load(&anvil.confirmed[id]);
        stored[id] = true;
        if (content != NULL)
            ck_assert_str_eq((const char *)sqlite3_column_text(statement, 1),
                             content);
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
}

/** What was confirmed is in the file, unless it was refused and then purged. */
static void
compare_confirmed(void)
{
    bool *stored = support_alloc(EVENT_COUNT_MAX * sizeof(*stored));
    int64_t id;

    compare_stored(stored);
    for (id = 1; id < EVENT_COUNT_MAX; id++) {
        if (atomic_load(&anvil.confirmed[id]) != NULL && !stored[id])
            ck_assert_int_eq(
                harness_int(&anvil.harness,
                            support_format("SELECT count(*) FROM upload_runs"
                                           " WHERE status = 'dead' AND %jd"
                                           " BETWEEN first_id AND last_id",
                                           (intmax_t)id)),
                1);
    }
}

static void
drain_all(void)
{
    const int64_t deadline = support_now_ms() + SUPPORT_WAIT_MS;
    struct collector_drain drain;

    ck_assert_ok(collector_uploader_stop(anvil.uploader, 0));
    recorder_set_judge(anvil.recorder, NULL, NULL);
    while (harness_stats(&anvil.harness).pending > 0) {
        ck_assert_ok(collector_uploader_drain(anvil.uploader, &drain));
        ck_assert_int_lt(support_now_ms(), deadline);
    }
    collector_uploader_free(anvil.uploader);
    harness_close(&anvil.harness);
}

static void
check_all(void)
{
    ck_assert_uint_eq(
        (uint64_t)harness_int(&anvil.harness, "SELECT accepted FROM ledger"),
        atomic_load(&anvil.confirmed_count) +
            atomic_load(&anvil.replayed_count));
    ck_assert_uint_eq(
        (uint64_t)harness_int(&anvil.harness, "SELECT delivered FROM ledger"),
        recorder_delivered_count(anvil.recorder) +
            atomic_load(&anvil.fetched_count));
    account_assert(anvil.harness.path);
    compare_confirmed();
    collector_sink_free(anvil.sink);
    recorder_free(anvil.recorder);
}

START_TEST(test_whatever_they_do_at_once)
{
    const uint64_t rounds = support_rounds("HAMMER_ROUNDS", 1, 150);
    const unsigned seed = support_seed();
    unsigned receiver_seed;
    uint64_t i;

    for (i = 0; i < rounds; i++) {
        open_all(_i);
        anvil.seed = seed + (unsigned)i * 104729;
        receiver_seed = anvil.seed;
        recorder_set_judge(anvil.recorder, judge, &receiver_seed);
        crew_run(THREAD_COUNT, work, &anvil);
        drain_all();
        check_all();
    }
    (void)printf("mode %d: %ju rounds; the last had %ju events confirmed, %ju"
                 " replayed, %ju fetched\n",
                 _i, (uintmax_t)rounds,
                 (uintmax_t)atomic_load(&anvil.confirmed_count),
                 (uintmax_t)atomic_load(&anvil.replayed_count),
                 (uintmax_t)atomic_load(&anvil.fetched_count));
    (void)fflush(stdout);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hammer");
    TCase *tcase = tcase_create("hammer");

    tcase_set_timeout(tcase, 6 * 3600);
    tcase_add_loop_test(tcase, test_whatever_they_do_at_once, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
