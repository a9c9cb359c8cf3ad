/* SPDX-License-Identifier: MIT */
/*
 * A collector that starts says where it listens and how much it keeps; one that
 * can't start says why and what to do, and leaves the one that runs, and files
 * that are not its own, alone.
 */
#include "site.h"

#include <stdio.h>

START_TEST(test_addr_takes_names_of_this_machine)
{
    static const char *const addresses[] = {"localhost:0", "127.0.0.1:0"};
    struct daemon *collectord =
        daemon_spawn("-db", db, "-addr", addresses[_i], NULL);

    http_get(daemon_port(collectord), "/livez", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "warning"));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_addr_beyond_this_machine_is_warned_about)
{
    static const char *const addresses[] = {":0", "0.0.0.0:0"};
    struct daemon *collectord =
        daemon_spawn("-db", db, "-addr", addresses[_i], NULL);

    ck_assert(daemon_says(collectord, "info listening on "));
    ck_assert(daemon_says(collectord,
                          "warning anybody who reaches 0.0.0.0 can send"));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_second_collector_on_a_file_is_refused)
{
    struct daemon *first = daemon_start(db, NULL);
    struct daemon *second =
        daemon_spawn("-db", db, "-addr", "127.0.0.1:0", NULL);

    daemon_assert_exits(second, 1);
    ck_assert(daemon_says(second, "error can't open "));
    ck_assert(daemon_says(second, "stop that one first"));
    ck_assert_ptr_null(strstr(daemon_stderr(second), "listening"));
    daemon_free(second);
    ck_assert_int_eq(site_post(first, EVENT), 200);
    daemon_stop(first);
}
END_TEST

START_TEST(test_address_in_use_is_refused)
{
    struct daemon *first = daemon_start(db, NULL);
    struct daemon *second =
        daemon_spawn("-db", support_path(dir, "second.sqlite"), "-addr",
                     support_format("127.0.0.1:%d", daemon_port(first)), NULL);

    daemon_assert_exits(second, 1);
    ck_assert(daemon_says(second, "error "));
    daemon_free(second);
    http_get(daemon_port(first), "/livez", &response);
    ck_assert_int_eq(response.status, 200);
    daemon_stop(first);
}
END_TEST

START_TEST(test_foreign_file_is_refused_and_left_alone)
{
    static const char text[] = "This is not a database, but a letter.\n";
    struct daemon *collectord;

    support_write_file(db, text);
    collectord = daemon_spawn("-db", db, "-addr", "127.0.0.1:0", NULL);
    daemon_assert_exits(collectord, 1);
    ck_assert(daemon_says(collectord, "error can't open "));
    ck_assert(daemon_says(collectord, "choose another -db"));
    ck_assert_str_eq(support_read_file(db), text);
    daemon_free(collectord);
}
END_TEST

START_TEST(test_damaged_file_is_refused_with_a_way_out)
{
    struct daemon *collectord = daemon_start(db, NULL);
    char *zeros = support_alloc(4096);
    FILE *file;

    daemon_stop(collectord);
    file = fopen(db, "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 4096, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(zeros, 1, 4096, file), 4096);
    ck_assert_int_eq(fclose(file), 0);
    collectord = daemon_spawn("-db", db, "-addr", "127.0.0.1:0", NULL);
    daemon_assert_exits(collectord, 1);
    ck_assert(daemon_says(collectord, "error can't open "));
    ck_assert(daemon_says(collectord, "-on-damage quarantine"));
    daemon_free(collectord);
}
END_TEST

START_TEST(test_limits_are_logged_at_the_start)
{
    static const char *const flags[][4] = {
        {"-max-backlog", "50000", "-overflow", "reject"},
        {"-max-backlog", "0", "-max-size", "0"},
        {"-max-size", "64MiB", "-overflow", "drop-oldest"},
    };
    static const char *const lines[] = {
        "info room for 50000 events and 1073741824 bytes, overflow reject\n",
        "info room for any number of events and any number of bytes, overflow "
        "reject\n",
        "info room for 50000 events and 67108864 bytes, overflow "
        "drop-oldest\n",
    };
    struct daemon *collectord = daemon_start(db, flags[_i][0], flags[_i][1],
                                             flags[_i][2], flags[_i][3], NULL);

    ck_assert_contains(daemon_stderr(collectord), lines[_i]);
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_missing_directory_is_refused)
{
    struct daemon *collectord =
        daemon_spawn("-db", support_path(dir, "no/such/events.sqlite"), "-addr",
                     "127.0.0.1:0", NULL);

    daemon_assert_exits(collectord, 1);
    ck_assert(daemon_says(collectord, "error "));
    daemon_free(collectord);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_start");
    TCase *tcase = tcase_create("start");

    tcase_add_checked_fixture(tcase, site_setup, NULL);
    tcase_add_loop_test(tcase, test_addr_takes_names_of_this_machine, 0, 2);
    tcase_add_loop_test(tcase, test_addr_beyond_this_machine_is_warned_about, 0,
                        2);
    tcase_add_test(tcase, test_second_collector_on_a_file_is_refused);
    tcase_add_test(tcase, test_address_in_use_is_refused);
    tcase_add_test(tcase, test_foreign_file_is_refused_and_left_alone);
    tcase_add_test(tcase, test_damaged_file_is_refused_with_a_way_out);
    tcase_add_loop_test(tcase, test_limits_are_logged_at_the_start, 0, 3);
    tcase_add_test(tcase, test_missing_directory_is_refused);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
