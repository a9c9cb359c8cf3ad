/* SPDX-License-Identifier: MIT */
/*
 * The scanner promises to find where a JSON value begins and ends without ever
 * reading past the text, and without a stack that grows with the input. Every
 * text here is a copy of exactly its size, so that a sanitizer sees one byte
 * too many.
 */
#include "scan.h"
#include "support.h"

#include <stdlib.h>

/** Every kind of token, nested, with brackets and quotes inside strings. */
static const char sample[] =
    "{ \"a\" : [ 1 , -2.5e+3 , true , null , \"]}\" ] ,\n"
    "\t\"b\\\"\" : { \"x\\\\\" : \"\\\"\" , \"y\" : [ [ ] , { } ] } ,\r\n"
    " \"\" : \"{[\\\\\" }";

static const char compact_sample[] =
    "{\"a\":[1,-2.5e+3,true,null,\"]}\"],"
    "\"b\\\"\":{\"x\\\\\":\"\\\"\",\"y\":[[],{}]},"
    "\"\":\"{[\\\\\"}";

/** A copy without a byte to spare; yours to free. */
static char *
exact_copy(const char *text, size_t size)
{
    char *copy = malloc(size);

    ck_assert(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, text, size);
    return copy;
}

/** Scan one value; *ret_text is support's copy of its span, NULL when there
 *  is none. */
static enum collector__scan
scan(const char *text, size_t size, unsigned depth_max, const char **ret_text)
{
    char *copy = exact_copy(text, size);
    struct collector__cursor cursor = {copy, copy + size};
    struct collector__span span = {NULL, 0};
    enum collector__scan found;

    found = collector__scan_value(&cursor, depth_max, &span);
    ck_assert(cursor.at <= cursor.end);
    if (found == COLLECTOR_SCAN_OK)
        ck_assert_ptr_eq(cursor.at, span.text + span.size);
    else
        ck_assert_ptr_null(span.text);
    *ret_text = found == COLLECTOR_SCAN_OK
                    ? support_format("%.*s", (int)span.size, span.text)
                    : NULL;
    free(copy);
    return found;
}

START_TEST(test_a_value_ends_where_it_ends)
{
    static const struct {
        const char *text;
        const char *value;
    } rows[] = {
        {"1", "1"},
        {" \t\r\n 1 \n", "1"},
        {"-1.5e3,2", "-1.5e3"},
        {"true]", "true"},
        {"null}", "null"},
        {"1\"a\"", "1"},
        {"\"\"x", "\"\""},
        {"\"a\\\"b\",", "\"a\\\"b\""},
        {"\"a\\\\\",", "\"a\\\\\""},
        {"\"a\\\\\\\"\",", "\"a\\\\\\\"\""},
        {"\"\\u0022\",", "\"\\u0022\""},
        {"\"]}[{,:\",", "\"]}[{,:\""},
        {"[]]", "[]"},
        {"{}}", "{}"},
        {"[1,[2,{\"a\":[]}]],3", "[1,[2,{\"a\":[]}]]"},
        {"[\"]\",\"}\"]1", "[\"]\",\"}\"]"},
        {"{\"[\":\"{\"}[", "{\"[\":\"{\"}"},
        {"[\"\\\"]\"] ]", "[\"\\\"]\"]"},
    };
    const char *value;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(scan(rows[i].text, strlen(rows[i].text),
                              COLLECTOR_SCAN_DEPTH_MAX, &value),
                         COLLECTOR_SCAN_OK);
        ck_assert_str_eq(value, rows[i].value);
    }
}
END_TEST

