/* SPDX-License-Identifier: MIT */
/*
 * A copy that comes in has its name when all of it is there, and takes it from
 * nobody; what is not finished leaves nothing behind, nor does what was killed.
 */
#include "support.h"

#include "ctl/download.h"

#include <fcntl.h>
#include <unistd.h>

#define DATABASE_SIZE (4 * 4096)

static const char *dir;
static const char *path;
static struct download *download;
static struct problem problem;

/** What comes: a database, and its bytes. */
static unsigned char database[DATABASE_SIZE];

static void
make_database(void)
{
    const char *source = support_path(support_dir_new(), "source.sqlite");
    int fd;

    support_sql_create(source, "PRAGMA page_size = 4096;"
                               "CREATE TABLE a (b); CREATE TABLE c (d);"
                               "CREATE TABLE e (f)");
    ck_assert_int_eq(support_file_size(source), DATABASE_SIZE);
    fd = open(source, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(read(fd, database, DATABASE_SIZE), DATABASE_SIZE);
    (void)close(fd);
}

static void
setup(void)
{
    make_database();
    dir = support_dir_new();
    path = support_path(dir, "copy.sqlite");
    ck_assert_int_eq(download_begin(path, &download, &problem), 0);
}

static void
teardown(void)
{
    download_free(download);
    download = NULL;
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp-"), 0);
}

static void
receive(const void *bytes, size_t size)
{
    ck_assert_int_eq(write(download_fd(download), bytes, size), (ssize_t)size);
}

START_TEST(test_a_database_gets_its_name_when_it_is_whole)
{
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp-"), 1);
    receive(database, DATABASE_SIZE);
    ck_assert_int_eq(support_file_size(path), -1);
    ck_assert_int_eq(download_finish(download, &problem), 0);
    ck_assert_int_eq(support_file_size(path), DATABASE_SIZE);
}
END_TEST

START_TEST(test_what_is_no_database_gets_none)
{
    database[14] = '4';
    receive(database, DATABASE_SIZE);
    ck_assert_int_eq(download_finish(download, &problem), -1);
    ck_assert_contains(problem.text, "no database");
    ck_assert_int_eq(support_file_size(path), -1);
}
END_TEST

START_TEST(test_a_copy_that_is_cut_gets_none)
{
    static const size_t sizes[] = {
        DATABASE_SIZE - 1, DATABASE_SIZE - 4096, 4096, 100, 99, 16, 0};

    receive(database, sizes[_i]);
    ck_assert_int_eq(download_finish(download, &problem), -1);
    ck_assert_contains(problem.text,
                       sizes[_i] < 100 ? "no database" : "not the whole");
    ck_assert_int_eq(support_file_size(path), -1);
}
END_TEST

START_TEST(test_the_largest_pages_have_a_size_of_their_own)
{
    database[16] = 0;
    database[17] = 1;
    database[31] = 2;
    receive(database, DATABASE_SIZE);
    ck_assert_int_eq(ftruncate(download_fd(download), 2 * 65536), 0);
    ck_assert_int_eq(download_finish(download, &problem), 0);
}
END_TEST

START_TEST(test_a_file_that_came_meanwhile_stays)
{
    receive(database, DATABASE_SIZE);
    support_write_file(path, "somebody's");
    ck_assert_int_eq(download_finish(download, &problem), -1);
    ck_assert_contains(problem.text, "File exists");
    ck_assert_str_eq(support_read_file(path), "somebody's");
}
END_TEST

START_TEST(test_a_file_that_is_there_is_left_alone)
{
    struct download *second = NULL;

    support_write_file(path, "somebody's");
    ck_assert_int_eq(download_begin(path, &second, &problem), -1);
    ck_assert_ptr_null(second);
    ck_assert_contains(problem.text, "copy.sqlite: File exists");
}
END_TEST

START_TEST(test_what_was_left_behind_is_removed)
{
    static const char *const others[] = {
        "copy.sqlite.tmp-0123456", "copy.sqlite.tmp-0123456g",
        "copy.sqlite.tmp-012345678", "copy.sqlite-2.tmp-01234567"};
    struct download *second = NULL;
    size_t i;

    support_write_file(support_path(dir, "copy.sqlite.tmp-0badcafe"), "stale");
    for (i = 0; i < 4; i++)
        support_write_file(support_path(dir, others[i]), "somebody's");
    ck_assert_int_eq(download_begin(path, &second, &problem), 0);
    download_free(second);
    ck_assert_int_eq(
        support_file_size(support_path(dir, "copy.sqlite.tmp-0badcafe")), -1);
    for (i = 0; i < 4; i++)
        ck_assert_int_eq(unlink(support_path(dir, others[i])), 0);
}
END_TEST

START_TEST(test_what_another_writes_is_not_removed)
{
    struct download *second = NULL;

    receive(database, DATABASE_SIZE);
    ck_assert_int_eq(download_begin(path, &second, &problem), 0);
    ck_assert_uint_eq(support_dir_count(dir, "copy.sqlite.tmp-"), 2);
    download_free(second);
    ck_assert_int_eq(download_finish(download, &problem), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("download");
    TCase *tcase = support_add_case(suite, "download", setup, teardown);

    tcase_add_test(tcase, test_a_database_gets_its_name_when_it_is_whole);
    tcase_add_test(tcase, test_what_is_no_database_gets_none);
    tcase_add_loop_test(tcase, test_a_copy_that_is_cut_gets_none, 0, 7);
    tcase_add_test(tcase, test_the_largest_pages_have_a_size_of_their_own);
    tcase_add_test(tcase, test_a_file_that_came_meanwhile_stays);
    tcase_add_test(tcase, test_a_file_that_is_there_is_left_alone);
    tcase_add_test(tcase, test_what_was_left_behind_is_removed);
    tcase_add_test(tcase, test_what_another_writes_is_not_removed);
    return support_run_suite(suite);
}
