/* SPDX-License-Identifier: MIT */
/*
 * Events that the upstream refused can be looked at as they were sent, appended
 * again, and deleted, over HTTP: all of them, or those that are named and no
 * other. A mistake in such a request changes nothing.
 */
#include "account.h"
#include "site.h"

#define LIST "/dead-letters"
#define REPLAY "/dead-letters/replay"

/** Letters in the file of most tests. */
#define LETTER_COUNT 25

static struct daemon *collectord;

static void
start(void)
{
    collectord = daemon_start(db, "-upload-interval", "5ms", NULL);
}

static void
setup(void)
{
    site_setup_upstream();
    start();
}

static void
teardown(void)
{
    daemon_stop(collectord);
    account_assert(db);
    site_teardown_upstream();
}

/** Give the file letters 1 … count, with payloads of this many digits. */
static void
bury(int count, int digits)
{
    daemon_stop(collectord);
    support_sql_exec(
        db,
        support_format(
            "BEGIN;"
            "INSERT INTO event_log WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
            " SELECT i + 1 FROM n WHERE i < %d) SELECT i, 'd', 'k',"
            " printf('\"%%0*d\"', %d, 0), 1700000000000 + i FROM n;"
            "INSERT INTO dead_letters SELECT id, 1700000001000, 400,"
            " 'HTTP 400', 2, NULL FROM event_log;"
            "INSERT INTO upload_runs (started_at, finished_at, event_count,"
            " status, error, first_id, last_id, attempts) SELECT 1, 1, 1,"
            " 'dead', 'HTTP 400', id, id, 2 FROM event_log;"
            "UPDATE state SET settled_through = %d, dead = %d;"
            "COMMIT",
            count, digits, count, count));
    start();
}

static void
setup_letters(void)
{
    setup();
    bury(LETTER_COUNT, 1);
}

static int
ask(const char *method, const char *path)
{
    http_request(daemon_port(collectord), method, path, NULL, NULL, &response);
    return response.status;
}

static int64_t
letter_count(void)
{
    return support_sql_int(db, "SELECT count(*) FROM dead_letters");
}

static int64_t
replayed_count(void)
{
    return support_sql_int(db, "SELECT count(replayed_as) FROM dead_letters");
}

/** Members of the JSON text: how many letters, the first one's id, and next, 0
 *  for null. */
struct page {
    size_t count;
    int64_t first_id;
    int64_t next;
};

static struct page
read_page(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    json_t *letters = json_object_get(json, "dead_letters");
    json_t *next = json_object_get(json, "next");
    struct page page;

    ck_assert(json_is_array(letters));
    ck_assert(json_is_null(next) || json_is_integer(next));
    page.count = json_array_size(letters);
    page.first_id =
        json_integer_value(json_object_get(json_array_get(letters, 0), "id"));
    page.next = json_integer_value(next);
    json_decref(json);
    return page;
}

START_TEST(test_no_letters_are_an_empty_list)
{
    ck_assert_int_eq(ask("GET", LIST), 200);
    ck_assert_str_eq(response.body, "{\"dead_letters\":[],\"next\":null}\n");
    ck_assert_int_eq(ask("POST", REPLAY), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":0}\n");
    ck_assert_int_eq(ask("DELETE", LIST), 200);
    ck_assert_str_eq(response.body, "{\"purged\":0}\n");
}
END_TEST

#define BAD_EVENT                                                              \
    "{\"device_id\":\"a\\\"\\u0007\303\244\",\"kind\":\"bad\",\"ts\":7,"       \
    "\"payload\":{\"n\":21.40,\"big\":12345678901234567890123456,\"e\":1E+2,"  \
    "\"s\":\"\\u00e4/\\/\",\"n\":0}}"
#define BARE_EVENT "{\"device_id\":\"b\",\"kind\":\"bad\",\"ts\":8}"

static struct upstream_answer
refuse_bad_kind(void *userdata, const struct upstream_request *request)
{
    const struct upstream_answer answer = {
        .status = strstr(request->body, "\"bad\"") != NULL ? 422 : 200};

    (void)userdata;
    return answer;
}

/** A column of a letter that is a number. */
static int64_t
letter_int(const char *column, int64_t id)
{
    return support_sql_int(
        db, support_format("SELECT %s FROM dead_letters WHERE event_id = %jd",
                           column, (intmax_t)id));
}

/** What a letter looks like; the file says when it was buried. */
static const char *
letter_text(const char *event, int64_t id, const char *replayed_as)
{
    return support_format("{\"id\":%jd,%s,\"at\":%jd,\"status\":422,"
                          "\"reason\":\"HTTP 422\",\"attempts\":%jd,"
                          "\"replayed_as\":%s}",
                          (intmax_t)id, event, (intmax_t)letter_int("at", id),
                          (intmax_t)letter_int("attempts", id), replayed_as);
}

