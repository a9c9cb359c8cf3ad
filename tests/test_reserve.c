/* SPDX-License-Identifier: MIT */
/*
 * Room set aside on the disk: it is there while it is held, takes what it says,
 * goes when it is given up, and where it can't be had for want of room nobody
 * may append. Storage that knows no such thing does without.
 */
#include "disk.h"
#include "reserve.h"
#include "support.h"

#include <collector/error.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE (256 * 1024)

/** Far more than the reserve and its margin. */
#define DISK_SIZE (2 * 1024 * 1024)

static struct collector__reserve reserve;
static struct support_log *lines;
static struct collector__log lines_log;

/** A reserve for a database of this directory. */
static void
start(const char *dir)
{
    memset(&reserve, 0, sizeof(reserve));
    lines = support_log_new();
    lines_log = (struct collector__log){.fn = support_log, .userdata = lines};
    ck_assert_ok(
        collector__reserve_init(&reserve, support_path(dir, "db"), SIZE));
}

static bool
take(void)
{
    return collector__reserve_take(&reserve, &lines_log);
}

/** Bytes on the disk; -1 when there is no such file. */
static int64_t
allocated_size(void)
{
    struct stat status;

    return stat(reserve.path, &status) == 0 ? (int64_t)status.st_blocks * 512
                                            : -1;
}

START_TEST(test_none_is_needed_where_there_is_none)
{
    memset(&reserve, 0, sizeof(reserve));
    ck_assert(collector__reserve_is_held(&reserve));
    collector__reserve_release(&reserve);
    ck_assert(collector__reserve_is_held(&reserve));
    collector__reserve_close(&reserve);
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_it_takes_the_room_that_it_says)
{
    start(support_dir_new());
    ck_assert_str_eq(strrchr(reserve.path, '/'),
                     "/db" COLLECTOR_RESERVE_SUFFIX);
    ck_assert(!collector__reserve_is_held(&reserve));
    ck_assert_int_eq(support_file_size(reserve.path), -1);
    ck_assert(take());
    ck_assert(collector__reserve_is_held(&reserve));
    ck_assert_int_eq(support_file_size(reserve.path), SIZE);
    ck_assert_int_ge(allocated_size(), SIZE);
    ck_assert(take()); /* it is there */
    ck_assert_int_eq(support_file_size(reserve.path), SIZE);
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_it_is_private)
{
    struct stat status;

    start(support_dir_new());
    ck_assert(take());
    ck_assert_int_eq(stat(reserve.path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0600);
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_it_goes_when_it_is_given_up_and_comes_back)
{
    start(support_dir_new());
    ck_assert(take());
    collector__reserve_release(&reserve);
    ck_assert(!collector__reserve_is_held(&reserve));
    ck_assert_int_eq(support_file_size(reserve.path), -1);
    collector__reserve_release(&reserve); /* again: no harm */
    ck_assert(take());
    ck_assert_int_eq(support_file_size(reserve.path), SIZE);
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_nothing_is_left_of_it_in_the_end)
{
    const char *path;

    start(support_dir_new());
    path = support_format("%s", reserve.path);
    ck_assert(take());
    collector__reserve_close(&reserve);
    ck_assert_int_eq(support_file_size(path), -1);
    ck_assert_ptr_null(reserve.path);
}
END_TEST

START_TEST(test_one_that_a_crash_left_is_taken_over)
{
    static const char *const left[] = {"", "some bytes"};

    start(support_dir_new());
    support_write_file(reserve.path, left[_i]);
    ck_assert(take());
    ck_assert_int_eq(support_file_size(reserve.path), SIZE);
    ck_assert_int_ge(allocated_size(), SIZE);
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_without_room_it_is_not_held)
{
    const char *dir = support_dir_new();

    if (!disk_mount(dir, DISK_SIZE))
        return;
    start(dir);
    disk_fill(dir, SIZE); /* just enough is not enough */
    ck_assert(!take());
    ck_assert(!collector__reserve_is_held(&reserve));
    ck_assert_int_eq(support_file_size(reserve.path), -1);
    ck_assert_uint_ge(disk_free_size(dir), SIZE); /* half of it helps nobody */
    ck_assert_uint_eq(support_log_count(lines, ""), 0);
    disk_empty(dir);
    ck_assert(take());
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_storage_that_knows_no_reserve_does_without)
{
    start(support_path(support_dir_new(), "no-such-directory"));
    ck_assert(take());
    ck_assert(collector__reserve_is_held(&reserve));
    ck_assert_uint_eq(support_log_count(lines, "no room can be set aside"), 1);
    collector__reserve_release(&reserve);
    ck_assert(take());
    ck_assert_uint_eq(support_log_count(lines, ""), 1); /* once */
    collector__reserve_close(&reserve);
}
END_TEST

START_TEST(test_a_link_in_its_place_is_not_followed)
{
    const char *dir = support_dir_new();
    const char *victim = support_path(dir, "victim");

    start(dir);
    support_write_file(victim, "precious");
    ck_assert_int_eq(symlink(victim, reserve.path), 0);
    ck_assert(take()); /* without one */
    ck_assert_str_eq(support_read_file(victim), "precious");
    ck_assert_uint_eq(support_log_count(lines, "no room can be set aside"), 1);
    collector__reserve_close(&reserve);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reserve");
    TCase *held = tcase_create("held");
    TCase *refused = tcase_create("refused");

    tcase_add_test(held, test_none_is_needed_where_there_is_none);
    tcase_add_test(held, test_it_takes_the_room_that_it_says);
    tcase_add_test(held, test_it_is_private);
    tcase_add_test(held, test_it_goes_when_it_is_given_up_and_comes_back);
    tcase_add_test(held, test_nothing_is_left_of_it_in_the_end);
    tcase_add_loop_test(held, test_one_that_a_crash_left_is_taken_over, 0, 2);
    tcase_add_test(refused, test_without_room_it_is_not_held);
    tcase_add_test(refused, test_storage_that_knows_no_reserve_does_without);
    tcase_add_test(refused, test_a_link_in_its_place_is_not_followed);
    suite_add_tcase(suite, held);
    suite_add_tcase(suite, refused);
    return support_run_suite(suite);
}
