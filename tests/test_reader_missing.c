/* SPDX-License-Identifier: MIT */
/*
 * Verifying finds what is missing in a file.
 */
#include "verifying.h"

static struct harness harness;

static void
setup(void)
{
    verifying_prepare(&harness);
}

static void
teardown(void)
{
    harness_close(&harness);
}

/** Assert that what is dropped is named, and that all is well when it is made
 *  again, as it was. */
static void
assert_missed(const char *type, const char *name, const char *sql)
{
    const char *text;

    harness_exec(&harness, support_format("DROP %s %s", type, name));
    ck_assert_contains(verifying_failures(harness.path, false, &text),
                       "schema ");
    ck_assert_contains(
        text, support_format("schema|0|the %s %s is missing\n", type, name));
    harness_exec(&harness, sql);
    ck_assert_str_eq(verifying_failures(harness.path, false, &text), "");
}

START_TEST(test_whatever_is_missing_of_the_schema_is_named)
{
    static const char rows[] =
        " FROM sqlite_schema WHERE type IN ('index', 'view') AND sql IS NOT"
        " NULL AND name <> 'event_log_device'";
    const int64_t count =
        harness_int(&harness, support_format("SELECT count(*)%s", rows));
    int64_t i;

    ck_assert_int_ge(count, 7);
    for (i = 0; i < count; i++) {
        const char *one =
            support_format("%s ORDER BY name LIMIT 1 OFFSET %d", rows, (int)i);

        assert_missed(
            harness_text(&harness, support_format("SELECT type%s", one)),
            harness_text(&harness, support_format("SELECT name%s", one)),
            harness_text(&harness, support_format("SELECT sql%s", one)));
    }
}
END_TEST

START_TEST(test_index_that_was_asked_for_need_not_be_there)
{
    const char *text;

    harness.options.indexed = true;
    harness_open(&harness);
    harness_close(&harness);
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
    harness_exec(&harness, "DROP INDEX event_log_device");
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("reader_missing");
    TCase *tcase = support_add_case(suite, "schema", setup, teardown);
    tcase_add_test(tcase, test_whatever_is_missing_of_the_schema_is_named);
    tcase_add_test(tcase, test_index_that_was_asked_for_need_not_be_there);
    return support_run_suite(suite);
}
