/* SPDX-License-Identifier: MIT */
/* Lines are those of RFC 4180, and tell what is empty from what is not there.
 */
#include "capture.h"
#include "rows.h"

#include "ctl/csv.h"

#include <math.h>

static const char *
line_of(struct collector_row row)
{
    csv_write(capture_begin(), &row);
    return capture_end();
}

START_TEST(test_values_are_what_they_are)
{
    ck_assert_str_eq(line_of(ROWS_ROW(NULL, ROWS_INTEGER(-7), ROWS_REAL(21.4),
                                      ROWS_TEXT("pump-7"), ROWS_JSON("[1]"))),
                     "-7,21.4,pump-7,[1]\r\n");
    ck_assert_str_eq(line_of(ROWS_ROW(NULL, ROWS_BLOB("\0\xFF"))),
                     "\"00ff\"\r\n");
}
END_TEST

START_TEST(test_infinity_is_a_number)
{
    ck_assert_str_eq(
        line_of(ROWS_ROW(NULL, ROWS_REAL(HUGE_VAL), ROWS_REAL(-HUGE_VAL))),
        "Inf,-Inf\r\n");
}
END_TEST

START_TEST(test_null_is_empty_and_an_empty_text_is_quoted)
{
    ck_assert_str_eq(
        line_of(ROWS_ROW(NULL, ROWS_NULL, ROWS_TEXT(""), ROWS_NULL)),
        ",\"\",\r\n");
}
END_TEST

START_TEST(test_what_would_end_a_field_is_quoted)
{
    ck_assert_str_eq(
        line_of(ROWS_ROW(NULL, ROWS_TEXT("a,b"), ROWS_TEXT("a\nb"),
                         ROWS_TEXT("a\rb"), ROWS_TEXT("say \"x\""))),
        "\"a,b\",\"a\nb\",\"a\rb\",\"say \"\"x\"\"\"\r\n");
    ck_assert_str_eq(line_of(ROWS_ROW(NULL, ROWS_TEXT(" a"), ROWS_TEXT("a "))),
                     "\" a\",\"a \"\r\n");
    ck_assert_str_eq(line_of(ROWS_ROW(NULL, ROWS_JSON("{\"c\":1}"))),
                     "\"{\"\"c\"\":1}\"\r\n");
}
END_TEST

START_TEST(test_names_are_quoted_too)
{
    static const char *const names[] = {"id", "count(*), \"x\""};
    const struct collector_row row =
        ROWS_ROW(names, ROWS_INTEGER(1), ROWS_INTEGER(2));

    csv_write_names(capture_begin(), &row);
    ck_assert_str_eq(capture_end(), "id,\"count(*), \"\"x\"\"\"\r\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("csv");
    TCase *tcase = support_add_case(suite, "csv", NULL, NULL);

    tcase_add_test(tcase, test_values_are_what_they_are);
    tcase_add_test(tcase, test_infinity_is_a_number);
    tcase_add_test(tcase, test_null_is_empty_and_an_empty_text_is_quoted);
    tcase_add_test(tcase, test_what_would_end_a_field_is_quoted);
    tcase_add_test(tcase, test_names_are_quoted_too);
    return support_run_suite(suite);
}
