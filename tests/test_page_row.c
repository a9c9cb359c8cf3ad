/* SPDX-License-Identifier: MIT */
/*
 * Rows are read from the bytes of a page as SQLite reads them from the file;
 * and bytes that make no sense are no row.
 */
#include "damage.h"

#include "page_row.h"

#include <stdlib.h>

#define PAGE_SIZE 4096

/* The columns of the tables below. */
enum { COLUMN_ID, COLUMN_VALUE, COLUMN_WORD };

static struct harness harness;

/** A database that holds table t with these rows in a single page. */
static struct collector__page
make_page(const char *rows)
{
    struct bytes file;
    size_t root;

    harness_init(&harness);
    support_sql_create(
        harness.path,
        support_format("PRAGMA page_size=%d;"
                       "CREATE TABLE t(id INTEGER PRIMARY KEY, value, word);"
                       "INSERT INTO t VALUES %s",
                       PAGE_SIZE, rows));
    file = bytes_read(harness.path);
    root = (size_t)support_sql_int(
        harness.path, "SELECT rootpage FROM sqlite_master WHERE name = 't'");
    ck_assert_uint_le(root * PAGE_SIZE, file.size);
    return (struct collector__page){
        (const unsigned char *)file.data + (root - 1) * PAGE_SIZE, PAGE_SIZE};
}

/** The i-th row, which must be one. */
static struct collector__page_cell
read_row(struct collector__page page, uint32_t i,
         struct collector__page_columns *ret_columns)
{
    struct collector__page_cell cell;

    ck_assert(collector__page_cell(page, i, &cell));
    ck_assert(collector__page_columns(cell.local, cell.local_size, cell.size,
                                      ret_columns));
    ck_assert_uint_eq(ret_columns->count, 3);
    ck_assert(collector__page_column_is_null(ret_columns, COLUMN_ID));
    return cell;
}

START_TEST(test_integers_are_what_sqlite_says)
{
    struct collector__page page = make_page(
        "(1, 0, 'a'), (2, 1, 'a'), (3, -1, 'a'), (4, 127, 'a'),"
        "(5, -128, 'a'), (6, 128, 'a'), (7, -32768, 'a'), (8, 32768, 'a'),"
        "(9, -8388608, 'a'), (10, 8388608, 'a'), (11, -2147483648, 'a'),"
        "(12, 2147483648, 'a'), (13, -140737488355328, 'a'),"
        "(14, 140737488355328, 'a'), (15, 9223372036854775807, 'a'),"
        "(16, -9223372036854775808, 'a')");
    struct collector__page_columns columns;
    uint32_t i;

    ck_assert_uint_eq(collector__page_cell_count(page), 16);
    for (i = 0; i < 16; i++) {
        const struct collector__page_cell cell = read_row(page, i, &columns);

        ck_assert_int_eq(cell.id, i + 1);
        ck_assert(collector__page_column_is_integer(&columns, COLUMN_VALUE));
        ck_assert(!collector__page_column_is_text(&columns, COLUMN_VALUE));
        ck_assert_int_eq(
            collector__page_column_integer(&columns, cell.local, COLUMN_VALUE),
            support_sql_int(
                harness.path,
                support_format("SELECT value FROM t WHERE id = %u", i + 1)));
    }
}
END_TEST

START_TEST(test_what_is_neither_integer_nor_text_is_neither)
{
    struct collector__page page =
        make_page("(1, 1.5, 'a'), (2, x'00ff', 'a'), (3, NULL, ''),"
                  "(4, x'', 'word')");
    static const size_t word_sizes[] = {1, 1, 0, 4};
    struct collector__page_columns columns;
    struct collector__page_cell cell;
    uint32_t i;

    ck_assert_uint_eq(collector__page_cell_count(page), 4);
    for (i = 0; i < 4; i++) {
        cell = read_row(page, i, &columns);
        ck_assert(!collector__page_column_is_integer(&columns, COLUMN_VALUE));
        ck_assert(!collector__page_column_is_text(&columns, COLUMN_VALUE));
        ck_assert_int_eq(collector__page_column_is_null(&columns, COLUMN_VALUE),
                         i == 2);
        ck_assert(collector__page_column_is_text(&columns, COLUMN_WORD));
        ck_assert_uint_eq(columns.sizes[COLUMN_WORD], word_sizes[i]);
    }
    ck_assert_mem_eq(cell.local + columns.offsets[COLUMN_WORD], "word", 4);
}
END_TEST

START_TEST(test_ids_of_any_length_are_read)
{
    static const int64_t ids[] = {
        1,
        INT64_C(1) << 7,
        INT64_C(1) << 14,
        INT64_C(1) << 48,
        (INT64_C(1) << 56) - 1,
        INT64_C(1) << 56,
        INT64_MAX,
    };
    struct collector__page page =
        make_page("(1, 7, 'a'), (128, 7, 'a'), (16384, 7, 'a'),"
                  "(281474976710656, 7, 'a'), (72057594037927935, 7, 'a'),"
                  "(72057594037927936, 7, 'a'), (9223372036854775807, 7, 'a')");
    struct collector__page_columns columns;
    uint32_t i;

    ck_assert_uint_eq(collector__page_cell_count(page), 7);
    for (i = 0; i < 7; i++)
        ck_assert_int_eq(read_row(page, i, &columns).id, ids[i]);
}
END_TEST

