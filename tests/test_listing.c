/* SPDX-License-Identifier: MIT */
/*
 * A page of rows says where the next one begins, whatever ended it: the number
 * of rows, the size of the answer, or the reader's deadline; and it is never
 * too large to be posted again.
 */
#include "listing.h"

#include "support.h"

#include <inttypes.h>
#include <stdlib.h>

/** What a reader answers. */
struct fake {
    int64_t count;
    /** The id before the first. */
    int64_t before;
    const char *payload;
    /** Of the answer. */
    bool more;
    int64_t next_id;
    int rc;
};

static int64_t taken;
static int64_t next;
static int rc;

static int
show_fake(const struct fake *fake, int64_t id, collector_row_fn show,
          void *userdata)
{
    static const char *const names[] = {"id", "device_id", "payload"};
    static char device_id[256]; /* NULs: the longest that one gets */
    const struct collector_value values[] = {
        {.type = COLLECTOR_VALUE_INTEGER, .integer = id},
        {.type = COLLECTOR_VALUE_TEXT,
         .text = device_id,
         .size = sizeof(device_id)},
        {.type = COLLECTOR_VALUE_JSON,
         .text = fake->payload,
         .size = fake->payload != NULL ? strlen(fake->payload) : 0},
    };
    const struct collector_row row = {fake->payload != NULL ? 3 : 1, names,
                                      values};

    return show(userdata, &row);
}

static int
ask(struct collector_reader *reader, const void *question,
    collector_row_fn show, void *userdata, struct collector_answer *ret_answer)
{
    const struct fake *fake = question;
    int64_t id;

    ck_assert_ptr_null(reader);
    ck_assert_uint_eq(ret_answer->size, sizeof(*ret_answer));
    if (fake->rc != COLLECTOR_OK)
        return fake->rc;
    for (id = 1; id <= fake->count; id++) {
        if (show_fake(fake, fake->before + id, show, userdata) != 0)
            break;
    }
    taken = id - 1;
    ret_answer->more = fake->more;
    ret_answer->next_id = fake->next_id;
    return COLLECTOR_OK;
}

/** What is written of it, as text of support.h. */
static const char *
written(const struct fake *fake, bool lines)
{
    const struct listing listing = {.name = "events",
                                    .ask = ask,
                                    .question = fake,
                                    .count_max = 100,
                                    .lines = lines};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const char *copy;

    ck_assert_ptr_nonnull(out);
    next = -1;
    rc = listing_write(&listing, NULL, out, &next);
    ck_assert_int_eq(fclose(out), 0);
    copy = support_format("%s", text);
    free(text);
    return copy;
}

START_TEST(test_rows_stand_in_an_array)
{
    const struct fake none = {.count = 0};
    const struct fake some = {.count = 3};

    ck_assert_str_eq(written(&none, false), "{\"events\":[],\"next\":null}\n");
    ck_assert_int_eq(next, 0);
    ck_assert_str_eq(
        written(&some, false),
        "{\"events\":[{\"id\":1},{\"id\":2},{\"id\":3}],\"next\":null}\n");
    ck_assert_int_eq(next, 0);
    ck_assert_ok(rc);
}
END_TEST

START_TEST(test_rows_stand_in_lines)
{
    const struct fake none = {.count = 0};
    const struct fake some = {.count = 2, .more = true, .next_id = 2};

    ck_assert_str_eq(written(&none, true), "");
    ck_assert_int_eq(next, 0);
    ck_assert_str_eq(written(&some, true), "{\"id\":1}\n{\"id\":2}\n");
    ck_assert_int_eq(next, 2);
}
END_TEST

START_TEST(test_next_is_where_the_reader_has_stopped)
{
    const struct fake full = {.count = 2, .more = true, .next_id = 2};
    const struct fake late = {.count = 1, .more = true, .next_id = 77};
    const struct fake nothing = {
        .count = 0, .more = true, .next_id = INT64_MAX};

    ck_assert_str_eq(written(&full, false),
                     "{\"events\":[{\"id\":1},{\"id\":2}],\"next\":2}\n");
    ck_assert_str_eq(written(&late, false),
                     "{\"events\":[{\"id\":1}],\"next\":77}\n");
    ck_assert_str_eq(written(&nothing, false),
                     "{\"events\":[],\"next\":9223372036854775807}\n");
    ck_assert_int_eq(next, INT64_MAX);
}
END_TEST

/** A payload of that many bytes. */
static const char *
payload_of(size_t size)
{
    return support_format("\"%s\"", support_repeat("x", size - 2));
}

START_TEST(test_page_is_never_too_large_to_be_posted)
{
    /* As large as an event can be, and such that the last just fits, or not. */
    static const size_t sizes[] = {65536, 64000, 10000, 2000, 2};
    size_t i;
    int lines;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (lines = 0; lines < 2; lines++) {
            const struct fake fake = {
                .count = 1000, .before = 77, .payload = payload_of(sizes[i])};
            const char *text = written(&fake, lines != 0);
            const size_t count = support_occurrences(text, "\"id\":");

            ck_assert_uint_le(strlen(text), LISTING_SIZE_MAX);
            ck_assert_uint_ge(strlen(text), LISTING_SIZE_MAX * 3 / 4);
            ck_assert_int_lt(taken, 1000);
            ck_assert_int_eq(next, (int64_t)count + 77);
            ck_assert_int_eq(taken, (int64_t)count);
        }
    }
}
END_TEST

START_TEST(test_a_row_that_is_too_large_by_itself_is_shown_alone)
{
    const struct fake fake = {.count = 2,
                              .payload = payload_of(LISTING_SIZE_MAX)};
    const char *text = written(&fake, false);

    ck_assert_uint_gt(strlen(text), LISTING_SIZE_MAX);
    ck_assert_int_eq(next, 1);
    ck_assert_int_eq(taken, 1);
}
END_TEST

START_TEST(test_failure_of_the_reader_is_returned)
{
    const struct fake fake = {.rc = COLLECTOR_ERR_TIMEOUT};

    (void)written(&fake, false);
    ck_assert_error(rc, COLLECTOR_ERR_TIMEOUT);
    ck_assert_int_eq(next, -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("listing");
    TCase *page = support_add_case(suite, "page", NULL, NULL);

    tcase_add_test(page, test_rows_stand_in_an_array);
    tcase_add_test(page, test_rows_stand_in_lines);
    tcase_add_test(page, test_next_is_where_the_reader_has_stopped);
    tcase_add_test(page, test_page_is_never_too_large_to_be_posted);
    tcase_add_test(page, test_a_row_that_is_too_large_by_itself_is_shown_alone);
    tcase_add_test(page, test_failure_of_the_reader_is_returned);
    return support_run_suite(suite);
}
