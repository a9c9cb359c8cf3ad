/* SPDX-License-Identifier: MIT */
/*
 * The command line promises: every option in every spelling, with the default
 * that is written down; and a typo is found before any file is touched.
 */
#include "site.h"

#include <unistd.h>

static void
setup(void)
{
    site_setup();
    /* A default of -db would be seen here. */
    ck_assert_int_eq(chdir(dir), 0);
}

static void
assert_no_file(void)
{
    ck_assert_int_eq(support_file_size(db), -1);
    ck_assert_int_eq(support_file_size("events.sqlite"), -1);
    ck_assert_int_eq(support_file_size(support_format("%s.lock", db)), -1);
}

START_TEST(test_version_is_printed)
{
    static const char *const spellings[] = {"-version", "--version"};
    struct daemon *collectord = daemon_spawn(spellings[_i], NULL);

    daemon_assert_exits(collectord, 0);
    ck_assert_eventually(strchr(daemon_stdout(collectord), '\n') != NULL);
    ck_assert_contains(daemon_stdout(collectord), COLLECTOR_VERSION);
    ck_assert_str_eq(daemon_stderr(collectord), "");
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

static const char *const hopeless_urls[] = {
    "http://user:pass@", "http://user:pass@h:99999/", "http://u:pass@[::1/"};

START_TEST(test_url_that_cannot_work_is_refused_before_a_file_is_made)
{
    struct daemon *collectord;

    support_write_file("url.json", support_format("{\"webhook-url\": \"%s\"}",
                                                  hopeless_urls[_i]));
    collectord = daemon_spawn("-addr", "127.0.0.1:0", "-db", db, "-sink",
                              "webhook", "-config", "url.json", NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert_eventually(strstr(daemon_stderr(collectord), "error ") != NULL);
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "pass"));
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

/** All of these work in a file. */
static const char *const open_secrets[][2] = {
    {"-webhook-url", "http://user:pass@127.0.0.1/"},
    {"--webhook-url", "https://user@127.0.0.1/"},
    {"-webhook-url=http://:pass@127.0.0.1?a"},
    {"-webhook-proxy", "http://user:pass@127.0.0.1:3128"},
};

START_TEST(test_a_secret_on_the_command_line_is_refused)
{
    struct daemon *collectord =
        daemon_spawn("-db", db, open_secrets[_i][0], open_secrets[_i][1], NULL);

    daemon_assert_exits(collectord, 2);
    ck_assert(daemon_says(collectord, "put it into the -config file"));
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "pass"));
    ck_assert_ptr_null(strstr(daemon_stderr(collectord), "user"));
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

/** The documented options; a default of NULL is none. */
static const struct {
    const char *name;
    const char *value;
} documented[] = {
    {"-db", "events.sqlite"},
    {"-addr", ":8080"},
    {"-http-threads", "256"},
    {"-auth-token-file", NULL},
    {"-auth-health", NULL},
    {"-mode", "group"},
    {"-durability", "full"},
    {"-indexed", NULL},
    {"-max-conns", "8"},
    {"-max-backlog", "50000"},
    {"-max-size", "1GiB"},
    {"-overflow", "reject"},
    {"-retain", "168h"},
    {"-on-damage", "refuse"},
    {"-max-dead-letters", "10000"},
    {"-idempotency-retain", "24h"},
    {"-idempotency-max", "100000"},
    {"-upload-interval", "1s"},
    {"-upload-batch", "1000"},
    {"-upload-batch-size", "1MiB"},
    {"-upload-rate-bytes", "0"},
    {"-upload-rate-events", "0"},
    {"-sink", "log"},
    {"-file-path", NULL},
    {"-webhook-url", NULL},
    {"-webhook-timeout", "30s"},
    {"-webhook-connect-timeout", "10s"},
    {"-webhook-low-speed", "0"},
    {"-webhook-low-speed-time", "10s"},
    {"-webhook-bearer-token-file", NULL},
    {"-webhook-header-file", NULL},
    {"-webhook-ca-file", NULL},
    {"-webhook-certificate-file", NULL},
    {"-webhook-key-file", NULL},
    {"-webhook-proxy", "env"},
    {"-webhook-gzip", NULL},
    {"-webhook-user-agent", NULL},
    {"-flaky-every", "0"},
    {"-drain-timeout", "10s"},
    {"-log-format", "text"},
    {"-config", NULL},
    {"-check-config", NULL},
    {"-version", NULL},
    {"-help", NULL},
};

