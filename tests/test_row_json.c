/* SPDX-License-Identifier: MIT */
/*
 * Rows become JSON that every parser reads as what is in the file: payloads
 * byte for byte, numbers to the last digit, and whatever others wrote as a text
 * that is valid. A row is one line.
 */
#include "row_json.h"

#include "support.h"

#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static char *sheet;
static size_t sheet_size;

static FILE *
begin(void)
{
    FILE *out = open_memstream(&sheet, &sheet_size);

    ck_assert_ptr_nonnull(out);
    return out;
}

/** What was written, as text of support.h. */
static const char *
end(FILE *out)
{
    char *copy;

    ck_assert_int_eq(fclose(out), 0);
    ck_assert_uint_eq(strlen(sheet), sheet_size);
    copy = support_alloc(sheet_size + 1);
    memcpy(copy, sheet, sheet_size);
    free(sheet);
    return copy;
}

static const char *
written(const struct collector_value *value)
{
    FILE *out = begin();

    row_json_value(out, value);
    return end(out);
}

static const char *
written_row(const struct collector_row *row)
{
    FILE *out = begin();

    row_json_write(out, row);
    return end(out);
}

static struct collector_value
text_value(enum collector_value_type type, const char *text, size_t size)
{
    return (struct collector_value){.type = type, .text = text, .size = size};
}

static const char *
written_text(const char *text, size_t size)
{
    const struct collector_value value =
        text_value(COLLECTOR_VALUE_TEXT, text, size);

    return written(&value);
}

static const char *
written_json(const char *text, size_t size)
{
    const struct collector_value value =
        text_value(COLLECTOR_VALUE_JSON, text, size);

    return written(&value);
}

static const char *
written_real(double real)
{
    const struct collector_value value = {.type = COLLECTOR_VALUE_REAL,
                                          .real = real};

    return written(&value);
}

/** Any JSON value; yours to free. */
static json_t *
parsed(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    ck_assert_msg(json != NULL, "%s: %s", error.text, text);
    return json;
}

START_TEST(test_integers_keep_every_digit)
{
    static const int64_t numbers[] = {0,         -1,        7,
                                      INT64_MAX, INT64_MIN, 1700000000000};
    struct collector_value value = {.type = COLLECTOR_VALUE_INTEGER};
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        value.integer = numbers[i];
        ck_assert_str_eq(written(&value),
                         support_format("%" PRId64, numbers[i]));
    }
}
END_TEST

START_TEST(test_real_numbers_are_read_back_as_the_same)
{
    static const double numbers[] = {
        0.1,     21.4,    -21.4,       1.0 / 3, 1e300, 5e-324,
        DBL_MAX, DBL_MIN, DBL_EPSILON, 1e15,    1e16,  123456789012345678.0,
        0.0,     -0.0,    1.5,         100,
    };
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const char *text = written_real(numbers[i]);
        json_t *json = parsed(text);

        /* It stays a real number, and the sign of zero stays too. */
        ck_assert_msg(json_is_real(json), "%s", text);
        ck_assert_msg(json_real_value(json) == numbers[i] &&
                          signbit(json_real_value(json)) == signbit(numbers[i]),
                      "%s", text);
        json_decref(json);
    }
    ck_assert_str_eq(written_real(21.4), "21.4");
    ck_assert_str_eq(written_real(100), "100.0");
}
END_TEST

START_TEST(test_a_number_without_a_word_in_json_is_null)
{
    const struct collector_value nothing = {.type = COLLECTOR_VALUE_NULL};

    ck_assert_str_eq(written_real((double)INFINITY), "null");
    ck_assert_str_eq(written_real((double)-INFINITY), "null");
    ck_assert_str_eq(written_real((double)NAN), "null");
    ck_assert_str_eq(written(&nothing), "null");
}
END_TEST

START_TEST(test_every_byte_of_ascii_is_read_back)
{
    char all[128];
    const char *text;
    json_t *json;
    size_t i;

    for (i = 0; i < sizeof(all); i++)
        all[i] = (char)i; /* with a NUL, quotes and line feeds */
    text = written_text(all, sizeof(all));
    json = parsed(text);
    ck_assert_uint_eq(json_string_length(json), sizeof(all));
    ck_assert_int_eq(memcmp(json_string_value(json), all, sizeof(all)), 0);
    json_decref(json);
    ck_assert_ptr_null(strchr(text, '\n'));
    ck_assert_ptr_null(strchr(text, 0x7F));
    ck_assert_str_eq(written_text("\"\\/\b\f\n\r\t\x1b", 9),
                     "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001b\"");
    ck_assert_str_eq(written_text("", 0), "\"\"");
}
END_TEST

/** A text, and how it is shown. */
static const struct {
    const char *text;
    const char *shown;
} texts[] = {
    {"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", NULL},
    {"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80", NULL},
    {"\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", NULL},
    {"a\x80z", "a\xEF\xBF\xBDz"},
    {"\xC3", "\xEF\xBF\xBD"},
    {"\xC3z", "\xEF\xBF\xBDz"},
    {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xC1\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xE0\x9F\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xF0\x8F\xBF\xBF", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xF5z\xFF", "\xEF\xBF\xBDz\xEF\xBF\xBD"},
};

