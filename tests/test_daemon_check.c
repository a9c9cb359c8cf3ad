/* SPDX-License-Identifier: MIT */
/*
 * -check-config promises to say what collectord would run with, or why it would
 * not: it shows no secret, exits with 0 or 2, and touches no file.
 */
#include "site.h"

#include <stdlib.h>
#include <unistd.h>

static struct daemon *checker;
static const char *config;

static void
setup(void)
{
    site_setup();
    config = support_path(dir, "config.json");
}

static void
teardown(void)
{
    daemon_free(checker);
    checker = NULL;
}

/** Check this config file, with one more option, and wait for the end. */
static int
check(const char *json, const char *option, const char *value)
{
    support_write_file(config, json);
    daemon_free(checker);
    checker = daemon_spawn("-check-config", "-config", config, "-db", db,
                           option, value, NULL);
    return process_end(checker);
}

/** What was printed, as JSON; yours. */
static json_t *
printed(void)
{
    json_t *json = json_loads(daemon_stdout(checker), 0, NULL);

    ck_assert_msg(json_is_object(json), "no JSON object: %s",
                  daemon_stdout(checker));
    return json;
}

static void
assert_text(const json_t *json, const char *name, const char *text)
{
    ck_assert_pstr_eq(json_string_value(json_object_get(json, name)), text);
}

/** Nothing but what the test itself has written is there. */
static void
assert_untouched(void)
{
    ck_assert_int_eq(support_file_size(db), -1);
    ck_assert_int_eq(support_file_size(support_format("%s.lock", db)), -1);
}

START_TEST(test_flags_the_file_and_defaults_come_together)
{
    json_t *json;

    ck_assert_int_eq(check("{\"max-backlog\": 7, \"retain\": \"90m\","
                           " \"max-size\": \"3MiB\", \"indexed\": true,"
                           " \"mode\": \"serialized\"}",
                           "-mode", "concurrent"),
                     0);
    ck_assert_str_eq(daemon_stderr(checker), "");
    json = printed();
    assert_text(json, "db", db);
    assert_text(json, "mode", "concurrent");
    assert_text(json, "retain", "90m");
    assert_text(json, "max-size", "3MiB");
    assert_text(json, "addr", "0.0.0.0:8080");
    assert_text(json, "overflow", "reject");
    assert_text(json, "upload-interval", "1s");
    assert_text(json, "log-format", "text");
    assert_text(json, "webhook-url", NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "max-backlog")),
                     7);
    ck_assert(json_is_true(json_object_get(json, "indexed")));
    ck_assert(json_is_false(json_object_get(json, "auth-health")));
    json_decref(json);
    assert_untouched();
}
END_TEST

START_TEST(test_what_is_printed_is_a_config_file)
{
    const char *first;

    ck_assert_int_eq(check("{\"max-backlog\": 7, \"retain\": 0,"
                           " \"sink\": \"webhook\", \"webhook-url\":"
                           " \"https://up.example/in\", \"max-size\": 1234567,"
                           " \"addr\": \"localhost:99\"}",
                           "-indexed", NULL),
                     0);
    first = daemon_stdout(checker);
    ck_assert_int_eq(check(first, NULL, NULL), 0);
    ck_assert_str_eq(daemon_stdout(checker), first);
}
END_TEST

static const struct {
    const char *url;
    const char *shown;
} urls[] = {
    {"https://me:secret@up.example:8443/in?key=secret#secret",
     "https://(hidden)@up.example:8443/in?(hidden)"},
    {"https://secret@up.example", "https://(hidden)@up.example"},
    {"https://up.example/in#secret", "https://up.example/in?(hidden)"},
    {"https://a:secret%40@up.example/@in", "https://(hidden)@up.example/@in"},
};

