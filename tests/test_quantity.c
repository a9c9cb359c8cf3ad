/* SPDX-License-Identifier: MIT */
/*
 * A quantity is a whole number with a unit that is known, or it is refused:
 * nothing is guessed, rounded, or wrapped around.
 */
#include "support.h"

#include "quantity.h"

typedef bool (*read_fn)(const char *text, uint64_t *ret_value);

struct reading {
    const char *text;
    uint64_t value;
};

/** Assert that these texts, up to one that is NULL, are read as they should. */
static void
check_readings(read_fn read, const struct reading *readings)
{
    uint64_t value;

    for (; readings->text != NULL; readings++) {
        ck_assert_msg(read(readings->text, &value), "'%s' was refused",
                      readings->text);
        ck_assert_msg(value == readings->value, "'%s' was read as %llu",
                      readings->text, (unsigned long long)value);
    }
}

/** Assert that these texts, up to NULL, are refused, and set nothing. */
static void
check_refusals(read_fn read, const char *const *texts)
{
    uint64_t value = 42;

    for (; *texts != NULL; texts++) {
        ck_assert_msg(!read(*texts, &value), "'%s' was read", *texts);
        ck_assert_uint_eq(value, 42);
    }
}

START_TEST(test_number_is_all_digits)
{
    static const struct reading good[] = {
        {"0", 0},  {"42", 42}, {"007", 7}, {"18446744073709551615", UINT64_MAX},
        {NULL, 0},
    };
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "-1",
                                      "+1",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "ten",
                                      "18446744073709551616",
                                      "99999999999999999999999",
                                      NULL};

    check_readings(quantity_number, good);
    check_refusals(quantity_number, bad);
}
END_TEST

START_TEST(test_what_is_written_is_read_as_the_same)
{
    static const struct reading durations[] = {
        {"0ms", 0},        {"1ms", 1},     {"999ms", 999}, {"1s", 1000},
        {"1500ms", 1500},  {"90s", 90000}, {"1m", 60000},  {"168h", 604800000},
        {"25h", 90000000}, {NULL, 0},
    };
    static const struct reading sizes[] = {
        {"0", 0},
        {"1000", 1000},
        {"1KiB", 1024},
        {"64MiB", 67108864},
        {"1GiB", 1073741824},
        {"1025", 1025},
        {"1025KiB", 1049600},
        {"16384GiB", 17592186044416},
        {NULL, 0},
    };
    char text[QUANTITY_SIZE];
    size_t i;

    for (i = 0; durations[i].text != NULL; i++) {
        quantity_write_duration(durations[i].value, text);
        ck_assert_str_eq(text, durations[i].text);
    }
    for (i = 0; sizes[i].text != NULL; i++) {
        quantity_write_size(sizes[i].value, text);
        ck_assert_str_eq(text, sizes[i].text);
    }
    check_readings(quantity_duration, durations);
    check_readings(quantity_size, sizes);
}
END_TEST

START_TEST(test_duration_has_a_unit)
{
    static const struct reading good[] = {
        {"0", 0},         {"500ms", 500},      {"1s", 1000},
        {"90m", 5400000}, {"24h", 86400000},   {"7d", 604800000},
        {"0s", 0},        {"168h", 604800000}, {NULL, 0},
    };
    static const char *const bad[] = {"",
                                      "1",
                                      "s",
                                      "1 s",
                                      "1S",
                                      "1us",
                                      "1w",
                                      "1.5s",
                                      "-1s",
                                      "1h30m",
                                      "1ms ",
                                      "18446744073709551615s",
                                      "213503982335d",
                                      NULL};

    check_readings(quantity_duration, good);
    check_refusals(quantity_duration, bad);
}
END_TEST

START_TEST(test_size_may_have_a_unit)
{
    static const struct reading good[] = {
        {"0", 0},
        {"512", 512},
        {"512B", 512},
        {"1kB", 1000},
        {"1MB", 1000000},
        {"1GB", 1000000000},
        {"1KiB", 1024},
        {"64MiB", UINT64_C(64) << 20},
        {"1GiB", UINT64_C(1) << 30},
        {NULL, 0},
    };
    static const char *const bad[] = {
        "",    "MiB",   "1 MiB", "1K",    "1M",
        "1mb", "1.5GB", "-1B",   "1MiB ", "18446744073709551615GiB",
        NULL};

    check_readings(quantity_size, good);
    check_refusals(quantity_size, bad);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("quantity");
    TCase *parse = tcase_create("parse");

    tcase_add_test(parse, test_number_is_all_digits);
    tcase_add_test(parse, test_duration_has_a_unit);
    tcase_add_test(parse, test_what_is_written_is_read_as_the_same);
    tcase_add_test(parse, test_size_may_have_a_unit);
    suite_add_tcase(suite, parse);
    return support_run_suite(suite);
}
