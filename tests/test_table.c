/* SPDX-License-Identifier: MIT */
/*
 * A table's columns stand below each other, whatever is in their cells, and on
 * a terminal no line is longer than it is wide.
 */
#include "capture.h"
#include "rows.h"

#include "ctl/display.h"
#include "ctl/table.h"

#include <stdlib.h>

static struct screen screen;
static struct table *table;

static void
begin(size_t width, bool has_moments)
{
    screen = (struct screen){.out = capture_begin(), .width = width};
    table = table_new(&screen, has_moments);
    ck_assert_ptr_nonnull(table);
}

static void
add(struct collector_row row)
{
    ck_assert_int_eq(table_add(table, &row), 0);
}

static const char *
end(void)
{
    table_flush(table);
    table_free(table);
    return capture_end();
}

START_TEST(test_texts_are_at_the_left_and_numbers_at_the_right)
{
    static const char *const names[] = {"id", "device", "kind"};

    begin(0, false);
    add(ROWS_ROW(names, ROWS_INTEGER(7), ROWS_TEXT("日本"), ROWS_TEXT("k")));
    add(ROWS_ROW(names, ROWS_INTEGER(1234), ROWS_TEXT("Zürich-7"), ROWS_NULL));
    add(ROWS_ROW(names, ROWS_NULL, ROWS_TEXT(""), ROWS_TEXT("long kind")));
    ck_assert_str_eq(end(), "  id  device    kind\n"
                            "   7  日本      k\n"
                            "1234  Zürich-7  \n"
                            "                long kind\n");
}
END_TEST

START_TEST(test_no_rows_are_no_lines)
{
    begin(0, false);
    ck_assert_str_eq(end(), "");
}
END_TEST

START_TEST(test_hostile_cells_and_names_are_escaped)
{
    static const char *const names[] = {"\033[31m"};

    begin(0, false);
    add(ROWS_ROW(names, ROWS_TEXT("a\nb\033]0;x\a")));
    add(ROWS_ROW(names, ROWS_BLOB("\033")));
    ck_assert_str_eq(end(), "\\x1b[31m\n"
                            "a\\nb\\x1b]0;x\\x07\n"
                            "x'1b'\n");
}
END_TEST

START_TEST(test_moments_are_written_as_such)
{
    static const char *const names[] = {"ts", "seen_at", "at"};

    begin(0, true);
    add(ROWS_ROW(names, ROWS_INTEGER(1767225600125), ROWS_INTEGER(0),
                 ROWS_INTEGER(-1)));
    ck_assert_str_eq(end(), "ts                        seen_at  at\n"
                            "2026-01-01T00:00:00.125Z           "
                            "1969-12-31T23:59:59.999Z\n");
    begin(0, false);
    add(ROWS_ROW(names, ROWS_INTEGER(1767225600125), ROWS_INTEGER(0),
                 ROWS_INTEGER(-1)));
    ck_assert_str_eq(end(), "           ts  seen_at  at\n"
                            "1767225600125        0  -1\n");
}
END_TEST

/** Assert that no line of a text is wider than that. */
static void
check_lines(const char *text, size_t width)
{
    char *copy = strdup(text);
    char *rest = copy;
    const char *line;

    while ((line = strsep(&rest, "\n")) != NULL)
        ck_assert_msg(display_width(line) <= width, "too wide: %s", line);
    free(copy);
}

START_TEST(test_a_terminal_is_wide_enough)
{
    static const char *const names[] = {"id", "payload", "device"};
    size_t width;

    for (width = 24; width < 54; width++) {
        const char *text;

        begin(width, false);
        add(ROWS_ROW(names, ROWS_INTEGER(1234567),
                     ROWS_TEXT("日本日本日本日本日本"), ROWS_TEXT("short")));
        add(ROWS_ROW(names, ROWS_INTEGER(1), ROWS_TEXT("x"),
                     ROWS_TEXT("a long name of a device")));
        text = end();
        check_lines(text, width);
        /* Half a number would be another one. */
        ck_assert_contains(text, "1234567 ");
        ck_assert_contains(text, "…");
    }
}
END_TEST

START_TEST(test_cut_cells_leave_the_columns_straight)
{
    begin(17, false);
    add(ROWS_ROW(NULL, ROWS_TEXT("日本日本日本"), ROWS_TEXT("abcdefghijkl")));
    add(ROWS_ROW(NULL, ROWS_TEXT("x"), ROWS_TEXT("y")));
    ck_assert_str_eq(end(), "a        b\n"
                            "日本日…  abcdefg…\n"
                            "x        y\n");
}
END_TEST

START_TEST(test_parts_have_the_names_once_and_never_narrower_columns)
{
    begin(0, false);
    add(ROWS_ROW(NULL, ROWS_TEXT("wide cell"), ROWS_TEXT("x")));
    table_flush(table);
    add(ROWS_ROW(NULL, ROWS_TEXT("y"), ROWS_TEXT("z")));
    ck_assert_str_eq(end(), "a          b\n"
                            "wide cell  x\n"
                            "y          z\n");
}
END_TEST

START_TEST(test_a_row_of_other_columns_is_refused)
{
    const struct collector_row other =
        ROWS_ROW(NULL, ROWS_INTEGER(1), ROWS_INTEGER(2));

    begin(0, false);
    add(ROWS_ROW(NULL, ROWS_INTEGER(1)));
    ck_assert_int_eq(table_add(table, &other), -1);
    ck_assert_str_eq(end(), "a\n1\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = support_add_case(suite, "table", display_set_up, NULL);

    tcase_add_test(tcase, test_texts_are_at_the_left_and_numbers_at_the_right);
    tcase_add_test(tcase, test_no_rows_are_no_lines);
    tcase_add_test(tcase, test_hostile_cells_and_names_are_escaped);
    tcase_add_test(tcase, test_moments_are_written_as_such);
    tcase_add_test(tcase, test_a_terminal_is_wide_enough);
    tcase_add_test(tcase, test_cut_cells_leave_the_columns_straight);
    tcase_add_test(tcase,
                   test_parts_have_the_names_once_and_never_narrower_columns);
    tcase_add_test(tcase, test_a_row_of_other_columns_is_refused);
    return support_run_suite(suite);
}