START_TEST(test_what_is_not_utf8_becomes_a_mark)
{
    const char *text = texts[_i].text;
    const char *shown = texts[_i].shown != NULL ? texts[_i].shown : text;
    json_t *json = parsed(written_text(text, strlen(text)));

    ck_assert_str_eq(json_string_value(json), shown);
    json_decref(json);
}
END_TEST

START_TEST(test_text_ends_where_its_size_says)
{
    /* Half a character, whose other half lies behind the end. */
    ck_assert_str_eq(written_text("\xE2\x82\xAC", 2),
                     "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    ck_assert_str_eq(written_text("a\0b", 3), "\"a\\u0000b\"");
}
END_TEST

START_TEST(test_payload_goes_as_it_is)
{
    static const char *const payloads[] = {
        "{\"n\":21.40,\"big\":12345678901234567890123456,\"e\":1E+2,\"n\":0}",
        "\"\\u00e4/\\/\\ud83d\\ude00 \xC3\xA4 \x7F\"",
        "null",
        "-0.0",
        "[]",
    };
    size_t i;

    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        ck_assert_str_eq(written_json(payloads[i], strlen(payloads[i])),
                         payloads[i]);
}
END_TEST

START_TEST(test_payload_that_others_wrote_is_valid_and_one_line)
{
    const char *text = written_json("{\r\n\t\"a\": [1,\n2]\n}", 17);
    json_t *json = parsed(text);

    ck_assert_str_eq(text, "{   \"a\": [1, 2] }");
    json_decref(json);
    json = parsed(written_json("\"a\xFF\"", 4));
    ck_assert_str_eq(json_string_value(json), "\"a\xEF\xBF\xBD\"");
    json_decref(json);
}
END_TEST

START_TEST(test_blob_is_its_digits)
{
    const struct collector_value blob =
        text_value(COLLECTOR_VALUE_BLOB, "\0\x01\xAB\xFF", 4);
    const struct collector_value empty =
        text_value(COLLECTOR_VALUE_BLOB, "", 0);

    ck_assert_str_eq(written(&blob), "\"0001abff\"");
    ck_assert_str_eq(written(&empty), "\"\"");
}
END_TEST

START_TEST(test_row_is_an_object_in_the_order_of_its_columns)
{
    const char *const names[] = {"z", "a", "\"}\n<b>\xFF", ""};
    const struct collector_value values[] = {
        {.type = COLLECTOR_VALUE_INTEGER, .integer = 1},
        {.type = COLLECTOR_VALUE_NULL},
        {.type = COLLECTOR_VALUE_INTEGER, .integer = 2},
        {.type = COLLECTOR_VALUE_INTEGER, .integer = 3},
    };
    struct collector_row row = {4, names, values};

    ck_assert_str_eq(
        written_row(&row),
        "{\"z\":1,\"a\":null,\"\\\"}\\n<b>\xEF\xBF\xBD\":2,\"\":3}");
    row.column_count = 0;
    ck_assert_str_eq(written_row(&row), "{}");
}
END_TEST

START_TEST(test_absent_payload_is_not_the_value_null)
{
    const char *const names[] = {"payload", "id"};
    const struct collector_value absent[] = {
        {.type = COLLECTOR_VALUE_NULL},
        {.type = COLLECTOR_VALUE_INTEGER, .integer = 7},
    };
    const struct collector_value null[] = {
        text_value(COLLECTOR_VALUE_JSON, "null", 4),
        {.type = COLLECTOR_VALUE_INTEGER, .integer = 7},
    };
    struct collector_row row = {2, names, absent};

    ck_assert_str_eq(written_row(&row), "{\"id\":7}");
    row.column_count = 1;
    ck_assert_str_eq(written_row(&row), "{}");
    row.column_count = 2;
    row.values = null;
    ck_assert_str_eq(written_row(&row), "{\"payload\":null,\"id\":7}");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("row_json");
    TCase *value = support_add_case(suite, "value", NULL, NULL);
    TCase *row = support_add_case(suite, "row", NULL, NULL);

    tcase_add_test(value, test_integers_keep_every_digit);
    tcase_add_test(value, test_real_numbers_are_read_back_as_the_same);
    tcase_add_test(value, test_a_number_without_a_word_in_json_is_null);
    tcase_add_test(value, test_every_byte_of_ascii_is_read_back);
    tcase_add_loop_test(value, test_what_is_not_utf8_becomes_a_mark, 0,
                        sizeof(texts) / sizeof(texts[0]));
    tcase_add_test(value, test_text_ends_where_its_size_says);
    tcase_add_test(value, test_payload_goes_as_it_is);
    tcase_add_test(value, test_payload_that_others_wrote_is_valid_and_one_line);
    tcase_add_test(value, test_blob_is_its_digits);
    tcase_add_test(row, test_row_is_an_object_in_the_order_of_its_columns);
    tcase_add_test(row, test_absent_payload_is_not_the_value_null);
    return support_run_suite(suite);
}
