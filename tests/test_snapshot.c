/* SPDX-License-Identifier: MIT */
/*
 * A snapshot is one file with all that the store held at one moment, in
 * nobody's name. It appears whole or not at all, takes no other file's place,
 * leaves nothing behind, and costs those who append neither their turn nor
 * their room.
 */
#include "copy.h"
#include "crew.h"
#include "damage.h"
#include "fault_vfs.h"
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct harness harness;

/** Whether the file system knows no renameat2(), and for which kind of file a
 *  sync fails; 0 is none. */
static bool simple;
static mode_t unsyncable;

/** The engine, which is linked in here, finds these before those of libc. */
int
renameat2(int from_fd, const char *from, int to_fd, const char *to,
          unsigned flags)
{
    if (!simple)
        return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
    errno = EINVAL;
    return -1;
}

int
fsync(int fd)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) != unsyncable)
        return (int)syscall(SYS_fsync, fd);
    errno = EIO;
    return -1;
}

START_TEST(test_copy_has_all_that_the_file_has)
{
    static const char *const tables[] = {"event_log",    "upload_runs",
                                         "device_state", "dead_letters",
                                         "idempotency",  "quarantines"};
    const struct collector_event event = {.device_id = "x", .kind = "k"};
    size_t i;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 20);
    ck_assert_ok(
        collector_store_append(harness.store, &event, 1, "a key", NULL));
    ck_assert_uint_eq(harness_deliver(&harness, 7), 7);
    harness_exec(&harness, "INSERT INTO dead_letters (event_id, at, attempts)"
                           " VALUES (3, 1, 1)");
    ck_assert_ok(copy_take(&harness));
    copy_assert_sound(&harness, copy_path(&harness));
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const char *sql = support_format(
            "SELECT count(*) || group_concat(quote(t.a)) FROM (SELECT"
            " json_array(%s) AS a FROM %s) t",
            i == 0   ? "id, device_id, kind, payload_json, ts"
            : i == 1 ? "id, first_id, last_id, status, finished_at"
            : i == 2 ? "id, device_key, last_seen_at"
            : i == 3 ? "event_id, at, attempts"
            : i == 4 ? "first_id, key, hex(body_hash)"
                     : "id",
            tables[i]);
        const char *copied = support_sql_text(copy_path(&harness), sql);
        const char *original = harness_text(&harness, sql);

        ck_assert_str_eq(support_text_or_nothing(copied),
                         support_text_or_nothing(original));
    }
    ck_assert_int_eq(
        support_sql_int(copy_path(&harness), "PRAGMA user_version"),
        harness_int(&harness, "PRAGMA user_version"));
    ck_assert_int_eq(support_sql_int(copy_path(&harness), "PRAGMA auto_vacuum"),
                     2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_copy_speaks_in_nobodys_name)
{
    const char *id;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    id = harness_text(&harness, "SELECT collector_id FROM state");
    ck_assert_ok(copy_take(&harness));
    ck_assert_ptr_null(support_sql_text(copy_path(&harness),
                                        "SELECT collector_id FROM state"));
    ck_assert_str_eq(
        support_sql_text(copy_path(&harness), "SELECT snapshot_of FROM state"),
        id);
    ck_assert_str_eq(harness_text(&harness, "SELECT collector_id FROM state"),
                     id);
    harness_close(&harness);
}
END_TEST

