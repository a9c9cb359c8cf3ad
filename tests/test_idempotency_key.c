/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys are any UTF-8 of a bounded length. They are forgotten when
 * they were kept long enough, or when there are too many: never because a wall
 * clock has jumped or the store was closed.
 */
#include "harness.h"
#include "idempotency.h"
#include "retention.h"

#define KEY "order 66"
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

/** When a key goes that was kept at 0. */
#define GONE_MS (DAY_MS + DAY_MS / COLLECTOR_PATIENCE_PART)
#define YEARS_MS (20 * 365 * DAY_MS)

static const struct collector_event good = {.device_id = "d", .kind = "k"};
static struct harness harness;

static void
start(int mode)
{
    harness_prepare(&harness, mode);
    harness_open(&harness);
}

/** Append one event under a key, and assert which id it has, and whether it had
 *  it before. */
static void
append(const char *key, int64_t id, bool duplicate)
{
    struct collector_receipt receipt = {0, 0, false};

    ck_assert_ok(
        collector_store_append(harness.store, &good, 1, key, &receipt));
    ck_assert_int_eq(receipt.first_id, id);
    ck_assert_uint_eq(receipt.count, 1);
    ck_assert_int_eq(receipt.duplicate, duplicate);
}

/** Append an event under a new key, the number-th of the store. */
static void
append_key(int number)
{
    append(support_format("key %d", number), number + 1, false);
}

static int64_t
key_count(void)
{
    return harness_int(&harness, "SELECT count(*) FROM idempotency");
}

START_TEST(test_keys_expire_when_they_were_kept_long_enough)
{
    start(_i);
    append(KEY, 1, false);
    support_clock_advance(&harness.clock, GONE_MS - 1);
    append("later", 2, false);
    ck_assert_ok(collector_store_maintain(harness.store));
    append(KEY, 1, true);
    support_clock_advance(&harness.clock, 1);
    ck_assert_ok(collector_store_maintain(harness.store));
    append("later", 2, true);
    append(KEY, 3, false); /* new again */
    ck_assert_int_eq(key_count(), 2);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_wall_clock_that_jumps_expires_no_key)
{
    static const int64_t jumps[] = {YEARS_MS, -2 * YEARS_MS, 3 * YEARS_MS};
    size_t i;

    start(_i);
    append(KEY, 1, false);
    for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        atomic_fetch_add(&harness.clock.wall_ms, jumps[i]);
        ck_assert_ok(collector_store_maintain(harness.store));
        append(KEY, 1, true);
        harness_reopen(&harness);
        ck_assert_ok(collector_store_maintain(harness.store));
        append(KEY, 1, true);
    }
    harness_close(&harness);
}
END_TEST

START_TEST(test_time_while_closed_expires_no_key)
{
    start(_i);
    append(KEY, 1, false);
    ck_assert_uint_eq(harness_deliver(&harness, 2), 1);
    harness_close(&harness);
    support_clock_advance(&harness.clock, YEARS_MS);
    harness_open(&harness);
    ck_assert_ok(collector_store_maintain(harness.store));
    append(KEY, 1, true);
    harness_close(&harness);
}
END_TEST

START_TEST(test_time_before_a_restart_counts)
{
    int i;

    start(_i);
    append(KEY, 1, false);
    for (i = 0; i < 4; i++) { /* nothing is ever delivered */
        support_clock_advance(&harness.clock, GONE_MS / 4);
        ck_assert_ok(collector_store_maintain(harness.store));
        ck_assert_int_eq(key_count(), i < 3);
        harness_reopen(&harness);
    }
    append(KEY, 2, false);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_oldest_keys_make_room_for_new_ones)
{
    enum { MAX = 5 };
    int i;

    harness_prepare(&harness, _i);
    harness.options.idempotency_max = MAX;
    harness_open(&harness);
    for (i = 0; i < 3 * MAX; i++)
        append_key(i);
    ck_assert_int_eq(key_count(), MAX); /* a small maximum is exact */
    for (i = 2 * MAX; i < 3 * MAX; i++)
        append(support_format("key %d", i), i + 1, true);
    append("key 0", 3 * MAX + 1, false);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_maximum_holds_for_a_store_that_is_opened_often)
{
    enum { MAX = 10 * COLLECTOR_IDEMPOTENCY_TRIM_PART, PART = MAX / 64 + 1 };
    int number = 0;
    int i;

    harness_prepare(&harness, _i);
    harness.options.idempotency_max = MAX;
    harness_open(&harness);
    for (number = 0; number < MAX; number++)
        append_key(number);
    for (i = 0; i < 10; i++) { /* fewer keys each time than a part */
        harness_reopen(&harness);
        while (number % (PART - 1) != 0)
            append_key(number++);
        append_key(number++);
    }
    ck_assert_int_le(key_count(), MAX + PART);
    ck_assert_int_ge(key_count(), MAX);
    harness_close(&harness);
}
END_TEST

