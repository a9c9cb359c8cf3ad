/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random steps, on a store and on a model of what it should hold:
 * whatever was done in whatever order, both say the same, also after a reopen
 * and after the file was left as a killed process leaves it.
 *
 * SUPPORT_SEED repeats a run; MODEL_STEPS makes it longer.
 */
#include "harness.h"
#include "model.h"
#include "retention.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP_COUNT 800
#define APPEND_COUNT_MAX 20

/** So short that the engine has no patience with events: which ones it prunes
 *  together is then no matter of when it looked. */
#define RETAIN_MS (COLLECTOR_PATIENCE_PART - 1)

#define BACKLOG_MAX 120

/** Ids that one replay or purge names. */
#define ID_COUNT_MAX 4

/** Steps between two comparisons of every row. */
#define ROWS_EVERY 40

static struct harness harness;
static struct model model;
static struct collector_batch *batch;
static unsigned seed;
static int copy_count;

static unsigned
draw(unsigned limit)
{
    return (unsigned)rand_r(&seed) % limit;
}

static const char *
device_name(unsigned device)
{
    return support_format("device-%u", device);
}

static const char *
payload_of(int64_t serial)
{
    return support_format("{\"serial\":%jd}", (intmax_t)serial);
}

/** What the file says, as a model's outcome. */
static enum model_outcome
append_events(unsigned device, size_t count, int key, int64_t first_serial,
              int64_t *ret_first_id)
{
    struct collector_event events[BACKLOG_MAX + APPEND_COUNT_MAX];
    struct collector_receipt receipt = {0, 0, false};
    size_t i;
    int rc;

    for (i = 0; i < count; i++)
        events[i] = (struct collector_event){
            .device_id = device_name(device),
            .kind = "k",
            .payload = payload_of(first_serial + (int64_t)i)};
    rc = collector_store_append(harness.store, events, count,
                                key >= 0 ? support_format("key-%d", key) : NULL,
                                &receipt);
    if (rc == COLLECTOR_ERR_CONFLICT)
        return MODEL_CONFLICT;
    if (rc == COLLECTOR_ERR_FULL)
        return MODEL_FULL;
    ck_assert_ok(rc);
    ck_assert_uint_eq(receipt.count, count);
    *ret_first_id = receipt.first_id;
    return receipt.duplicate ? MODEL_REPEATED : MODEL_KEPT;
}

static void
step_append(void)
{
    const int key = draw(3) == 0 ? (int)draw(MODEL_KEY_COUNT) : -1;
    const bool repeat = key >= 0 && model.keys[key].used && draw(2) == 0;
    const unsigned device = repeat
                                ? model.events[model.keys[key].first_id].device
                                : draw(MODEL_DEVICE_COUNT);
    const size_t count = repeat          ? model.keys[key].count
                         : draw(50) == 0 ? BACKLOG_MAX + 1
                                         : 1 + draw(APPEND_COUNT_MAX);
    const int64_t serial = repeat
                               ? model.events[model.keys[key].first_id].serial
                               : model.serial + 1;
    enum model_outcome expected;
    enum model_outcome got;
    int64_t expected_id;
    int64_t got_id = 0;

    /* A key that was used with as many events, but others: a conflict. */
    if (!repeat && key >= 0 && model.keys[key].used &&
        model.keys[key].count == count)
        return;
    expected = model_append(&model, device, count, key, &expected_id);
    got = append_events(device, count, key, serial, &got_id);
    ck_assert_int_eq(got, expected);
    if (got == MODEL_KEPT || got == MODEL_REPEATED)
        ck_assert_int_eq(got_id, expected_id);
}

/** Take a batch, and compare each of its events. */
static void
step_fetch(void)
{
    const int64_t first_id = model.settled_through + 1;
    size_t i;

    if (batch != NULL)
        return;
    batch = harness_fetch(&harness, 1 + (draw(3) == 0 ? 0 : draw(40)));
    ck_assert_int_eq(batch != NULL, model_pending(&model) > 0);
    if (batch == NULL)
        return;
    ck_assert_int_eq(collector_batch_first_id(batch), first_id);
    for (i = 0; i < collector_batch_count(batch); i++) {
        const struct collector_event *event = collector_batch_event(batch, i);
        const struct model_event *known = &model.events[first_id + (int64_t)i];

        ck_assert_str_eq(event->device_id, device_name(known->device));
        ck_assert_str_eq(event->payload, payload_of(known->serial));
    }
}

static void
let_batch_go(void)
{
    collector_batch_free(batch);
    batch = NULL;
}

static void
step_checkpoint(void)
{
    const enum collector_delivery_result result =
        (enum collector_delivery_result)draw(3);
    int64_t first_id;
    int64_t last_id;

    if (batch == NULL)
        return;
    first_id = collector_batch_first_id(batch);
    last_id = collector_batch_last_id(batch);
    ck_assert_ok(harness_checkpoint(&harness, batch, result));
    if (result == COLLECTOR_DELIVERED)
        model_settle(&model, last_id, MODEL_DELIVERED);
    if (result == COLLECTOR_REJECTED)
        model_reject(&model, first_id, last_id);
    if (result == COLLECTOR_DELIVERED || draw(2) == 0)
        let_batch_go();
}