START_TEST(test_store_on_a_copy_has_a_name_of_its_own_and_goes_on)
{
    const char *id;
    struct collector_store_stats stats;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 10);
    ck_assert_uint_eq(harness_deliver(&harness, 4), 4);
    id = harness_text(&harness, "SELECT collector_id FROM state");
    ck_assert_ok(copy_take(&harness));
    harness_append(&harness, 5);
    harness_close(&harness);

    harness.path = copy_path(&harness);
    harness.options.path = harness.path;
    harness_open(&harness);
    stats = harness_stats(&harness);
    ck_assert_str_ne(stats.collector_id, id);
    ck_assert_uint_eq(strlen(stats.collector_id), strlen(id));
    ck_assert_uint_eq(stats.accepted, 10);
    ck_assert_uint_eq(stats.delivered, 4);
    ck_assert_uint_eq(stats.pending, 6);
    ck_assert_str_eq(harness_text(&harness, "SELECT snapshot_of FROM state"),
                     id);
    ck_assert_int_eq(harness_append(&harness, 1), 11);
    ck_assert_uint_eq(harness_deliver(&harness, 100), 7);
    harness_reopen(&harness);
    ck_assert_str_eq(harness_stats(&harness).collector_id, stats.collector_id);
    harness_close(&harness);
}
END_TEST

/** Threads that append and deliver until they are told to end. */
struct traffic {
    _Atomic uint64_t acked;
    _Atomic bool over;
    uint64_t acked_meanwhile;
};

static void
take_snapshots(struct traffic *traffic)
{
    int i;

    for (i = 0; i < 5 || (traffic->acked_meanwhile == 0 && i < 50); i++) {
        const uint64_t before = atomic_load(&traffic->acked);
        uint64_t after;
        uint64_t accepted;

        ck_assert_ok(copy_take(&harness));
        after = atomic_load(&traffic->acked);
        copy_assert_sound(&harness, copy_path(&harness));
        accepted = (uint64_t)support_sql_int(copy_path(&harness),
                                             "SELECT accepted FROM ledger");
        ck_assert_uint_ge(accepted, before);
        ck_assert_uint_le(accepted, atomic_load(&traffic->acked) + 20);
        traffic->acked_meanwhile += after - before;
        ck_assert_int_eq(unlink(copy_path(&harness)), 0);
    }
}

static void
go_about(void *userdata, size_t number)
{
    struct traffic *traffic = userdata;

    if (number == 0) {
        take_snapshots(traffic);
        atomic_store(&traffic->over, true);
    }
    while (!atomic_load(&traffic->over)) {
        if (number == 1) {
            (void)harness_deliver(&harness, 50);
            ck_assert_ok(collector_store_maintain(harness.store));
        } else {
            harness_append(&harness, 10);
            atomic_fetch_add(&traffic->acked, 10);
        }
    }
}

START_TEST(test_copy_is_of_one_moment_while_others_go_on)
{
    struct traffic traffic = {.acked = 0};
    int i;

    harness_init(&harness);
    harness.options.mode = (enum collector_write_mode)_i;
    harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
    harness_open(&harness);
    for (i = 0; i < 10; i++) /* enough to take a while */
        harness_append(&harness, 2000);
    atomic_store(&traffic.acked, 20000);
    crew_run(4, go_about, &traffic);
    /* Nobody waited for the copies. */
    ck_assert_uint_gt(traffic.acked_meanwhile, 0);
    harness_assert_contiguous(&harness, (int64_t)atomic_load(&traffic.acked));
    harness_close(&harness);
}
END_TEST

START_TEST(test_bad_paths_are_invalid)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    ck_assert_error(collector_store_snapshot(NULL, copy_path(&harness)),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_snapshot(harness.store, NULL),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_snapshot(harness.store, ""),
                    COLLECTOR_ERR_INVALID);
    ck_assert_error(
        collector_store_snapshot(harness.store, support_path(harness.dir, "")),
        COLLECTOR_ERR_INVALID);
    harness_close(&harness);
}
END_TEST

