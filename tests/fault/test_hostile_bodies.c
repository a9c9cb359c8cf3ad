/* SPDX-License-Identifier: MIT */
/*
 * Bodies that are as deep, as long, as broken or as many-named as can be: they
 * are read within bounds of memory and time, whatever the library below would
 * do with them.
 */
#include "siege.h"

#include <stdio.h>
#include <stdlib.h>

#define MEGABYTE (1024 * 1024)

/** Of distinct devices, posted at once. */
#define DEVICE_BATCH 1000

static int
post_bytes(const char *body, size_t size)
{
    struct client *client = client_open(siege_port);

    (void)client_print(client,
                       "POST /events HTTP/1.1\r\nHost: box\r\n"
                       "Content-Length: %zu\r\n\r\n",
                       size);
    (void)client_send(client, body, size); /* it may be refused on its head */
    ck_assert(client_read(client, &response));
    client_free(client);
    return response.status;
}

/** As often as fits into a megabyte, between these two. */
static const struct {
    const char *before;
    const char *repeated;
    const char *after;
} huge[] = {
    {"", "{},", ""},
    {"[", "{},", "{}]"},
    {"", "[", ""},
    {"", "{\"a\":", ""},
    {"[", "[],", "[]]"},
    {"", " ", ""},
    {"", "\n", ""},
    {"", "\"", ""},
    {"", "\\", ""},
    {"", "1", ""},
    {"", "{\"device_id\":\"a\",\"kind\":\"k\"},", ""},
    {"{\"device_id\":\"", "a", "\",\"kind\":\"k\"}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"", "\\u0041", "\"}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":", "9", "}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":[", "0,", "0]}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":", "[", "}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\"", ",\"x\":{}", "}"},
    {"{\"device_id\":\"a\",\"kind\":\"k\"", ",\"kind\":\"k\"", "}"},
};

static void
assert_huge_is_refused(const char *before, const char *repeated,
                       const char *after)
{
    size_t room = MEGABYTE - strlen(before) - strlen(after);
    char *middle = support_repeat(repeated, room / strlen(repeated));
    const char *body = support_format("%s%s%s", before, middle, after);
    int status = post_bytes(body, strlen(body));

    ck_assert_msg(status == 400 || status == 413, "%d for %s%s: %s", status,
                  before, repeated, response.body);
}

START_TEST(test_huge_body_is_refused)
{
    uint64_t rounds = support_rounds("HOSTILE_HUGE", 1, 20);
    size_t i;

    for (; rounds > 0; rounds--)
        for (i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
            assert_huge_is_refused(huge[i].before, huge[i].repeated,
                                   huge[i].after);
}
END_TEST

/** Broken in a string and between tokens. */
static const struct {
    const char *bytes;
    size_t size;
} broken[] = {
#define BROKEN(bytes)                                                          \
    {                                                                          \
        bytes, sizeof(bytes) - 1                                               \
    }
    BROKEN("\0"),
    BROKEN("\x80"),
    BROKEN("\xc0\x80"),
    BROKEN("\xc3"),
    BROKEN("\xe0\x80\x80"),
    BROKEN("\xed\xa0\x80"),
    BROKEN("\xf4\x90\x80\x80"),
    BROKEN("\xf8\x88\x80\x80\x80"),
    BROKEN("\xff\xfe"),
    BROKEN("a\0b"),
};

static const char *const places[] = {
    "",
    "{\"device_id\":\"",
    "{\"device_id\":\"a\",\"kind\":\"",
    "{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":\"",
    "{\"device_id\":\"a\",\"kind\":\"k\",\"payload\":{\"",
    "{\"device_id\":\"a\",\"kind\":\"k\",\"",
    "{\"device_id\":\"a\",\"kind\":\"k\"}",
};

/** What may follow, so that all but the broken part is in order. */
static const char *const rests[] = {"", "\"}", "\",\"kind\":\"k\"}", "\":1}",
                                    "\":1}}"};

static void
assert_broken_is_refused(size_t place, size_t part, size_t rest)
{
    char body[256];
    char *end = stpcpy(body, places[place]);

    memcpy(end, broken[part].bytes, broken[part].size);
    end = stpcpy(end + broken[part].size, rests[rest]);
    ck_assert_msg(post_bytes(body, (size_t)(end - body)) == 400,
                  "%d for part %zu at place %zu: %s", response.status, part,
                  place, response.body);
}

START_TEST(test_broken_text_is_refused)
{
    size_t place;
    size_t part;
    size_t rest;

    for (place = 0; place < sizeof(places) / sizeof(places[0]); place++)
        for (part = 0; part < sizeof(broken) / sizeof(broken[0]); part++)
            for (rest = 0; rest < sizeof(rests) / sizeof(rests[0]); rest++)
                assert_broken_is_refused(place, part, rest);
}
END_TEST

/** One event of each of so many devices that were not there before. */
static int
post_devices(uint64_t first)
{
    static char body[DEVICE_BATCH * 64];
    size_t size = 0;
    uint64_t i;

    for (i = 0; i < DEVICE_BATCH; i++)
        size += (size_t)snprintf(
            body + size, sizeof(body) - size,
            "%c{\"device_id\":\"device-%llu\",\"kind\":\"k\"}",
            i == 0 ? '[' : ',', (unsigned long long)(first + i));
    body[size++] = ']';
    return post_bytes(body, size);
}

START_TEST(test_distinct_devices_are_not_kept_in_memory)
{
    uint64_t count = support_rounds("HOSTILE_DEVICES", 20000, 1000000);
    long before_kb;
    uint64_t i;

    for (i = 0; i < DEVICE_BATCH * 5; i += DEVICE_BATCH)
        ck_assert_int_eq(post_devices(i), 200);
    before_kb = siege_resident_kb();
    for (; i < count; i += DEVICE_BATCH)
        ck_assert_int_eq(post_devices(i), 200);
    (void)fprintf(stderr, "%ld KiB more for %llu devices\n",
                  siege_resident_kb() - before_kb, (unsigned long long)count);
    ck_assert_int_ge(support_sql_int(db, "SELECT count(*) FROM devices"),
                     (int64_t)count);
    http_get(siege_port, "/stats", &response);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_ge(response_int(&response, "store.devices_seen"),
                     (int64_t)count);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("hostile_bodies");
    TCase *tcase = support_add_case(suite, "bodies", siege_begin, siege_end);

    tcase_add_test(tcase, test_huge_body_is_refused);
    tcase_add_test(tcase, test_broken_text_is_refused);
    tcase_add_test(tcase, test_distinct_devices_are_not_kept_in_memory);
    return support_run_suite(suite);
}
