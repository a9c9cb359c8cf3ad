/* SPDX-License-Identifier: MIT */
/*
 * A copy that comes in has its name when all of it is there, and takes it from
 * nobody; what is not finished leaves nothing behind.
 */
#include "support.h"

#include "ctl/download.h"

#include <unistd.h>

static const char *path;
static const char *first_path;
static struct download *download;
static struct problem problem;

static void
setup(void)
{
    path = support_path(support_dir_new(), "copy.sqlite");
    first_path = support_format("%s.tmp", path);
    ck_assert_int_eq(download_begin(path, &download, &problem), 0);
}

static void
teardown(void)
{
    download_free(download);
    download = NULL;
    ck_assert_int_eq(support_file_size(first_path), -1);
}

static void
receive(const char *bytes, size_t size)
{
    ck_assert_int_eq(write(download_fd(download), bytes, size), (ssize_t)size);
}

START_TEST(test_a_database_gets_its_name_when_it_is_whole)
{
    ck_assert_int_eq(support_file_size(first_path), 0);
    receive("SQLite format 3", 16);
    ck_assert_int_eq(support_file_size(path), -1);
    ck_assert_int_eq(download_finish(download, &problem), 0);
    ck_assert_int_eq(support_file_size(path), 16);
}
END_TEST

START_TEST(test_what_is_no_database_gets_none)
{
    receive("SQLite format 4", 16);
    ck_assert_int_eq(download_finish(download, &problem), -1);
    ck_assert_int_eq(support_file_size(path), -1);
}
END_TEST

START_TEST(test_a_file_that_came_meanwhile_stays)
{
    receive("SQLite format 3", 16);
    support_write_file(path, "somebody's");
    ck_assert_int_eq(download_finish(download, &problem), -1);
    ck_assert_contains(problem.text, "File exists");
    ck_assert_str_eq(support_read_file(path), "somebody's");
}
END_TEST

START_TEST(test_two_do_not_write_one_copy)
{
    struct download *second = NULL;

    ck_assert_int_eq(download_begin(path, &second, &problem), -1);
    ck_assert_ptr_null(second);
    ck_assert_int_eq(support_file_size(first_path), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("download");
    TCase *tcase = support_add_case(suite, "download", setup, teardown);

    tcase_add_test(tcase, test_a_database_gets_its_name_when_it_is_whole);
    tcase_add_test(tcase, test_what_is_no_database_gets_none);
    tcase_add_test(tcase, test_a_file_that_came_meanwhile_stays);
    tcase_add_test(tcase, test_two_do_not_write_one_copy);
    return support_run_suite(suite);
}
