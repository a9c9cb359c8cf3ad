/* SPDX-License-Identifier: MIT */
/*
 * A buffer promises to hold what it was given, up to the maximum it was born
 * with and not a byte more, and to be unchanged by what it refuses.
 */
#include "buffer.h"
#include "support.h"

#define SIZE_MAXIMUM 1000

static struct collector__buffer buffer;

static void
setup(void)
{
    collector__buffer_init(&buffer, SIZE_MAXIMUM);
}

static void
teardown(void)
{
    collector__buffer_clear(&buffer);
}

START_TEST(test_a_new_buffer_is_empty)
{
    ck_assert_uint_eq(buffer.size, 0);
    ck_assert_ptr_null(buffer.data);
}
END_TEST

START_TEST(test_texts_follow_one_another)
{
    ck_assert_ok(collector__buffer_add_text(&buffer, "one"));
    ck_assert_ok(collector__buffer_add_text(&buffer, ""));
    ck_assert_ok(collector__buffer_add(&buffer, " and\0two", 8));
    ck_assert_uint_eq(buffer.size, 11);
    ck_assert_mem_eq(buffer.data, "one and\0two", 11);
}
END_TEST

START_TEST(test_the_maximum_can_be_reached_byte_by_byte)
{
    size_t i;

    for (i = 0; i < SIZE_MAXIMUM; i++)
        ck_assert_ok(collector__buffer_add(&buffer, &"0123456789"[i % 10], 1));
    ck_assert_uint_eq(buffer.size, SIZE_MAXIMUM);
    for (i = 0; i < SIZE_MAXIMUM; i++)
        ck_assert_int_eq(buffer.data[i], "0123456789"[i % 10]);
    ck_assert_error(collector__buffer_add(&buffer, "x", 1),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_uint_eq(buffer.size, SIZE_MAXIMUM);
}
END_TEST

START_TEST(test_the_maximum_can_be_reached_at_once)
{
    char bytes[SIZE_MAXIMUM + 1];

    memset(bytes, 'b', sizeof(bytes));
    ck_assert_error(collector__buffer_add(&buffer, bytes, sizeof(bytes)),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_uint_eq(buffer.size, 0);
    ck_assert_ok(collector__buffer_add(&buffer, bytes, SIZE_MAXIMUM));
    ck_assert_uint_eq(buffer.size, SIZE_MAXIMUM);
}
END_TEST

START_TEST(test_one_past_the_maximum_changes_nothing)
{
    char bytes[SIZE_MAXIMUM];

    memset(bytes, 'b', sizeof(bytes));
    ck_assert_ok(collector__buffer_add_text(&buffer, "a"));
    ck_assert_error(collector__buffer_add(&buffer, bytes, sizeof(bytes)),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_error(collector__buffer_reserve(&buffer, SIZE_MAX),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_uint_eq(buffer.size, 1);
    ck_assert_int_eq(buffer.data[0], 'a');
    ck_assert_ok(collector__buffer_add(&buffer, bytes, sizeof(bytes) - 1));
}
END_TEST

START_TEST(test_what_is_reserved_does_not_move)
{
    const char *data;
    int i;

    ck_assert_ok(collector__buffer_reserve(&buffer, SIZE_MAXIMUM));
    data = buffer.data;
    for (i = 0; i < SIZE_MAXIMUM; i++)
        ck_assert_ok(collector__buffer_add_text(&buffer, "x"));
    ck_assert_ptr_eq(buffer.data, data);
}
END_TEST

START_TEST(test_numbers_are_digits)
{
    static const char all[] =
        "0,7,10,-1,9223372036854775807,-9223372036854775808,";
    static const int64_t numbers[] = {0, 7, 10, -1, INT64_MAX, INT64_MIN};
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ck_assert_ok(collector__buffer_add_number(&buffer, numbers[i]));
        ck_assert_ok(collector__buffer_add_text(&buffer, ","));
    }
    ck_assert_uint_eq(buffer.size, sizeof(all) - 1);
    ck_assert_mem_eq(buffer.data, all, sizeof(all) - 1);
    buffer.size = SIZE_MAXIMUM - 1;
    ck_assert_error(collector__buffer_add_number(&buffer, 10),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_uint_eq(buffer.size, SIZE_MAXIMUM - 1);
}
END_TEST

START_TEST(test_a_cleared_buffer_keeps_its_maximum)
{
    ck_assert_ok(collector__buffer_add_text(&buffer, "text"));
    collector__buffer_clear(&buffer);
    ck_assert_uint_eq(buffer.size, 0);
    ck_assert_ok(collector__buffer_reserve(&buffer, SIZE_MAXIMUM));
    ck_assert_error(collector__buffer_reserve(&buffer, SIZE_MAXIMUM + 1),
                    COLLECTOR_ERR_TOO_BIG);
}
END_TEST

START_TEST(test_a_zeroed_buffer_takes_nothing)
{
    struct collector__buffer zeroed = {NULL, 0, 0, 0};

    ck_assert_ok(collector__buffer_add(&zeroed, "", 0));
    ck_assert_error(collector__buffer_add(&zeroed, "x", 1),
                    COLLECTOR_ERR_TOO_BIG);
    collector__buffer_clear(&zeroed);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("buffer");
    TCase *maximum = tcase_create("maximum");

    tcase_add_checked_fixture(maximum, setup, teardown);
    tcase_add_test(maximum, test_a_new_buffer_is_empty);
    tcase_add_test(maximum, test_texts_follow_one_another);
    tcase_add_test(maximum, test_the_maximum_can_be_reached_byte_by_byte);
    tcase_add_test(maximum, test_the_maximum_can_be_reached_at_once);
    tcase_add_test(maximum, test_one_past_the_maximum_changes_nothing);
    tcase_add_test(maximum, test_what_is_reserved_does_not_move);
    tcase_add_test(maximum, test_numbers_are_digits);
    tcase_add_test(maximum, test_a_cleared_buffer_keeps_its_maximum);
    tcase_add_test(maximum, test_a_zeroed_buffer_takes_nothing);
    suite_add_tcase(suite, maximum);
    return support_run_suite(suite);
}
