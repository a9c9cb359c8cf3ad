/* SPDX-License-Identifier: MIT */
/*
 * collectorctl promises that a mistake on its command line is found before
 * anything is asked or changed, and said in one line; and that the command may
 * stand before what it is asked of.
 */
#include "ctl.h"
#include "fixture.h"

#include "ctl/flags.h"

#include <stdio.h>

static struct fixture fixture;

/** A file of nobody's, with one dead letter and one event that waits. */
static void
setup(void)
{
    const struct collector_delivery rejected = {
        .result = COLLECTOR_REJECTED, .status = 400, .error = "HTTP 400"};
    struct collector_batch *batch;

    fixture_init(&fixture);
    fixture_append(&fixture, 2);
    batch = fixture_fetch(&fixture, 1);
    ck_assert_ok(collector_store_checkpoint(fixture.store, batch, &rejected));
    collector_batch_free(batch);
    fixture_close(&fixture);
}

static void
teardown(void)
{
    fixture_close(&fixture);
}

START_TEST(test_mistakes_are_found_before_anything_is_asked)
{
    static const struct {
        const char *arguments[4];
        const char *words;
    } mistakes[] = {
        {{NULL}, "expected a file or a URL"},
        {{"f"}, "expected a command"},
        {{"stats"}, "expected a file or a URL"},
        {{"f", "nope"}, "\"nope\" is not a command"},
        {{"f", "stats", "x"}, "stats: expected nothing like \"x\""},
        {{"f", "event"}, "event: expected ID"},
        {{"f", "stats", "-nope"}, "-nope is not an option"},
        {{"f", "stats", "-f"}, "-f changes nothing about stats"},
        {{"f", "health", "-format=csv"}, "-format changes nothing"},
        {{"f", "stats", "-format=xml"}, "table|json|csv|ndjson"},
        {{"f", "tail", "-n", "1001"}, "from 0 to 1000"},
        {{"f", "tail", "-n"}, "-n: expected a value, N"},
        {{"f", "tail", "-f=yes"}, "-f: expected no value"},
        {{"f", "tail", "-f", "-format=json"}, "take -format ndjson"},
        {{"f", "events", "-limit=0"}, "from 1 to 100000"},
        {{"f", "events", "-since=soon"}, "such as 10m"},
        {{"f", "events", "-device="}, "expected a value"},
        {{"f", "events", "-until=0"}, "after 1970 began"},
        {{"f", "events", "-until=90000d"}, "after 1970 began"},
        {{"f", "devices", "-silent", "10"}, "a duration"},
        {{"f", "runs", "-status", "bad"}, "success|dead|dropped|error"},
        {{"f", "stats", "-timeout=1s"}, "-timeout is for a URL"},
        {{"http://x", "stats", "-deadline=1s"}, "-deadline is for a file"},
        {{"http://x", "query", "SELECT 1"}, "a collector takes no SQL"},
        {{"http://x", "verify"}, "only a file"},
        {{"f", "health", "-live"}, "-live is for a URL"},
        {{"HTTP://x", "verify"}, "only a file"},
        {{"HTTPS://x", "verify"}, "only a file"},
        {{"f", "snapshot", "-"}, "one that is called - is ./-"},
        {{"http://x", "snapshot", "-"}, "one that is called - is ./-"},
        {{"f", "snapshot", ""}, "snapshot: expected OUT"},
        {{"f", "snapshot", "x", "-deadline=1s"}, "changes nothing about"},
    };
    size_t i;

    for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const char *const *words = mistakes[i].arguments;

        ck_assert_int_eq(
            ctl_end(process_spawn("COLLECTORCTL", words[0], words[1], words[2],
                                  words[3], NULL)),
            2);
        ck_assert_str_eq(ctl_out, "");
        ck_assert_contains(ctl_err, mistakes[i].words);
        ck_assert_uint_eq(support_occurrences(ctl_err, "\n"), 1);
    }
}
END_TEST

START_TEST(test_a_text_has_an_end)
{
    const char *text = support_repeat("x", 256);

    ck_assert_int_eq(ctl("f", "events", "-text", text), 1);
    ck_assert_contains(ctl_err, "f: No such file");
    text = support_format("%sx", text);
    ck_assert_int_eq(ctl("f", "events", "-text", text), 2);
    ck_assert_contains(ctl_err, "expected a text of up to 256 bytes");
    ck_assert_int_eq(ctl("http://127.0.0.1:1", "tail", "-text", text), 2);
}
END_TEST

/** In the place of something else. */
#define URL "http://user:secret@h"

START_TEST(test_a_mistake_shows_no_password)
{
    static const char *const mistakes[][4] = {
        {"f", URL},
        {"stats", "x", URL},
        {"-format", URL},
        {"-limit", URL},
        {"-max-size", URL},
        {"-silent", URL},
        {"-until", URL},
        {"-" URL},
        {"-nope=" URL},
        {"f", "event", URL},
        {"f", "dead-letters", URL},
        {"f", "dead-letters", URL, "-yes"},
        {"f", "dead-letters", "replay", URL},
        {"f", "snapshot", URL},
        {"htp://user:secret@h", "stats"},
        {"http://h", "stats", "-token-file=" URL},
    };
    const char *const *words = mistakes[_i];

    ck_assert_int_eq(ctl_end(process_spawn("COLLECTORCTL", words[0], words[1],
                                           words[2], words[3], NULL)),
                     2);
    ck_assert_contains(ctl_err, "collectorctl: ");
    ck_assert_ptr_null(strstr(ctl_err, "secret"));
}
END_TEST