/** What the help says about one option: up to where the next one begins. */
static const char *
help_of(const char *help, const char *name)
{
    const char *start = strstr(help, support_format("\n  %s ", name));
    const char *end;

    if (start == NULL)
        start = strstr(help, support_format("\n  %s\n", name));
    ck_assert_msg(start != NULL, "%s is missing in:\n%s", name, help);
    end = strstr(start + 1, "\n  -");
    return support_format("%.*s", end == NULL ? 1000 : (int)(end - start),
                          start);
}

START_TEST(test_help_names_every_option_and_default)
{
    static const char *const spellings[] = {"-help", "--help"};
    struct daemon *collectord = daemon_spawn(spellings[_i], NULL);
    const char *help;
    size_t i;

    daemon_assert_exits(collectord, 0);
    ck_assert_eventually(strstr(daemon_stdout(collectord), "-help") != NULL);
    help = daemon_stdout(collectord);
    for (i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
        const char *part = help_of(help, documented[i].name);

        if (documented[i].value != NULL)
            ck_assert_contains(
                part, support_format("(default %s)", documented[i].value));
    }
    /* No option has escaped the list above. */
    ck_assert_uint_eq(support_occurrences(help, "\n  -"), i);
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

static const char *const bad_flags[][5] = {
    {"-frobnicate"},
    {"-frobnicate=1"},
    {"--frobnicate", "1"},
    {"---mode", "group"},
    {"-"},
    {"--"},
    {"-=1"},
    {"stray"},
    {"-mode", "group", "stray"},
    {"-db"},
    {"-db", ""},
    {"-db="},
    {"-mode", "fast"},
    {"-mode="},
    {"-mode", "GROUP"},
    {"-durability", "none"},
    {"-indexed=perhaps"},
    {"-sink", "kafka"},
    {"-sink", "webhook"},
    {"-sink", "file"},
    {"-webhook-url", "ftp://127.0.0.1/"},
    {"-webhook-url", "127.0.0.1"},
    {"-webhook-url", "http://"},
    {"-webhook-timeout", "0s"},
    {"-webhook-timeout", "90s"},
    {"-webhook-connect-timeout", "0s"},
    {"-webhook-connect-timeout", "90s"},
    {"-webhook-low-speed", "2GiB"},
    {"-webhook-low-speed-time", "0s"},
    {"-webhook-proxy", "ftp://127.0.0.1:1"},
    {"-webhook-proxy", "on"},
    {"-webhook-proxy", "http://"},
    {"-webhook-gzip", "2"},
    {"-upload-batch-size", "17MiB"},
    {"-upload-rate-events", "1000000001"},
    {"-upload-rate-events", "-1"},
    {"-upload-rate-bytes", "2097152MiB"},
    {"-http-threads", "0"},
    {"-http-threads", "many"},
    {"-max-conns", "0"},
    {"-max-conns", "65"},
    {"-max-backlog", "-1"},
    {"-max-backlog", "10x"},
    {"-max-backlog", "1.5"},
    {"-max-backlog", " 5"},
    {"-max-backlog", "99999999999999999999"},
    {"-max-size", "1"},
    {"-max-size", "1023KiB"},
    {"-max-size", "-1"},
    {"-max-size", "1.5GiB"},
    {"-max-size", "1 GiB"},
    {"-max-size", "1gib"},
    {"-max-size", "17592186044417"},
    {"-max-size", "99999999999GiB"},
    {"-max-size", ""},
    {"-overflow", "drop"},
    {"-overflow", "drop_oldest"},
    {"-retain", "168"},
    {"-retain", "3651d"},
    {"-retain", "for ever"},
    {"-on-damage", "repair"},
    {"-max-dead-letters", "-1"},
    {"-max-dead-letters", "4000000001"},
    {"-idempotency-retain", "0"},
    {"-idempotency-retain", "999ms"},
    {"-idempotency-retain", "3651d"},
    {"-idempotency-max", "many"},
    {"-upload-interval", "0s"},
    {"-upload-interval", "5"},
    {"-upload-interval", "soon"},
    {"-upload-interval", "-1s"},
    {"-upload-interval", "99999999999999999999ms"},
    {"-upload-batch", "0"},
    {"-flaky-every", "-1"},
    {"-drain-timeout", "10"},
    {"-drain-timeout", "10 s"},
    {"-addr", "8080"},
    {"-addr", "127.0.0.1"},
    {"-addr", "127.0.0.1:"},
    {"-addr", "127.0.0.1:65536"},
    {"-addr", "127.0.0.1:http"},
    {"-addr", "127.0.0.1:-1"},
    {"-addr", "[::1]:8080"},
    {"-addr", "::1:8080"},
    {"-addr", ":::8080"},
    {"-addr", "127.0.0.1:8443s"},
    {"-addr", ":8443s"},
    {"-addr", "127.0.0.1:8080r"},
    {"-addr", "127.0.0.1:8080,127.0.0.1:8081"},
    {"-addr", "+8080"},
    {"-version=yes"},
    {"-config", "no-such-file.json"},
    {"-config", "."},
};

/** Quantities out of bounds, and how the bounds are said. */
static const char *const bounds[][3] = {
    {"-retain", "7",
     "expected a duration such as 500ms, 1s or 24h, from 0ms "
     "to 87600h"},
    {"-idempotency-retain", "1ms", "from 1s to 87600h"},
    {"-max-size", "64KiB",
     "expected a size such as 64MiB or 1GiB, from 1MiB "
     "to 16384GiB, or 0"},
    {"-max-backlog", "many", "expected a number from 0 to 4000000000"},
};

START_TEST(test_bounds_are_said_as_they_would_be_written)
{
    struct daemon *collectord =
        daemon_spawn(bounds[_i][0], bounds[_i][1], NULL);

    daemon_assert_exits(collectord, 2);
    ck_assert_msg(daemon_says(collectord, bounds[_i][2]), "%s",
                  daemon_stderr(collectord));
    daemon_free(collectord);
}
END_TEST

START_TEST(test_a_word_behind_a_switch_is_told_from_a_stray_one)
{
    struct daemon *collectord = daemon_spawn("-indexed", "yes", NULL);

    daemon_assert_exits(collectord, 2);
    ck_assert(daemon_says(collectord, "true or false behind -indexed"));
    daemon_free(collectord);
    collectord = daemon_spawn("-indexed", "-mode", "group", "stray", NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert(daemon_says(collectord, "\"stray\": expected an option, see"));
    daemon_free(collectord);
}
END_TEST

START_TEST(test_bad_flag_is_refused_before_a_file_is_made)
{
    const char *const *flags = bad_flags[_i];
    struct daemon *collectord = daemon_spawn(
        "-addr", "127.0.0.1:0", "-db", db, flags[0], flags[1], flags[2], NULL);
    const char *text;

    daemon_assert_exits(collectord, 2);
    ck_assert_eventually(strchr(daemon_stderr(collectord), '\n') != NULL);
    text = daemon_stderr(collectord);
    ck_assert_msg(strncmp(text, "error ", 6) == 0, "%s", text);
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

static const char *const bad_configs[] = {
    "",
    "{",
    "[]",
    "17",
    "{} {}",
    "{\"frobnicate\": 1}",
    "{\"-mode\": \"group\"}",
    "{\"mode\": \"fast\"}",
    "{\"mode\": 1}",
    "{\"mode\": null}",
    "{\"indexed\": \"yes\"}",
    "{\"max-backlog\": -1}",
    "{\"max-backlog\": 1.5}",
    "{\"max-backlog\": true}",
    "{\"max-size\": 1}",
    "{\"max-size\": -1}",
    "{\"max-size\": true}",
    "{\"overflow\": 1}",
    "{\"overflow\": \"drop\"}",
    "{\"retain\": 168}",
    "{\"retain\": \"3651d\"}",
    "{\"on-damage\": \"repair\"}",
    "{\"max-dead-letters\": \"-1\"}",
    "{\"idempotency-retain\": 0}",
    "{\"idempotency-max\": 1.5}",
    "{\"upload-interval\": 5}",
    "{\"upload-interval\": \"soon\"}",
    "{\"mode\": \"group\", \"mode\": \"group\"}",
    "{\"config\": \"other.json\"}",
    "{\"help\": true}",
    "{\"sink\": \"webhook\"}",
    "{\"db\": {\"path\": \"x\"}}",
};

START_TEST(test_bad_config_file_is_refused_before_a_file_is_made)
{
    struct daemon *collectord;

    support_write_file("bad.json", bad_configs[_i]);
    collectord = daemon_spawn("-addr", "127.0.0.1:0", "-db", db, "-config",
                              "bad.json", NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert_eventually(strchr(daemon_stderr(collectord), '\n') != NULL);
    assert_no_file();
    daemon_free(collectord);
}
END_TEST

/** Mistakes, and how each is said: with its line. */
static const struct {
    const char *text;
    const char *words;
} mistaken_configs[] = {
    {"{\"frobnicate\": 1}", "bad.json:1: \"frobnicate\" is not an option"},
    {"{\n  \"mode\": \"group\",\n  \"mod\": 1\n}",
     "bad.json:3: \"mod\" is not an option"},
    {"\n\n{\n\n\"mode\"\n:\n\"fast\"}",
     "bad.json:5: \"mode\" \"fast\": expected group|serialized|concurrent"},
    {"{\"db\": \"a:\\\"{,[\",\n\"indexed\": 1}",
     "bad.json:2: \"indexed\" has a value of the wrong type"},
    {"{\"mode\": \"group\",\n\"db\": {\"x\": [1,\n\"y\"]},\n\"a\": 1}",
     "bad.json:2: \"db\" has a value of the wrong type"},
    {"{\"mode\": \"group\",\n\"indexed\": true\n",
     "bad.json:3: expected JSON, but the file ends"},
    {"", "bad.json:1: expected JSON, but the file ends"},
    {"{\n\"indexed\": true,\n}", "bad.json:3: expected JSON at column 1"},
    {"{\"indexed\": true} // why", "bad.json:1: expected nothing behind"},
    {"{\"mode\": \"group\",\n\"mode\": \"group\"}", "bad.json:2: "},
};

START_TEST(test_a_mistake_in_a_config_file_is_named_with_its_line)
{
    struct daemon *collectord;

    support_write_file("bad.json", mistaken_configs[_i].text);
    collectord = daemon_spawn("-config", "bad.json", NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert_msg(daemon_says(collectord, mistaken_configs[_i].words), "%s",
                  daemon_stderr(collectord));
    daemon_free(collectord);
}
END_TEST

static const char *const spellings[][4] = {
    {"-mode", "serialized", "-indexed"},
    {"--mode", "serialized", "--indexed"},
    {"-mode=serialized", "-indexed=true"},
    {"--mode=serialized", "--indexed=true"},
    {"-mode", "group", "-mode=serialized", "-indexed"},
};

START_TEST(test_option_works_in_every_spelling)
{
    const char *const *flags = spellings[_i];
    struct daemon *collectord =
        daemon_start(db, flags[0], flags[1], flags[2], flags[3], NULL);

    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_str_eq(response_text(&response, "store.mode"), "serialized");
    ck_assert(response_bool(&response, "store.indexed"));
    daemon_stop(collectord);
}
END_TEST

START_TEST(test_flags_win_over_the_config_file)
{
    struct daemon *collectord;

    support_write_file(
        "good.json", support_format("{\"db\": \"%s\", \"mode\": \"serialized\","
                                    " \"indexed\": true, \"max-backlog\": 2,"
                                    " \"max-size\": 2000000,"
                                    " \"overflow\": \"drop-oldest\","
                                    " \"retain\": \"3650d\","
                                    " \"addr\": \"127.0.0.1:1\","
                                    " \"upload-interval\": \"1h\"}",
                                    db));
    collectord =
        daemon_spawn("-mode", "concurrent", "-config", "good.json", "-addr",
                     "127.0.0.1:0", "-overflow", "reject", NULL);
    http_get(daemon_port(collectord), "/stats", &response);
    ck_assert_str_eq(response_text(&response, "store.mode"), "concurrent");
    ck_assert(response_bool(&response, "store.indexed"));
    ck_assert_int_eq(response_int(&response, "store.size_max"), 2000000);
    ck_assert_str_eq(response_text(&response, "store.overflow"), "reject");
    http_post_events(daemon_port(collectord), "[" EVENT "," EVENT "," EVENT "]",
                     &response);
    ck_assert_int_eq(response.status, 503);
    ck_assert_int_gt(support_file_size(db), 0);
    daemon_stop(collectord);
}
END_TEST

#define add_table(tcase, test, table)                                          \
    tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof((table)[0]))

static TCase *
options_case(void)
{
    TCase *tcase = tcase_create("options");

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, test_version_is_printed, 0, 2);
    tcase_add_loop_test(
        tcase, test_url_that_cannot_work_is_refused_before_a_file_is_made, 0,
        3);
    add_table(tcase, test_a_secret_on_the_command_line_is_refused,
              open_secrets);
    tcase_add_loop_test(tcase, test_help_names_every_option_and_default, 0, 2);
    add_table(tcase, test_bad_flag_is_refused_before_a_file_is_made, bad_flags);
    add_table(tcase, test_bounds_are_said_as_they_would_be_written, bounds);
    tcase_add_test(tcase, test_a_word_behind_a_switch_is_told_from_a_stray_one);
    add_table(tcase, test_a_mistake_in_a_config_file_is_named_with_its_line,
              mistaken_configs);
    add_table(tcase, test_bad_config_file_is_refused_before_a_file_is_made,
              bad_configs);
    add_table(tcase, test_option_works_in_every_spelling, spellings);
    tcase_add_test(tcase, test_flags_win_over_the_config_file);
    return tcase;
}

int
main(void)
{
    Suite *suite = suite_create("daemon_usage");

    suite_add_tcase(suite, options_case());
    return support_run_suite(suite);
}
