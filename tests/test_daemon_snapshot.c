/* SPDX-License-Identifier: MIT */
/*
 * GET /snapshot promises a whole database with everything that was confirmed
 * before it was asked for, while producers go on; and whoever asks, and does
 * not take it, costs neither room nor a stop for long.
 */
#include "disk.h"
#include "site.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/** Posts of start_with_much(): more than the sockets of a connection hold. */
#define MUCH_POSTS 40
#define MUCH_EVENTS 15

/** Longer than a stop waits for requests, and shorter than for the client's
 *  silence. */
#define STOP_MS 8000

/** Files whose name has this in it. */
static size_t
file_count(const char *part)
{
    DIR *entries = opendir(dir);
    const struct dirent *entry;
    size_t count = 0;

    ck_assert_ptr_nonnull(entries);
    while ((entry = readdir(entries)) != NULL)
        count += strstr(entry->d_name, part) != NULL;
    (void)closedir(entries);
    return count;
}

static struct client *
ask(struct daemon *collectord)
{
    struct client *client = client_open(daemon_port(collectord));

    ck_assert(client_print(client, "GET /snapshot HTTP/1.1\r\n"
                                   "Host: box\r\n\r\n"));
    return client;
}

/** Ask, and read no more than the head of the answer. */
static struct client *
ask_and_stop_reading(struct daemon *collectord)
{
    struct client *client = ask(collectord);

    ck_assert(client_read_head(client, &response));
    return client;
}

/** What the answer to another one is. */
static int
try_again(struct daemon *collectord)
{
    client_free(ask_and_stop_reading(collectord));
    return response.status;
}

/** Start it on a file that takes several buffers to send. */
static struct daemon *
start_with_much(void)
{
    struct daemon *collectord = daemon_start(db, NULL);
    static char payload[60000];
    const char *event;
    const char *body = "";
    int i;

    memset(payload, 'x', sizeof(payload) - 1);
    event = support_format("{\"device_id\":\"a\",\"kind\":\"k\","
                           "\"payload\":\"%s\"}",
                           payload);
    for (i = 0; i < MUCH_EVENTS; i++)
        body = support_format("%s%s%s", body, i == 0 ? "[" : ",", event);
    body = support_format("%s]", body);
    for (i = 0; i < MUCH_POSTS; i++)
        ck_assert_int_eq(site_post(collectord, body), 200);
    return collectord;
}

/** Somebody who posts until it is enough. */
struct producer {
    pthread_t thread;
    int port;
    struct response response;
};

static atomic_bool enough;
static _Atomic int64_t confirmed_count;

static void *
produce(void *userdata)
{
    struct producer *producer = userdata;
    struct client *client = client_open(producer->port);

    while (!atomic_load(&enough)) {
        ck_assert(client_post(client, "[" EVENT "," EVENT "]"));
        ck_assert(client_read(client, &producer->response));
        ck_assert_int_eq(producer->response.status, 200);
        atomic_fetch_add(&confirmed_count, 2);
    }
    client_free(client);
    return NULL;
}

/** Take one, and look at it. The events in it. */
static int64_t
take(struct daemon *collectord, struct client *client, const char *path)
{
    ck_assert(client_print(client, "GET /snapshot HTTP/1.1\r\n"
                                   "Host: box\r\n\r\n"));
    ck_assert(client_read_file(client, &response, path));
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response_header(&response, "Content-Type"),
                     "application/vnd.sqlite3");
    ck_assert_contains(response_header(&response, "Content-Disposition"),
                       "attachment; filename=\"events-snapshot-20");
    ck_assert_contains(response_header(&response, "Content-Disposition"),
                       "Z.sqlite\"");
    ck_assert_str_eq(support_sql_text(path, "PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(support_sql_text(path, "SELECT snapshot_of FROM state"),
                     support_sql_text(db, "SELECT collector_id FROM state"));
    ck_assert_int_eq(
        support_sql_int(path, "SELECT accepted = delivered + dead + dropped"
                              " + pending FROM ledger"),
        1);
    ck_assert_int_eq(daemon_wait(collectord, 0), DAEMON_RUNNING);
    return support_sql_int(path, "SELECT accepted FROM ledger");
}