START_TEST(test_what_does_not_close_is_malformed)
{
    static const char *const texts[] = {
        "",      " ",       "]",         "}",      ",",      ":",
        "[",     "{",       "[}",        "{]",     "[[]",    "[{]}",
        "{[}]",  "\"",      "\"abc",     "\"\\",   "\"\\\"", "\"a\\\\\\\"",
        "[\"]",  "{\"a}",   "[1,\"a]",   "[[[[}",  "[}]",    "{\"a\":[}]",
        "[\"\\", "[\"\\\"", "[\"\\\"]}", "[true}", "{\"a\"",
    };
    const char *value;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(scan(texts[i], strlen(texts[i]), COLLECTOR_SCAN_DEPTH_MAX,
                           &value) == COLLECTOR_SCAN_MALFORMED,
                      "accepted: %s", texts[i]);
}
END_TEST

START_TEST(test_a_text_cut_anywhere_is_malformed)
{
    const size_t whole = strlen(sample);
    const char *value;
    size_t size;

    for (size = 0; size < whole; size++)
        ck_assert_msg(scan(sample, size, COLLECTOR_SCAN_DEPTH_MAX, &value) ==
                          COLLECTOR_SCAN_MALFORMED,
                      "accepted the first %zu bytes", size);
    ck_assert_int_eq(scan(sample, whole, COLLECTOR_SCAN_DEPTH_MAX, &value),
                     COLLECTOR_SCAN_OK);
    ck_assert_str_eq(value, sample);
}
END_TEST

/** So many levels: arrays, objects in arrays, or unclosed brackets. */
static enum collector__scan
scan_depth(size_t depth, char opening, char closing, unsigned depth_max)
{
    const size_t size = 2 * depth;
    char *text = malloc(size);
    enum collector__scan found;
    const char *value;

    ck_assert_ptr_nonnull(text);
    memset(text, opening, depth);
    memset(text + depth, closing, depth);
    found = scan(text, size, depth_max, &value);
    free(text);
    return found;
}

START_TEST(test_depth_64_is_followed)
{
    ck_assert_int_eq(scan_depth(64, '[', ']', 64), COLLECTOR_SCAN_OK);
    ck_assert_int_eq(scan_depth(64, '{', '}', 64), COLLECTOR_SCAN_OK);
}
END_TEST

START_TEST(test_depth_65_is_too_deep)
{
    ck_assert_int_eq(scan_depth(65, '[', ']', 64), COLLECTOR_SCAN_TOO_DEEP);
    ck_assert_int_eq(scan_depth(65, '{', '}', 64), COLLECTOR_SCAN_TOO_DEEP);
}
END_TEST

START_TEST(test_depth_100000_is_too_deep)
{
    ck_assert_int_eq(scan_depth(100000, '[', ']', 64), COLLECTOR_SCAN_TOO_DEEP);
    ck_assert_int_eq(scan_depth(100000, '[', '[', 64), COLLECTOR_SCAN_TOO_DEEP);
}
END_TEST

START_TEST(test_depth_0_allows_scalars_only)
{
    const char *value;

    ck_assert_int_eq(scan("7", 1, 0, &value), COLLECTOR_SCAN_OK);
    ck_assert_int_eq(scan("\"[\"", 3, 0, &value), COLLECTOR_SCAN_OK);
    ck_assert_int_eq(scan("[]", 2, 0, &value), COLLECTOR_SCAN_TOO_DEEP);
    ck_assert_int_eq(scan("{}", 2, 0, &value), COLLECTOR_SCAN_TOO_DEEP);
}
END_TEST

START_TEST(test_a_sibling_is_no_deeper)
{
    const char *value;

    ck_assert_int_eq(scan("[[],{},[]]", 10, 2, &value), COLLECTOR_SCAN_OK);
    ck_assert_int_eq(scan("[[],{},[[]]]", 12, 2, &value),
                     COLLECTOR_SCAN_TOO_DEEP);
}
END_TEST

START_TEST(test_each_of_64_levels_is_closed_by_its_own_bracket)
{
    char text[128];
    const char *value;
    size_t i;

    for (i = 0; i < 64; i++) {
        text[i] = i % 2 == 0 ? '[' : '{';
        text[127 - i] = i % 2 == 0 ? ']' : '}';
    }
    ck_assert_int_eq(scan(text, 128, 64, &value), COLLECTOR_SCAN_OK);
    for (i = 64; i < 128; i++) {
        const char right = text[i];

        text[i] = right == ']' ? '}' : ']';
        ck_assert_int_eq(scan(text, 128, 64, &value), COLLECTOR_SCAN_MALFORMED);
        text[i] = right;
    }
}
END_TEST

