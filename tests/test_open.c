/* SPDX-License-Identifier: MIT */
/*
 * An open store belongs to one process, under whatever name the file is opened;
 * its file is private, has a name of its own for ever, and can be read by
 * anybody's SQLite meanwhile. What was asked for is what is there, or the store
 * does not open.
 */
#include "harness.h"

#include "clock.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/** What collector_store_open() says to these options; nothing stays open. */
static int
try_open(const struct collector_store_options *options)
{
    struct collector_store *store = NULL;
    const int rc = collector_store_open(options, &store);

    ck_assert_int_eq(store != NULL, rc == COLLECTOR_OK);
    collector_store_free(store);
    return rc;
}

static mode_t
permissions(const char *path)
{
    struct stat status;

    ck_assert_msg(stat(path, &status) == 0, "%s is not there", path);
    return status.st_mode & 0777;
}

/** A number that a pragma has on the connection that appends. */
static int64_t
writer_pragma(struct harness *harness, const char *sql)
{
    struct collector__writer *writer = &harness->store->writer;
    sqlite3 *db = harness->store->mode == COLLECTOR_MODE_CONCURRENT
                      ? writer->pool.connections[0].db
                      : writer->connection.db;
    sqlite3_stmt *statement = NULL;
    int64_t value;

    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return value;
}

START_TEST(test_open_creates_private_files)
{
    const mode_t before = umask(0);
    struct harness harness;

    harness_init(&harness);
    harness_open(&harness);
    (void)umask(before);
    harness_append(&harness, 1);
    ck_assert_uint_eq(permissions(harness.path), 0600);
    ck_assert_uint_eq(
        permissions(support_path(harness.dir, "events.sqlite.lock")), 0600);
    ck_assert_uint_eq(
        permissions(support_path(harness.dir, "events.sqlite-wal")), 0600);
    harness_close(&harness);
}
END_TEST

START_TEST(test_defaults_are_the_documented_ones)
{
    struct collector_store_options options;

    memset(&options, 0xff, sizeof(options));
    collector_store_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_ptr_null(options.path);
    ck_assert_int_eq(options.mode, COLLECTOR_MODE_GROUP);
    ck_assert_int_eq(options.durability, COLLECTOR_DURABILITY_FULL);
    ck_assert(!options.indexed);
    ck_assert_uint_eq(options.connection_count_max, 8);
    ck_assert_uint_eq(options.backlog_max, 0);
    ck_assert(options.log == NULL);
    ck_assert_ptr_null(options.log_userdata);
    ck_assert_ptr_null(options.clock);
    ck_assert_ptr_null(options.vfs);
    collector_store_options_init(NULL);
}
END_TEST

START_TEST(test_each_bad_option_is_invalid)
{
    const struct collector_clock half_a_clock = {
        NULL, collector__clock_system.monotonic_ms, NULL};
    const struct collector_clock other_half = {collector__clock_system.wall_ms,
                                               NULL, NULL};
    struct collector_store *store = NULL;
    struct harness harness;
    size_t i;

    harness_init(&harness);
    ck_assert_error(collector_store_open(NULL, &store), COLLECTOR_ERR_INVALID);
    ck_assert_error(collector_store_open(&harness.options, NULL),
                    COLLECTOR_ERR_INVALID);
    for (i = 0; i < 12; i++) {
        struct collector_store_options bad = harness.options;

        bad.size = i == 0 ? 0 : bad.size;
        bad.path = i == 1 ? NULL : i == 2 ? "" : bad.path;
        bad.mode = i == 3 ? (enum collector_write_mode)3 : bad.mode;
        bad.durability = i == 4 ? (enum collector_durability)2 : bad.durability;
        bad.connection_count_max = i == 5   ? 0
                                   : i == 6 ? COLLECTOR_CONNECTIONS_MAX + 1
                                            : bad.connection_count_max;
        bad.clock = i == 7 ? &half_a_clock : i == 8 ? &other_half : NULL;
        bad.overflow = i == 9 ? (enum collector_overflow)2 : bad.overflow;
        bad.on_damage = i == 10 ? (enum collector_damage)2 : bad.on_damage;
        bad.size_max = i == 11 ? COLLECTOR_STORE_SIZE_MIN - 1 : bad.size_max;
        ck_assert_msg(try_open(&bad) == COLLECTOR_ERR_INVALID,
                      "bad option %zu was taken", i);
    }
    ck_assert_int_eq(support_file_size(harness.path), -1);
}
END_TEST