static void
step_maintain(void)
{
    const int64_t ms = draw(RETAIN_MS * 2 / 3);

    support_clock_advance(&harness.clock, ms);
    /* The wall clock goes where it likes. */
    atomic_fetch_add(&harness.clock.wall_ms,
                     ((int64_t)draw(3) - 1) * INT64_C(100000000000));
    model.uptime_ms += ms;
    ck_assert_ok(collector_store_maintain(harness.store));
    model_prune(&model);
}

/** Some ids, most of them not those of dead letters. */
static size_t
draw_ids(int64_t ids[ID_COUNT_MAX])
{
    const size_t count = 1 + draw(ID_COUNT_MAX);
    size_t i;
    int64_t id;

    for (i = 0; i < count; i++) {
        ids[i] = 1 + (int64_t)draw((unsigned)model.accepted + 1);
        for (id = ids[i]; id <= model.accepted; id++) {
            if (model.events[id].letter && draw(4) > 0) {
                ids[i] = id;
                break;
            }
        }
    }
    return count;
}

static void
step_replay(void)
{
    int64_t ids[ID_COUNT_MAX];
    const size_t count = draw_ids(ids);
    const int64_t before = model.accepted;
    const bool all = draw(3) == 0;
    const int64_t through = model.settled_through;
    uint64_t replayed = 0;
    int64_t id;
    size_t i;

    if ((size_t)model_pending(&model) + model_replayable(&model) >
        model.backlog_max)
        return; /* how much of it fits is not the model's business */
    ck_assert_ok(collector_dead_letters_replay(harness.store, all ? NULL : ids,
                                               all ? 0 : count, &replayed));
    for (i = 0; !all && i < count; i++)
        model_replay(&model, ids[i]);
    for (id = 1; all && id <= through; id++)
        model_replay(&model, id);
    ck_assert_int_eq((int64_t)replayed, model.accepted - before);
}

static void
step_purge(void)
{
    int64_t ids[ID_COUNT_MAX];
    const size_t count = draw_ids(ids);
    const bool all = draw(8) == 0;
    int64_t id;
    size_t i;

    ck_assert_ok(collector_dead_letters_purge(harness.store, all ? NULL : ids,
                                              all ? 0 : count, NULL));
    for (i = 0; !all && i < count; i++)
        model_purge(&model, ids[i]);
    for (id = 1; all && id <= model.settled_through; id++)
        model_purge(&model, id);
}