START_TEST(test_a_secret_is_hidden)
{
    json_t *json;

    ck_assert_int_eq(check(support_format("{\"sink\": \"webhook\","
                                          " \"webhook-url\": \"%s\"}",
                                          urls[_i].url),
                           NULL, NULL),
                     0);
    json = printed();
    assert_text(json, "webhook-url", urls[_i].shown);
    json_decref(json);
    ck_assert_ptr_null(strstr(daemon_stdout(checker), "secret"));
    ck_assert_ptr_null(strstr(daemon_stderr(checker), "secret"));
}
END_TEST

START_TEST(test_tokens_are_read_and_not_shown)
{
    const char *tokens = support_path(dir, "tokens");

    support_write_file(tokens, "read 0123456789abcdef\n");
    ck_assert_int_eq(check("{}", "-auth-token-file", tokens), 0);
    ck_assert_ptr_null(strstr(daemon_stdout(checker), "0123456789"));
    support_write_file(tokens, "\nread 0123456789abcde!\n");
    ck_assert_int_eq(check("{}", "-auth-token-file", tokens), 2);
    ck_assert_contains(daemon_stderr(checker), "tokens:2: expected a token");
    ck_assert_ptr_null(strstr(daemon_stderr(checker), "0123456789"));
    ck_assert_str_eq(daemon_stdout(checker), "");
}
END_TEST

static const struct {
    const char *json;
    const char *words;
} mistakes[] = {
    {"{\n\n\"frobnicate\": 1}", "config.json:3: \"frobnicate\" is not"},
    {"{\"db\":\n\"x\",\n\"max-backlog\": \"many\"}",
     "config.json:3: \"max-backlog\" \"many\": expected a number"},
    {"{\"indexed\": \"yes\"}",
     "config.json:1: \"indexed\" has a value of the wrong type"},
    {"{\"mode\": \"group\",\n\n\"mode\": \"group\"}", "config.json:3: "},
    {"{\"check-config\": true}", "\"check-config\" is not an option of a"},
    {"{\"mode\": \"group\"", "config.json:1: expected JSON"},
    {"[]", "config.json: expected a JSON object"},
    {"{\"sink\": \"file\"}", "expected -file-path"},
    {"{\"sink\": \"webhook\", \"webhook-url\": \"http://a:secret@h:99999/\"}",
     "-sink \"webhook\": expected a URL"},
    {"{\"sink\": \"webhook\", \"webhook-url\": \"a:secret@h\"}",
     "config.json:1: \"webhook-url\": expected a URL"},
};

START_TEST(test_a_mistake_is_named_and_nothing_printed)
{
    ck_assert_int_eq(check(mistakes[_i].json, NULL, NULL), 2);
    ck_assert_contains(daemon_stderr(checker), mistakes[_i].words);
    ck_assert_uint_eq(support_occurrences(daemon_stderr(checker), "\n"), 1);
    ck_assert_ptr_null(strstr(daemon_stderr(checker), "secret"));
    ck_assert_str_eq(daemon_stdout(checker), "");
    assert_untouched();
}
END_TEST

START_TEST(test_a_running_one_is_not_in_the_way)
{
    struct daemon *collectord = daemon_start(db, NULL);

    ck_assert_int_eq(
        check("{}", "-addr",
              support_format("127.0.0.1:%d", daemon_port(collectord))),
        0);
    daemon_stop(collectord);
}
END_TEST

#define add_table(tcase, test, table)                                          \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_check");
    TCase *tcase = support_add_case(suite, "check", setup, teardown);

    tcase_add_test(tcase, test_flags_the_file_and_defaults_come_together);
    tcase_add_test(tcase, test_what_is_printed_is_a_config_file);
    add_table(tcase, test_a_secret_is_hidden, urls);
    tcase_add_test(tcase, test_tokens_are_read_and_not_shown);
    add_table(tcase, test_a_mistake_is_named_and_nothing_printed, mistakes);
    tcase_add_test(tcase, test_a_running_one_is_not_in_the_way);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
