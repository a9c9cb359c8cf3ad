/* SPDX-License-Identifier: MIT */
/*
 * Few questions are asked at a time, and few requests let in: whoever can't get
 * a reader in time is told so, and no failure takes one away for ever.
 */
#include "listing.h"
#include "readers.h"

#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/** Events in the file. */
#define EVENT_COUNT 10

/** Threads of the server: so many that as many requests as can be are let in.
 */
#define SERVER_THREAD_COUNT 256

/** Threads that want a reader at once. */
#define THREAD_COUNT READERS_REQUEST_COUNT_MAX

static const char *db;
static struct collector_store *store;
static struct readers *readers;

static void
setup_empty(void)
{
    db = support_path(support_dir_new(), "events.sqlite");
    readers = readers_new(db, SERVER_THREAD_COUNT);
    ck_assert_ptr_nonnull(readers);
}

/** A store with so many events of one device. */
static void
open_store(const char *device_id)
{
    struct collector_store_options options;
    const struct collector_event event = {.device_id = device_id, .kind = "k"};
    int i;

    collector_store_options_init(&options);
    options.path = db;
    ck_assert_ok(collector_store_open(&options, &store));
    for (i = 0; i < EVENT_COUNT; i++)
        ck_assert_ok(collector_store_append(store, &event, 1, NULL, NULL));
}

static void
setup(void)
{
    setup_empty();
    open_store("a");
}

static void
teardown(void)
{
    readers_free(readers);
    collector_store_free(store);
    store = NULL;
}

static struct collector_reader *
take(uint32_t rows_max)
{
    struct collector_reader *reader = NULL;

    ck_assert_ok(readers_take(readers, rows_max, &reader));
    ck_assert_ptr_nonnull(reader);
    return reader;
}

/** Assert how many events a reader shows, and whether there are more. */
static void
assert_shows(struct collector_reader *reader, uint64_t count, bool more)
{
    struct collector_answer answer = {.size = sizeof(answer)};

    ck_assert_ok(collector_reader_events(reader, NULL, NULL, NULL, &answer));
    ck_assert_uint_eq(answer.row_count, count);
    ck_assert(answer.more == more);
}

static size_t
descriptor_count(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

START_TEST(test_reader_has_the_row_cap_that_is_asked_for)
{
    static const uint32_t caps[] = {3, 3, 5, 1, EVENT_COUNT, LISTING_COUNT_MAX};
    size_t i;

    for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        struct collector_reader *reader = take(caps[i]);

        assert_shows(reader, caps[i] < EVENT_COUNT ? caps[i] : EVENT_COUNT,
                     caps[i] < EVENT_COUNT);
        readers_give_back(readers, reader);
    }
}
END_TEST

START_TEST(test_readers_are_kept_and_closed)
{
    const size_t none = descriptor_count();
    struct collector_reader *first = take(1);
    struct collector_reader *second = take(2);
    size_t count;
    uint32_t i;

    readers_give_back(readers, first);
    readers_give_back(readers, second);
    count = descriptor_count();
    ck_assert_uint_gt(count, none);
    for (i = 0; i < 50; i++)
        readers_give_back(readers, take(1 + i % 5));
    ck_assert_uint_eq(descriptor_count(), count);
}
END_TEST

START_TEST(test_no_reader_is_opened_before_it_is_wanted)
{
    const size_t count = descriptor_count();
    struct readers *others = readers_new(db, SERVER_THREAD_COUNT);

    ck_assert_ptr_nonnull(others);
    ck_assert_uint_eq(descriptor_count(), count);
    readers_free(others);
}
END_TEST

START_TEST(test_failure_to_open_takes_no_reader_away)
{
    struct collector_reader *reader = NULL;
    int i;

    for (i = 0; i < 2 * READERS_COUNT_MAX; i++)
        ck_assert_error(readers_take(readers, 10, &reader), COLLECTOR_ERR_IO);
    ck_assert_ptr_null(reader);
    open_store("a");
    reader = take(1);
    readers_give_back(readers, reader);
    reader = take(EVENT_COUNT);
    assert_shows(reader, EVENT_COUNT, false);
    readers_give_back(readers, reader);
}
END_TEST

static int
keep_text(void *userdata, const struct collector_row *row)
{
    *(const char **)userdata = support_format("%s", row->values[1].text);
    return 0;
}

/** Put the file aside as a quarantine does: the reader has kept its log. */
static void
put_aside(void)
{
    ck_assert_int_eq(rename(db, support_format("%s.damaged-1", db)), 0);
    ck_assert_int_eq(rename(support_format("%s-wal", db),
                            support_format("%s.damaged-1-wal", db)),
                     0);
    ck_assert_int_eq(unlink(support_format("%s-shm", db)), 0);
}

START_TEST(test_file_in_the_place_of_another_is_the_one_that_is_read)
{
    struct collector_reader *reader = take(100);
    const char *device_id = NULL;

    assert_shows(reader, EVENT_COUNT, false);
    readers_give_back(readers, reader);
    collector_store_free(store);
    put_aside();
    open_store("b");
    reader = take(100);
    ck_assert_ok(
        collector_reader_event(reader, 1, keep_text, &device_id, NULL));
    ck_assert_str_eq(device_id, "b");
    readers_give_back(readers, reader);
}
END_TEST

