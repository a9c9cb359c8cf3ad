/* SPDX-License-Identifier: MIT */
/* Every error code has words of its own, and so has every other number. */
#include "support.h"

#include <limits.h>

#define LAST_CODE COLLECTOR_ERR_TIMEOUT

START_TEST(test_every_code_has_its_own_words)
{
    int a;
    int b;

    for (a = COLLECTOR_OK; a >= LAST_CODE; a--) {
        ck_assert_str_ne(collector_error_text(a), "");
        ck_assert_str_ne(collector_error_text(a), "unknown error");
        for (b = a - 1; b >= LAST_CODE; b--)
            ck_assert_str_ne(collector_error_text(a), collector_error_text(b));
    }
}
END_TEST

START_TEST(test_any_other_number_is_an_unknown_error)
{
    static const int numbers[] = {1, LAST_CODE - 1, INT_MAX, INT_MIN, 4711};
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        ck_assert_str_eq(collector_error_text(numbers[i]), "unknown error");
}
END_TEST

START_TEST(test_the_library_has_the_version_of_its_headers)
{
    ck_assert_str_eq(collector_version(), COLLECTOR_VERSION);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("error");
    TCase *words = tcase_create("words");

    tcase_add_test(words, test_every_code_has_its_own_words);
    tcase_add_test(words, test_any_other_number_is_an_unknown_error);
    tcase_add_test(words, test_the_library_has_the_version_of_its_headers);
    suite_add_tcase(suite, words);
    return support_run_suite(suite);
}