START_TEST(test_other_files_are_never_overwritten)
{
    const char *link_path;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_write_file(copy_path(&harness), "mine");
    ck_assert_error(copy_take(&harness), COLLECTOR_ERR_EXISTS);
    ck_assert_str_eq(support_read_file(copy_path(&harness)), "mine");
    ck_assert_error(collector_store_snapshot(harness.store, harness.path),
                    COLLECTOR_ERR_EXISTS);
    ck_assert_error(collector_store_snapshot(harness.store, harness.dir),
                    COLLECTOR_ERR_EXISTS);
    /* A link that leads nowhere is something, too. */
    link_path = support_path(harness.dir, "link");
    ck_assert_int_eq(symlink("nowhere", link_path), 0);
    ck_assert_error(collector_store_snapshot(harness.store, link_path),
                    COLLECTOR_ERR_EXISTS);
    ck_assert_uint_eq(copy_file_count(&harness), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_odd_paths_are_paths)
{
    const char *odd = "copy.sqlite?mode=memory&x=%41#'\"";

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    ck_assert_int_eq(chdir(harness.dir), 0);
    ck_assert_ok(collector_store_snapshot(harness.store, odd));
    ck_assert_ok(collector_store_snapshot(harness.store, "file:x"));
    copy_assert_sound(&harness, support_path(harness.dir, odd));
    ck_assert_int_gt(support_file_size(support_path(harness.dir, "file:x")), 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_name_that_leaves_no_room_is_an_error_in_words)
{
    const char *path;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    path = support_path(harness.dir, support_repeat("n", 255));
    ck_assert_error(collector_store_snapshot(harness.store, path),
                    COLLECTOR_ERR_IO);
    ck_assert_uint_eq(support_log_count(harness.log, "can't create"), 1);
    ck_assert_int_eq(support_file_size(path), -1);
    ck_assert_ok(copy_take(&harness));
    harness_close(&harness);
}
END_TEST

START_TEST(test_missing_directory_is_an_error_in_words)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    ck_assert_error(collector_store_snapshot(
                        harness.store, support_path(harness.dir, "no/copy")),
                    COLLECTOR_ERR_IO);
    ck_assert_uint_eq(support_log_count(harness.log, "No such file"), 1);
    ck_assert_ok(copy_take(&harness)); /* it is not busy for ever */
    harness_close(&harness);
}
END_TEST

/** Assert that a file that appears while a copy is made stays what it is. */
static void
assert_not_overwritten(void)
{
    struct copy_call call;

    copy_start_held(&call, &harness);
    support_write_file(copy_path(&harness), "mine");
    copy_release(&harness);
    ck_assert_error(copy_join(&call), COLLECTOR_ERR_EXISTS);
    ck_assert_str_eq(support_read_file(copy_path(&harness)), "mine");
    ck_assert_uint_eq(copy_file_count(&harness), 1);
}

START_TEST(test_file_that_comes_in_between_is_not_overwritten)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    assert_not_overwritten();
    harness_close(&harness);
}
END_TEST

START_TEST(test_simple_file_systems_do_as_well)
{
    simple = true;
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    ck_assert_ok(copy_take(&harness));
    copy_assert_sound(&harness, copy_path(&harness));
    ck_assert_int_eq(unlink(copy_path(&harness)), 0);
    assert_not_overwritten();
    harness_close(&harness);
}
END_TEST

START_TEST(test_copy_that_is_not_on_the_disk_does_not_exist)
{
    static const mode_t kinds[] = {S_IFREG, S_IFDIR};

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    support_log_expect_errors(harness.log);
    unsyncable = kinds[_i];
    ck_assert_error(copy_take(&harness), COLLECTOR_ERR_IO);
    ck_assert_uint_eq(support_log_count(harness.log, "can't sync"), 1);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    unsyncable = 0;
    ck_assert_ok(copy_take(&harness));
    harness_close(&harness);
}
END_TEST

