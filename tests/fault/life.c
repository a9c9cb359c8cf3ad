/* SPDX-License-Identifier: MIT */
/*
 * A life is drawn from its seed, and from what came of it so far; never from
 * the wall clock, which only the collector looks at.
 */
#include "life.h"

#include "harness.h"
#include "recorder.h"
#include "wall.h"

#include "devices.h"
#include "uploader.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define APPEND_COUNT_MAX 15
#define BACKLOG_MAX 150
#define KEY_COUNT 10
#define DEVICE_COUNT_MAX 64
#define RETRY_MAX_MS 64

/** Steps between two comparisons of who was seen. */
#define DEVICES_EVERY 10

/** A key that was used, and for what. */
struct key {
    unsigned device;
    size_t count;
    int64_t serial;
};

struct life {
    struct harness harness;
    struct wall wall;
    unsigned seed;
    struct recorder *recorder;
    struct collector_sink *sink;
    struct collector_uploader *uploader;
    int64_t serial;
    struct key keys[KEY_COUNT];
    int64_t last_seen[DEVICE_COUNT_MAX];
    char *text;
    size_t text_size;
    FILE *notes;
};

static unsigned
draw(struct life *life, unsigned limit)
{
    return (unsigned)rand_r(&life->seed) % limit;
}

static int64_t
read_monotonic(void *userdata)
{
    struct wall *wall = userdata;
    struct life *life =
        (struct life *)((char *)wall - offsetof(struct life, wall));

    return atomic_load(&life->harness.clock.monotonic_ms);
}

/** Time passes, for whoever looks at the right clock. */
static void
pass(struct life *life, int64_t ms)
{
    atomic_fetch_add(&life->harness.clock.monotonic_ms, ms);
}

static void
open_uploader(struct life *life)
{
    struct collector_uploader_options options;

    collector_uploader_options_init(&options);
    options.batch_count_max = 20;
    options.retry_base_ms = RETRY_MAX_MS;
    options.retry_max_ms = RETRY_MAX_MS;
    options.log = support_log;
    options.log_userdata = life->harness.log;
    ck_assert_ok(collector_uploader_new(life->harness.store, life->sink,
                                        &options, &life->uploader));
    /* It looks after the store by the system's clock: here that is a step. */
    life->uploader->maintained_at = INT64_MAX;
}

/** What the receiver says depends on the events, and on the life so far. */
static struct recorder_answer
judge(void *userdata, const struct collector_batch *batch)
{
    static const struct recorder_answer later = {.result = COLLECTOR_RETRY,
                                                 .status = 503,
                                                 .retry_after_ms = 5000,
                                                 .error = "later"};
    static const struct recorder_answer down = {.result = COLLECTOR_RETRY,
                                                .error = "down"};
    static const struct recorder_answer bad = {
        .result = COLLECTOR_REJECTED, .status = 422, .error = "bad"};
    struct life *life = userdata;
    const unsigned drawn = draw(life, 8);
    size_t i;

    if (drawn < 2)
        return drawn == 0 ? later : down;
    for (i = 0; i < collector_batch_count(batch); i++) {
        const struct collector_event *event = collector_batch_event(batch, i);

        ck_assert_int_ge(event->ts, 1);
        if (strtoll(event->payload, NULL, 10) % 13 == 0)
            return bad;
    }
    return (struct recorder_answer){0};
}

static void
note_stats(struct life *life)
{
    const struct collector_store_stats store = harness_stats(&life->harness);
    struct collector_uploader_stats uploader = {.size = sizeof(uploader)};

    collector_uploader_stats(life->uploader, &uploader);
    (void)fprintf(life->notes,
                  "%ju = %ju + %ju + %ju + %ju, %ju letters, full in %ju;"
                  " %ju runs, %ju failed, healthy %d, in flight %ju\n",
                  (uintmax_t)store.accepted, (uintmax_t)store.delivered,
                  (uintmax_t)store.dead, (uintmax_t)store.dropped,
                  (uintmax_t)store.pending, (uintmax_t)store.dead_letter_count,
                  (uintmax_t)store.full_in_ms, (uintmax_t)uploader.runs,
                  (uintmax_t)uploader.failures, uploader.healthy,
                  (uintmax_t)uploader.in_flight_ms);
    /* 0 says that there is none. */
    ck_assert_int_eq(store.oldest_pending_ts > 0, store.pending > 0);
    ck_assert_int_eq(uploader.failing_since > 0,
                     uploader.failures_in_a_row > 0);
    ck_assert_int_eq(uploader.last_success_at > 0, uploader.events > 0);
    ck_assert_uint_eq(store.wal_pinned_ms, 0);
}