static void
copy_file(const char *from, const char *to, const char *suffix)
{
    const char *source = support_format("%s%s", from, suffix);
    const int64_t size = support_file_size(source);
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    FILE *file;

    if (bytes == NULL)
        return;
    file = fopen(source, "r");
    ck_assert_uint_eq(fread(bytes, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    file = fopen(support_format("%s%s", to, suffix), "w");
    ck_assert_uint_eq(fwrite(bytes, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    free(bytes);
}

/** Go on with the files as they are now: so a killed process leaves them. */
static void
step_kill(void)
{
    const char *path =
        support_path(harness.dir, support_format("copy-%d", ++copy_count));

    copy_file(harness.path, path, "");
    copy_file(harness.path, path, "-wal");
    let_batch_go();
    harness_close(&harness);
    (void)unlink(harness.path);
    harness.path = path;
    harness.options.path = path;
    harness_open(&harness);
    model_reopen(&model);
}

static void
step_reopen(void)
{
    let_batch_go();
    harness_reopen(&harness);
    model_reopen(&model);
}

static const struct {
    unsigned weight;
    void (*step)(void);
} steps[] = {
    {30, step_append},  {25, step_fetch}, {25, step_checkpoint},
    {8, step_maintain}, {4, step_replay}, {3, step_purge},
    {2, step_reopen},   {3, step_kill},
};

static void
take_step(void)
{
    unsigned at = draw(100);
    size_t i = 0;

    while (at >= steps[i].weight)
        at -= steps[i++].weight;
    steps[i].step();
}

static void
compare_ledger(void)
{
    ck_assert_str_eq(
        harness_text(&harness,
                     "SELECT accepted || ' ' || delivered || ' ' || dead ||"
                     " ' ' || dropped || ' ' || pending FROM ledger"),
        support_format("%jd %jd %jd %jd %jd", (intmax_t)model.accepted,
                       (intmax_t)model.counts[MODEL_DELIVERED],
                       (intmax_t)model.counts[MODEL_DEAD],
                       (intmax_t)model.counts[MODEL_DROPPED],
                       (intmax_t)model_pending(&model)));
}

static const struct model_event *
next_present(int64_t *id, bool letter)
{
    while (++*id <= model.accepted) {
        const struct model_event *event = &model.events[*id];

        if (letter ? event->letter : event->present)
            return event;
    }
    return NULL;
}

/** Every row of event_log, with its dead letter if it has one. */
static void
compare_rows(void)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *db = NULL;
    int64_t id = 0;

    ck_assert_int_eq(sqlite3_open(harness.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db,
                           "SELECT e.id, e.device_id, e.payload_json,"
                           " d.event_id IS NOT NULL,"
                           " coalesce(d.replayed_as, 0) FROM event_log e"
                           " LEFT JOIN dead_letters d ON d.event_id = e.id"
                           " ORDER BY e.id",
                           -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const struct model_event *event = next_present(&id, false);

        ck_assert_msg(event != NULL, "there is an event too many");
        ck_assert_int_eq(sqlite3_column_int64(statement, 0), id);
        ck_assert_str_eq((const char *)sqlite3_column_text(statement, 1),
                         device_name(event->device));
        ck_assert_str_eq((const char *)sqlite3_column_text(statement, 2),
                         payload_of(event->serial));
        ck_assert_int_eq(sqlite3_column_int(statement, 3), event->letter);
        ck_assert_int_eq(sqlite3_column_int64(statement, 4),
                         event->replayed_as);
    }
    ck_assert_msg(next_present(&id, false) == NULL, "event %jd is missing",
                  (intmax_t)id);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(db);
}

static int
compare_letter(void *userdata, const struct collector_dead_letter *letter)
{
    int64_t *id = userdata;
    const struct model_event *event = next_present(id, true);

    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(letter->event_id, *id);
    ck_assert_str_eq(letter->event.payload, payload_of(event->serial));
    ck_assert_int_eq(letter->replayed_as, event->replayed_as);
    return 0;
}

static void
compare_letters(void)
{
    int64_t id = 0;

    ck_assert_ok(collector_dead_letters_list(harness.store, 0, UINT64_MAX,
                                             compare_letter, &id));
    ck_assert_ptr_null(next_present(&id, true));
}

static void
compare_rest(void)
{
    int64_t devices = 0;
    size_t i;

    for (i = 0; i < MODEL_DEVICE_COUNT; i++)
        devices += model.devices[i];
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM devices"),
                     devices);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"
                                           " WHERE uploaded_at IS NULL"),
                     model_pending(&model));
    /* No run overlaps another; what is settled and kept has its run. */
    ck_assert_int_eq(
        harness_int(&harness,
                    "SELECT count(*) FROM (SELECT first_id, last_id,"
                    " event_count, lag(last_id, 1, 0) OVER (ORDER BY last_id)"
                    " AS before FROM upload_runs WHERE status <> 'error')"
                    " WHERE first_id <= before"
                    " OR event_count <> last_id - first_id + 1"),
        0);
    ck_assert_int_eq(
        harness_int(&harness,
                    "SELECT count(*) FROM event_log e WHERE e.id <="
                    " (SELECT settled_through FROM state) AND NOT EXISTS"
                    " (SELECT 1 FROM upload_runs r WHERE r.status <> 'error'"
                    "   AND e.id BETWEEN r.first_id AND r.last_id)"),
        0);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
}

static void
open_as_drawn(int mode)
{
    memset(&model, 0, sizeof(model));
    model.backlog_max = BACKLOG_MAX;
    model.drop_oldest = draw(2) == 0;
    model.retain_ms = draw(3) == 0 ? 0 : RETAIN_MS;
    model.dead_letter_max = 5;
    model.key_retain_ms = 3 * RETAIN_MS;
    harness_init(&harness);
    harness_stop_clock(&harness);
    harness.options.mode = (enum collector_write_mode)mode;
    harness.options.backlog_max = model.backlog_max;
    harness.options.overflow = model.drop_oldest
                                   ? COLLECTOR_OVERFLOW_DROP_OLDEST
                                   : COLLECTOR_OVERFLOW_REJECT;
    harness.options.retain_ms = (uint64_t)model.retain_ms;
    harness.options.dead_letter_max = model.dead_letter_max;
    harness.options.idempotency_retain_ms = (uint64_t)model.key_retain_ms;
    harness_open(&harness);
}

START_TEST(test_the_store_and_the_model_agree)
{
    const char *more = getenv("MODEL_STEPS");
    const long count = more != NULL ? strtol(more, NULL, 10) : STEP_COUNT;
    long i;

    (void)printf("mode %d, ", _i % 3);
    seed = support_seed();
    open_as_drawn(_i % 3);
    for (i = 1; i <= count && model.accepted < MODEL_EVENT_COUNT_MAX - 1000;
         i++) {
        take_step();
        compare_ledger();
        if (i % ROWS_EVERY == 0 || i == count) {
            compare_rows();
            compare_letters();
            compare_rest();
        }
    }
    let_batch_go();
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("model");
    TCase *tcase = tcase_create("model");

    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, test_the_store_and_the_model_agree, 0, 6);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