START_TEST(test_no_limit_forgets_none)
{
    int i;

    harness_prepare(&harness, _i);
    harness.options.idempotency_max = 0;
    harness_open(&harness);
    for (i = 0; i < 300; i++)
        append_key(i);
    ck_assert_int_eq(key_count(), 300);
    harness_close(&harness);
}
END_TEST

START_TEST(test_bad_keys_are_refused)
{
    char too_long[COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX + 2] = "";
    const char *const keys[] = {"",     too_long,   "a\nb",
                                "\x7f", "\x01",     "\xff",
                                "\xc3", "\xc0\x80", "\xed\xa0\x80"};
    struct collector_problem problem;
    size_t i;

    memset(too_long, 'k', sizeof(too_long) - 1);
    start(_i);
    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        problem = (struct collector_problem){0, ""};
        ck_assert_error(
            collector_store_append(harness.store, &good, 1, keys[i], NULL),
            COLLECTOR_ERR_INVALID);
        ck_assert_error(
            collector_store_append(harness.store, NULL, 0, keys[i], NULL),
            COLLECTOR_ERR_INVALID);
        ck_assert_error(collector_store_append_json(harness.store, "[]", 2,
                                                    COLLECTOR_JSON_DOCUMENT,
                                                    keys[i], NULL, &problem),
                        COLLECTOR_ERR_INVALID);
        ck_assert_contains(problem.text, "idempotency key");
        ck_assert_int_eq(problem.index, -1);
    }
    harness_assert_contiguous(&harness, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_the_longest_key_is_fine)
{
    char longest[COLLECTOR_IDEMPOTENCY_KEY_SIZE_MAX + 1] = "";

    memset(longest, 'k', sizeof(longest) - 1);
    start(_i);
    append(longest, 1, false);
    longest[sizeof(longest) - 2] = 'l'; /* all of it counts */
    append(longest, 2, false);
    append("\xc3\xa9 \xf0\x9f\x9a\x80", 3, false);
    append("\xc3\xa9 \xf0\x9f\x9a\x80", 3, true);
    harness_close(&harness);
}
END_TEST

START_TEST(test_no_events_remember_no_key)
{
    struct collector_receipt receipt = {77, 77, true};

    start(_i);
    ck_assert_ok(collector_store_append(harness.store, NULL, 0, KEY, &receipt));
    ck_assert_int_eq(receipt.first_id, 0);
    ck_assert_uint_eq(receipt.count, 0);
    ck_assert(!receipt.duplicate);
    ck_assert_int_eq(key_count(), 0);
    append(KEY, 1, false);
    ck_assert_ok(collector_store_append(harness.store, NULL, 0, KEY, &receipt));
    ck_assert_uint_eq(receipt.count, 0);
    harness_close(&harness);
}
END_TEST

START_TEST(test_a_digest_is_the_same_on_every_machine)
{
    const struct collector__digest empty = collector__digest_text("", 0);
    const struct collector__digest known = collector__digest_text("foobar", 6);
    const struct collector_event event = {
        .device_id = "", .kind = "", .payload = "", .ts = 0x0102030405060708};
    const char bytes[] = "\0\0\0\1\2\3\4\5\6\7\x08";
    const struct collector__digest of_event =
        collector__digest_events(&event, 1);
    const struct collector__digest of_bytes =
        collector__digest_text(bytes, sizeof(bytes) - 1);

    /* The published vectors of FNV-1a. */
    ck_assert(empty.hash == UINT64_C(0xcbf29ce484222325) && empty.size == 0);
    ck_assert(known.hash == UINT64_C(0x85944171f73967e8) && known.size == 6);
    ck_assert(of_event.hash == of_bytes.hash);
    ck_assert(of_event.size == of_bytes.size);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("idempotency_key");
    TCase *key = tcase_create("key");

    tcase_set_timeout(key, 60);
    tcase_add_loop_test(key, test_keys_expire_when_they_were_kept_long_enough,
                        0, 3);
    tcase_add_loop_test(key, test_a_wall_clock_that_jumps_expires_no_key, 0, 3);
    tcase_add_loop_test(key, test_time_while_closed_expires_no_key, 0, 3);
    tcase_add_loop_test(key, test_time_before_a_restart_counts, 0, 3);
    tcase_add_loop_test(key, test_the_oldest_keys_make_room_for_new_ones, 0, 3);
    tcase_add_loop_test(
        key, test_the_maximum_holds_for_a_store_that_is_opened_often, 0, 3);
    tcase_add_loop_test(key, test_no_limit_forgets_none, 0, 3);
    tcase_add_loop_test(key, test_bad_keys_are_refused, 0, 3);
    tcase_add_loop_test(key, test_the_longest_key_is_fine, 0, 3);
    tcase_add_loop_test(key, test_no_events_remember_no_key, 0, 3);
    tcase_add_test(key, test_a_digest_is_the_same_on_every_machine);
    suite_add_tcase(suite, key);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