START_TEST(test_ids_that_none_of_ours_has_are_no_rows)
{
    struct collector__page page =
        make_page("(-9223372036854775808, 7, 'a'), (-1, 7, 'a'), (0, 7, 'a'),"
                  "(1, 7, 'a')");
    struct collector__page_cell cell;

    ck_assert_uint_eq(collector__page_cell_count(page), 4);
    ck_assert(!collector__page_cell(page, 0, &cell));
    ck_assert(!collector__page_cell(page, 1, &cell));
    ck_assert(!collector__page_cell(page, 2, &cell));
    ck_assert(collector__page_cell(page, 3, &cell));
}
END_TEST

/* A header is its own size and a type a column. */
static const struct {
    const char *bytes;
    size_t available;
    size_t row_size;
} no_rows[] = {
    {"", 0, 10},                                     /* nothing */
    {"\x80", 1, 10},                                 /* a size without an end */
    {"\xff\xff\xff\xff\xff\xff\xff\xff", 8, 10},     /* of eight bytes so far */
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, 10}, /* of nine: too large */
    {"\x00", 1, 0},                                  /* less than itself */
    {"\x05\x01\x01", 3, 5},                          /* beyond the end */
    {"\x02\x80", 2, 2},                              /* half a type */
    {"\x02\x09x", 3, 3},     /* a byte that belongs to no column */
    {"\x02\x01", 2, 2},      /* a column without its byte */
    {"\x03\xff\x7f", 3, 40}, /* a column larger than the row */
    {"\x06\xa0\x80\x80\x80\x12"
     "abc",
     9, 9}, /* of 4 GiB and 3 bytes */
    {"\x13\xff\xff\xff\xff\xff\xff\xff\xff\xff"
     "\xff\xff\xff\xff\xff\xff\xff\xff\xff",
     19, 5}, /* two whose sizes run over to a small sum */
    {"\x12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 18, 18}, /* 17 columns */
};

START_TEST(test_bytes_that_make_no_sense_are_no_row)
{
    /* Without a byte to spare, for the sanitizers. */
    unsigned char *row = malloc(no_rows[_i].available);
    struct collector__page_columns columns;

    ck_assert(row != NULL || no_rows[_i].available == 0);
    memcpy(row, no_rows[_i].bytes, no_rows[_i].available);
    ck_assert(!collector__page_columns(row, no_rows[_i].available,
                                       no_rows[_i].row_size, &columns));
    free(row);
}
END_TEST

START_TEST(test_the_largest_row_of_ours_is_one)
{
    struct collector__page_columns columns;

    ck_assert(collector__page_columns(
        (const unsigned char *)"\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, 17,
        &columns));
    ck_assert_uint_eq(columns.count, COLLECTOR_PAGE_COLUMN_COUNT_MAX);
}
END_TEST

START_TEST(test_a_page_that_is_no_leaf_has_no_rows)
{
    struct collector__page page = make_page("(1, 7, 'a')");
    unsigned char *data = support_alloc(PAGE_SIZE);
    const struct collector__page changed = {data, PAGE_SIZE};

    memcpy(data, page.data, PAGE_SIZE);
    ck_assert_uint_eq(collector__page_cell_count(changed), 1);
    data[0] = 0x0a; /* a leaf of an index */
    ck_assert_uint_eq(collector__page_cell_count(changed), 0);
    data[0] = 0x05; /* an inner page of a table */
    ck_assert_uint_eq(collector__page_cell_count(changed), 0);
    data[0] = page.data[0];
    data[3] = 0x10; /* more than there can be pointers to */
    ck_assert_uint_eq(collector__page_cell_count(changed), 0);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("page_row");
    TCase *read = tcase_create("read");
    TCase *refused = tcase_create("refused");

    tcase_add_test(read, test_integers_are_what_sqlite_says);
    tcase_add_test(read, test_what_is_neither_integer_nor_text_is_neither);
    tcase_add_test(read, test_ids_of_any_length_are_read);
    tcase_add_test(read, test_the_largest_row_of_ours_is_one);
    tcase_add_test(refused, test_ids_that_none_of_ours_has_are_no_rows);
    tcase_add_loop_test(refused, test_bytes_that_make_no_sense_are_no_row, 0,
                        sizeof(no_rows) / sizeof(no_rows[0]));
    tcase_add_test(refused, test_a_page_that_is_no_leaf_has_no_rows);
    suite_add_tcase(suite, read);
    suite_add_tcase(suite, refused);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