START_TEST(test_an_unknown_vfs_is_an_io_error)
{
    struct harness harness;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    harness.options.vfs = "none of that name";
    ck_assert_error(try_open(&harness.options), COLLECTOR_ERR_IO);
    ck_assert_int_eq(support_file_size(harness.path), -1);
}
END_TEST

START_TEST(test_options_of_an_older_program_keep_the_later_defaults)
{
    struct harness harness;

    harness_init(&harness);
    /* It ends before connection_count_max: what lies there is not ours. */
    harness.options.connection_count_max = 0;
    harness.options.size =
        offsetof(struct collector_store_options, connection_count_max);
    harness.options.mode = COLLECTOR_MODE_CONCURRENT;
    harness_open(&harness);
    ck_assert_uint_eq(harness.store->connection_count, 8);
    harness_close(&harness);
}
END_TEST

START_TEST(test_durability_is_what_sqlite_syncs)
{
    static const enum collector_write_mode modes[] = {
        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_CONCURRENT};
    struct harness harness;
    size_t i;

    for (i = 0; i < 2; i++) {
        harness_start(&harness, modes[i]);
        ck_assert_int_eq(writer_pragma(&harness, "PRAGMA synchronous"), 2);
        ck_assert_int_eq(harness_stats(&harness).durability,
                         COLLECTOR_DURABILITY_FULL);
        harness_close(&harness);
        harness.options.durability = COLLECTOR_DURABILITY_NORMAL;
        harness_open(&harness);
        ck_assert_int_eq(writer_pragma(&harness, "PRAGMA synchronous"), 1);
        ck_assert_int_eq(harness_stats(&harness).durability,
                         COLLECTOR_DURABILITY_NORMAL);
        harness_close(&harness);
    }
}
END_TEST

START_TEST(test_index_can_be_added_later_and_stays)
{
    static const char index_count[] =
        "SELECT count(*) FROM pragma_index_list('event_log')";
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 3);
    ck_assert(!harness_stats(&harness).indexed);
    ck_assert_int_eq(harness_int(&harness, index_count), 0);
    harness.options.indexed = true;
    harness_reopen(&harness);
    ck_assert(harness_stats(&harness).indexed);
    ck_assert_int_eq(harness_int(&harness, index_count), 1);
    harness.options.indexed = false;
    harness_reopen(&harness);
    ck_assert(harness_stats(&harness).indexed);
    harness_close(&harness);
}
END_TEST

/** What open says in a child process that shares nothing but the file. */
static int
open_in_a_child(const struct collector_store_options *options)
{
    const pid_t child = fork();
    int status = 0;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(-try_open(options));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "the child died: status %d", status);
    return -WEXITSTATUS(status);
}

START_TEST(test_only_one_owner_at_a_time)
{
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    ck_assert_error(try_open(&harness.options), COLLECTOR_ERR_LOCKED);
    ck_assert_error(open_in_a_child(&harness.options), COLLECTOR_ERR_LOCKED);
    /* Being refused has not cost the owner anything. */
    ck_assert_int_eq(harness_append(&harness, 1), 1);
    ck_assert_error(open_in_a_child(&harness.options), COLLECTOR_ERR_LOCKED);
    harness_close(&harness);
    ck_assert_ok(open_in_a_child(&harness.options));
    ck_assert_ok(try_open(&harness.options));
}
END_TEST

