/* SPDX-License-Identifier: MIT */
/*
 * A 200 is a receipt, also when the process is killed a moment later: whatever
 * was confirmed is in the file with its content and reaches the upstream, each
 * event has one id and each id one content for ever, and the ledger adds up.
 *
 * Producers post for as long as a collector lives, and note what it confirmed;
 * it is killed at random moments and started again. Then the notes, the file
 * and what the upstream got are compared.
 */
#include "account.h"
#include "client.h"
#include "process.h"
#include "support.h"
#include "upstream.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define KILL_COUNT 20
#define PRODUCER_COUNT 4
#define BATCH_COUNT_MAX 8

/** How long a collector lives at most; every second one only a tenth. */
#define LIFE_MS 300

/** More events than the producers can post in that time. */
#define EVENT_COUNT_MAX (1024 * 1024)

/** Every so many answers the upstream misbehaves. */
#define MISHAP_EVERY 37

struct producer {
    pthread_t thread;
    unsigned number;
    unsigned seed;
    /** Serial number of the next event. */
    unsigned serial;
};

static const char *db;
static struct upstream *upstream;
static _Atomic int current_port;
static _Atomic bool finished;

/** By id: the content that was confirmed, in the file, and at the upstream. */
static pthread_mutex_t confirmed_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *confirmed[EVENT_COUNT_MAX];
static size_t confirmed_count;
static const char *stored[EVENT_COUNT_MAX];
static int64_t stored_count;
static bool arrived[EVENT_COUNT_MAX];

/** What one event looks like when its members are put together. */
static const char *
content_of(const char *device_id, const char *kind, const char *payload)
{
    return support_format("%s %s %s", device_id, kind, payload);
}

static const char *
payload_of(const struct producer *producer, unsigned serial)
{
    return support_format("{\"producer\":%u,\"serial\":%u}", producer->number,
                          serial);
}

static const char *
request_body(const struct producer *producer, unsigned count)
{
    const char *body = "";
    unsigned i;

    for (i = 0; i < count; i++)
        body = support_format("%s%s{\"device_id\":\"device-%u\","
                              "\"kind\":\"load\",\"payload\":%s}",
                              body, i == 0 ? "" : ",", producer->number,
                              payload_of(producer, producer->serial + i));
    return count == 1 ? body : support_format("[%s]", body);
}

/** Note an answer; false when it is not what a confirmation looks like. */
static bool
note_confirmation(const struct producer *producer, unsigned count,
                  const struct response *response)
{
    const char *device_id = support_format("device-%u", producer->number);
    const char *next = strchr(response->body, '[');
    unsigned i;

    for (i = 0; i < count && next != NULL; i++) {
        char *end = NULL;
        int64_t id = strtoll(next + 1, &end, 10);

        if (id < 1 || id >= EVENT_COUNT_MAX ||
            *end != (i + 1 < count ? ',' : ']'))
            return false;
        (void)pthread_mutex_lock(&confirmed_lock);
        if (confirmed[id] != NULL)
            next = NULL;
        confirmed[id] = content_of(device_id, "load",
                                   payload_of(producer, producer->serial + i));
        confirmed_count++;
        (void)pthread_mutex_unlock(&confirmed_lock);
        next = next == NULL ? NULL : end;
    }
    return next != NULL;
}

/** Post on one connection until it breaks. */
static void
produce(struct producer *producer, struct client *client,
        struct response *response)
{
    while (!atomic_load(&finished)) {
        unsigned count = 1;

        if (rand_r(&producer->seed) % 4 == 0)
            count += (unsigned)rand_r(&producer->seed) % BATCH_COUNT_MAX;
        if (!client_post(client, request_body(producer, count)) ||
            !client_read(client, response))
            return;
        if (response->status != 200 ||
            !note_confirmation(producer, count, response)) {
            (void)fprintf(stderr, "unexpected answer %d: %s\n",
                          response->status, response->body);
            abort();
        }
        producer->serial += count;
    }
}

static void *
run_producer(void *userdata)
{
    struct producer *producer = userdata;
    struct response *response = support_alloc(sizeof(*response));

    while (!atomic_load(&finished)) {
        struct client *client = client_new(atomic_load(&current_port));

        if (client == NULL) {
            support_pause();
            continue;
        }
        produce(producer, client, response);
        /* What was on its way may be stored or not: it is never sent again. */
        producer->serial += BATCH_COUNT_MAX + 1;
        client_free(client);
    }
    return NULL;
}

static struct daemon *
start(const char *mode)
{
    struct daemon *collectord = daemon_start(
        db, "-mode", mode, "-sink", "webhook", "-webhook-url",
        upstream_url(upstream, "/in"), "-upload-interval", "5ms", NULL);

    atomic_store(&current_port, daemon_port(collectord));
    return collectord;
}

static void
kill_at_random(const char *mode, unsigned *seed)
{
    int i;

    for (i = 0; i < KILL_COUNT; i++) {
        struct daemon *collectord = start(mode);
        int life_ms = rand_r(seed) % (i % 2 == 0 ? LIFE_MS : LIFE_MS / 10);

        /* The moment is what is random here: nothing is waited for. */
        (void)support_eventually(false, life_ms);
        daemon_kill(collectord);
    }
}

