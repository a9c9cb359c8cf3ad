/* SPDX-License-Identifier: MIT */
/*
 * Producers that do what they should, and take notes: which id was confirmed
 * for which event, and how long that took, with all attempts that it needed.
 */
#include "siege.h"

#include "account.h"

#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define PRODUCER_COUNT 6

/** More events than one producer can post in a siege. */
#define EVENT_COUNT_MAX (64 * 1024)

struct note {
    int64_t id;
    int64_t took_ms;
};

struct producer {
    pthread_t thread;
    int number;
    bool keeps;
    struct client *client;
    struct response *response;
    /** Note i is of the event with payload i. */
    struct note *notes;
    _Atomic size_t note_count;
};

int siege_port;

static struct daemon *besieged;
static struct producer producers[PRODUCER_COUNT];
static atomic_bool finished;

static void
hang_up(struct producer *producer)
{
    client_free(producer->client);
    producer->client = NULL;
}

/** One attempt; 0 when there was no answer, or one that says to come again. */
static int64_t
post(struct producer *producer, const char *json)
{
    struct response *answer = producer->response;
    const char *ids;
    int64_t id = 0;

    if (producer->client == NULL)
        producer->client = client_new(siege_port);
    if (producer->client == NULL || !client_post(producer->client, json) ||
        !client_read(producer->client, answer)) {
        hang_up(producer);
        return 0;
    }
    ids = strchr(answer->body, '[');
    if (answer->status == 200 && ids != NULL)
        id = strtoll(ids + 1, NULL, 10);
    else if (answer->status != 408 && answer->status != 503)
        abort(); /* nothing is wrong with what it sent */
    if (!producer->keeps || strstr(answer->head, "keep-alive") == NULL)
        hang_up(producer);
    return id;
}

static void
produce(struct producer *producer)
{
    size_t count = atomic_load(&producer->note_count);
    int64_t started_ms = support_now_ms();
    char json[128];
    int64_t id = 0;

    (void)snprintf(json, sizeof(json),
                   "{\"device_id\":\"healthy-%d\",\"kind\":\"k\","
                   "\"payload\":%zu}",
                   producer->number, count);
    while (id == 0 && !atomic_load(&finished))
        id = post(producer, json);
    if (id == 0)
        return;
    producer->notes[count].id = id;
    producer->notes[count].took_ms = support_now_ms() - started_ms;
    atomic_store(&producer->note_count, count + 1);
}

static void *
run_producer(void *userdata)
{
    struct producer *producer = userdata;

    while (!atomic_load(&finished) &&
           atomic_load(&producer->note_count) < EVENT_COUNT_MAX) {
        produce(producer);
        support_pause();
    }
    hang_up(producer);
    return NULL;
}

static void
start_producer(int number)
{
    struct producer *producer = &producers[number];

    producer->number = number;
    producer->keeps = number % 2 == 0;
    producer->client = NULL;
    producer->response = support_alloc(sizeof(*producer->response));
    producer->notes = support_alloc(EVENT_COUNT_MAX * sizeof(struct note));
    atomic_store(&producer->note_count, 0);
    ck_assert_int_eq(
        pthread_create(&producer->thread, NULL, run_producer, producer), 0);
}

void
siege_begin(void)
{
    int i;

    site_setup();
    besieged = daemon_start(db, "-max-backlog", "0", NULL);
    siege_port = daemon_port(besieged);
    atomic_store(&finished, false);
    for (i = 0; i < PRODUCER_COUNT; i++)
        start_producer(i);
    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_eventually(atomic_load(&producers[i].note_count) > 0);
}

static int
compare_notes(const void *a, const void *b)
{
    const struct note *left = a;
    const struct note *right = b;

    return (left->took_ms > right->took_ms) - (left->took_ms < right->took_ms);
}

/** All notes of those who keep their connection, or of those who don't. */
static struct note *
collect_notes(bool keeps, size_t *ret_count)
{
    struct note *all =
        support_alloc(PRODUCER_COUNT * EVENT_COUNT_MAX * sizeof(*all));
    int i;

    *ret_count = 0;
    for (i = 0; i < PRODUCER_COUNT; i++) {
        size_t count = atomic_load(&producers[i].note_count);

        if (producers[i].keeps != keeps)
            continue;
        memcpy(all + *ret_count, producers[i].notes, count * sizeof(*all));
        *ret_count += count;
    }
    return all;
}

static void
assert_served_in_time(bool keeps)
{
    const int limit_ms =
        support_is_sanitized() ? SIEGE_P99_MS_SANITIZED : SIEGE_P99_MS;
    size_t count;
    struct note *notes = collect_notes(keeps, &count);
    const struct note *p99 = &notes[(count - 1) * 99 / 100];

    qsort(notes, count, sizeof(*notes), compare_notes);
    (void)fprintf(stderr,
                  "%s: %zu events, p50 %" PRId64 " p99 %" PRId64 " max %" PRId64
                  " ms\n",
                  keeps ? "kept" : "fresh", count, notes[count / 2].took_ms,
                  p99->took_ms, notes[count - 1].took_ms);
    ck_assert_int_lt(p99->took_ms, limit_ms);
}

static void
assert_stored(sqlite3 *database, const struct producer *producer)
{
    size_t count = atomic_load(&producer->note_count);
    sqlite3_stmt *statement = NULL;
    size_t i;

    ck_assert_int_eq(
        sqlite3_prepare_v2(database,
                           "SELECT 1 FROM event_log WHERE id = ?1 AND"
                           " device_id = 'healthy-' || ?2 AND"
                           " payload_json = CAST(?3 AS TEXT)",
                           -1, &statement, NULL),
        SQLITE_OK);
    for (i = 0; i < count; i++) {
        (void)sqlite3_bind_int64(statement, 1, producer->notes[i].id);
        (void)sqlite3_bind_int(statement, 2, producer->number);
        (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)i);
        ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW,
                      "event %" PRId64 " of %d was confirmed, and is not there",
                      producer->notes[i].id, producer->number);
        (void)sqlite3_reset(statement);
    }
    (void)sqlite3_finalize(statement);
}

static void
assert_all_stored(void)
{
    sqlite3 *database = NULL;
    int i;

    ck_assert_int_eq(sqlite3_open_v2(db, &database, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    for (i = 0; i < PRODUCER_COUNT; i++)
        assert_stored(database, &producers[i]);
    (void)sqlite3_close(database);
}

long
siege_resident_kb(void)
{
    FILE *file = fopen(
        support_format("/proc/%d/status", (int)daemon_pid(besieged)), "re");
    char line[256];
    long kb = 0;

    ck_assert_ptr_nonnull(file);
    while (kb == 0 && fgets(line, sizeof(line), file) != NULL)
        (void)sscanf(line, "VmHWM: %ld", &kb); /* of one line only */
    (void)fclose(file);                        /* it was only read */
    ck_assert_int_gt(kb, 0);
    return kb;
}

void
siege_end(void)
{
    long resident_kb;
    int i;

    atomic_store(&finished, true);
    for (i = 0; i < PRODUCER_COUNT; i++)
        ck_assert_int_eq(pthread_join(producers[i].thread, NULL), 0);
    ck_assert_int_eq(site_post(besieged, EVENT), 200);
    resident_kb = siege_resident_kb();
    daemon_stop(besieged);
    (void)fprintf(stderr, "resident at most: %ld KiB\n", resident_kb);
    assert_served_in_time(true);
    assert_served_in_time(false);
    if (!support_is_sanitized())
        ck_assert_int_le(resident_kb, SIEGE_RESIDENT_KB_MAX);
    account_assert(db);
    assert_all_stored();
}