START_TEST(test_what_a_crash_left_behind_is_removed)
{
    static const char *const stale[] = {"copy.sqlite.tmp-0123abcd",
                                        "copy.sqlite.tmp-0123abcd-journal"};
    static const char *const others[] = {
        "copy.sqlite.tmp-0123abc",   "copy.sqlite.tmp-0123abcde",
        "copy.sqlite.tmp-0123abcx",  "copy.sqlite.tmp-0123abcd-mine",
        "copy2.sqlite.tmp-0123abcd", "copy.sqlite.bak"};
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    for (i = 0; i < 2; i++)
        support_write_file(support_path(harness.dir, stale[i]), "x");
    for (i = 0; i < 6; i++)
        support_write_file(support_path(harness.dir, others[i]), "x");
    ck_assert_ok(copy_take(&harness));
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(support_file_size(support_path(harness.dir, stale[i])),
                         -1);
    for (i = 0; i < 6; i++)
        ck_assert_int_eq(
            support_file_size(support_path(harness.dir, others[i])), 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_file_that_lost_its_head_is_damaged)
{
    const char *path;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    harness_reopen(&harness);
    path = support_path(harness.dir, "copy.sqlite");
    support_log_expect_errors(harness.log);
    bytes_spoil(harness.path, 0, 100, 1);
    ck_assert_error(collector_store_snapshot(harness.store, path),
                    COLLECTOR_ERR_CORRUPT);
    ck_assert_int_eq(support_file_size(path), -1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_another_vfs_does_as_well)
{
    harness_init(&harness);
    harness.options.vfs = fault_vfs_register();
    harness_open(&harness);
    harness_append(&harness, 30);
    ck_assert_ok(copy_take(&harness));
    copy_assert_sound(&harness, copy_path(&harness));
    harness_close(&harness);
}
END_TEST

/** Of a copy that can't be read SQLite says no more than of a damaged file: it
 *  is written once more before anybody is told so. */
START_TEST(test_copy_that_could_not_be_read_is_written_again)
{
    harness_init(&harness);
    harness.options.vfs = fault_vfs_register();
    support_log_expect_errors(harness.log);
    harness_open(&harness);
    harness_append(&harness, 30);
    fault_vfs_fail(FAULT_COPY_READ, SQLITE_IOERR_CORRUPTFS, (uint64_t)_i, 1);
    ck_assert_ok(copy_take(&harness));
    ck_assert_uint_eq(fault_vfs_failure_count(FAULT_COPY_READ), 1);
    copy_assert_sound(&harness, copy_path(&harness));
    fault_vfs_fail(FAULT_COPY_READ, SQLITE_IOERR_CORRUPTFS, 0, UINT64_MAX);
    ck_assert_int_eq(unlink(copy_path(&harness)), 0);
    ck_assert_error(copy_take(&harness), COLLECTOR_ERR_CORRUPT);
    ck_assert_uint_eq(copy_file_count(&harness), 0);
    harness_close(&harness);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *copy = tcase_create("copy");
    TCase *path = tcase_create("path");

    tcase_set_timeout(copy, 60);
    tcase_add_loop_test(copy, test_copy_has_all_that_the_file_has, 0, 3);
    tcase_add_test(copy, test_copy_speaks_in_nobodys_name);
    tcase_add_loop_test(
        copy, test_store_on_a_copy_has_a_name_of_its_own_and_goes_on, 0, 3);
    tcase_add_loop_test(copy, test_copy_is_of_one_moment_while_others_go_on, 0,
                        3);
    tcase_add_test(copy, test_a_file_that_lost_its_head_is_damaged);
    tcase_add_test(copy, test_another_vfs_does_as_well);
    tcase_add_loop_test(copy, test_copy_that_could_not_be_read_is_written_again,
                        0, 2);
    suite_add_tcase(suite, copy);
    tcase_add_test(path, test_bad_paths_are_invalid);
    tcase_add_test(path, test_other_files_are_never_overwritten);
    tcase_add_test(path, test_odd_paths_are_paths);
    tcase_add_test(path, test_a_name_that_leaves_no_room_is_an_error_in_words);
    tcase_add_test(path, test_missing_directory_is_an_error_in_words);
    tcase_add_test(path, test_file_that_comes_in_between_is_not_overwritten);
    tcase_add_test(path, test_simple_file_systems_do_as_well);
    tcase_add_loop_test(path, test_copy_that_is_not_on_the_disk_does_not_exist,
                        0, 2);
    tcase_add_test(path, test_what_a_crash_left_behind_is_removed);
    suite_add_tcase(suite, path);
    return support_run_suite(suite);
}
