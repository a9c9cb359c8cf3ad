/* SPDX-License-Identifier: MIT */
/*
 * Compression promises the text again for whoever unpacks it, with one piece of
 * memory for all texts; and to say so when a text would not get smaller.
 */
#include "gzip.h"
#include "support.h"

#include <stdlib.h>
#include <zlib.h>

#define TEXT_SIZE (1024 * 1024)

static struct collector__gzip *gzip;
static char *text;

static void
setup(void)
{
    ck_assert_ok(collector__gzip_new(&gzip));
    text = support_repeat("{\"id\":1,\"kind\":\"temperature\"},", 40000);
    ck_assert_uint_ge(strlen(text), TEXT_SIZE);
}

static void
teardown(void)
{
    collector__gzip_free(gzip);
    collector__gzip_free(NULL);
}

/** Unpack it as anybody would, and compare. */
static void
assert_holds(const char *data, size_t data_size, const char *expected,
             size_t size)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data,
                       .avail_in = (uInt)data_size};
    char *unpacked = support_alloc(size + 1);

    ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK); /* gzip alone */
    stream.next_out = (Bytef *)unpacked;
    stream.avail_out = (uInt)size + 1;
    ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(stream.avail_in, 0);
    ck_assert_uint_eq(stream.total_out, size);
    ck_assert_mem_eq(unpacked, expected, size);
    ck_assert_int_eq(inflateEnd(&stream), Z_OK);
}

START_TEST(test_what_is_packed_is_the_text_again)
{
    static const size_t sizes[] = {TEXT_SIZE, 100, 5000, TEXT_SIZE, 200};
    const char *first = NULL;
    const char *data;
    size_t size;
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ck_assert_ok(
            collector__gzip_pack(gzip, text + i, sizes[i], &data, &size));
        ck_assert_uint_lt(size, sizes[i]);
        assert_holds(data, size, text + i, sizes[i]);
        if (i == 0)
            first = data;
        ck_assert_ptr_eq(data, first); /* the largest came first */
    }
}
END_TEST

START_TEST(test_what_would_not_get_smaller_is_left_alone)
{
    const char *data = "untouched";
    size_t size = 7;
    size_t i;

    srand(support_seed());
    for (i = 0; i < TEXT_SIZE; i++)
        text[i] = (char)rand();
    ck_assert_error(collector__gzip_pack(gzip, text, TEXT_SIZE, &data, &size),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_error(collector__gzip_pack(gzip, "[]", 2, &data, &size),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_error(collector__gzip_pack(gzip, "", 0, &data, &size),
                    COLLECTOR_ERR_TOO_BIG);
    ck_assert_str_eq(data, "untouched");
    ck_assert_uint_eq(size, 7);
    /* And the next one works. */
    memset(text, 'a', TEXT_SIZE);
    ck_assert_ok(collector__gzip_pack(gzip, text, TEXT_SIZE, &data, &size));
    assert_holds(data, size, text, TEXT_SIZE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gzip");
    TCase *tcase = support_add_case(suite, "gzip", setup, teardown);

    tcase_add_test(tcase, test_what_is_packed_is_the_text_again);
    tcase_add_test(tcase, test_what_would_not_get_smaller_is_left_alone);
    return support_run_suite(suite);
}
