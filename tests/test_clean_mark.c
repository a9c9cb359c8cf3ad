/* SPDX-License-Identifier: MIT */
/*
 * The mark of a clean close promises to fit one file in one state: it is there
 * after a close in good order and at no other time, and whoever has touched the
 * file since, with whatever good intentions, has made it void.
 */
#include "clean_mark.h"
#include "damage.h"
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *dir;
static const char *path;
static int lock_fd;

static void
setup(void)
{
    dir = support_dir_new();
    path = support_path(dir, "file");
    support_write_file(path, "content");
    lock_fd = open(support_path(dir, "file.lock"), O_RDWR | O_CREAT, 0600);
    ck_assert_int_ge(lock_fd, 0);
}

static void
teardown(void)
{
    ck_assert_int_eq(close(lock_fd), 0);
}

START_TEST(test_a_mark_is_good_once)
{
    ck_assert(!collector__clean_mark_take(lock_fd, path));
    collector__clean_mark_set(lock_fd, path);
    ck_assert(collector__clean_mark_take(lock_fd, path));
    ck_assert(!collector__clean_mark_take(lock_fd, path));
}
END_TEST

START_TEST(test_a_file_that_was_written_to_has_none)
{
    struct timespec times[2];
    struct stat before;
    int fd;

    collector__clean_mark_set(lock_fd, path);
    ck_assert_int_eq(stat(path, &before), 0);
    fd = open(path, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, "C", 1, 0), 1);
    times[0] = before.st_atim;
    times[1] = before.st_mtim;
    ck_assert_int_eq(futimens(fd, times), 0); /* and covered it up */
    ck_assert_int_eq(close(fd), 0);
    ck_assert(!collector__clean_mark_take(lock_fd, path));
}
END_TEST

/* Whatever the width of a processor's words: 2^32 seconds end in 2106. */
START_TEST(test_a_file_of_a_later_century_has_one)
{
    const struct timespec times[] = {{.tv_sec = (time_t)INT64_C(4500000000)},
                                     {.tv_sec = (time_t)INT64_C(4500000000)}};
    struct stat file;

    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_int_eq(file.st_mtim.tv_sec, INT64_C(4500000000));
    collector__clean_mark_set(lock_fd, path);
    ck_assert(collector__clean_mark_take(lock_fd, path));
}
END_TEST

START_TEST(test_another_file_in_its_place_has_none)
{
    const char *other = support_path(dir, "other");

    collector__clean_mark_set(lock_fd, path);
    support_write_file(other, "content");
    ck_assert_int_eq(rename(other, path), 0);
    ck_assert(!collector__clean_mark_take(lock_fd, path));
}
END_TEST

START_TEST(test_a_file_with_a_log_has_none)
{
    collector__clean_mark_set(lock_fd, path);
    support_write_file(support_path(dir, "file-wal"), "frames");
    ck_assert(!collector__clean_mark_take(lock_fd, path));
    collector__clean_mark_set(lock_fd, path);
    ck_assert_int_eq(unlink(support_path(dir, "file-wal")), 0);
    ck_assert(!collector__clean_mark_take(lock_fd, path));
}
END_TEST