/** Scan an object's members, and write them down as "name=value;". */
static enum collector__scan
scan_object(const char *text, size_t size, const char **ret_members)
{
    char *copy = exact_copy(text, size);
    struct collector__cursor cursor = {copy, copy + size};
    struct collector__member member;
    enum collector__scan found;
    const char *members = "";
    bool first;

    found = collector__scan_character(&cursor, '{');
    for (first = true; found == COLLECTOR_SCAN_OK; first = false) {
        found = collector__scan_next(&cursor, '}', first);
        if (found == COLLECTOR_SCAN_OK)
            found = collector__scan_member(&cursor, 2, &member);
        if (found == COLLECTOR_SCAN_OK)
            members = support_format("%s%.*s=%.*s;", members,
                                     (int)member.name.size, member.name.text,
                                     (int)member.value.size, member.value.text);
    }
    ck_assert(cursor.at <= cursor.end);
    free(copy);
    *ret_members = members;
    return found;
}

START_TEST(test_members_have_raw_names_and_values)
{
    static const struct {
        const char *text;
        const char *members;
    } rows[] = {
        {"{}", ""},
        {" { } ", ""},
        {"{\"a\":1}", "\"a\"=1;"},
        {" { \"a\" : 1 , \"b\" : [ 1 , 2 ] } x", "\"a\"=1;\"b\"=[ 1 , 2 ];"},
        {"{\"a\\\"\":\"}\",\"\":{\"b\":[]}}",
         "\"a\\\"\"=\"}\";\"\"={\"b\":[]};"},
        {"{\"device\\u005fid\":null}", "\"device\\u005fid\"=null;"},
        {"{\"a\":1,\"a\":2}", "\"a\"=1;\"a\"=2;"},
    };
    const char *members;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(
            scan_object(rows[i].text, strlen(rows[i].text), &members),
            COLLECTOR_SCAN_END);
        ck_assert_str_eq(members, rows[i].members);
    }
}
END_TEST

START_TEST(test_members_that_are_none_are_malformed)
{
    static const char *const texts[] = {
        "",
        "[",
        "{",
        "{,}",
        "{1:2}",
        "{a:1}",
        "{\"a\"}",
        "{\"a\" 1}",
        "{\"a\":}",
        "{\"a\":,}",
        "{\"a\":1,}",
        "{\"a\":1 2}",
        "{\"a\"::1}",
        "{[]:1}",
        "{null:1}",
        "{\"a\":]}",
        "{\"a\":1]",
        "{:1}",
        "{\"a\":1;",
        "{\"a\"\"b\"}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1\"b\":2}",
    };
    const char *members;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(scan_object(texts[i], strlen(texts[i]), &members) ==
                          COLLECTOR_SCAN_MALFORMED,
                      "accepted: %s", texts[i]);
}
END_TEST

START_TEST(test_members_cut_anywhere_are_malformed)
{
    static const char text[] = "{ \"a\\\"\" : [ \"]\" ] , \"b\" : \"\\\\\" }";
    const char *members;
    size_t size;

    for (size = 0; size < strlen(text); size++)
        ck_assert_int_eq(scan_object(text, size, &members),
                         COLLECTOR_SCAN_MALFORMED);
    ck_assert_int_eq(scan_object(text, size, &members), COLLECTOR_SCAN_END);
}
END_TEST

START_TEST(test_depth_of_a_member_counts_from_its_value)
{
    const char *members;

    ck_assert_int_eq(scan_object("{\"a\":[[]]}", 10, &members),
                     COLLECTOR_SCAN_END);
    ck_assert_int_eq(scan_object("{\"a\":[[[]]]}", 12, &members),
                     COLLECTOR_SCAN_TOO_DEEP);
}
END_TEST