/** Somebody who wants a reader. */
struct customer {
    pthread_t thread;
    pthread_barrier_t *begin;
    int rc;
    int64_t waited_ms;
};

static void *
try_to_take(void *userdata)
{
    struct customer *customer = userdata;
    struct collector_reader *reader = NULL;
    int64_t began_ms;

    (void)pthread_barrier_wait(customer->begin);
    began_ms = support_now_ms();
    customer->rc = readers_take(readers, 1, &reader);
    customer->waited_ms = support_now_ms() - began_ms;
    if (customer->rc == COLLECTOR_OK)
        readers_give_back(readers, reader);
    return NULL;
}

static void
begin(struct customer *customers, unsigned count, pthread_barrier_t *barrier)
{
    unsigned i;

    ck_assert_int_eq(pthread_barrier_init(barrier, NULL, count + 1), 0);
    for (i = 0; i < count; i++) {
        customers[i].begin = barrier;
        ck_assert_int_eq(pthread_create(&customers[i].thread, NULL, try_to_take,
                                        &customers[i]),
                         0);
    }
    (void)pthread_barrier_wait(barrier);
}

static void
end(struct customer *customers, unsigned count, pthread_barrier_t *barrier)
{
    unsigned i;

    for (i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(customers[i].thread, NULL), 0);
    (void)pthread_barrier_destroy(barrier);
}

/** How many requests are let in, one after the other. */
static unsigned
enter_all(struct readers *some)
{
    unsigned count = 0;

    while (readers_enter(some) == COLLECTOR_OK)
        count++;
    ck_assert_error(readers_enter(some), COLLECTOR_ERR_BUSY);
    return count;
}

START_TEST(test_few_requests_are_let_in)
{
    static const struct {
        unsigned threads;
        unsigned requests;
    } servers[] = {{1, 1}, {7, 1}, {8, 2}, {63, 15}, {64, 16}, {4096, 16}};
    size_t i;

    for (i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct readers *some = readers_new(db, servers[i].threads);

        ck_assert_ptr_nonnull(some);
        ck_assert_uint_eq(enter_all(some), servers[i].requests);
        readers_leave(some);
        ck_assert_uint_eq(enter_all(some), 1);
        readers_free(some);
    }
}
END_TEST

START_TEST(test_whoever_waits_for_too_long_is_told)
{
    struct customer customers[THREAD_COUNT];
    struct collector_reader *taken[READERS_COUNT_MAX];
    pthread_barrier_t barrier;
    unsigned i;

    for (i = 0; i < READERS_COUNT_MAX; i++)
        taken[i] = take(1);
    begin(customers, THREAD_COUNT, &barrier);
    end(customers, THREAD_COUNT, &barrier);
    for (i = 0; i < THREAD_COUNT; i++) {
        ck_assert_error(customers[i].rc, COLLECTOR_ERR_BUSY);
        ck_assert_int_ge(customers[i].waited_ms, READERS_WAIT_MS);
    }
    for (i = 0; i < READERS_COUNT_MAX; i++)
        readers_give_back(readers, taken[i]);
    readers_give_back(readers, take(1));
}
END_TEST

/** How many of those that waited got a reader without having waited too long,
 *  as on a machine that stands still. */
static unsigned
count_served(const struct customer *customers)
{
    unsigned count = 0;
    unsigned i;

    for (i = 0; i < THREAD_COUNT; i++) {
        if (customers[i].waited_ms >= READERS_WAIT_MS)
            continue;
        ck_assert_ok(customers[i].rc);
        count++;
    }
    return count;
}

START_TEST(test_whoever_waits_gets_what_is_given_back)
{
    struct customer customers[THREAD_COUNT];
    struct collector_reader *taken[READERS_COUNT_MAX];
    pthread_barrier_t barrier;
    unsigned round;
    unsigned i;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < READERS_COUNT_MAX; i++)
            taken[i] = take(1);
        begin(customers, THREAD_COUNT, &barrier);
        support_pause();
        for (i = 0; i < READERS_COUNT_MAX; i++)
            readers_give_back(readers, taken[i]);
        end(customers, THREAD_COUNT, &barrier);
        ck_assert_uint_ge(count_served(customers), 1);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("readers");
    TCase *file = support_add_case(suite, "file", setup, teardown);
    TCase *none = support_add_case(suite, "none", setup_empty, teardown);
    TCase *turn = support_add_case(suite, "turn", setup, teardown);

    tcase_add_test(file, test_reader_has_the_row_cap_that_is_asked_for);
    tcase_add_test(file, test_readers_are_kept_and_closed);
    tcase_add_test(file, test_no_reader_is_opened_before_it_is_wanted);
    tcase_add_test(file,
                   test_file_in_the_place_of_another_is_the_one_that_is_read);
    tcase_add_test(none, test_failure_to_open_takes_no_reader_away);
    tcase_add_test(turn, test_few_requests_are_let_in);
    tcase_add_test(turn, test_whoever_waits_for_too_long_is_told);
    tcase_add_test(turn, test_whoever_waits_gets_what_is_given_back);
    return support_run_suite(suite);
}