START_TEST(test_other_names_of_the_file_find_the_same_lock)
{
    struct harness harness;
    struct collector_store_options other;
    const char *names[4];
    const char *link_dir;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    support_log_expect_errors(harness.log);
    link_dir = support_format("%s-link", harness.dir);
    ck_assert_int_eq(symlink(harness.dir, link_dir), 0);
    ck_assert_int_eq(
        symlink("events.sqlite", support_path(harness.dir, "link.sqlite")), 0);
    ck_assert_int_eq(chdir(harness.dir), 0);
    names[0] = "events.sqlite";
    names[1] = "././link.sqlite";
    names[2] = support_path(harness.dir, "link.sqlite");
    names[3] = support_path(link_dir, "events.sqlite");
    for (i = 0; i < 4; i++) {
        other = harness.options;
        other.path = names[i];
        ck_assert_msg(try_open(&other) == COLLECTOR_ERR_LOCKED,
                      "%s was opened a second time", names[i]);
    }
    harness_close(&harness);
    for (i = 0; i < 4; i++) {
        other.path = names[i];
        ck_assert_ok(try_open(&other));
    }
    ck_assert_int_eq(support_file_size("link.sqlite.lock"), -1);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(test_a_link_to_a_file_that_is_not_there_yet_finds_the_same_lock)
{
    struct harness harness;
    struct collector_store_options other;

    harness_init(&harness);
    support_log_expect_errors(harness.log);
    other = harness.options;
    /* A link that says where from its own place, and one that says it all. */
    other.path = support_path(harness.dir, "link.sqlite");
    ck_assert_int_eq(symlink("events.sqlite", other.path), 0);
    harness.options.path = support_path(harness.dir, "link");
    ck_assert_int_eq(symlink(other.path, harness.options.path), 0);
    harness_open(&harness);
    ck_assert_uint_eq(permissions(harness.path), 0600);
    other.path = harness.path;
    ck_assert_error(try_open(&other), COLLECTOR_ERR_LOCKED);
    harness_close(&harness);
}
END_TEST

START_TEST(test_relative_path_outlives_a_change_of_directory)
{
    struct harness harness;

    harness_init(&harness);
    ck_assert_int_eq(chdir(harness.dir), 0);
    harness.options.path = "events.sqlite";
    harness_open(&harness);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_int_eq(harness_append(&harness, 2), 1);
    ck_assert_uint_eq(harness_stats(&harness).accepted, 2);
    harness_close(&harness);
    harness.options.path = harness.path;
    harness_open(&harness);
    ck_assert_int_eq(harness_append(&harness, 1), 3);
    harness_close(&harness);
}
END_TEST

START_TEST(test_collector_id_is_a_uuid_and_stays)
{
    char first[37];
    struct harness harness;
    size_t i;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    memcpy(first, harness_stats(&harness).collector_id, sizeof(first));
    ck_assert_uint_eq(strlen(first), 36);
    for (i = 0; i < 36; i++)
        ck_assert_msg(strchr(i == 8 || i == 13 || i == 18 || i == 23
                                 ? "-"
                                 : "0123456789abcdef",
                             first[i]) != NULL,
                      "%s is no UUID", first);
    ck_assert_str_eq(harness_text(&harness, "SELECT collector_id FROM state"),
                     first);
    for (i = 0; i < 3; i++) {
        harness_reopen(&harness);
        ck_assert_str_eq(harness_stats(&harness).collector_id, first);
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_snapshot_gets_a_name_of_its_own)
{
    const char *original;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    original = support_format("%s", harness_stats(&harness).collector_id);
    harness_append(&harness, 3);
    harness_close(&harness);
    harness_exec(&harness, "UPDATE state SET snapshot_of = collector_id,"
                           " collector_id = NULL");
    harness_open(&harness);
    ck_assert_uint_eq(strlen(harness_stats(&harness).collector_id), 36);
    ck_assert_str_ne(harness_stats(&harness).collector_id, original);
    ck_assert_str_eq(harness_text(&harness, "SELECT snapshot_of FROM state"),
                     original);
    ck_assert_int_eq(harness_append(&harness, 1), 4);
    harness_close(&harness);
}
END_TEST

START_TEST(test_anybody_may_read_the_open_file)
{
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 10);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"), 10);
    ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"), "ok");
    /* Whoever opened and closed the file has not taken our locks away. */
    support_log_expect_errors(harness.log);
    ck_assert_error(open_in_a_child(&harness.options), COLLECTOR_ERR_LOCKED);
    ck_assert_int_eq(harness_append(&harness, 10), 11);
    ck_assert_int_eq(harness_int(&harness, "SELECT count(*) FROM events"), 20);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_clean_close_leaves_one_file_and_the_lock)
{
    static const enum collector_write_mode modes[] = {
        COLLECTOR_MODE_GROUP, COLLECTOR_MODE_SERIALIZED,
        COLLECTOR_MODE_CONCURRENT};
    struct harness harness;
    size_t i;

    for (i = 0; i < 3; i++) {
        harness_start(&harness, modes[i]);
        harness_append(&harness, 100);
        ck_assert_uint_eq(harness_deliver(&harness, 50), 50);
        ck_assert_int_gt(
            support_file_size(support_path(harness.dir, "events.sqlite-wal")),
            0);
        harness_close(&harness);
        ck_assert_int_eq(
            support_file_size(support_path(harness.dir, "events.sqlite-wal")),
            -1);
        ck_assert_int_eq(
            support_file_size(support_path(harness.dir, "events.sqlite-shm")),
            -1);
        ck_assert_int_gt(/* it says that the close was clean */
                         support_file_size(
                             support_path(harness.dir, "events.sqlite.lock")),
                         0);
        ck_assert_str_eq(harness_text(&harness, "PRAGMA integrity_check"),
                         "ok");
    }
}
END_TEST

START_TEST(test_a_file_as_it_should_be_is_opened_without_a_write)
{
    struct harness harness;
    sqlite3 *other = NULL;

    harness_init(&harness);
    harness.options.indexed = _i != 0;
    harness_open(&harness);
    harness_append(&harness, 1);
    harness_close(&harness);
    /* Whoever holds the lock would be felt by the first write, and so would
     * a full disk. */
    ck_assert_int_eq(sqlite3_open(harness.path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                     SQLITE_OK);
    harness_open(&harness);
    ck_assert_int_eq(support_file_size(support_format("%s-wal", harness.path)),
                     0);
    ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    (void)sqlite3_close(other);
    ck_assert_int_eq(harness_append(&harness, 1), 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_free_takes_null)
{
    collector_store_free(NULL);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("open");
    TCase *options = tcase_create("options");
    TCase *owner = tcase_create("owner");
    TCase *file = tcase_create("file");

    tcase_add_test(options, test_defaults_are_the_documented_ones);
    tcase_add_test(options, test_each_bad_option_is_invalid);
    tcase_add_test(options, test_an_unknown_vfs_is_an_io_error);
    tcase_add_test(options,
                   test_options_of_an_older_program_keep_the_later_defaults);
    tcase_add_test(options, test_durability_is_what_sqlite_syncs);
    tcase_add_test(options, test_index_can_be_added_later_and_stays);
    tcase_add_test(owner, test_only_one_owner_at_a_time);
    tcase_add_test(owner, test_other_names_of_the_file_find_the_same_lock);
    tcase_add_test(
        owner, test_a_link_to_a_file_that_is_not_there_yet_finds_the_same_lock);
    tcase_add_test(file, test_open_creates_private_files);
    tcase_add_test(file, test_relative_path_outlives_a_change_of_directory);
    tcase_add_test(file, test_collector_id_is_a_uuid_and_stays);
    tcase_add_test(file, test_a_snapshot_gets_a_name_of_its_own);
    tcase_add_test(file, test_anybody_may_read_the_open_file);
    tcase_add_test(file, test_a_clean_close_leaves_one_file_and_the_lock);
    tcase_add_loop_test(
        file, test_a_file_as_it_should_be_is_opened_without_a_write, 0, 2);
    tcase_add_test(file, test_free_takes_null);
    suite_add_tcase(suite, options);
    suite_add_tcase(suite, owner);
    suite_add_tcase(suite, file);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
