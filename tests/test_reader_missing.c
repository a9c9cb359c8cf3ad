/* SPDX-License-Identifier: MIT */
/*
 * Verifying finds what is missing in a file, and tells it from what went in its
 * time: pruned, purged, dropped.
 */
#include "damage.h"
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

/** Deliver what is pending, and have the file kept by nobody. */
static void
settle_all(void)
{
    harness_open(&harness);
    ck_assert_uint_eq(harness_deliver(&harness, 9), 3);
    harness_close(&harness);
}

/** Behind one that may be gone, and with none behind it. */
START_TEST(test_event_that_is_missing_is_told_from_one_that_went)
{
    const char *text;

    settle_all();
    harness_exec(&harness, "DELETE FROM event_log WHERE id = 9");
    ck_assert_str_eq(verifying_failures(harness.path, false, &text), "events ");
    ck_assert_contains(text, "event 9 is missing, and the next is none");
    harness_exec(&harness, "UPDATE event_log SET id = 9 WHERE id = 7");
    ck_assert_str_eq(verifying_failures(harness.path, false, &text), "events ");
    ck_assert_contains(text, "event 7 is missing, and the next is 8");
}
END_TEST

/** What lies below the oldest that is kept may have been pruned, and of what is
 *  settled all may; that is so whichever runs are left. */
START_TEST(test_event_that_may_be_pruned_is_not_missing)
{
    const char *text;

    settle_all();
    harness_exec(&harness, "DELETE FROM event_log WHERE id IN (1, 2)");
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
    harness_exec(&harness, "DELETE FROM upload_runs WHERE last_id <= 2");
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
    harness_exec(&harness, "DELETE FROM event_log WHERE id >= 7");
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
}
END_TEST

/** What is delivered while the disk is full has no run, and is kept. */
START_TEST(test_event_without_a_run_is_missing_too)
{
    const char *text;

    settle_all();
    harness_exec(&harness, "DELETE FROM upload_runs WHERE last_id = 9");
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
    harness_exec(&harness, "DELETE FROM event_log WHERE id = 8");
    ck_assert_str_eq(verifying_failures(harness.path, false, &text), "events ");
    ck_assert_contains(text, "event 8 is missing, and the next is 9");
}
END_TEST

/** Ids of a new file have no gaps, whatever was lost of the old one. */
START_TEST(test_event_that_was_lost_with_another_file_is_not_missing)
{
    const char *text;

    damage_store_new(&harness, 1000, 500, false);
    harness_exec(&harness, "DELETE FROM event_log WHERE id IN (1, 600)");
    bytes_spoil(harness.path, 0, 100, 1);
    damage_open_and_salvage(&harness);
    ck_assert_uint_eq(harness_stats(&harness).salvage_lost, 1);
    ck_assert_uint_gt(harness_deliver(&harness, 200), 0);
    harness_close(&harness);
    ck_assert_str_eq(verifying_failures(harness.path, true, &text), "");
}
END_TEST

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
    TCase *tcase = support_add_case(suite, "event", setup, teardown);

    tcase_add_test(tcase,
                   test_event_that_is_missing_is_told_from_one_that_went);
    tcase_add_test(tcase, test_event_that_may_be_pruned_is_not_missing);
    tcase_add_test(tcase, test_event_without_a_run_is_missing_too);
    tcase_add_test(tcase,
                   test_event_that_was_lost_with_another_file_is_not_missing);
    tcase = support_add_case(suite, "schema", setup, teardown);
    tcase_add_test(tcase, test_whatever_is_missing_of_the_schema_is_named);
    tcase_add_test(tcase, test_index_that_was_asked_for_need_not_be_there);
    return support_run_suite(suite);
}
