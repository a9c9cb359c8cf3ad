/* SPDX-License-Identifier: MIT */
/*
 * A build without the salvage refuses what it can't do before it touches
 * anything, and does all else: damage is found, and the file left as it is.
 */
#include "damage.h"

#include "quarantine.h"

static struct harness harness;

static void
teardown(void)
{
    harness_close(&harness);
}

START_TEST(test_quarantine_is_refused_before_there_is_a_file)
{
    harness_init(&harness);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    support_log_expect_errors(harness.log);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_UNSUPPORTED);
    ck_assert_int_eq(support_file_size(harness.path), -1);
    ck_assert_uint_eq(support_log_count(harness.log, "can't quarantine"), 1);
}
END_TEST

START_TEST(test_a_damaged_file_is_left_as_it_is)
{
    const char *before;

    damage_store_new(&harness, 300, 100, false);
    bytes_spoil(harness.path, 4096, 4096, 3);
    before = directory_text(harness.dir);
    support_log_expect_errors(harness.log);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_CORRUPT);
    harness.options.on_damage = COLLECTOR_DAMAGE_QUARANTINE;
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_UNSUPPORTED);
    ck_assert_str_eq(directory_text(harness.dir), before);
}
END_TEST

/** The damaged file may be the one that is missing now. */
START_TEST(test_what_another_build_has_begun_is_left_to_it)
{
    harness_init(&harness);
    support_write_file(damage_path(&harness, COLLECTOR_FRESH_SUFFIX), "half");
    support_log_expect_errors(harness.log);
    ck_assert_error(damage_try_open(&harness), COLLECTOR_ERR_UNSUPPORTED);
    ck_assert_int_eq(support_file_size(harness.path), -1);
}
END_TEST

START_TEST(test_a_sound_file_is_a_store_like_any_other)
{
    harness_start(&harness, COLLECTOR_MODE_GROUP);
    harness_append(&harness, 10);
    ck_assert_ok(collector_store_maintain(harness.store));
    harness_reopen(&harness);
    ck_assert_uint_eq(harness_stats(&harness).pending, 10);
    ck_assert(!harness_stats(&harness).salvaging);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("salvage_none");
    TCase *open = support_add_case(suite, "open", NULL, teardown);

    tcase_add_test(open, test_quarantine_is_refused_before_there_is_a_file);
    tcase_add_test(open, test_a_damaged_file_is_left_as_it_is);
    tcase_add_test(open, test_what_another_build_has_begun_is_left_to_it);
    tcase_add_test(open, test_a_sound_file_is_a_store_like_any_other);
    return support_run_suite(suite);
}
