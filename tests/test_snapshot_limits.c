/* SPDX-License-Identifier: MIT */
/*
 * A snapshot gives way: to one that runs, to whoever stops it or has to replace
 * the file, and to appends when room runs short. Then it leaves nothing behind.
 */
#include "../lib/copy.h"

#include "copy.h"
#include "disk.h"
#include "harness.h"
#include "privacy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** Appends of append_much(): 40 MB, of which a copy takes a good while. */
#define MUCH_APPENDS 40
#define MUCH_EVENTS 250

/** How often a test that meets a copy half-way may come too late. */
#define TRIES_MAX 20

static struct harness harness;

START_TEST(test_one_snapshot_at_a_time)
{
    struct copy_call call;

    (void)umask(0);
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    copy_start_held(&call, &harness);
    (void)privacy_assert(harness.dir); /* the half one, too */
    ck_assert_error(collector_store_snapshot(
                        harness.store, support_path(harness.dir, "other")),
                    COLLECTOR_ERR_BUSY);
    copy_release(&harness);
    ck_assert_ok(copy_join(&call));
    copy_assert_sound(&harness, copy_path(&harness));
    ck_assert_ok(collector_store_snapshot(harness.store,
                                          support_path(harness.dir, "other")));
    harness_close(&harness);
}
END_TEST

START_TEST(test_cancel_ends_it_without_a_file)
{
    struct copy_call call;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    collector_store_snapshot_cancel(harness.store); /* there is none */
    copy_start_held(&call, &harness);
    collector_store_snapshot_cancel(harness.store);
    copy_release(&harness);
    ck_assert_error(copy_join(&call), COLLECTOR_ERR_CANCELLED);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    ck_assert_ok(copy_take(&harness)); /* which nobody has cancelled */
    harness_close(&harness);
}
END_TEST

static void
append_much(void)
{
    static char payload[4000];
    struct collector_event *events =
        support_alloc(MUCH_EVENTS * sizeof(*events));
    int i;

    memset(payload, 'x', sizeof(payload) - 1);
    payload[0] = payload[sizeof(payload) - 2] = '"';
    for (i = 0; i < MUCH_EVENTS; i++)
        events[i] = (struct collector_event){
            .device_id = "d", .kind = "k", .payload = payload};
    for (i = 0; i < MUCH_APPENDS; i++)
        ck_assert_ok(collector_store_append(harness.store, events, MUCH_EVENTS,
                                            NULL, NULL));
}

static void
start_with_much(void)
{
    harness_init(&harness);
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    append_much();
}

/** Whether the first bytes of a copy are there. */
static bool
is_being_written(void)
{
    DIR *entries = opendir(harness.dir);
    const struct dirent *entry;
    bool found = false;

    while ((entry = readdir(entries)) != NULL)
        if (strncmp(entry->d_name, "copy.sqlite.tmp-", 16) == 0 &&
            strlen(entry->d_name) == 24 &&
            support_file_size(support_path(harness.dir, entry->d_name)) > 0)
            found = true;
    (void)closedir(entries);
    return found;
}

START_TEST(test_copy_gives_way_to_a_new_file)
{
    struct copy_call call = {.rc = COLLECTOR_OK};
    int tries;

    start_with_much();
    for (tries = 0; call.rc == COLLECTOR_OK && tries < TRIES_MAX; tries++) {
        (void)unlink(copy_path(&harness));
        copy_start(&call, &harness);
        ck_assert_eventually(is_being_written() ||
                             support_file_size(copy_path(&harness)) >= 0);
        ck_assert_int_eq(pthread_rwlock_wrlock(&harness.store->files), 0);
        copy_release(&harness);
        (void)copy_join(&call);
    }
    ck_assert_error(call.rc, COLLECTOR_ERR_BUSY);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    ck_assert_ok(copy_take(&harness));
    harness_close(&harness);
}
END_TEST

START_TEST(test_copy_that_would_fill_the_disk_is_refused)
{
    const char *dir = support_dir_new();

    if (!disk_mount(dir, 46 * DISK_MIB))
        return;
    start_with_much();
    support_log_expect_errors(harness.log);
    ck_assert_error(
        collector_store_snapshot(harness.store, support_path(dir, "copy")),
        COLLECTOR_ERR_NOSPACE);
    ck_assert_uint_eq(support_log_count(harness.log, "no snapshot to"), 1);
    ck_assert_int_ne(rmdir(dir), 0);   /* it is mounted there */
    ck_assert_ok(copy_take(&harness)); /* there is room elsewhere */
    harness_close(&harness);
}
END_TEST