/** What the sender's clock says: nothing, something old, nonsense. */
static int64_t
draw_ts(struct life *life)
{
    switch (draw(life, 6)) {
    case 0:
        return INT64_C(1600000000000) + draw(life, 1000000);
    case 1:
        return 1 + draw(life, 1000);
    case 2:
        return draw(life, 4) == 0 ? INT64_MAX : INT64_C(4102444800000);
    default:
        return 0;
    }
}

/** Append events that a key and a serial number tell all about: a repeat is
 *  the same, also what the sender's clock said. */
static void
append(struct life *life, const struct key *what, const char *key)
{
    struct collector_event events[APPEND_COUNT_MAX];
    struct collector_receipt receipt = {0, 0, false};
    const unsigned seed = life->seed;
    size_t i;
    int rc;

    life->seed = (unsigned)what->serial;
    for (i = 0; i < what->count; i++)
        events[i] = (struct collector_event){
            .device_id = support_format("device-%u", what->device),
            .kind = "k",
            .payload =
                support_format("%jd", (intmax_t)(what->serial + (int64_t)i)),
            .ts = draw_ts(life)};
    life->seed = seed;
    rc = collector_store_append(life->harness.store, events, what->count, key,
                                &receipt);
    (void)fprintf(life->notes, "append %s: %s %jd %ju %d\n",
                  support_text_or_nothing(key), support_error_name(rc),
                  (intmax_t)receipt.first_id, (uintmax_t)receipt.count,
                  receipt.duplicate);
}

static void
step_append(struct life *life)
{
    const unsigned number = draw(life, KEY_COUNT);
    struct key what = {.device = draw(life, (unsigned)life->serial / 40 + 3) %
                                 DEVICE_COUNT_MAX,
                       .count = 1 + draw(life, APPEND_COUNT_MAX),
                       .serial = life->serial + 1};

    if (draw(life, 2) == 0) {
        append(life, &what, NULL);
    } else {
        if (life->keys[number].count > 0 && draw(life, 2) == 0)
            what = life->keys[number];
        life->keys[number] = what;
        append(life, &what, support_format("key-%u", number));
    }
    life->serial += APPEND_COUNT_MAX;
}

/** Drain once; a rest is as long as was asked for, and ends when that has
 *  passed. */
static void
step_drain(struct life *life)
{
    struct collector_drain drain;
    struct collector_drain again;

    ck_assert_ok(collector_uploader_drain(life->uploader, &drain));
    (void)fprintf(life->notes, "drain %ju %d %s\n",
                  (uintmax_t)drain.event_count, (int)drain.result,
                  drain.wait_ms > RETRY_MAX_MS
                      ? support_format("%u", drain.wait_ms)
                      : "soon"); /* drawn at random */
    if (drain.result != COLLECTOR_RETRY)
        return;
    if (drain.wait_ms > 0) {
        pass(life, drain.wait_ms - 1);
        ck_assert_ok(collector_uploader_drain(life->uploader, &again));
        ck_assert_uint_eq(again.wait_ms, 1);
        ck_assert_int_eq(again.result, COLLECTOR_RETRY);
        pass(life, 1);
    }
    if (drain.wait_ms < RETRY_MAX_MS) /* it could have been drawn longer */
        pass(life, RETRY_MAX_MS - (int64_t)drain.wait_ms);
}

static void
step_maintain(struct life *life)
{
    pass(life, draw(life, 3000));
    ck_assert_ok(collector_store_maintain(life->harness.store));
}

static void
step_letters(struct life *life)
{
    uint64_t count = 0;
    int rc;

    if (draw(life, 3) > 0)
        rc =
            collector_dead_letters_replay(life->harness.store, NULL, 0, &count);
    else
        rc = collector_dead_letters_purge(life->harness.store, NULL, 0, &count);
    (void)fprintf(life->notes, "letters: %s %ju\n", support_error_name(rc),
                  (uintmax_t)count);
}

static void
step_snapshot(struct life *life)
{
    const char *path = support_path(life->harness.dir, "copy");

    ck_assert_ok(collector_store_snapshot(life->harness.store, path));
    (void)fprintf(
        life->notes, "copy %jd\n",
        (intmax_t)support_sql_int(path, "SELECT count(*) FROM event_log"));
    ck_assert_int_eq(unlink(path), 0);
}

static void
step_reopen(struct life *life)
{
    collector_uploader_free(life->uploader);
    harness_reopen(&life->harness);
    open_uploader(life);
}

static void
take_step(struct life *life)
{
    const unsigned drawn = draw(life, 40);

    if (drawn < 16)
        step_append(life);
    else if (drawn < 30)
        step_drain(life);
    else if (drawn < 36)
        step_maintain(life);
    else if (drawn < 38)
        step_letters(life);
    else if (drawn < 39)
        step_snapshot(life);
    else
        step_reopen(life);
    note_stats(life);
}

