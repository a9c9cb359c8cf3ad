/* SPDX-License-Identifier: MIT */
/*
 * Metrics are text as Prometheus defines it: whatever stands in a label or a
 * help, it ends where it should, and numbers are exact.
 */
#include "exposition.h"

#include "support.h"

#include <stdlib.h>

static struct exposition *out;

static void
setup(void)
{
    out = exposition_new();
    ck_assert_ptr_nonnull(out);
}

/** End it, and compare. */
static void
assert_text(const char *expected)
{
    size_t size = 0;
    char *text = exposition_finish(out, &size);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(size, strlen(expected));
    free(text);
}

START_TEST(test_a_metric_has_help_type_and_samples)
{
    const struct exposition_label one = {"a", "x"};
    const struct exposition_label two[] = {{"a", "y"}, {"b", ""}};

    exposition_begin(out, EXPOSITION_COUNTER, "n_total", "What it is.");
    exposition_sample(out, "", NULL, 0, 0, 0);
    exposition_sample(out, "", &one, 1, 1, 0);
    exposition_sample(out, "", two, 2, 2, 0);
    exposition_begin(out, EXPOSITION_GAUGE, "g", "Another.");
    exposition_begin(out, EXPOSITION_HISTOGRAM, "h", "A third.");
    exposition_sample(out, "_sum", NULL, 0, 3, 0);
    assert_text("# HELP n_total What it is.\n# TYPE n_total counter\n"
                "n_total 0\nn_total{a=\"x\"} 1\nn_total{a=\"y\",b=\"\"} 2\n"
                "# HELP g Another.\n# TYPE g gauge\n"
                "# HELP h A third.\n# TYPE h histogram\nh_sum 3\n");
}
END_TEST

START_TEST(test_what_would_end_a_line_or_a_label_is_escaped)
{
    const struct exposition_label label = {"a", "\"b\\c\nd\""};

    exposition_begin(out, EXPOSITION_GAUGE, "g", "a \"b\" \\c\nd");
    exposition_sample(out, "", &label, 1, 1, 0);
    assert_text("# HELP g a \"b\" \\\\c\\nd\n# TYPE g gauge\n"
                "g{a=\"\\\"b\\\\c\\nd\\\"\"} 1\n");
}
END_TEST

START_TEST(test_numbers_are_exact)
{
    exposition_begin(out, EXPOSITION_GAUGE, "g", "h");
    exposition_sample(out, "", NULL, 0, UINT64_MAX, 0);
    exposition_sample(out, "", NULL, 0, UINT64_MAX, 9);
    exposition_sample(out, "", NULL, 0, 5, 3);
    exposition_sample(out, "", NULL, 0, 1000, 3);
    assert_text("# HELP g h\n# TYPE g gauge\ng 18446744073709551615\n"
                "g 18446744073.709551615\ng 0.005\ng 1.000\n");
}
END_TEST

START_TEST(test_it_grows_with_what_is_written)
{
    size_t size = 0;
    char *text;
    int i;

    exposition_begin(out, EXPOSITION_GAUGE, "g", "h");
    for (i = 0; i < 100000; i++)
        exposition_sample(out, "", NULL, 0, 7, 0);
    text = exposition_finish(out, &size);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(size, strlen("# HELP g h\n# TYPE g gauge\n") +
                                100000 * strlen("g 7\n"));
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("exposition");
    TCase *text = support_add_case(suite, "text", setup, NULL);

    tcase_add_test(text, test_a_metric_has_help_type_and_samples);
    tcase_add_test(text, test_what_would_end_a_line_or_a_label_is_escaped);
    tcase_add_test(text, test_numbers_are_exact);
    tcase_add_test(text, test_it_grows_with_what_is_written);
    return support_run_suite(suite);
}