START_TEST(test_refused_event_is_shown_as_it_was_sent)
{
    static const char shown[] =
        "\"device_id\":\"a\\\"\\u0007\303\244\",\"kind\":\"bad\",\"payload\":"
        "{\"n\":21.40,\"big\":12345678901234567890123456,\"e\":1E+2,"
        "\"s\":\"\\u00e4/\\/\",\"n\":0},\"ts\":7";
    static const char bare[] = "\"device_id\":\"b\",\"kind\":\"bad\",\"ts\":8";

    daemon_stop(collectord);
    upstream_set_judge(upstream, refuse_bad_kind, NULL);
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-upload-interval",
                              "5ms", NULL);
    ck_assert_int_eq(
        site_post(collectord,
                  "[" BAD_EVENT
                  ",{\"device_id\":\"c\",\"kind\":\"good\"}," BARE_EVENT "]"),
        200);
    site_wait_drained();
    ck_assert_int_eq(ask("GET", LIST), 200);
    ck_assert_str_eq(
        response.body,
        support_format("{\"dead_letters\":[%s,%s],\"next\":null}\n",
                       letter_text(shown, 1, "null"),
                       letter_text(bare, 3, "null")));

    /* The endpoint was mended. */
    upstream_set_judge(upstream, NULL, NULL);
    ck_assert_int_eq(ask("POST", REPLAY "?ids=1"), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":1}\n");
    site_wait_drained();
    ck_assert_int_eq(ask("GET", LIST "?limit=1"), 200);
    ck_assert_str_eq(response.body,
                     support_format("{\"dead_letters\":[%s],\"next\":1}\n",
                                    letter_text(shown, 1, "4")));
    ck_assert_str_eq(
        support_sql_text(db, "SELECT payload_json FROM event_log WHERE id = 4"),
        support_sql_text(db,
                         "SELECT payload_json FROM event_log WHERE id = 1"));
    daemon_stop(collectord);
    start();
}
END_TEST

START_TEST(test_letters_come_in_pages)
{
    int64_t next = 0;
    struct page page;
    int pages = 0;

    do {
        ck_assert_int_eq(ask("GET", support_format(LIST "?limit=10&after=%jd",
                                                   (intmax_t)next)),
                         200);
        page = read_page(response.body);
        ck_assert_uint_eq(page.count, pages < 2 ? 10 : 5);
        ck_assert_int_eq(page.first_id, next + 1);
        ck_assert_int_eq(page.next, pages < 2 ? next + 10 : 0);
        next = page.next;
        pages++;
    } while (next != 0);
    ck_assert_int_eq(pages, 3);
    /* Exactly as many as there are: nothing follows. */
    ck_assert_int_eq(ask("GET", LIST "?limit=25"), 200);
    ck_assert_int_eq(read_page(response.body).next, 0);
    ck_assert_int_eq(ask("GET", LIST "?limit=24"), 200);
    ck_assert_int_eq(read_page(response.body).next, 24);
    ck_assert_int_eq(ask("GET", LIST "?after=25"), 200);
    ck_assert_uint_eq(read_page(response.body).count, 0);
}
END_TEST

START_TEST(test_page_has_a_hundred_letters_and_a_thousand_at_most)
{
    struct page page;

    bury(1001, 1);
    page = read_page(http_get_long(daemon_port(collectord), LIST));
    ck_assert_uint_eq(page.count, 100);
    ck_assert_int_eq(page.next, 100);
    page =
        read_page(http_get_long(daemon_port(collectord), LIST "?limit=1000"));
    ck_assert_uint_eq(page.count, 1000);
    ck_assert_int_eq(page.next, 1000);
}
END_TEST

START_TEST(test_page_of_large_letters_ends_early)
{
    struct page page = {.next = 0};
    size_t count = 0;
    int pages = 0;

    bury(40, 60000);
    do {
        const char *text = http_get_long(
            daemon_port(collectord),
            support_format(LIST "?after=%jd", (intmax_t)page.next));

        ck_assert_uint_le(strlen(text), 1024 * 1024 + 64 * 1024);
        page = read_page(text);
        count += page.count;
        pages++;
    } while (page.next != 0);
    ck_assert_uint_eq(count, 40);
    ck_assert_int_eq(pages, 3);
}
END_TEST

