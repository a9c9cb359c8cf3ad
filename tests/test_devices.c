/* SPDX-License-Identifier: MIT */
/*
 * The devices view is exact at every moment for anybody with plain SQLite:
 * every device that ever reported, numbered in the order of its first event,
 * last seen at its latest timestamp, which never goes back and never lies in
 * the future.
 */
#include "crew.h"
#include "devices.h"
#include "harness.h"

#include <stdlib.h>

#define DEVICE_COUNT 40

/** What the view should say. */
struct model {
    size_t count;
    struct {
        const char *device_id;
        int64_t last_seen_at;
    } devices[DEVICE_COUNT];
};

static void
model_see(struct model *model, const char *device_id, int64_t ts, int64_t now)
{
    const int64_t seen_at = ts > now ? now : ts;
    size_t i;

    for (i = 0; i < model->count; i++) {
        if (strcmp(model->devices[i].device_id, device_id) == 0)
            break;
    }
    ck_assert_uint_lt(i, DEVICE_COUNT);
    if (i == model->count) {
        model->devices[i].device_id = device_id;
        model->devices[i].last_seen_at = seen_at;
        model->count++;
    } else if (seen_at > model->devices[i].last_seen_at) {
        model->devices[i].last_seen_at = seen_at;
    }
}

/** Assert that the view, and the count in the stats, say what the model says.
 */
static void
assert_devices(struct harness *harness, const struct model *model)
{
    const char *expected = "";
    const char *found;
    size_t i;

    for (i = 0; i < model->count; i++)
        expected = support_format("%s%zu %s %lld\n", expected, i + 1,
                                  model->devices[i].device_id,
                                  (long long)model->devices[i].last_seen_at);
    found =
        harness_text(harness, "SELECT coalesce(group_concat(line, ''), '') FROM"
                              " (SELECT id || ' ' || device_key || ' ' ||"
                              " last_seen_at || char(10) AS line"
                              " FROM devices ORDER BY id)");
    ck_assert_str_eq(found, expected);
    ck_assert_uint_eq(harness_stats(harness).device_count, model->count);
}

static void
see(struct harness *harness, struct model *model, const char *device_id,
    int64_t ts)
{
    harness_see(harness, device_id, ts);
    model_see(model, device_id, ts, atomic_load(&harness->clock.wall_ms));
}

/** A store in this mode with a clock that stands still. */
static void
start(struct harness *harness, int mode)
{
    harness_init(harness);
    harness->options.mode = (enum collector_write_mode)mode;
    harness_stop_clock(harness);
    harness_open(harness);
}

START_TEST(test_view_is_exact_before_any_refresh)
{
    struct model model = {0};
    struct harness harness;

    start(&harness, _i);
    assert_devices(&harness, &model);
    see(&harness, &model, "zulu", 1000);
    see(&harness, &model, "alpha", 2000);
    see(&harness, &model, "zulu", 500); /* late: nothing goes back */
    see(&harness, &model, "mike", 1);
    see(&harness, &model, "alpha", 2001);
    ck_assert_int_eq(harness_devices_through(&harness), 0);
    assert_devices(&harness, &model);
    harness_reopen(&harness);
    assert_devices(&harness, &model);
    harness_close(&harness);
}
END_TEST

