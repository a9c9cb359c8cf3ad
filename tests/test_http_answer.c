/* SPDX-License-Identifier: MIT */
/*
 * The load generator's parser takes an answer that is whole, waits for one that
 * is not, and guesses nothing: what a collector should not send is a failure.
 */
#include "support.h"

#include "http_answer.h"

#define BODY_SIZE_MAX 100

#define GOOD "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"

static enum http_answer_form
parse(const char *text, struct http_answer *answer)
{
    return http_answer_parse(text, strlen(text), BODY_SIZE_MAX, answer);
}

START_TEST(test_whole_answer_is_taken)
{
    struct http_answer answer;

    ck_assert_int_eq(parse(GOOD "Connection: keep-alive\r\n\r\nok", &answer),
                     HTTP_ANSWER_WHOLE);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.body_size, 2);
    ck_assert_mem_eq(answer.body, "ok", 2);
    ck_assert_uint_eq(answer.retry_s, 0);
    ck_assert(!answer.close);
}
END_TEST

START_TEST(test_headers_are_known_in_any_case)
{
    struct http_answer answer;

    ck_assert_int_eq(parse("HTTP/1.1 503 No\r\ncontent-length:0\r\n"
                           "RETRY-AFTER: \t7 \r\nconnection: Close\r\n\r\n",
                           &answer),
                     HTTP_ANSWER_WHOLE);
    ck_assert_int_eq(answer.status, 503);
    ck_assert_uint_eq(answer.body_size, 0);
    ck_assert_uint_eq(answer.retry_s, 7);
    ck_assert(answer.close);
}
END_TEST

START_TEST(test_long_retry_is_cut)
{
    struct http_answer answer;

    ck_assert_int_eq(parse(GOOD "Retry-After: 99999999999\r\n\r\nok", &answer),
                     HTTP_ANSWER_WHOLE);
    ck_assert_uint_eq(answer.retry_s, HTTP_RETRY_S_MAX);
}
END_TEST

START_TEST(test_every_part_is_waited_for)
{
    static const char text[] = GOOD "Retry-After: 1\r\n\r\nok";
    struct http_answer answer;
    size_t size;

    for (size = 0; size < sizeof(text) - 1; size++)
        ck_assert_msg(http_answer_parse(text, size, BODY_SIZE_MAX, &answer) ==
                          HTTP_ANSWER_PART,
                      "%zu bytes of it", size);
}
END_TEST

static const char *const malformed[] = {
    "x",
    "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2 200 OK",
    "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    GOOD "Content-Length: 2\r\n\r\nok",
    GOOD "Transfer-Encoding: chunked\r\n\r\nok",
    GOOD "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\nok",
    GOOD "no colon\r\n\r\nok",
    GOOD ": no name\r\n\r\nok",
    GOOD "Content-Length : 2\r\n\r\nok",
    GOOD "\r\nokay",
};

START_TEST(test_malformed_answer_is_refused)
{
    struct http_answer answer = {.problem = NULL};

    ck_assert_msg(parse(malformed[_i], &answer) == HTTP_ANSWER_MALFORMED,
                  "it was taken: %s", malformed[_i]);
    ck_assert_ptr_nonnull(answer.problem);
}
END_TEST

START_TEST(test_endless_head_is_refused)
{
    const char *text = support_format("HTTP/1.1 200 OK\r\nX: %s",
                                      support_repeat("x", HTTP_HEAD_SIZE_MAX));
    struct http_answer answer;

    ck_assert_int_eq(parse(text, &answer), HTTP_ANSWER_MALFORMED);
    text = support_format("%s\r\nContent-Length: 0\r\n\r\n", text);
    ck_assert_int_eq(parse(text, &answer), HTTP_ANSWER_MALFORMED);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_answer");
    TCase *tcase = tcase_create("parse");

    tcase_add_test(tcase, test_whole_answer_is_taken);
    tcase_add_test(tcase, test_headers_are_known_in_any_case);
    tcase_add_test(tcase, test_long_retry_is_cut);
    tcase_add_test(tcase, test_every_part_is_waited_for);
    tcase_add_loop_test(tcase, test_malformed_answer_is_refused, 0,
                        sizeof(malformed) / sizeof(malformed[0]));
    tcase_add_test(tcase, test_endless_head_is_refused);
    suite_add_tcase(suite, tcase);
    return support_run_suite(suite);
}
