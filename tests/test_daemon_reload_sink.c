/* SPDX-License-Identifier: MIT */
/*
 * SIGHUP may put another sink in the place of the one that is at work: no event
 * is lost, none comes more often than at-least-once has to, and no password is
 * shown.
 */
#include "reload.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

START_TEST(test_a_password_is_not_shown)
{
    reload_start(
        support_format("{\"sink\": \"webhook\", \"webhook-url\":"
                       " \"http://me:first@127.0.0.1:%d/in?key=second\"}",
                       upstream_port(upstream)),
        NULL, NULL);
    ck_assert(reload_with(
        support_format("{\"sink\": \"webhook\", \"webhook-url\":"
                       " \"http://me:third@127.0.0.1:%d/in?key=fourth\"}",
                       upstream_port(upstream))));
    reload_assert_said("-webhook-url was \"http://(hidden)@127.0.0.1:");
    reload_assert_said("/in?(hidden)\"\n");
    reload_assert_unsaid("first");
    reload_assert_unsaid("second");
    reload_assert_unsaid("third");
    reload_assert_unsaid("fourth");
    ck_assert_int_eq(site_post(reload_daemon, EVENT), 200);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    ck_assert_ptr_nonnull(
        strstr(upstream_request(upstream, 0)->path, "key=fourth"));
}
END_TEST

/** Posts one event after the other, until it is told to stop. */
static atomic_bool posting;
static int posted_count;

static void *
post_on(void *port)
{
    struct client *client = client_open(*(const int *)port);
    struct response *answer = support_alloc(sizeof(*answer));

    while (atomic_load(&posting)) {
        ck_assert(client_post(client, EVENT));
        ck_assert(client_read(client, answer));
        ck_assert_int_eq(answer->status, 200);
        posted_count++;
    }
    client_free(client);
    return NULL;
}

/** One for each id. */
static unsigned *arrivals;

static void
note_id(int64_t id)
{
    ck_assert_int_ge(id, 1);
    ck_assert_int_le(id, posted_count);
    arrivals[id]++;
}

/** Read the ids of a file sink, and assert that they only rise. */
static void
note_file(const char *path)
{
    const char *line = support_read_file(path);
    int64_t last = 0;
    long long id;

    ck_assert_int_eq(*line, '{');
    for (; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        ck_assert_int_eq(sscanf(line, "{\"id\":%lld,", &id), 1);
        ck_assert_int_gt(id, last);
        last = id;
        note_id(id);
    }
}

static void
note_event(void *userdata, const struct upstream_request *request,
           const struct upstream_event *event)
{
    (void)userdata;
    (void)request;
    note_id(event->id);
}

/** What goes on with sinks while somebody posts. */
static void
change_sinks(const char *files[2])
{
    size_t requests;
    int round;

    for (round = 0; round < 6; round++) {
        requests = upstream_request_count(upstream);
        ck_assert(reload_with(
            support_format("{\"sink\": \"webhook\", \"webhook-url\": \"%s\"}",
                           upstream_url(upstream, "/in"))));
        ck_assert(
            upstream_wait_requests(upstream, requests + 2, SUPPORT_WAIT_MS));
        ck_assert(reload_with(support_format(
            "{\"sink\": \"file\", \"file-path\": \"%s\"}", files[round % 2])));
        ck_assert_eventually(support_file_size(files[round % 2]) > 0);
    }
}

START_TEST(test_no_event_is_lost_while_sinks_change)
{
    const char *files[2] = {support_path(dir, "a"), support_path(dir, "b")};
    pthread_t poster;
    int port;
    int i;

    reload_start(
        support_format("{\"sink\": \"file\", \"file-path\": \"%s\"}", files[0]),
        "-upload-interval", "5ms");
    port = daemon_port(reload_daemon);
    atomic_store(&posting, true);
    ck_assert_int_eq(pthread_create(&poster, NULL, post_on, &port), 0);
    change_sinks(files);
    atomic_store(&posting, false);
    ck_assert_int_eq(pthread_join(poster, NULL), 0);
    site_wait_drained();
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"),
                     posted_count);
    arrivals = support_alloc((size_t)(posted_count + 1) * sizeof(*arrivals));
    note_file(files[0]);
    note_file(files[1]);
    upstream_each_event(upstream, note_event, NULL);
    for (i = 1; i <= posted_count; i++) {
        ck_assert_msg(arrivals[i] > 0, "event %d never arrived", i);
        /* A request that was broken off may have arrived, and what is written
         * to a file is not broken off. */
        ck_assert_msg(arrivals[i] <= 2, "event %d arrived %u times", i,
                      arrivals[i]);
    }
    reload_assert_said("info -sink was \"file\", and is \"webhook\"\n");
}
END_TEST

START_TEST(test_a_delivery_that_hangs_is_broken_off_for_another_sink)
{
    const char *path = support_path(dir, "file");

    reload_start(reload_hanging(""), NULL, NULL);
    site_post_events(reload_daemon, 3);
    ck_assert(upstream_wait_requests(upstream, 1, SUPPORT_WAIT_MS));
    ck_assert(reload_with(
        support_format("{\"sink\": \"file\", \"file-path\": \"%s\"}", path)));
    site_wait_drained();
    ck_assert_uint_eq(support_occurrences(support_read_file(path), "\n"), 3);
    reload_assert_unsaid(" failed: ");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_reload_sink");
    TCase *sinks =
        support_add_case(suite, "sinks", reload_setup, reload_teardown);

    tcase_add_test(sinks, test_a_password_is_not_shown);
    tcase_add_test(sinks, test_no_event_is_lost_while_sinks_change);
    tcase_add_test(sinks,
                   test_a_delivery_that_hangs_is_broken_off_for_another_sink);
    return support_run_suite(suite);
}
