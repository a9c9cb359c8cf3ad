/* SPDX-License-Identifier: MIT */
/*
 * What counts as plain promises to be what any parser accepts: whatever it lets
 * pass, Jansson reads without an error, and reads the same strings. That it
 * lets most telemetry pass is the reason for having it. Every text here is a
 * copy of exactly its size, so that a sanitizer sees one byte too many.
 *
 * SUPPORT_SEED repeats a run; PLAIN_TEXTS makes it longer.
 */
#include "plain.h"
#include "support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXTS_DEFAULT 100000

static unsigned seed;

static unsigned
draw(unsigned limit)
{
    return (unsigned)rand_r(&seed) % limit;
}

static bool
is_plain(const char *text, size_t size)
{
    char *copy = malloc(size);
    bool plain;

    ck_assert(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, text, size);
    plain = collector__plain_is((struct collector__span){copy, size});
    free(copy);
    return plain;
}

/* clang-format off */
static const char *const plain_texts[] = {
    "0", "-0", "7", "-12", "123456789012345678", "0.5", "-12.25",
    "1.000000000000000001", "true", "false", "null", "\"\"", "\"a b\"",
    "\"~ !#[]{}:,/\"", "[]", "{}", " [ ] ", "\t{\r\n} ", "[1]", "[1,2]",
    "[ 1 , \"x\" , null ]", "{\"a\":1}", "{\"a\":1,\"a\":2}",
    "{ \"a\" : [ { } , [ [ ] ] , { \"b\" : false } ] , \"\" : \"\" }",
    ("{\"device_id\":\"pump-7\",\"kind\":\"temperature\","
     "\"payload\":{\"celsius\":21.4},\"ts\":1767225600000}"),
};

/** Not JSON, or not plain. */
static const char *const other_texts[] = {
    "", " ", "-", "+1", "01", "-01", ".5", "1.", "1.x", "1e3", "1E3", "1.5e3",
    "1234567890123456789", "1.0000000000000000001", "0x1", "1 2", "12a",
    "tru", "truex", "nul", "True", "NaN", "Infinity", "\"", "\"a", "\"a\\n\"",
    "\"\\u0041\"", "\"\t\"", "\"\x7f\"", "\"\xc3\xa4\"", "'a'", "[", "]", "[1",
    "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"", "{\"a\":",
    "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{1:2}", "{\"a\" 1}",
    "{\"a\":,}", "{\"a\",1}", "{a:1}", "[]]", "{}{}", "[1],", ",", ":",
    "{\"a\":1]", "[\"a\":1]", "// x\n1", "\"a\"\"b\"", "{\"a\":1:2}", "\f1",
};
/* clang-format on */

START_TEST(test_most_telemetry_is_plain)
{
    const char *text = plain_texts[_i];

    ck_assert_msg(is_plain(text, strlen(text)), "not plain: %s", text);
}
END_TEST

START_TEST(test_what_is_odd_or_wrong_is_not)
{
    const char *text = other_texts[_i];

    ck_assert_msg(!is_plain(text, strlen(text)), "plain: %s", text);
}
END_TEST

START_TEST(test_a_nul_is_not_plain)
{
    ck_assert(!is_plain("1\0", 2));
    ck_assert(!is_plain("\"a\0b\"", 5));
    ck_assert(!is_plain("[\0]", 3));
    ck_assert(!is_plain("true\0", 5));
}
END_TEST

START_TEST(test_nesting_is_followed_to_the_limit_and_no_further)
{
    const size_t depth = COLLECTOR_SCAN_DEPTH_MAX;
    const char *open = support_repeat("[", depth);
    const char *closed = support_repeat("]", depth);
    const char *text = support_format("%s%s", open, closed);

    ck_assert(is_plain(text, strlen(text)));
    text = support_format("[%s%s]", open, closed);
    ck_assert(!is_plain(text, strlen(text)));
    ck_assert(!is_plain(open, depth));
    open = support_repeat("{\"a\":", depth);
    closed = support_repeat("}", depth);
    text = support_format("%s1%s", open, closed);
    ck_assert(is_plain(text, strlen(text)));
    text = support_format("%s1]%s", open, closed + 1);
    ck_assert(!is_plain(text, strlen(text)));
}
END_TEST

/** Change a byte or three: another one, one less, or one more. */
static size_t
mutate(char *text, size_t size)
{
    static const char bytes[] = "\"\\{}[]:, \t\n019.-+eEtrufalsn/\x01\x7f\xc3";
    unsigned times = draw(4);

    for (; times > 0 && size > 1; times--) {
        const size_t at = draw((unsigned)size);
        const char byte = bytes[draw(sizeof(bytes))];

        if (draw(3) == 0) {
            memmove(text + at, text + at + 1, size - at - 1);
            size--;
        } else if (draw(2) == 0) {
            memmove(text + at + 1, text + at, size - at);
            text[at] = byte;
            size++;
        } else {
            text[at] = byte;
        }
    }
    return size;
}

static const char *
pick_text(void)
{
    const unsigned plain = sizeof(plain_texts) / sizeof(plain_texts[0]);
    const unsigned other = sizeof(other_texts) / sizeof(other_texts[0]);
    const unsigned i = draw(2 * plain + other);

    return i < 2 * plain ? plain_texts[i % plain] : other_texts[i - 2 * plain];
}

START_TEST(test_jansson_accepts_whatever_is_plain)
{
    const char *given = getenv("PLAIN_TEXTS");
    const size_t count =
        given != NULL ? strtoul(given, NULL, 10) : TEXTS_DEFAULT;
    size_t plain_count = 0;
    size_t refused_count = 0;
    char text[512];
    size_t i;

    seed = support_seed();
    for (i = 0; i < count; i++) {
        size_t size = (size_t)snprintf(text, 480, "%s", pick_text());
        json_t *tree;
        bool plain;

        size = mutate(text, size);
        plain = is_plain(text, size);
        tree = json_loadb(
            text, size,
            JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
        ck_assert_msg(!plain || tree != NULL, "plain, but refused: %.*s",
                      (int)size, text);
        if (plain && json_is_string(tree)) /* nothing but spaces around it */
            ck_assert_ptr_nonnull(memmem(text, size, json_string_value(tree),
                                         json_string_length(tree)));
        plain_count += plain;
        refused_count += tree == NULL;
        json_decref(tree);
    }
    /* Or else nothing was tried. */
    ck_assert_uint_gt(plain_count, count / 10);
    ck_assert_uint_gt(refused_count, count / 10);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plain");
    TCase *tcase = support_add_case(suite, "plain", NULL, NULL);

    tcase_add_loop_test(tcase, test_most_telemetry_is_plain, 0,
                        sizeof(plain_texts) / sizeof(plain_texts[0]));
    tcase_add_loop_test(tcase, test_what_is_odd_or_wrong_is_not, 0,
                        sizeof(other_texts) / sizeof(other_texts[0]));
    tcase_add_test(tcase, test_a_nul_is_not_plain);
    tcase_add_test(tcase, test_nesting_is_followed_to_the_limit_and_no_further);
    tcase_add_test(tcase, test_jansson_accepts_whatever_is_plain);
    return support_run_suite(suite);
}
