/* SPDX-License-Identifier: MIT */
/*
 * An upstream that refuses some events for good gets all others, in order, and
 * the refused ones stay in the file with the reason. One that refuses
 * everything is taken for broken and not for the only judge of ten thousand
 * events. All of it also across restarts and kills.
 */
#include "account.h"
#include "site.h"

#include <signal.h>

#define EVENT_COUNT 1000

/** What the upstream refuses. */
static const int64_t bad_ids[] = {7, 77, 777};

static struct upstream_answer
refuse_bad_ids(void *userdata, const struct upstream_request *request)
{
    struct upstream_answer answer = {.status = 200};
    size_t i;

    (void)userdata;
    for (i = 0; i < sizeof(bad_ids) / sizeof(bad_ids[0]); i++)
        if (upstream_first_id(request) <= bad_ids[i] &&
            bad_ids[i] <= upstream_last_id(request))
            answer.status = 400;
    return answer;
}

/** Refuse by size, as much as a test says. */
static struct upstream_answer
refuse_large_bodies(void *userdata, const struct upstream_request *request)
{
    const size_t *size_max = userdata;
    const struct upstream_answer answer = {
        .status = request->body_size > *size_max ? 413 : 200};

    return answer;
}

static struct upstream_answer
refuse_everything(void *userdata, const struct upstream_request *request)
{
    (void)userdata;
    (void)request;
    return (struct upstream_answer){.status = 400};
}

static struct daemon *
start(void)
{
    return daemon_start(db, "-sink", "webhook", "-webhook-url",
                        upstream_url(upstream, "/in"), "-upload-interval",
                        "20ms", "-drain-timeout", "1ms", NULL);
}

/** Post so many events at once, each with its number as payload. */
static void
post(struct daemon *collectord, int first, int count)
{
    const char *body = "[";
    int i;

    for (i = first; i < first + count; i++)
        body = support_format("%s%s{\"device_id\":\"d\",\"kind\":\"k\","
                              "\"payload\":%d}",
                              body, i == first ? "" : ",", i);
    ck_assert_int_eq(site_post(collectord, support_format("%s]", body)), 200);
}

static int64_t
dead_count(void)
{
    return support_sql_int(db, "SELECT count(*) FROM dead_letters");
}

/** How often each event was confirmed, and that it was in order. */
struct arrival {
    int64_t last_id;
    unsigned counts[EVENT_COUNT + 1];
};

static void
note_arrival(void *userdata, const struct upstream_request *request,
             const struct upstream_event *event)
{
    struct arrival *arrival = userdata;

    if (request->status != 200)
        return;
    ck_assert_int_le(event->id, EVENT_COUNT);
    if (arrival->counts[event->id]++ > 0)
        return; /* again, after a kill */
    ck_assert_int_gt(event->id, arrival->last_id);
    ck_assert_str_eq(event->payload,
                     support_format("%jd", (intmax_t)event->id));
    arrival->last_id = event->id;
}

/** Assert that every event is either confirmed or dead, and how often. */
static void
assert_arrived(int64_t count, unsigned times_max)
{
    struct arrival *arrival = support_alloc(sizeof(*arrival));
    int64_t id;
    bool dead;

    upstream_each_event(upstream, note_arrival, arrival);
    for (id = 1; id <= count; id++) {
        dead = support_sql_int(
                   db, support_format("SELECT count(*) FROM dead_letters"
                                      " WHERE event_id = %jd",
                                      (intmax_t)id)) > 0;
        ck_assert_msg(arrival->counts[id] <= (dead ? 0 : times_max) &&
                          (dead || arrival->counts[id] > 0),
                      "event %jd arrived %u times", (intmax_t)id,
                      arrival->counts[id]);
    }
    account_assert(db);
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"), count);
}

static void
assert_bad_ids_dead(void)
{
    ck_assert_str_eq(
        support_sql_text(db, "SELECT group_concat(event_id || ' ' || status ||"
                             " ' ' || reason, ', ') FROM dead_letters"),
        "7 400 HTTP 400, 77 400 HTTP 400, 777 400 HTTP 400");
}

START_TEST(test_refused_events_hold_nobody_up)
{
    struct daemon *collectord;

    upstream_set_judge(upstream, refuse_bad_ids, NULL);
    collectord = start();
    post(collectord, 1, EVENT_COUNT);
    site_wait_drained();
    ck_assert(daemon_says(collectord, "event 777 is a dead letter"));
    daemon_stop(collectord);
    assert_bad_ids_dead();
    assert_arrived(EVENT_COUNT, 1);
    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM upload_runs"
                                         " WHERE status = 'error'"),
                     0);
    ck_assert_uint_le(upstream_request_count(upstream), 3 * 10 + 6);
}
END_TEST

