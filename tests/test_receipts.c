/* SPDX-License-Identifier: MIT */
/*
 * A receipt is one for all events that were sent, with one id after the other;
 * and all receipts can be put in the order of their ids.
 */
#include "support.h"

#include "receipts.h"

#include <stdlib.h>

static const char *
read_receipt(const char *text, unsigned count, int64_t *first_id)
{
    return receipts_read(text, strlen(text), count, first_id);
}

START_TEST(test_receipt_as_promised_is_read)
{
    int64_t first_id;

    ck_assert_ptr_null(
        read_receipt("{\"accepted\":1,\"ids\":[17]}\n", 1, &first_id));
    ck_assert_int_eq(first_id, 17);
    ck_assert_ptr_null(
        read_receipt("{\"accepted\":3,\"ids\":[8,9,10]}\n", 3, &first_id));
    ck_assert_int_eq(first_id, 8);
    ck_assert_ptr_null(read_receipt(
        " { \"accepted\" : 2 ,\r\n\t\"ids\" : [ 1 , 2 ] } ", 2, &first_id));
    ck_assert_int_eq(first_id, 1);
}
END_TEST

static const char *const broken[] = {
    "",
    "{}",
    "{\"error\":\"no\"}",
    "{\"accepted\":2}",
    "{\"accepted\":2,\"ids\":[]}",
    "{\"accepted\":2,\"ids\":[1]}",
    "{\"accepted\":2,\"ids\":[1,2,3]}",
    "{\"accepted\":1,\"ids\":[1]}",
    "{\"accepted\":3,\"ids\":[1,2,3]}",
    "{\"accepted\":2,\"ids\":[1,3]}",
    "{\"accepted\":2,\"ids\":[2,1]}",
    "{\"accepted\":2,\"ids\":[1,1]}",
    "{\"accepted\":2,\"ids\":[0,1]}",
    "{\"accepted\":2,\"ids\":[-1,0]}",
    "{\"accepted\":2,\"ids\":[1,2]",
    "{\"accepted\":2,\"ids\":[1,2]}x",
    "{\"accepted\":2,\"ids\":[1,2.0]}",
    "{\"accepted\":2,\"ids\":[9999999999999999999,10000000000000000000]}",
};

START_TEST(test_broken_receipt_is_refused)
{
    int64_t first_id = 42;

    ck_assert_msg(read_receipt(broken[_i], 2, &first_id) != NULL,
                  "it was read: %s", broken[_i]);
    ck_assert_int_eq(first_id, 42);
}
END_TEST

START_TEST(test_receipts_are_sorted_by_id)
{
    struct receipts lists[2] = {{.all = NULL}};
    const int64_t count = 20000;
    int64_t i;

    for (i = 0; i < count; i++) {
        const struct receipt receipt = {
            .first_id = 1 + (i * 7919) % count, .producer = 3, .count = 1};

        ck_assert_int_eq(receipts_add(&lists[i % 2], &receipt), 0);
    }
    ck_assert_int_eq(receipts_move(&lists[1], &lists[0]), 0);
    ck_assert_uint_eq(lists[1].count, 0);
    ck_assert_uint_eq(lists[0].count, (size_t)count);
    receipts_sort(&lists[0]);
    for (i = 0; i < count; i++)
        ck_assert_int_eq(lists[0].all[i].first_id, i + 1);
    receipts_release(&lists[0]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("receipts");
    TCase *tcase = tcase_create("receipts");

    tcase_add_test(tcase, test_receipt_as_promised_is_read);
    tcase_add_loop_test(tcase, test_broken_receipt_is_refused, 0,
                        sizeof(broken) / sizeof(broken[0]));
    tcase_add_test(tcase, test_receipts_are_sorted_by_id);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
