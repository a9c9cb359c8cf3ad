/* SPDX-License-Identifier: MIT */
/* Random numbers differ, and UUIDs are version 4 ones in lower case. */
#include "random.h"
#include "support.h"

#include <stdlib.h>

#define COUNT 1000

static const struct collector__random kernel = {NULL, NULL};

/** Filled with a mark, so that a byte that was not written shows. */
struct uuid {
    char text[COLLECTOR_UUID_SIZE];
    char guard;
};

static struct uuid
make_uuid(void)
{
    struct uuid uuid;

    memset(&uuid, '?', sizeof(uuid));
    collector__random_uuid(&kernel, uuid.text);
    ck_assert_int_eq(uuid.guard, '?');
    return uuid;
}

START_TEST(test_a_uuid_is_36_characters_of_its_form)
{
    struct uuid uuid;
    size_t at;
    int i;

    for (i = 0; i < COUNT; i++) {
        uuid = make_uuid();
        ck_assert_uint_eq(strlen(uuid.text), 36);
        for (at = 0; at < 36; at++) {
            if (at == 8 || at == 13 || at == 18 || at == 23)
                ck_assert_int_eq(uuid.text[at], '-');
            else
                ck_assert_ptr_nonnull(
                    memchr("0123456789abcdef", uuid.text[at], 16));
        }
    }
}
END_TEST

START_TEST(test_a_uuid_has_version_4_and_the_variant)
{
    struct uuid uuid;
    int i;

    for (i = 0; i < COUNT; i++) {
        uuid = make_uuid();
        ck_assert_int_eq(uuid.text[14], '4');
        ck_assert_ptr_nonnull(memchr("89ab", uuid.text[19], 4));
    }
}
END_TEST

START_TEST(test_every_other_digit_of_a_uuid_varies)
{
    bool seen[36][128] = {{false}};
    struct uuid uuid;
    size_t at;
    int digit;
    int kinds;
    int i;

    for (i = 0; i < COUNT; i++) {
        uuid = make_uuid();
        for (at = 0; at < 36; at++)
            seen[at][uuid.text[at] & 127] = true;
    }
    for (at = 0; at < 36; at++) {
        for (kinds = 0, digit = 0; digit < 128; digit++)
            kinds += seen[at][digit] ? 1 : 0;
        if (at == 8 || at == 13 || at == 18 || at == 23 || at == 14)
            ck_assert_int_eq(kinds, 1);
        else
            ck_assert_int_eq(kinds, at == 19 ? 4 : 16);
    }
}
END_TEST

static int
compare_uuids(const void *a, const void *b)
{
    return strcmp(a, b);
}

START_TEST(test_no_uuid_comes_twice)
{
    static struct uuid uuids[COUNT];
    int i;

    for (i = 0; i < COUNT; i++)
        uuids[i] = make_uuid();
    qsort(uuids, COUNT, sizeof(uuids[0]), compare_uuids);
    for (i = 1; i < COUNT; i++)
        ck_assert_str_ne(uuids[i - 1].text, uuids[i].text);
}
END_TEST

START_TEST(test_every_bit_of_a_number_varies)
{
    uint64_t ones = 0;
    uint64_t zeros = 0;
    int i;

    for (i = 0; i < 200; i++) {
        const uint64_t bits = collector__random(&kernel);

        ones |= bits;
        zeros |= ~bits;
    }
    ck_assert_uint_eq(ones, UINT64_MAX);
    ck_assert_uint_eq(zeros, UINT64_MAX);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("random");
    TCase *random_case = tcase_create("random");

    tcase_add_test(random_case, test_a_uuid_is_36_characters_of_its_form);
    tcase_add_test(random_case, test_a_uuid_has_version_4_and_the_variant);
    tcase_add_test(random_case, test_every_other_digit_of_a_uuid_varies);
    tcase_add_test(random_case, test_no_uuid_comes_twice);
    tcase_add_test(random_case, test_every_bit_of_a_number_varies);
    suite_add_tcase(suite, random_case);
    return support_run_suite(suite);
}