START_TEST(test_copy_gives_way_when_the_disk_fills_up)
{
    struct copy_call call = {.rc = COLLECTOR_OK};
    int tries;

    harness_init(&harness);
    if (!disk_mount(harness.dir, 128 * DISK_MIB))
        return;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    append_much();
    for (tries = 0; call.rc == COLLECTOR_OK && tries < TRIES_MAX; tries++) {
        (void)unlink(copy_path(&harness));
        disk_empty(harness.dir);
        copy_start(&call, &harness);
        ck_assert_eventually(is_being_written() ||
                             support_file_size(copy_path(&harness)) >= 0);
        disk_fill(harness.dir, 3 * DISK_MIB);
        (void)copy_join(&call);
    }
    ck_assert_error(call.rc, COLLECTOR_ERR_NOSPACE);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    ck_assert_uint_ge(support_log_count(harness.log, "gives way"), 1);
    harness_append(&harness, 1); /* there still is room for that */
    harness_close(&harness);
}
END_TEST

static int
count_looks(void *userdata)
{
    unsigned *count = userdata;

    ++*count;
    return COLLECTOR_OK;
}

/** In a file from elsewhere the table that is changed may be as large as any.
 */
START_TEST(test_copy_can_be_stopped_while_it_gets_its_name)
{
    unsigned count = 0;
    struct collector__copy copy = {.check = count_looks, .userdata = &count};
    const char *other;
    sqlite3 *db = NULL;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    other = support_path(harness.dir, "other");
    support_sql_create(other,
                       "CREATE TABLE state (collector_id, snapshot_of);"
                       "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
                       " SELECT n + 1 FROM c WHERE n < 1000)"
                       " INSERT INTO state (collector_id) SELECT n FROM c");
    ck_assert_int_eq(sqlite3_open(other, &db), SQLITE_OK);
    ck_assert_ok(collector__copy_begin(&copy, &harness.store->database,
                                       copy_path(&harness)));
    ck_assert_ok(collector__copy_write(&copy, db));
    count = 0;
    ck_assert_ok(collector__copy_finish(&copy));
    ck_assert_uint_gt(count, 10);
    collector__copy_clear(&copy);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    harness_close(&harness);
}
END_TEST

/** Write over the middle of the file, from a process of its own: closing a file
 *  in this one would drop its locks. */
static void
damage(const char *path)
{
    const int64_t size = support_file_size(path);
    char noise[COLLECTOR_PAGE_SIZE];
    const pid_t child = fork();
    int status = -1;
    int64_t at;
    int fd;

    if (child == 0) {
        memset(noise, 0xa5, sizeof(noise));
        fd = open(path, O_WRONLY | O_CLOEXEC);
        for (at = size / 2; fd >= 0 && at < size - (int64_t)sizeof(noise);
             at += (int64_t)sizeof(noise))
            if (pwrite(fd, noise, sizeof(noise), at) < 0)
                _exit(1);
        _exit(fd < 0 ? 1 : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(test_damage_is_found_and_not_copied)
{
    start_with_much();
    harness_reopen(&harness); /* all of it is in the main file now */
    damage(harness.path);
    support_log_expect_errors(harness.log);
    ck_assert_error(copy_take(&harness), COLLECTOR_ERR_CORRUPT);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("snapshot_limits");
    TCase *turns = tcase_create("turns");
    TCase *room = tcase_create("room");

    tcase_set_timeout(turns, 60);
    tcase_add_test(turns, test_one_snapshot_at_a_time);
    tcase_add_test(turns, test_cancel_ends_it_without_a_file);
    tcase_add_test(turns, test_copy_gives_way_to_a_new_file);
    tcase_add_test(turns, test_copy_can_be_stopped_while_it_gets_its_name);
    suite_add_tcase(suite, turns);
    tcase_set_timeout(room, 60);
    tcase_add_test(room, test_copy_that_would_fill_the_disk_is_refused);
    tcase_add_test(room, test_copy_gives_way_when_the_disk_fills_up);
    tcase_add_test(room, test_damage_is_found_and_not_copied);
    suite_add_tcase(suite, room);
    return support_run_suite(suite);
}