/** Compact a text; *ret_text is support's copy of what came out. */
static int
compact(const char *text, size_t size, size_t size_max, const char **ret_text)
{
    char *copy = exact_copy(text, size);
    const struct collector__span span = {copy, size};
    struct collector__buffer buffer;
    int rc;

    collector__buffer_init(&buffer, size_max);
    rc = collector__scan_compact(span, &buffer);
    ck_assert_uint_le(buffer.size, size_max);
    *ret_text = support_format("%.*s", (int)buffer.size,
                               buffer.data != NULL ? buffer.data : "");
    collector__buffer_clear(&buffer);
    free(copy);
    return rc;
}

START_TEST(test_compaction_removes_space_outside_strings_only)
{
    static const struct {
        const char *text;
        const char *compact;
    } rows[] = {
        {"1", "1"},
        {"[ ]", "[]"},
        {"{ \"a b\" : \" c\\\" d \" }", "{\"a b\":\" c\\\" d \"}"},
        {"[ \"\\\\\" , \" \" ]", "[\"\\\\\",\" \"]"},
        {"[\t1,\r\n2 ,  3]", "[1,2,3]"},
        {sample, compact_sample},
        {compact_sample, compact_sample},
    };
    const char *text;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_ok(
            compact(rows[i].text, strlen(rows[i].text), SIZE_MAX, &text));
        ck_assert_str_eq(text, rows[i].compact);
    }
}
END_TEST

START_TEST(test_compaction_of_a_cut_text_stays_inside_it)
{
    const char *text;
    size_t size;
    int rc;

    for (size = 0; size <= strlen(sample); size++) {
        rc = compact(sample, size, SIZE_MAX, &text);
        ck_assert_msg(rc == COLLECTOR_OK || rc == COLLECTOR_ERR_INVALID,
                      "%s after %zu bytes", support_error_name(rc), size);
    }
    ck_assert_error(compact("[\"a]", 4, SIZE_MAX, &text),
                    COLLECTOR_ERR_INVALID);
}
END_TEST

START_TEST(test_compaction_beyond_the_buffer_is_refused)
{
    const size_t size = strlen(compact_sample);
    const char *text;

    ck_assert_ok(compact(sample, strlen(sample), size, &text));
    ck_assert_str_eq(text, compact_sample);
    ck_assert_error(compact(sample, strlen(sample), size - 1, &text),
                    COLLECTOR_ERR_TOO_BIG);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("scan");
    TCase *values = tcase_create("values");
    TCase *members = tcase_create("members");
    TCase *compaction = tcase_create("compaction");

    tcase_add_test(values, test_a_value_ends_where_it_ends);
    tcase_add_test(values, test_what_does_not_close_is_malformed);
    tcase_add_test(values, test_a_text_cut_anywhere_is_malformed);
    tcase_add_test(values, test_depth_64_is_followed);
    tcase_add_test(values, test_depth_65_is_too_deep);
    tcase_add_test(values, test_depth_100000_is_too_deep);
    tcase_add_test(values, test_depth_0_allows_scalars_only);
    tcase_add_test(values, test_a_sibling_is_no_deeper);
    tcase_add_test(values, test_each_of_64_levels_is_closed_by_its_own_bracket);
    suite_add_tcase(suite, values);
    tcase_add_test(members, test_members_have_raw_names_and_values);
    tcase_add_test(members, test_members_that_are_none_are_malformed);
    tcase_add_test(members, test_members_cut_anywhere_are_malformed);
    tcase_add_test(members, test_depth_of_a_member_counts_from_its_value);
    suite_add_tcase(suite, members);
    tcase_add_test(compaction,
                   test_compaction_removes_space_outside_strings_only);
    tcase_add_test(compaction, test_compaction_of_a_cut_text_stays_inside_it);
    tcase_add_test(compaction, test_compaction_beyond_the_buffer_is_refused);
    suite_add_tcase(suite, compaction);
    return support_run_suite(suite);
}