START_TEST(test_view_is_the_same_before_and_after_a_refresh)
{
    const size_t fill = COLLECTOR_DEVICES_TAIL_MAX - 4;
    struct model model = {0};
    struct harness harness;

    start(&harness, _i);
    see(&harness, &model, "zulu", 1000);
    see(&harness, &model, "alpha", 2000);
    see(&harness, &model, "mike", 3000);
    model_see(&model, "d", atomic_load(&harness.clock.wall_ms),
              atomic_load(&harness.clock.wall_ms));
    harness_append(&harness, fill);
    ck_assert_int_eq(harness_devices_through(&harness), 0);
    assert_devices(&harness, &model);
    see(&harness, &model, "late", 4); /* fills the tail */
    ck_assert_int_eq(harness_devices_through(&harness),
                     COLLECTOR_DEVICES_TAIL_MAX);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM device_state"),
                     5);
    assert_devices(&harness, &model);
    see(&harness, &model, "new", 5); /* some here, some there */
    see(&harness, &model, "mike", 2);
    see(&harness, &model, "alpha", 9000);
    ck_assert_int_eq(harness_devices_through(&harness),
                     COLLECTOR_DEVICES_TAIL_MAX);
    assert_devices(&harness, &model);
    harness_reopen(&harness);
    assert_devices(&harness, &model);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_timestamp_from_the_future_counts_as_now)
{
    const int64_t day_ms = 24 * 60 * 60 * 1000;
    struct model model = {0};
    struct harness harness;
    int64_t now;

    start(&harness, _i);
    now = atomic_load(&harness.clock.wall_ms);
    see(&harness, &model, "ahead", now + day_ms);
    see(&harness, &model, "far", INT64_MAX);
    see(&harness, &model, "honest", now);
    assert_devices(&harness, &model);
    ck_assert_int_eq(model.devices[0].last_seen_at, now);
    /* It stays the moment of the append, however late somebody looks. */
    support_clock_advance(&harness.clock, 5000);
    assert_devices(&harness, &model);
    see(&harness, &model, "honest", now + 5000);
    see(&harness, &model, "ahead", now + 10);
    assert_devices(&harness, &model);
    ck_assert_int_eq(harness_int(&harness, "SELECT ts FROM event_log"),
                     now + day_ms); /* the event itself is as it was sent */
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_future_counts_as_now_in_a_group_that_broke_too)
{
    struct collector_event events[2] = {{.device_id = "ahead", .kind = "k"},
                                        {.device_id = "b", .kind = "boom"}};
    struct append_call *ahead;
    struct append_call *boom;
    struct gate *gate;
    struct harness harness;
    int64_t now;

    start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    now = atomic_load(&harness.clock.wall_ms);
    events[0].ts = now + 60 * 60 * 1000;
    harness_exec(&harness,
                 "CREATE TRIGGER boom BEFORE INSERT ON event_log"
                 " WHEN new.kind = 'boom' BEGIN SELECT RAISE(ABORT, ''); END");
    gate = gate_shut(harness.store);
    ahead = append_queue(harness.store, &events[0], 1);
    boom = append_queue(harness.store, &events[1], 1);
    gate_open(gate);
    ck_assert_ok(append_join(ahead));
    ck_assert_error(append_join(boom), COLLECTOR_ERR_IO);
    ck_assert_int_eq(harness_int(&harness, "SELECT last_seen_at FROM devices"),
                     now);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_clock_that_was_set_back_takes_nothing_back)
{
    struct model model = {0};
    struct harness harness;
    int64_t now;

    start(&harness, COLLECTOR_MODE_GROUP);
    now = atomic_load(&harness.clock.wall_ms);
    see(&harness, &model, "a", now);
    see(&harness, &model, "b", now + 60 * 60 * 1000); /* refreshes */
    atomic_fetch_sub(&harness.clock.wall_ms, 60 * 1000);
    see(&harness, &model, "a", now - 60 * 1000);
    see(&harness, &model, "b", INT64_MAX); /* refreshes at an earlier time */
    assert_devices(&harness, &model);
    ck_assert_int_eq(model.devices[1].last_seen_at, now);
    harness_close(&harness);
}
END_TEST

/* A box without a clock of its own wakes up in 1970. */
START_TEST(test_a_clock_that_is_not_set_yet_takes_nothing_back)
{
    struct model model = {0};
    struct harness harness;
    int64_t now;

    start(&harness, _i);
    now = atomic_load(&harness.clock.wall_ms);
    see(&harness, &model, "a", now);
    see(&harness, &model, "b", now - 5);
    see(&harness, &model, "c", INT64_MAX);
    see(&harness, &model, "a", 7);
    see(&harness, &model, "d", now - 1);
    atomic_store(&harness.clock.wall_ms, -1);
    harness_reopen(&harness);
    assert_devices(&harness, &model);
    model_see(&model, "e", 1, 1);
    harness_see(&harness, "e", INT64_MAX); /* refreshes: all of them */
    ck_assert_int_eq(harness_devices_through(&harness), 6);
    assert_devices(&harness, &model);
    ck_assert_int_eq(model.devices[0].last_seen_at, now);
    harness_see(&harness, "b",
                0); /* stamped with a time that is not negative */
    ck_assert_int_eq(harness_int(&harness, "SELECT min(ts) FROM event_log"), 1);
    assert_devices(&harness, &model);
    harness_close(&harness);
}
END_TEST

/* Nobody's clock is asked, or one that was set back would show less. */
START_TEST(test_the_view_does_not_depend_on_when_it_is_read)
{
    const int64_t later = INT64_C(7258118400000); /* 2200 */
    struct model model = {0};
    struct harness harness;

    start(&harness, _i);
    atomic_store(&harness.clock.wall_ms, later);
    see(&harness, &model, "a", later);
    ck_assert_int_eq(harness_devices_through(&harness), 0);
    assert_devices(&harness, &model);
    harness_close(&harness);
}
END_TEST

