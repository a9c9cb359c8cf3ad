/* SPDX-License-Identifier: MIT */
/*
 * A box whose disk fills up under load, and is emptied again: producers are
 * told to come back, what was confirmed is delivered meanwhile, once and in
 * order, and the daemon goes on by itself.
 */
#include "client.h"
#include "disk.h"
#include "process.h"
#include "support.h"
#include "upstream.h"

#include <pthread.h>

#define DISK_SIZE (4 * DISK_MIB)
#define PRODUCER_COUNT 4

static const char *disk;
static const char *db;
static int port;
static struct upstream *upstream;

static _Atomic bool finished;
static _Atomic int64_t confirmed_count;
static _Atomic int64_t refused_count;

/** Post one event after the other, and count the answers. */
static void *
produce(void *userdata)
{
    struct response *response = userdata;
    struct client *client = client_open(port);

    while (!atomic_load(&finished)) {
        ck_assert(client_post(client, "{\"device_id\":\"d\",\"kind\":\"load\","
                                      "\"payload\":{\"text\":\"some bytes that "
                                      "take a little room on the disk\"}}"));
        ck_assert(client_read(client, response));
        if (response->status == 200) {
            atomic_fetch_add(&confirmed_count, 1);
            continue;
        }
        ck_assert_int_eq(response->status, 503);
        ck_assert_contains(response->body, "disk full");
        ck_assert_str_eq(response_header(response, "Retry-After"), "1");
        atomic_fetch_add(&refused_count, 1);
        support_pause(); /* a good producer would rest for longer */
    }
    client_free(client);
    return NULL;
}

static void
start_producers(pthread_t producers[PRODUCER_COUNT])
{
    size_t i;

    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_int_eq(pthread_create(&producers[i], NULL, produce,
                                        support_alloc(sizeof(struct response))),
                         0);
}

static void
stop_producers(pthread_t producers[PRODUCER_COUNT])
{
    size_t i;

    atomic_store(&finished, true);
    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_int_eq(pthread_join(producers[i], NULL), 0);
}

/** Nothing is lost, and the file adds up. */
static void
check_file(void)
{
    const int64_t accepted = support_sql_int(db, "SELECT accepted FROM ledger");

    ck_assert_str_eq(support_sql_text(db, "PRAGMA integrity_check"), "ok");
    ck_assert_int_eq(accepted, atomic_load(&confirmed_count));
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"),
                     accepted);
    ck_assert_int_eq(upstream_confirmed_id(upstream), accepted);
}

static void
count_event(void *userdata, const struct upstream_request *request,
            const struct upstream_event *event)
{
    int64_t *count = userdata;

    (void)event;
    if (request->status == 200)
        (*count)++;
}

START_TEST(test_a_full_disk_is_survived_under_load)
{
    static const char *const modes[] = {"group", "serialized", "concurrent"};
    pthread_t producers[PRODUCER_COUNT];
    struct response *response = support_alloc(sizeof(*response));
    struct daemon *collectord;
    int64_t arrived = 0;
    int64_t refused;
    int round;

    disk = support_dir_new();
    if (!disk_mount(disk, DISK_SIZE))
        return;
    db = support_path(disk, "events.sqlite");
    upstream = upstream_new();
    collectord = daemon_start(db, "-mode", modes[_i], "-sink", "webhook",
                              "-webhook-url", upstream_url(upstream, "/in"),
                              "-upload-interval", "10ms", NULL);
    port = daemon_port(collectord);
    start_producers(producers);
    for (round = 0; round < 3; round++) {
        const int64_t before = atomic_load(&confirmed_count);

        ck_assert_eventually(atomic_load(&confirmed_count) > before + 50);
        refused = atomic_load(&refused_count);
        /* Others take all there is, and whatever is pruned meanwhile. */
        ck_assert_msg(
            support_eventually((disk_fill(disk, 0),
                                atomic_load(&refused_count) > refused + 10),
                               SUPPORT_WAIT_MS),
            "nothing was ever refused");
        http_get(port, "/healthz", response);
        if (response->status == 503)
            ck_assert_contains(response->body, "disk");
        /* Delivery goes on. */
        ck_assert_msg(
            support_eventually(
                (disk_fill(disk, 0),
                 support_sql_int(db, "SELECT pending FROM ledger") == 0),
                SUPPORT_WAIT_MS),
            "delivery has stopped");
        disk_empty(disk);
    }
    {
        const int64_t before = atomic_load(&confirmed_count);

        ck_assert_eventually(atomic_load(&confirmed_count) > before + 50);
    }
    stop_producers(producers);
    ck_assert_eventually(support_sql_int(db, "SELECT pending FROM ledger") ==
                         0);
    ck_assert_eventually((http_get(port, "/healthz", response),
                          response->status == 200)); /* once that is noted */
    daemon_stop(collectord);
    check_file();
    upstream_each_event(upstream, count_event, &arrived);
    ck_assert_int_eq(arrived, atomic_load(&confirmed_count)); /* once each */
    upstream_free(upstream);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_disk_full");
    TCase *tcase = tcase_create("disk full");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_a_full_disk_is_survived_under_load, 0, 3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