START_TEST(test_head_works_where_get_does)
{
    struct client *client = client_open(daemon_port(collectord));

    ck_assert(client_print(client, "HEAD " LIST " HTTP/1.1\r\n"
                                   "Host: box\r\n\r\n"));
    ck_assert(client_read_head(client, &response));
    ck_assert_int_eq(response.status, 200);
    ck_assert(client_is_silent(client, 50));
    client_free(client);
}
END_TEST

START_TEST(test_letters_are_replayed_once)
{
    ck_assert_int_eq(ask("POST", REPLAY "?ids=7,24%2C7,99"), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":2}\n");
    ck_assert_str_eq(
        support_sql_text(db, "SELECT group_concat(event_id, ',') FROM"
                             " dead_letters WHERE replayed_as IS NOT NULL"),
        "7,24");
    ck_assert_int_eq(ask("POST", REPLAY), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":23}\n");
    ck_assert_int_eq(ask("POST", REPLAY), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":0}\n");
    ck_assert_int_eq(support_sql_int(db, "SELECT accepted FROM ledger"),
                     2 * LETTER_COUNT);
}
END_TEST

START_TEST(test_letters_are_purged_and_stay_dead_in_the_ledger)
{
    ck_assert_int_eq(ask("DELETE", LIST "?ids=1,3,99"), 200);
    ck_assert_str_eq(response.body, "{\"purged\":2}\n");
    ck_assert_int_eq(letter_count(), LETTER_COUNT - 2);
    ck_assert_int_eq(ask("GET", LIST "?limit=1"), 200);
    ck_assert_int_eq(read_page(response.body).first_id, 2);
    ck_assert_int_eq(ask("DELETE", LIST), 200);
    ck_assert_str_eq(response.body, "{\"purged\":23}\n");
    ck_assert_int_eq(letter_count(), 0);
    ck_assert_int_eq(support_sql_int(db, "SELECT dead FROM ledger"),
                     LETTER_COUNT);
}
END_TEST

START_TEST(test_replay_says_how_far_it_came)
{
    daemon_stop(collectord);
    upstream_set_default(upstream,
                         (struct upstream_answer){.trick = UPSTREAM_HANG});
    collectord = daemon_start(db, "-sink", "webhook", "-webhook-url",
                              upstream_url(upstream, "/in"), "-max-backlog",
                              "10", "-drain-timeout", "0", NULL);
    ck_assert_int_eq(ask("POST", REPLAY), 503);
    ck_assert_str_eq(response_text(&response, "error"), "buffer full");
    ck_assert_int_eq(response_int(&response, "replayed"), 10);
    ck_assert_int_eq(response_int(&response, "backlog"), 10);
    ck_assert_ptr_nonnull(response_header(&response, "Retry-After"));
    ck_assert_int_eq(replayed_count(), 10);
    daemon_stop(collectord);
    start();
    ck_assert_int_eq(ask("POST", REPLAY), 200);
    ck_assert_str_eq(response.body, "{\"replayed\":15}\n");
}
END_TEST

START_TEST(test_request_needs_no_body)
{
    static const char *const empty[] = {
        "\r\n",
        "Content-Length: 0\r\n\r\n",
        "Content-Length: 2\r\n\r\n{}",
        "Content-Length: 7\r\n\r\n {\r\n}\t\n",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    };
    struct client *client = client_open(daemon_port(collectord));
    size_t i;

    for (i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        ck_assert(client_print(client,
                               "POST " REPLAY "?ids=%zu HTTP/1.1\r\n"
                               "Host: box\r\n%s",
                               i + 1, empty[i]));
        ck_assert_msg(client_read(client, &response), "%zu", i);
        ck_assert_msg(response.status == 200, "%zu: %s", i, response.body);
        ck_assert_str_eq(response.body, "{\"replayed\":1}\n");
        ck_assert(client_print(client,
                               "DELETE " LIST "?ids=%zu HTTP/1.1\r\n"
                               "Host: box\r\n%s",
                               i + 1, empty[i]));
        ck_assert_msg(client_read(client, &response), "%zu", i);
        ck_assert_str_eq(response.body, "{\"purged\":1}\n");
    }
    client_free(client);
}
END_TEST

START_TEST(test_body_that_says_something_is_refused)
{
    static const char *const bodies[] = {
        "{\"ids\":[7]}", "[7]", "7", "{", "}", "{}{}", "{} x", "\"\"",
    };
    size_t i;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        http_request(daemon_port(collectord), "POST", REPLAY, NULL, bodies[i],
                     &response);
        ck_assert_msg(response.status == 400, "%s", bodies[i]);
        http_request(daemon_port(collectord), "DELETE", LIST, NULL, bodies[i],
                     &response);
        ck_assert_msg(response.status == 400, "%s", bodies[i]);
        ck_assert_contains(response.body, "?ids=");
    }
    ck_assert_int_eq(letter_count(), LETTER_COUNT);
    ck_assert_int_eq(replayed_count(), 0);
}
END_TEST

