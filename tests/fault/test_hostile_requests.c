/* SPDX-License-Identifier: MIT */
/*
 * Requests that are wrong on purpose, again and again and in random variations:
 * each is answered in whole answers or hung up on, none of the two readings of
 * a smuggled one is taken, and nobody else notices.
 */
#include "siege.h"

#include <stdlib.h>

#define HEAD "POST /events HTTP/1.1\r\nHost: box\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/** What would be stored if one of them were taken for what it is not. */
#define SMUGGLED "{\"device_id\":\"smuggled\",\"kind\":\"k\"}"
#define HIDDEN HEAD "Content-Length: 35\r\n\r\n" SMUGGLED

static const char *const shapes[] = {
    /* Two lengths, and names and values that only some would read as one. */
    HEAD "Content-Length: 0\r\nContent-Length: 90\r\n\r\n" HIDDEN,
    HEAD
    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
    HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
         "0\r\n\r\n" HIDDEN,
    HEAD "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" HIDDEN,
    HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN,
    HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN,
    HEAD "Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n" HIDDEN,
    HEAD "Content-Length : 36\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 3 5\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 35\r\n Content-Length: 0\r\n\r\n" SMUGGLED,
    HEAD "X: y\rContent-Length: 35\r\n\r\n" SMUGGLED,
    HEAD "X: y\nContent-Length: 35\r\n\r\n" SMUGGLED,
    HEAD "X\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 0\r\nX: \"\r\n\r\n" HEAD
         "Content-Length: -35\r\n\r\n" SMUGGLED,
    /* Chunks whose size or end can be read in two ways. */
    CHUNKED "0x23\r\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED " 23\r\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED "+23\r\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED "23\n" SMUGGLED "\n0\n\n",
    CHUNKED "23;\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED "23\r\n" SMUGGLED "0\r\n\r\n",
    CHUNKED "100000000000000023\r\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED "7fffffffffffffff\r\n" SMUGGLED "\r\n0\r\n\r\n",
    CHUNKED "\r\n" SMUGGLED "\r\n0\r\n\r\n",
    /* Lengths that lie. */
    HEAD "Content-Length: 36\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 34\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 18446744073709551651\r\n\r\n" SMUGGLED,
    HEAD "Content-Length: 1048577\r\n\r\n" SMUGGLED,
    /* Something else than a head. */
    "POST /events\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "POST /events HTTP/0.9\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "POST  /events  HTTP/1.1\r\nContent-Length: x\r\n\r\n" SMUGGLED,
    "POST /events%00 HTTP/1.1\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "POST /./events HTTP/1.1\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "POST //events HTTP/1.1\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "POST http://elsewhere/x HTTP/1.1\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "GET /events HTTP/1.1\r\nContent-Length: 35\r\n\r\n" SMUGGLED,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\r\n\r\n\r\n\r\n",
};

#define SHAPE_COUNT (sizeof(shapes) / sizeof(shapes[0]))

/** Send it, say that this is all, and read whatever comes to the end. */
static void
send_all(const char *bytes, size_t size)
{
    struct client *client = client_open(siege_port);

    (void)client_send(client, bytes, size); /* it may hang up before the end */
    client_finish(client);
    (void)client_drain(client); /* how much it says does not matter */
    client_free(client);
}

static int64_t
smuggled_count(void)
{
    return support_sql_int(db, "SELECT count(*) FROM event_log"
                               " WHERE device_id = 'smuggled'");
}

START_TEST(test_request_of_two_readings_stores_nothing)
{
    size_t i;

    for (i = 0; i < SHAPE_COUNT; i++) {
        send_all(shapes[i], strlen(shapes[i]));
        ck_assert_msg(support_sql_int(db, "SELECT count(*) FROM event_log"
                                          " WHERE device_id = 'smuggled'") == 0,
                      "it was taken for an event:\n%s", shapes[i]);
    }
    /* What was hidden in them is good by itself. */
    send_all(HIDDEN, strlen(HIDDEN));
    ck_assert_int_eq(smuggled_count(), 1);
}
END_TEST

