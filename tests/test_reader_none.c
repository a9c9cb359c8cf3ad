/* SPDX-License-Identifier: MIT */
/* A build without readers says so whatever it is asked, and can be linked with
 * programs that have them. */
#include "harness.h"
#include "reading.h"

static const int unsupported = COLLECTOR_ERR_UNSUPPORTED;

START_TEST(test_no_reader_can_be_opened)
{
    struct collector_reader_options options;
    struct collector_reader *reader = NULL;
    struct harness harness;

    harness_start(&harness, COLLECTOR_MODE_GROUP);
    collector_reader_options_init(&options);
    ck_assert_uint_eq(options.size, sizeof(options));
    ck_assert_uint_eq(options.rows_max, 1000);
    options.path = harness.path;
    ck_assert_error(collector_reader_open(&options, &reader), unsupported);
    ck_assert_ptr_null(reader);
    harness_append(&harness, 1);
    harness_close(&harness);
}
END_TEST

START_TEST(test_none_answers)
{
    ck_assert_error(collector_reader_set_rows_max(NULL, 1), unsupported);
    ck_assert_error(reading_query(NULL, "SELECT 1").rc, unsupported);
    ck_assert_error(reading_of(events, NULL, NULL).rc, unsupported);
    ck_assert_error(reading_of(event, NULL, 1).rc, unsupported);
    ck_assert_error(reading_of(devices, NULL, 0, 0).rc, unsupported);
    ck_assert_error(reading_of(runs, NULL, 0, NULL).rc, unsupported);
    ck_assert_error(reading_of(dead_letters, NULL, 0).rc, unsupported);
    ck_assert_error(reading_of(ledger, NULL).rc, unsupported);
    ck_assert_error(reading_of(verify, NULL, true).rc, unsupported);
    ck_assert_error(collector_reader_snapshot(NULL, "x"), unsupported);
    collector_reader_interrupt(NULL);
    collector_reader_free(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_none");
    TCase *tcase = support_add_case(suite, "open", NULL, NULL);

    tcase_add_test(tcase, test_no_reader_can_be_opened);
    tcase_add_test(tcase, test_none_answers);
    return support_run_suite(suite);
}
