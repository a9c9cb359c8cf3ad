/* SPDX-License-Identifier: MIT */
/*
 * A terminal is shown text and nothing that it would obey, and the columns that
 * a text takes are those that the terminal gives it.
 */
#include "capture.h"
#include "support.h"

#include "ctl/display.h"

static const char *
shown(const char *text, size_t size, enum display_escape escape)
{
    display_write(capture_begin(), text, size, escape);
    return capture_end();
}

/** Assert that a text is shown like that. */
static void
check(const char *text, const char *words, const char *json)
{
    ck_assert_str_eq(shown(text, strlen(text), DISPLAY_WORDS), words);
    ck_assert_str_eq(shown(text, strlen(text), DISPLAY_JSON), json);
}

START_TEST(test_text_is_shown_as_it_is)
{
    check("", "", "");
    check("pump-7 \\ \"x\"", "pump-7 \\ \"x\"", "pump-7 \\ \"x\"");
    check("Zürich 日本 🙂 e\xCC\x81", "Zürich 日本 🙂 e\xCC\x81",
          "Zürich 日本 🙂 e\xCC\x81");
}
END_TEST

START_TEST(test_what_a_terminal_obeys_is_escaped)
{
    check("\033[2J\a\b\177", "\\x1b[2J\\x07\\x08\\x7f",
          "\\u001b[2J\\u0007\\u0008\\u007f");
    check("a\r\n\tb", "a\\r\\n\\tb", "a\\u000d\n\\u0009b");
    check("\xC2\x9B"
          "31m",
          "\\u009b31m", "\\u009b31m");
}
END_TEST

/* NOLINTBEGIN(misc-misleading-bidirectional): that is what is tested */
START_TEST(test_what_turns_a_line_around_is_escaped)
{
    check("\xE2\x80\xAE", "\\u202e", "\\u202e");
    check("\xE2\x81\xA6", "\\u2066", "\\u2066");
    check("\xE2\x80\xA8", "\\u2028", "\\u2028");
    check("\xD8\x9C", "\\u061c", "\\u061c");
    check("\xE2\x80\x8F", "\\u200f", "\\u200f");
    check("\xF3\xA0\x80\x81", "\\U000e0001", "\\udb40\\udc01");
}
END_TEST
/* NOLINTEND(misc-misleading-bidirectional) */

START_TEST(test_what_is_not_seen_is_escaped)
{
    check("a\xC2\xAD", "a\\u00ad", "a\\u00ad");
    check("\xE1\xA0\x8E", "\\u180e", "\\u180e");
    check("\xE2\x80\x8B\xE2\x80\x8D", "\\u200b\\u200d", "\\u200b\\u200d");
    check("\xE2\x81\xA0\xE2\x81\xA4", "\\u2060\\u2064", "\\u2060\\u2064");
    check("\xE3\x85\xA4", "\\u3164", "\\u3164");
    check("\xEF\xBB\xBF", "\\ufeff", "\\ufeff");
}
END_TEST

START_TEST(test_bytes_that_are_no_text_are_escaped)
{
    check("\xFF", "\\xff", "\\ufffd");
    check("\xC3", "\\xc3", "\\ufffd");
    check("\xED\xA0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd");
    check("\xC0\x9B", "\\xc0\\x9b", "\\ufffd\\ufffd");
    ck_assert_str_eq(shown("a\0b", 3, DISPLAY_WORDS), "a\\x00b");
    ck_assert_str_eq(shown("a\0b", 3, DISPLAY_JSON), "a\\u0000b");
}
END_TEST

START_TEST(test_columns_are_counted_as_a_terminal_does)
{
    ck_assert_uint_eq(display_width(""), 0);
    ck_assert_uint_eq(display_width("pump-7"), 6);
    ck_assert_uint_eq(display_width("Zürich"), 6);
    ck_assert_uint_eq(display_width("日本"), 4);
    ck_assert_uint_eq(display_width("e\xCC\x81"), 1);
}
END_TEST

START_TEST(test_no_character_is_cut_in_two)
{
    size_t width;

    ck_assert_uint_eq(display_fit("日本", 4, &width), 6);
    ck_assert_uint_eq(width, 4);
    ck_assert_uint_eq(display_fit("日本", 3, &width), 3);
    ck_assert_uint_eq(width, 2);
    ck_assert_uint_eq(display_fit("日本", 1, &width), 0);
    ck_assert_uint_eq(width, 0);
    ck_assert_uint_eq(display_fit("e\xCC\x81x", 1, &width), 3);
    ck_assert_uint_eq(display_fit("ab", 9, &width), 2);
    ck_assert_uint_eq(width, 2);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("display");
    TCase *tcase = support_add_case(suite, "display", display_set_up, NULL);

    tcase_add_test(tcase, test_text_is_shown_as_it_is);
    tcase_add_test(tcase, test_what_a_terminal_obeys_is_escaped);
    tcase_add_test(tcase, test_what_turns_a_line_around_is_escaped);
    tcase_add_test(tcase, test_what_is_not_seen_is_escaped);
    tcase_add_test(tcase, test_bytes_that_are_no_text_are_escaped);
    tcase_add_test(tcase, test_columns_are_counted_as_a_terminal_does);
    tcase_add_test(tcase, test_no_character_is_cut_in_two);
    return support_run_suite(suite);
}