START_TEST(test_refused_events_are_found_across_restarts)
{
    struct daemon *collectord = NULL;
    size_t requests;
    int i;

    upstream_set_judge(upstream, refuse_bad_ids, NULL);
    for (i = 0; i < 5; i++) {
        collectord = start();
        requests = upstream_request_count(upstream);
        post(collectord, 1 + i * EVENT_COUNT / 5, EVENT_COUNT / 5);
        ck_assert(
            upstream_wait_requests(upstream, requests + 1, SUPPORT_WAIT_MS));
        if (i < 4)
            daemon_stop(collectord);
    }
    site_wait_drained();
    daemon_stop(collectord);
    assert_bad_ids_dead();
    /* What was under way at a stop may be sent once more. */
    assert_arrived(EVENT_COUNT, 5);
}
END_TEST

START_TEST(test_refused_events_are_found_across_kills)
{
    struct daemon *collectord;
    size_t requests;
    int i;

    upstream_set_judge(upstream, refuse_bad_ids, NULL);
    collectord = start();
    post(collectord, 1, EVENT_COUNT);
    for (i = 0; i < 12; i++) {
        requests = upstream_request_count(upstream);
        (void)support_eventually(
            upstream_request_count(upstream) >= requests + (size_t)i % 4 ||
                support_sql_int(db, "SELECT pending FROM ledger") == 0,
            SUPPORT_WAIT_MS);
        daemon_signal(collectord, SIGKILL);
        ck_assert_int_eq(daemon_wait(collectord, SUPPORT_WAIT_MS),
                         128 + SIGKILL);
        daemon_free(collectord);
        account_assert(db);
        collectord = start();
    }
    site_wait_drained();
    daemon_stop(collectord);
    assert_bad_ids_dead();
    /* What was confirmed just before a kill may be sent once more. */
    assert_arrived(EVENT_COUNT, 13);
}
END_TEST

START_TEST(test_an_upstream_that_refuses_everything_is_broken)
{
    struct daemon *collectord;
    size_t requests;

    upstream_set_judge(upstream, refuse_everything, NULL);
    collectord = start();
    post(collectord, 1, EVENT_COUNT);
    ck_assert(daemon_says(collectord, "10 events in a row were rejected: the "
                                      "endpoint is taken for broken"));
    ck_assert_int_eq(dead_count(), 10);
    /* It rests between the attempts now, also after a restart. */
    requests = upstream_request_count(upstream);
    daemon_stop(collectord);
    collectord = start();
    ck_assert(daemon_says(collectord, "is taken for broken"));
    ck_assert_uint_lt(upstream_request_count(upstream), requests + 100);
    ck_assert_int_eq(dead_count(), 10);
    http_get(daemon_port(collectord), "/healthz", &response);
    ck_assert_int_eq(response.status, 503);
    upstream_set_judge(upstream, NULL, NULL);
    site_wait_drained();
    ck_assert_int_eq(dead_count(), 10);
    daemon_stop(collectord);
    assert_arrived(EVENT_COUNT, 1);
}
END_TEST

/** Have so many events settled by an upstream that refuses larger bodies. */
static void
drain_into_limited(size_t size_max, int count)
{
    struct daemon *collectord;

    upstream_set_judge(upstream, refuse_large_bodies, &size_max);
    collectord = start();
    post(collectord, 1, count);
    site_wait_drained();
    daemon_stop(collectord);
    upstream_set_judge(upstream, NULL, NULL);
}

START_TEST(test_an_upstream_of_limited_size_gets_smaller_bodies)
{
    drain_into_limited(2000, EVENT_COUNT);
    ck_assert_int_eq(dead_count(), 0);
    assert_arrived(EVENT_COUNT, 1);
    /* 1000, 500 … 31 are too many, and 15 are not. */
    ck_assert_uint_le(upstream_request_count(upstream),
                      6 + EVENT_COUNT / 15 + 1);
}
END_TEST

START_TEST(test_an_event_too_large_for_the_upstream_is_dead)
{
    drain_into_limited(30, 1);
    ck_assert_str_eq(
        support_sql_text(db, "SELECT event_id || ' ' || status || ' ' ||"
                             " attempts FROM dead_letters"),
        "1 413 1");
    account_assert(db);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_poison");
    TCase *tcase = tcase_create("poison");

    tcase_add_checked_fixture(tcase, site_setup_upstream,
                              site_teardown_upstream);
    tcase_add_test(tcase, test_refused_events_hold_nobody_up);
    tcase_add_test(tcase, test_refused_events_are_found_across_restarts);
    tcase_add_test(tcase, test_refused_events_are_found_across_kills);
    tcase_add_test(tcase, test_an_upstream_that_refuses_everything_is_broken);
    tcase_add_test(tcase, test_an_upstream_of_limited_size_gets_smaller_bodies);
    tcase_add_test(tcase, test_an_event_too_large_for_the_upstream_is_dead);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