static void
run_load(const char *mode, unsigned *seed)
{
    static struct producer producers[PRODUCER_COUNT];
    unsigned i;

    for (i = 0; i < PRODUCER_COUNT; i++) {
        producers[i] =
            (struct producer){.number = i, .seed = (unsigned)rand_r(seed)};
        ck_assert_int_eq(pthread_create(&producers[i].thread, NULL,
                                        run_producer, &producers[i]),
                         0);
    }
    kill_at_random(mode, seed);
    atomic_store(&finished, true);
    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
}

static void
read_stored(void)
{
    sqlite3_stmt *statement = NULL;
    sqlite3 *connection = NULL;

    ck_assert_int_eq(
        sqlite3_open_v2(db, &connection, SQLITE_OPEN_READONLY, NULL),
        SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(connection,
                           "SELECT id, device_id, kind, payload_json"
                           " FROM events ORDER BY id",
                           -1, &statement, NULL),
        SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        ck_assert_int_eq(sqlite3_column_int64(statement, 0), ++stored_count);
        ck_assert_int_lt(stored_count, EVENT_COUNT_MAX);
        stored[stored_count] =
            content_of((const char *)sqlite3_column_text(statement, 1),
                       (const char *)sqlite3_column_text(statement, 2),
                       (const char *)sqlite3_column_text(statement, 3));
    }
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(connection);
}

static void
compare_confirmed(void)
{
    int64_t id;

    for (id = 1; id < EVENT_COUNT_MAX; id++) {
        if (confirmed[id] == NULL)
            continue;
        ck_assert_msg(id <= stored_count, "event %jd was lost", (intmax_t)id);
        ck_assert_str_eq(confirmed[id], stored[id]);
    }
}

static void
compare_arrived(void *userdata, const struct upstream_request *request,
                const struct upstream_event *event)
{
    const char *collector_id = userdata;

    ck_assert_str_eq(upstream_header(request, "X-Collector-Id"), collector_id);
    ck_assert_int_ge(event->id, 1);
    ck_assert_int_le(event->id, stored_count);
    ck_assert_str_eq(content_of(event->device_id, event->kind, event->payload),
                     stored[event->id]);
    if (request->status == 200)
        arrived[event->id] = true;
}

static void
compare_upstream(void)
{
    const char *collector_id =
        support_sql_text(db, "SELECT collector_id FROM state");
    int64_t id;

    upstream_each_event(upstream, compare_arrived, (void *)collector_id);
    ck_assert_int_eq(upstream_confirmed_id(upstream), stored_count);
    for (id = 1; id <= stored_count; id++)
        ck_assert_msg(arrived[id], "event %jd never arrived", (intmax_t)id);
}

static void
check_file(void)
{
    account_assert(db);
    ck_assert_int_eq(support_sql_int(db, "SELECT settled_through FROM state"),
                     stored_count);
    ck_assert_int_eq(
        support_sql_int(db, "SELECT sum(status = 'success') =="
                            " sum(status <> 'error') FROM upload_runs"),
        1);
    ck_assert_int_eq(support_sql_int(db, "SELECT delivered FROM ledger"),
                     stored_count);
    ck_assert_int_eq(support_sql_int(db, "SELECT count(*) FROM devices"),
                     PRODUCER_COUNT);
}

static void
misbehave_now_and_then(void)
{
    int i;

    for (i = 1; i <= 12 * MISHAP_EVERY; i++) {
        struct upstream_answer answer = {0};

        if (i % MISHAP_EVERY == 0)
            answer.trick = i / MISHAP_EVERY % 2 ? UPSTREAM_CUT : UPSTREAM_CLOSE;
        if (i % MISHAP_EVERY == 7)
            answer.status = 503;
        upstream_script(upstream, answer);
    }
}

START_TEST(test_confirmed_events_survive_being_killed)
{
    static const char *const modes[] = {"group", "concurrent", "serialized"};
    unsigned seed = support_seed();
    struct daemon *collectord;

    db = support_path(support_dir_new(), "events.sqlite");
    upstream = upstream_new();
    misbehave_now_and_then();
    run_load(modes[_i], &seed);
    upstream_set_default(upstream, (struct upstream_answer){0});
    collectord = start(modes[_i]);
    ck_assert_eventually(support_sql_int(db, "SELECT pending FROM ledger") ==
                         0);
    daemon_stop(collectord);

    read_stored();
    ck_assert_uint_gt(confirmed_count, KILL_COUNT);
    compare_confirmed();
    compare_upstream();
    check_file();
    (void)printf("%zu confirmed, %jd stored, %zu batches sent\n",
                 confirmed_count, (intmax_t)stored_count,
                 upstream_request_count(upstream));
    (void)fflush(stdout);
    upstream_free(upstream);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_kill");
    TCase *tcase = tcase_create("kill");

    tcase_add_loop_test(tcase, test_confirmed_events_survive_being_killed, 0,
                        3);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