/** How long a question of that command may take. */
static uint64_t
deadline_ms(const char *command, const char *option)
{
    const char *const words[] = {"collectorctl", "f", command, option};
    enum flags_action action;
    struct problem problem;
    struct flags flags;

    ck_assert_int_eq(flags_parse(option != NULL ? 4 : 3, (char *const *)words,
                                 &flags, &action, &problem),
                     0);
    return flags.deadline_ms;
}

START_TEST(test_to_look_through_a_file_there_is_more_time)
{
    ck_assert_uint_eq(deadline_ms("stats", NULL), 5000);
    ck_assert_uint_eq(deadline_ms("verify", NULL), 600000);
    ck_assert_uint_eq(deadline_ms("verify", "-deadline=5s"), 5000);
    ck_assert_uint_eq(deadline_ms("mcp", "-deadline=7s"), 7000);
    ck_assert_uint_eq(deadline_ms("dead-letters", "-deadline=7s"), 7000);
}
END_TEST

START_TEST(test_help_and_version_are_results)
{
    ck_assert_contains(ctl_prints("-help"), "usage: collectorctl ");
    ck_assert_contains(ctl_prints("f", "stats", "--help"), "dead-letters [");
    ck_assert_contains(ctl_prints("-h"), "usage: collectorctl ");
    ck_assert_contains(ctl_prints("help"), "usage: collectorctl ");
    ck_assert_contains(ctl_prints("help", "stats"), "usage: collectorctl ");
    ck_assert_int_eq(ctl("./help", "stats"), 1);
    ck_assert_contains(ctl_err, "./help: No such file");
    ck_assert_str_eq(ctl_prints("-version"),
                     "collectorctl " COLLECTOR_VERSION "\n");
}
END_TEST

START_TEST(test_letters_are_left_alone_for_an_option_that_is_for_a_list)
{
    static const char *const options[] = {"-limit=1", "-after=5", "-format=csv",
                                          "-deadline=1s"};
    static const char *const actions[] = {"purge", "replay"};
    const char *action = actions[_i];
    size_t i;

    for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        ck_assert_int_eq(
            ctl(fixture.path, "dead-letters", action, "1", options[i]), 2);
        ck_assert_contains(
            ctl_err,
            support_format("changes nothing about dead-letters %s", action));
        ck_assert_int_eq(ctl(options[i], "dead-letters", fixture.path, action),
                         2);
    }
    ck_assert_int_eq(
        ctl(fixture.path, "dead-letters", "purge", "-yes", "-limit", "1"), 2);
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "replay", "-yes"), 2);
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "list", "-yes"), 2);
    ck_assert_int_eq(ctl(fixture.path, "dead-letters", "-yes"), 2);
    ck_assert_contains(ctl_err, "-yes changes nothing about dead-letters list");
    ck_assert_int_eq(support_sql_int(fixture.path,
                                     "SELECT count(*) FROM dead_letters"
                                     " WHERE replayed_as IS NULL"),
                     1);
    ck_assert_contains(ctl_prints(fixture.path, "stats"), "2 accepted");
}
END_TEST

START_TEST(test_the_command_may_come_first)
{
    const char *there = support_path(support_dir_new(), "stats");

    ck_assert_str_eq(ctl_prints("events", fixture.path, "-format", "csv"),
                     ctl_prints(fixture.path, "events", "-format", "csv"));
    ck_assert_contains(ctl_prints("query", fixture.path, "SELECT 41 + 1"),
                       "42");
    ck_assert_int_eq(ctl("health", "http://127.0.0.1:1"), 1);
    ck_assert_contains(ctl_err, "Failed to connect");
    /* Two commands: the first is a file of that name. */
    ck_assert_int_eq(ctl("stats", "health"), 1);
    ck_assert_contains(ctl_err, "stats: No such file");
    ck_assert_int_eq(rename(fixture.path, there), 0);
    ck_assert_contains(ctl_prints(there, "stats"), "2 accepted");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_usage");
    TCase *usage = support_add_case(suite, "usage", NULL, NULL);
    TCase *file = support_add_case(suite, "file", setup, teardown);

    tcase_add_test(usage, test_mistakes_are_found_before_anything_is_asked);
    tcase_add_test(usage, test_a_text_has_an_end);
    tcase_add_loop_test(usage, test_a_mistake_shows_no_password, 0, 16);
    tcase_add_test(usage, test_to_look_through_a_file_there_is_more_time);
    tcase_add_test(usage, test_help_and_version_are_results);
    tcase_add_loop_test(
        file, test_letters_are_left_alone_for_an_option_that_is_for_a_list, 0,
        2);
    tcase_add_test(file, test_the_command_may_come_first);
    return support_run_suite(suite);
}