/** Turn a byte into another, drop some, or repeat some. */
static size_t
vary(char *bytes, size_t size, unsigned *seed)
{
    size_t at = (size_t)rand_r(seed) % size;
    size_t count = 1 + (size_t)rand_r(seed) % 8;

    if (at + count > size)
        count = size - at;
    switch (rand_r(seed) % 3) {
    case 0:
        bytes[at] = (char)rand_r(seed);
        return size;
    case 1:
        memmove(bytes + at, bytes + at + count, size - at - count);
        return size - count;
    default:
        memmove(bytes + at + count, bytes + at, size - at);
        return size + count;
    }
}

START_TEST(test_random_variation_is_survived)
{
    unsigned seed = support_seed();
    uint64_t count = support_rounds("HOSTILE_VARIATIONS", 500, 100000);
    uint64_t i;

    for (i = 0; i < count; i++) {
        const char *shape = shapes[(size_t)rand_r(&seed) % SHAPE_COUNT];
        size_t size = strlen(shape);
        int changes = 1 + rand_r(&seed) % 4;
        char bytes[1024];

        memcpy(bytes, shape, size);
        while (changes-- > 0 && size > 0)
            size = vary(bytes, size, &seed);
        send_all(bytes, size);
    }
}
END_TEST

/* The answers come in order, each whole. */
START_TEST(test_pipeline_is_answered_one_by_one)
{
    struct client *client = client_open(siege_port);
    const char *one = HEAD "Content-Length: 28\r\n\r\n" EVENT
                           "GET /livez HTTP/1.1\r\nHost: box\r\n\r\n";
    int64_t before = 0;
    int i;

    ck_assert(client_print(client, "%s", support_repeat(one, 200)));
    for (i = 0; i < 200; i++) {
        int64_t id;

        ck_assert(client_read(client, &response));
        ck_assert_int_eq(response.status, 200);
        ck_assert_int_eq(response_int(&response, "accepted"), 1);
        id = strtoll(strchr(response.body, '[') + 1, NULL, 10);
        ck_assert_int_gt(id, before);
        before = id;
        ck_assert(client_read(client, &response));
        ck_assert_int_eq(response.status, 200);
    }
    client_free(client);
}
END_TEST

START_TEST(test_pipeline_ends_at_the_first_fault)
{
    struct client *client = client_open(siege_port);

    ck_assert(client_print(client,
                           "GET /livez HTTP/1.1\r\nHost: box\r\n\r\n" CHUNKED
                           "zz\r\n" HIDDEN));
    ck_assert(client_read(client, &response));
    ck_assert_int_eq(response.status, 200);
    ck_assert(client_read(client, &response));
    ck_assert_int_eq(response.status, 400);
    ck_assert(client_is_closed(client));
    client_free(client);
    ck_assert_int_eq(smuggled_count(), 0);
}
END_TEST

static const struct {
    const char *before;
    const char *after;
} oversize[] = {
    {"", ""},
    {"GET /", " HTTP/1.1\r\n\r\n"},
    {"GET /livez?", " HTTP/1.1\r\n\r\n"},
    {"", " /livez HTTP/1.1\r\n\r\n"},
    {"GET /livez HTTP/", "\r\n\r\n"},
    {HEAD, ": x\r\n\r\n"},
    {HEAD "X: ", "\r\n\r\n"},
    {HEAD "Content-Length: 1", "\r\n\r\n"},
    {CHUNKED "1;", "\r\nx\r\n"},
    {CHUNKED "0\r\nTrailer: ", "\r\n\r\n"},
};

START_TEST(test_oversize_head_is_not_felt)
{
    const char *filler = support_repeat("1", 1024 * 1024);
    uint64_t rounds = support_rounds("HOSTILE_HEADS", 2, 20);
    size_t i;

    for (; rounds > 0; rounds--)
        for (i = 0; i < sizeof(oversize) / sizeof(oversize[0]); i++) {
            const char *request = support_format("%s%s%s", oversize[i].before,
                                                 filler, oversize[i].after);

            send_all(request, strlen(request));
        }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hostile_requests");
    TCase *tcase = support_add_case(suite, "requests", siege_begin, siege_end);

    tcase_add_test(tcase, test_request_of_two_readings_stores_nothing);
    tcase_add_test(tcase, test_random_variation_is_survived);
    tcase_add_test(tcase, test_pipeline_is_answered_one_by_one);
    tcase_add_test(tcase, test_pipeline_ends_at_the_first_fault);
    tcase_add_test(tcase, test_oversize_head_is_not_felt);
    return support_run_suite(suite);
}