START_TEST(test_a_missing_file_has_none)
{
    collector__clean_mark_set(lock_fd, path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert(!collector__clean_mark_take(lock_fd, path));
}
END_TEST

/** What the lock file of a store says. */
static const char *
mark_of(const struct harness *harness)
{
    return support_read_file(support_format("%s.lock", harness->path));
}

START_TEST(test_a_store_leaves_its_mark_when_it_is_closed)
{
    struct harness harness;

    harness_start(&harness, (enum collector_write_mode)_i);
    harness_append(&harness, 3);
    ck_assert_str_eq(mark_of(&harness),
                     ""); /* so there is none after a crash */
    harness_close(&harness);
    ck_assert_contains(mark_of(&harness), "closed ");
    harness_open(&harness);
    ck_assert_str_eq(mark_of(&harness), "");
    ck_assert(harness.store->database.clean);
    harness_close(&harness);
    harness_exec(&harness, "UPDATE event_log SET kind = 'changed'");
    harness_open(&harness);
    ck_assert(!harness.store->database.clean);
    harness_close(&harness);
}
END_TEST

/* Not by what its own checks find, but by what SQLite stumbles over. */
START_TEST(test_a_store_that_has_seen_damage_leaves_none)
{
    struct harness harness;

    harness_init(&harness);
    harness.options.on_damage = (enum collector_damage)_i;
    harness_open(&harness);
    ck_assert_ok(harness_fill(&harness, "d", 200, 1000));
    ck_assert_ok(collector_store_maintain(harness.store));
    harness_reopen(&harness);
    support_log_expect_errors(harness.log);
    bytes_spoil(harness.path, 30 * (size_t)COLLECTOR_PAGE_SIZE,
                COLLECTOR_PAGE_SIZE, 5);
    ck_assert_error(collector_store_snapshot(harness.store,
                                             support_path(harness.dir, "copy")),
                    COLLECTOR_ERR_CORRUPT);
    ck_assert_ok(harness_try(&harness, "goes on")); /* its own page is fine */
    harness_close(&harness);
    ck_assert_str_eq(mark_of(&harness), "");
}
END_TEST

/** What may lie where the lock file is to be. */
enum occupant { A_TEXT, A_SYMBOLIC_LINK, A_HARD_LINK, OCCUPANT_COUNT };

START_TEST(test_what_is_no_lock_file_is_left_as_it_is)
{
    static const char text[] = "somebody needs this\n";
    struct harness harness;
    const char *document;
    const char *lock_path;

    harness_init(&harness);
    document = support_path(harness.dir, "document");
    lock_path = support_format("%s.lock", harness.path);
    support_write_file(_i == A_TEXT ? lock_path : document, text);
    if (_i == A_SYMBOLIC_LINK)
        ck_assert_int_eq(symlink(document, lock_path), 0);
    else if (_i == A_HARD_LINK)
        ck_assert_int_eq(link(document, lock_path), 0);
    harness_open(&harness);
    harness_append(&harness, 1);
    harness_close(&harness);
    ck_assert_str_eq(mark_of(&harness), text);
    harness_open(&harness);
    ck_assert(!harness.store->database.clean);
    harness_close(&harness);
    ck_assert_str_eq(mark_of(&harness), text);
}
END_TEST

START_TEST(test_a_link_to_an_empty_document_leaves_it_empty)
{
    struct harness harness;
    const char *document;

    harness_init(&harness);
    document = support_path(harness.dir, "document");
    support_write_file(document, "");
    ck_assert_int_eq(symlink(document, support_format("%s.lock", harness.path)),
                     0);
    harness_open(&harness);
    harness_close(&harness);
    ck_assert_int_eq(support_file_size(document), 0);
}
END_TEST

/* One store's lock file is another store: it must survive that. */
START_TEST(test_a_store_named_like_a_lock_survives_the_other_one)
{
    struct harness named;
    struct harness other;

    harness_init(&named);
    harness_init(&other);
    other.dir = named.dir;
    other.path = named.path;
    named.path = support_format("%s.lock", other.path);
    named.options.path = named.path;
    other.options.path = other.path;
    harness_open(&named);
    harness_append(&named, 3);
    harness_close(&named);
    harness_open(&other);
    harness_append(&other, 2);
    harness_close(&other);
    ck_assert_int_eq(harness_int(&named, "SELECT count(*) FROM events"), 3);
    harness_open(&named);
    ck_assert_int_eq(harness_append(&named, 1), 4);
    harness_close(&named);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("clean_mark");
    TCase *mark = support_add_case(suite, "mark", setup, teardown);
    TCase *store = support_add_case(suite, "store", NULL, NULL);

    tcase_add_test(mark, test_a_mark_is_good_once);
    tcase_add_test(mark, test_a_file_that_was_written_to_has_none);
    tcase_add_test(mark, test_a_file_of_a_later_century_has_one);
    tcase_add_test(mark, test_another_file_in_its_place_has_none);
    tcase_add_test(mark, test_a_file_with_a_log_has_none);
    tcase_add_test(mark, test_a_missing_file_has_none);
    tcase_add_loop_test(store, test_a_store_leaves_its_mark_when_it_is_closed,
                        0, 3);
    tcase_add_loop_test(store, test_a_store_that_has_seen_damage_leaves_none, 0,
                        2);
    tcase_add_loop_test(store, test_what_is_no_lock_file_is_left_as_it_is, 0,
                        OCCUPANT_COUNT);
    tcase_add_test(store, test_a_link_to_an_empty_document_leaves_it_empty);
    tcase_add_test(store,
                   test_a_store_named_like_a_lock_survives_the_other_one);
    return support_run_suite(suite);
}