START_TEST(test_devices_stay_when_their_events_are_pruned)
{
    struct model model = {0};
    struct harness harness;

    start(&harness, COLLECTOR_MODE_GROUP);
    see(&harness, &model, "gone", 5);
    model_see(&model, "d", atomic_load(&harness.clock.wall_ms), INT64_MAX);
    harness_append(&harness, COLLECTOR_DEVICES_TAIL_MAX);
    ck_assert_uint_gt(harness_deliver(&harness, 100), 0);
    harness_exec(&harness, "DELETE FROM event_log WHERE id <="
                           " (SELECT settled_through FROM state)");
    assert_devices(&harness, &model);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_random_life_matches_the_model)
{
    struct collector_event events[120];
    struct model model = {0};
    const char *names[DEVICE_COUNT];
    struct harness harness;
    size_t count;
    size_t i;
    int step;

    start(&harness, _i);
    srandom(20260101);
    for (i = 0; i < DEVICE_COUNT; i++)
        names[i] = support_format("device-%ld-%zu", random() % 1000, i);
    for (step = 0; step < 60; step++) {
        const int64_t now = atomic_load(&harness.clock.wall_ms);

        count = (size_t)random() % 120 + 1;
        for (i = 0; i < count; i++) {
            const size_t known = (size_t)step * DEVICE_COUNT / 60 + 1;
            const int64_t ahead = random() % 50 == 0 ? 3600 * 1000 : 0;

            events[i] = (struct collector_event){
                .device_id = names[(size_t)random() % known],
                .kind = "k",
                .ts = now - random() % 60000 + ahead};
            model_see(&model, events[i].device_id, events[i].ts, now);
        }
        ck_assert_ok(
            collector_store_append(harness.store, events, count, NULL, NULL));
        if (step % 7 == 0)
            (void)harness_deliver(&harness, 150);
        if (step % 20 == 13)
            harness_reopen(&harness);
        assert_devices(&harness, &model);
        support_clock_advance(&harness.clock, random() % 10000);
    }
    ck_assert_int_gt(harness_devices_through(&harness), 0);
    harness_close(&harness);
}
END_TEST

/** Threads that see devices of their own, and one that all of them see. */
static void
see_from_a_thread(void *userdata, size_t number)
{
    struct harness *harness = userdata;
    const char *device_id = support_format("own-%zu", number);
    int64_t i;

    for (i = 1; i <= 300; i++) {
        harness_see(harness, device_id, i);
        harness_see(harness, "shared", (int64_t)number * 1000 + i);
    }
}

START_TEST(test_devices_seen_by_many_threads_are_counted_once)
{
    struct harness harness;

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    crew_run(8, see_from_a_thread, &harness);
    ck_assert_int_gt(harness_devices_through(&harness), 0);
    ck_assert_int_eq(
        harness_int(&harness, "SELECT count(*) = 9 AND max(id) = 9 AND"
                              " count(DISTINCT device_key) = 9 FROM devices"),
        1);
    ck_assert_uint_eq(harness_stats(&harness).device_count, 9);
    ck_assert_int_eq(harness_int(&harness, "SELECT last_seen_at FROM devices"
                                           " WHERE device_key = 'shared'"),
                     7300);
    ck_assert_int_eq(
        harness_int(&harness, "SELECT min(last_seen_at) FROM devices"), 300);
    /* Numbered in the order of their first event. */
    ck_assert_int_eq(
        harness_int(&harness,
                    "SELECT count(*) FROM (SELECT d.id, row_number() OVER"
                    " (ORDER BY (SELECT min(e.id) FROM event_log e"
                    "   WHERE e.device_id = d.device_key)) AS place"
                    " FROM devices d) WHERE id <> place"),
        0);
    harness_close(&harness);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("devices");
    TCase *view = tcase_create("view");
    TCase *life = tcase_create("life");

    tcase_add_loop_test(view, test_view_is_exact_before_any_refresh, 0, 3);
    tcase_add_loop_test(view, test_view_is_the_same_before_and_after_a_refresh,
                        0, 3);
    tcase_add_loop_test(view, test_a_timestamp_from_the_future_counts_as_now, 0,
                        3);
    tcase_add_test(view,
                   test_the_future_counts_as_now_in_a_group_that_broke_too);
    tcase_add_test(view, test_a_clock_that_was_set_back_takes_nothing_back);
    tcase_add_loop_test(
        view, test_a_clock_that_is_not_set_yet_takes_nothing_back, 0, 3);
    tcase_add_loop_test(view, test_the_view_does_not_depend_on_when_it_is_read,
                        0, 3);
    tcase_add_test(view, test_devices_stay_when_their_events_are_pruned);
    tcase_add_loop_test(life, test_a_random_life_matches_the_model, 0, 3);
    tcase_add_loop_test(
        life, test_devices_seen_by_many_threads_are_counted_once, 0, 3);
    suite_add_tcase(suite, view);
    suite_add_tcase(suite, life);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
