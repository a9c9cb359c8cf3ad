/* SPDX-License-Identifier: MIT */
/*
 * collectorctl promises to say once why a file can't be asked, with the reason
 * that is known; to call it neither whole nor damaged then; and to make nothing
 * where nothing is.
 */
#include "ctl.h"
#include "fixture.h"

START_TEST(test_what_cannot_be_read_is_said_once)
{
    static const char *const commands[][2] = {
        {"stats"},      {"tail"},          {"verify"},
        {"health"},     {"events"},        {"dead-letters", "replay"},
        {"event", "1"}, {"snapshot", "x"}, {"query", "SELECT 1"},
    };
    const char *path = support_dir_new();
    size_t i;

    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        ck_assert_int_ne(ctl(path, commands[i][0], commands[i][1]), 0);
        ck_assert_str_eq(ctl_err,
                         support_format("collectorctl: %s is no file\n", path));
    }
    /* What else it means is said where a reason alone does not tell. */
    path = support_path(path, "empty");
    support_write_file(path, "");
    ck_assert_int_eq(ctl(path, "stats"), 1);
    ck_assert_contains(ctl_err, "is empty\n");
    ck_assert_contains(ctl_err, collector_error_text(COLLECTOR_ERR_FOREIGN));
}
END_TEST

START_TEST(test_a_snapshot_that_cannot_be_written_is_said_once)
{
    struct fixture fixture;

    fixture_init(&fixture);
    fixture_close(&fixture);
    ck_assert_int_eq(ctl(fixture.path, "snapshot", "/nowhere/copy.sqlite"), 1);
    ck_assert_str_eq(ctl_err, "collectorctl: can't open the directory /nowhere:"
                              " No such file or directory\n");
}
END_TEST

START_TEST(test_what_cannot_be_looked_at_is_neither_whole_nor_damaged)
{
    const char *other = support_path(support_dir_new(), "other.sqlite");

    ck_assert_int_eq(ctl(other, "verify"), 3);
    ck_assert_contains(ctl_err, "No such file");
    support_sql_create(other, "CREATE TABLE t (x)");
    ck_assert_int_eq(ctl(other, "verify"), 3);
    ck_assert_contains(ctl_err, collector_error_text(COLLECTOR_ERR_FOREIGN));
}
END_TEST

START_TEST(test_nothing_is_made_where_nothing_is)
{
    static const char *const commands[] = {"stats", "tail", "verify", "health",
                                           "events"};
    const char *path = support_path(support_dir_new(), "none.sqlite");
    size_t i;

    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        ck_assert_int_ne(ctl(path, commands[i]), 0);
    ck_assert_int_eq(ctl(path, "dead-letters", "replay"), 1);
    ck_assert_int_eq(ctl(path, "dead-letters", "purge", "-yes"), 1);
    ck_assert_int_eq(support_file_size(path), -1);
    ck_assert_int_eq(support_file_size(support_format("%s.lock", path)), -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_failure");
    TCase *tcase = support_add_case(suite, "failure", NULL, NULL);

    tcase_add_test(tcase, test_what_cannot_be_read_is_said_once);
    tcase_add_test(tcase, test_a_snapshot_that_cannot_be_written_is_said_once);
    tcase_add_test(tcase,
                   test_what_cannot_be_looked_at_is_neither_whole_nor_damaged);
    tcase_add_test(tcase, test_nothing_is_made_where_nothing_is);
    return support_run_suite(suite);
}
