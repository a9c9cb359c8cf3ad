/* SPDX-License-Identifier: MIT */
/* A page of another site has nothing done here, and everybody else has. */
#include "origin.h"

#include "support.h"

START_TEST(test_no_browser_is_no_foreigner)
{
    ck_assert(!origin_is_foreign(NULL, NULL, "box:8080"));
    ck_assert(!origin_is_foreign(NULL, NULL, NULL));
}
END_TEST

START_TEST(test_a_browser_says_whose_page_it_is)
{
    ck_assert(!origin_is_foreign("same-origin", "https://box", "127.0.0.1"));
    ck_assert(!origin_is_foreign("none", NULL, "box"));
    ck_assert(origin_is_foreign("cross-site", NULL, "box"));
    ck_assert(origin_is_foreign("same-site", "http://box:81", "box:80"));
    ck_assert(origin_is_foreign("", "http://box", "box"));
    ck_assert(origin_is_foreign("SAME-ORIGIN", "http://box", "box"));
}
END_TEST

START_TEST(test_without_that_the_origin_is_the_host_that_was_asked)
{
    ck_assert(!origin_is_foreign(NULL, "http://box:8080", "box:8080"));
    ck_assert(!origin_is_foreign(NULL, "https://Box", "box"));
    ck_assert(origin_is_foreign(NULL, "http://box:8081", "box:8080"));
    ck_assert(origin_is_foreign(NULL, "http://box", "box:8080"));
    ck_assert(origin_is_foreign(NULL, "http://box.evil.example", "box"));
    ck_assert(origin_is_foreign(NULL, "ftp://box", "box"));
    ck_assert(origin_is_foreign(NULL, "null", "box"));
    ck_assert(origin_is_foreign(NULL, "null", "null"));
    ck_assert(origin_is_foreign(NULL, "", ""));
    ck_assert(origin_is_foreign(NULL, "http://box", NULL));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("origin");
    TCase *tcase = tcase_create("foreign");

    tcase_add_test(tcase, test_no_browser_is_no_foreigner);
    tcase_add_test(tcase, test_a_browser_says_whose_page_it_is);
    tcase_add_test(tcase,
                   test_without_that_the_origin_is_the_host_that_was_asked);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
