/* SPDX-License-Identifier: MIT */
/*
 * The library's check of a text and the daemon's are two, since the library's
 * is its own: they agree, so that what was stored can be asked for.
 */
#include "utf8.h"

#include "support.h"

/* The library's header has the same name. */
bool
collector__utf8_is_valid(const char *text, size_t size);

/** What a rule of RFC 3629 may begin or end with, and its neighbours. */
static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                      0x9f, 0xa0, 0xbf, 0xc0, 0xff};

#define EDGE_COUNT (sizeof(edges) / sizeof(edges[0]))

static void
assert_agreement(const char *text, size_t size)
{
    if (utf8_is_valid(text, size) != collector__utf8_is_valid(text, size))
        ck_abort_msg("%02x %02x %02x %02x, %zu bytes", (unsigned char)text[0],
                     (unsigned char)text[1], (unsigned char)text[2],
                     (unsigned char)text[3], size);
}

/** With each first byte, and all of the edges behind it. */
START_TEST(test_both_checks_agree)
{
    char text[4];
    size_t size;
    size_t i;

    for (i = 0; i < EDGE_COUNT * EDGE_COUNT * EDGE_COUNT * 256; i++) {
        text[0] = (char)(i % 256);
        text[1] = (char)edges[i / 256 % EDGE_COUNT];
        text[2] = (char)edges[i / 256 / EDGE_COUNT % EDGE_COUNT];
        text[3] = (char)edges[i / 256 / EDGE_COUNT / EDGE_COUNT];
        for (size = 1; size <= sizeof(text); size++)
            assert_agreement(text, size);
    }
}
END_TEST

START_TEST(test_characters_have_their_sizes)
{
    static const struct {
        const char *text;
        size_t size;
    } cases[] = {
        {"a", 1},
        {"\xc3\xa9", 2},
        {"\xc0\x80", 0}, /* longer than it has to be */
        {"\xe2\x82\xac", 3},
        {"\xe2\x82", 0},
        {"\xed\xa0\x80", 0}, /* half of a pair of UTF-16 */
        {"\xf0\x9f\x98\x80", 4},
        {"\xf4\x90\x80\x80", 0}, /* beyond the last */
        {"\x80", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_uint_eq(
            utf8_character_size(cases[i].text, strlen(cases[i].text)),
            cases[i].size);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tcase = support_add_case(suite, "utf8", NULL, NULL);

    tcase_add_test(tcase, test_both_checks_agree);
    tcase_add_test(tcase, test_characters_have_their_sizes);
    return support_run_suite(suite);
}