START_TEST(test_snapshot_has_what_was_confirmed_while_producers_post)
{
    struct daemon *collectord =
        daemon_start(db, "-mode", modes[_i], "-upload-interval", "5ms", NULL);
    struct producer *producers = support_alloc(3 * sizeof(*producers));
    struct client *client = client_open(daemon_port(collectord));
    int i;

    for (i = 0; i < 3; i++) {
        producers[i].port = daemon_port(collectord);
        ck_assert_int_eq(
            pthread_create(&producers[i].thread, NULL, produce, &producers[i]),
            0);
    }
    for (i = 0; i < 5; i++) { /* all on one connection */
        const int64_t before = atomic_load(&confirmed_count);

        ck_assert_int_ge(take(collectord, client,
                              support_path(dir, support_format("copy%d", i))),
                         before);
        ck_assert_eventually(atomic_load(&confirmed_count) > before);
    }
    atomic_store(&enough, true);
    for (i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
    ck_assert_int_eq(take(collectord, client, support_path(dir, "last")),
                     atomic_load(&confirmed_count));
    ck_assert_uint_eq(file_count("snapshot"), 0);
    client_free(client);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_other_methods_are_refused)
{
    static const char *const methods[] = {"HEAD", "POST"};
    struct daemon *collectord = daemon_start(db, NULL);

    http_request(daemon_port(collectord), methods[_i], "/snapshot", NULL,
                 _i == 0 ? NULL : "", &response);
    ck_assert_int_eq(response.status, 405);
    ck_assert_str_eq(response_header(&response, "Allow"), "GET");
    /* HEAD still is what it was elsewhere. */
    http_request(daemon_port(collectord), "HEAD", "/stats", NULL, NULL,
                 &response);
    ck_assert_int_eq(response.status, 200);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_client_that_stops_reading_holds_up_snapshots_for_a_while)
{
    struct daemon *collectord = start_with_much();
    struct client *client = ask_and_stop_reading(collectord);

    ck_assert_int_eq(response.status, 200);
    ck_assert_uint_eq(file_count("snapshot"), 0); /* it has no name by now */
    http_get(daemon_port(collectord), "/snapshot", &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_contains(response_text(&response, "error"), "another snapshot");
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    ck_assert_eventually(try_again(collectord) == 200);
    client_free(client);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_client_that_goes_away_leaves_nothing)
{
    struct daemon *collectord = start_with_much();
    int i;

    for (i = 0; i < 3; i++) /* a client that is gone at once is noticed so */
        ck_assert(support_eventually(try_again(collectord) == 200, 5000));
    ck_assert_uint_eq(file_count("snapshot"), 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_stop_does_not_wait_for_a_client_that_does_not_read)
{
    struct daemon *collectord = start_with_much();
    struct client *client;

    site_wait_drained(); /* or the stop would wait for that */
    client = ask_and_stop_reading(collectord);
    daemon_signal(collectord, SIGTERM);
    ck_assert_int_eq(daemon_wait(collectord, STOP_MS), 0);
    client_free(client);
    daemon_free(collectord);
    ck_assert_uint_eq(file_count("snapshot"), 0);
}
END_TEST

START_TEST(test_what_a_kill_left_behind_is_removed_at_the_start)
{
    static const char *const stale[] = {
        "events.sqlite.snapshot-0123456789abcdef.part",
        "events.sqlite.snapshot-0123456789abcdef.part.tmp-01234567",
        "events.sqlite.snapshot-0123456789abcdef.part.tmp-01234567-journal"};
    static const char *const others[] = {
        "events.sqlite.snapshot-monday", "events.sqlite.snapshot-20260101",
        "events.sqlite.snapshot-0123456789abcdef",
        "events2.sqlite.snapshot-0123456789abcdef.part"};
    struct daemon *collectord;
    size_t i;

    for (i = 0; i < 3; i++)
        support_write_file(support_path(dir, stale[i]), "x");
    for (i = 0; i < 4; i++)
        support_write_file(support_path(dir, others[i]), "x");
    collectord = daemon_start(db, NULL);
    for (i = 0; i < 3; i++)
        ck_assert_int_eq(support_file_size(support_path(dir, stale[i])), -1);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(support_file_size(support_path(dir, others[i])), 1);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_snapshot_does_not_take_the_last_room)
{
    struct daemon *collectord;

    if (!disk_mount(dir, 64 * DISK_MIB))
        return;
    collectord = start_with_much(); /* 36 MB and a log */
    http_get(daemon_port(collectord), "/snapshot", &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_contains(response_text(&response, "error"), "no room");
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_eq(site_post(collectord, EVENT), 200);
    http_get(daemon_port(collectord), "/healthz", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_uint_eq(file_count("snapshot"), 0);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_snapshot_on_its_way_gives_way_when_the_disk_fills_up)
{
    struct daemon *collectord;
    struct client *client;
    struct response *cut = support_alloc(sizeof(*cut));

    if (!disk_mount(dir, 128 * DISK_MIB))
        return;
    collectord = start_with_much();
    client = ask_and_stop_reading(collectord);
    ck_assert_int_eq(response.status, 200);
    disk_fill(dir, 2 * DISK_MIB);
    ck_assert(client_drain(client) <
              strtoull(response_header(&response, "Content-Length"), NULL, 10));
    ck_assert(daemon_says(collectord, "the disk is nearly full"));
    client_free(client);
    http_post_events(daemon_port(collectord), EVENT, cut);
    ck_assert_int_eq(cut->status, 200);
    daemon_stop(collectord);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_snapshot");
    TCase *copy = tcase_create("copy");
    TCase *clients = tcase_create("clients");
    TCase *room = tcase_create("room");

    tcase_add_checked_fixture(copy, site_setup, NULL);
    tcase_set_timeout(copy, 60);
    tcase_add_loop_test(
        copy, test_snapshot_has_what_was_confirmed_while_producers_post, 0, 3);
    tcase_add_loop_test(copy, test_other_methods_are_refused, 0, 2);
    suite_add_tcase(suite, copy);
    tcase_add_checked_fixture(clients, site_setup, NULL);
    tcase_set_timeout(clients, 60);
    tcase_add_test(
        clients, test_client_that_stops_reading_holds_up_snapshots_for_a_while);
    tcase_add_test(clients, test_client_that_goes_away_leaves_nothing);
    tcase_add_test(clients,
                   test_stop_does_not_wait_for_a_client_that_does_not_read);
    suite_add_tcase(suite, clients);
    tcase_add_checked_fixture(room, site_setup, NULL);
    tcase_set_timeout(room, 60);
    tcase_add_test(room, test_what_a_kill_left_behind_is_removed_at_the_start);
    tcase_add_test(room, test_snapshot_does_not_take_the_last_room);
    tcase_add_test(room,
                   test_snapshot_on_its_way_gives_way_when_the_disk_fills_up);
    suite_add_tcase(suite, room);
    return support_run_suite(suite);
}