/** No device is seen earlier than before, or later than anybody's now. */
static void
check_devices(struct life *life)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;

    ck_assert_int_eq(sqlite3_open(life->harness.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db,
                           "SELECT substr(device_key, 8), last_seen_at"
                           " FROM devices",
                           -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const int device = sqlite3_column_int(statement, 0);
        const int64_t seen_at = sqlite3_column_int64(statement, 1);

        ck_assert_msg(seen_at >= life->last_seen[device],
                      "device-%d was seen at %jd, and now at %jd", device,
                      (intmax_t)life->last_seen[device], (intmax_t)seen_at);
        ck_assert_int_le(seen_at - COLLECTOR_DEVICES_FUTURE_MS,
                         life->wall.latest);
        life->last_seen[device] = seen_at;
    }
    ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
    (void)sqlite3_close(db); /* no statement is left */
}

/** All that is in the file but the wall's times. */
static void
note_file(struct life *life)
{
    static const char *const questions[] = {
        "SELECT group_concat(id || ' ' || device_id || ' ' || payload_json,"
        " char(10)) FROM (SELECT * FROM event_log ORDER BY id)",
        "SELECT group_concat(status || ' ' || first_id || ' ' || last_id || ' '"
        " || event_count || ' ' || attempts || ' ' || coalesce(error, '')"
        " || ' ' || uptime_ms, char(10))"
        " FROM (SELECT * FROM upload_runs ORDER BY id)",
        "SELECT group_concat(event_id || ' ' || status || ' ' || reason || ' '"
        " || attempts || ' ' || coalesce(replayed_as, 0), char(10))"
        " FROM (SELECT * FROM dead_letters ORDER BY event_id)",
        "SELECT group_concat(first_id || ' ' || key || ' ' || event_count"
        " || ' ' || uptime_ms, char(10))"
        " FROM (SELECT * FROM idempotency ORDER BY first_id)",
        "SELECT settled_through || ' ' || delivered || ' ' || dead || ' ' ||"
        " dropped || ' ' || dead_in_a_row || ' ' || uptime_ms FROM state",
        "SELECT group_concat(id || ' ' || device_key, char(10))"
        " FROM (SELECT * FROM devices ORDER BY id)"};
    size_t i;

    for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        (void)fprintf(life->notes, "%s\n",
                      support_text_or_nothing(
                          harness_text(&life->harness, questions[i])));
    ck_assert_int_eq(
        harness_int(&life->harness,
                    "SELECT count(*) FROM upload_runs WHERE started_at < 1"
                    " OR finished_at < 1"),
        0);
    ck_assert_int_eq(harness_int(&life->harness,
                                 "SELECT count(*) FROM event_log e, devices"
                                 " d WHERE d.device_key = e.device_id"
                                 " AND d.last_seen_at < 1"),
                     0);
}

static void
begin(struct life *life, int mode, unsigned seed, bool jumps)
{
    memset(life, 0, sizeof(*life));
    life->seed = seed;
    wall_init(&life->wall, jumps, seed);
    life->notes = open_memstream(&life->text, &life->text_size);
    ck_assert_ptr_nonnull(life->notes);
    harness_prepare(&life->harness, mode);
    life->harness.clock_ops =
        (struct collector_clock){.wall_ms = wall_read,
                                 .monotonic_ms = read_monotonic,
                                 .userdata = &life->wall};
    life->harness.options.backlog_max = BACKLOG_MAX;
    life->harness.options.overflow = seed % 3 == 0
                                         ? COLLECTOR_OVERFLOW_DROP_OLDEST
                                         : COLLECTOR_OVERFLOW_REJECT;
    life->harness.options.retain_ms = 20000;
    life->harness.options.idempotency_retain_ms = 30000;
    life->harness.options.dead_letter_max = 5;
    harness_open(&life->harness);
    life->recorder = recorder_new(&life->sink);
    recorder_set_judge(life->recorder, judge, life);
    open_uploader(life);
}

char *
life_live(int mode, unsigned seed, bool jumps, uint64_t *jump_count)
{
    static struct life life;
    int i;

    begin(&life, mode, seed, jumps);
    for (i = 1; i <= LIFE_STEP_COUNT; i++) {
        take_step(&life);
        if (i % DEVICES_EVERY == 0)
            check_devices(&life);
    }
    ck_assert_int_gt(life.serial, 0);
    collector_uploader_free(life.uploader);
    harness_close(&life.harness);
    note_file(&life);
    collector_sink_free(life.sink);
    recorder_free(life.recorder);
    ck_assert_int_eq(fclose(life.notes), 0);
    if (jump_count != NULL)
        *jump_count += life.wall.jump_count;
    return life.text;
}