START_TEST(test_mistaken_query_is_refused)
{
    static const char *const requests[][2] = {
        {"GET", LIST "?limit=0"},
        {"GET", LIST "?limit=1001"},
        {"GET", LIST "?limit=10&limit=10"},
        {"GET", LIST "?after=-1"},
        {"GET", LIST "?ids=7"},
        {"GET", LIST "?after"},
        {"DELETE", LIST "?id=7"},
        {"DELETE", LIST "?ids="},
        {"DELETE", LIST "?ids=7,x"},
        {"DELETE", LIST "?ids=0"},
        {"DELETE", LIST "?limit=1"},
        {"POST", REPLAY "?ids=7&ids=8"},
        {"POST", REPLAY "?after=7"},
        {"POST", REPLAY "?7"},
    };
    size_t i;

    for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        ck_assert_msg(ask(requests[i][0], requests[i][1]) == 400, "%s",
                      requests[i][1]);
        ck_assert_contains(response.body, "\"error\"");
    }
    ck_assert_int_eq(letter_count(), LETTER_COUNT);
    ck_assert_int_eq(replayed_count(), 0);
}
END_TEST

START_TEST(test_request_names_two_hundred_letters_at_most)
{
    const char *ids = "1";
    int i;

    for (i = 2; i <= 200; i++)
        ids = support_format("%s,%d", ids, i);
    ck_assert_int_eq(ask("DELETE", support_format(LIST "?ids=%s,201", ids)),
                     400);
    ck_assert_contains(response.body, "at most 200 numbers");
    ck_assert_int_eq(letter_count(), LETTER_COUNT);
    ck_assert_int_eq(ask("DELETE", support_format(LIST "?ids=%s", ids)), 200);
    ck_assert_int_eq(letter_count(), 0);
}
END_TEST

START_TEST(test_other_methods_and_paths_are_refused)
{
    static const struct {
        const char *method;
        const char *path;
        const char *allow;
    } requests[] = {
        {"POST", LIST, "GET, HEAD, DELETE"},
        {"PUT", LIST, "GET, HEAD, DELETE"},
        {"GET", REPLAY, "POST"},
        {"DELETE", REPLAY, "POST"},
        {"DELETE", "/events", "POST, GET, HEAD"},
        {"DELETE", "/stats", "GET, HEAD"},
        {"DELETE", LIST "/", NULL},
        {"DELETE", LIST "/7", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const char *allow = requests[i].allow;

        http_request(daemon_port(collectord), requests[i].method,
                     requests[i].path, NULL, "", &response);
        ck_assert_int_eq(response.status, allow != NULL ? 405 : 404);
        if (allow != NULL)
            ck_assert_str_eq(response_header(&response, "Allow"), allow);
        else
            ck_assert_ptr_null(response_header(&response, "Allow"));
    }
    ck_assert_int_eq(letter_count(), LETTER_COUNT);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("daemon_dead_letters");
    TCase *list = tcase_create("list");
    TCase *letters = tcase_create("letters");

    tcase_add_checked_fixture(list, setup, teardown);
    tcase_add_test(list, test_no_letters_are_an_empty_list);
    tcase_add_test(list, test_refused_event_is_shown_as_it_was_sent);
    tcase_add_test(list,
                   test_page_has_a_hundred_letters_and_a_thousand_at_most);
    tcase_add_test(list, test_page_of_large_letters_ends_early);
    suite_add_tcase(suite, list);
    tcase_add_checked_fixture(letters, setup_letters, teardown);
    tcase_add_test(letters, test_letters_come_in_pages);
    tcase_add_test(letters, test_head_works_where_get_does);
    tcase_add_test(letters, test_letters_are_replayed_once);
    tcase_add_test(letters,
                   test_letters_are_purged_and_stay_dead_in_the_ledger);
    tcase_add_test(letters, test_replay_says_how_far_it_came);
    tcase_add_test(letters, test_request_needs_no_body);
    tcase_add_test(letters, test_body_that_says_something_is_refused);
    tcase_add_test(letters, test_mistaken_query_is_refused);
    tcase_add_test(letters, test_request_names_two_hundred_letters_at_most);
    tcase_add_test(letters, test_other_methods_and_paths_are_refused);
    suite_add_tcase(suite, letters);
    return support_run_suite(suite);
}
