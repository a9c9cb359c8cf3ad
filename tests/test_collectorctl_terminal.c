/* SPDX-License-Identifier: MIT */
/*
 * On a terminal, collectorctl shows no byte of an event that the terminal would
 * obey, in any format, has colours for whoever wants some, and keeps to the
 * terminal's width.
 */
#include "fixture.h"
#include "terminal.h"

#include "ctl/display.h"

#include <jansson.h>
#include <stdlib.h>

/* NOLINTBEGIN(misc-misleading-bidirectional): that is what is tested */

/** Clears the screen, changes the title, turns a line around, and closes all.
 */
#define HOSTILE                                                                \
    "\033[2J\033]0;owned\a\xC2\x9B"                                            \
    "31m\xE2\x80\xAE\r\b"

static const struct terminal plain = {80, "dumb", NULL};
static const struct terminal coloured = {80, "xterm", NULL};

static struct fixture fixture;

static void
setup(void)
{
    const struct collector_event event = {
        .device_id = HOSTILE,
        .kind = HOSTILE,
        .payload = "\"\xC2\x9B"
                   "2J \xE2\x80\xAE \x7F\"",
        .ts = 1700000000000,
    };

    display_set_up();
    fixture_init(&fixture);
    ck_assert_ok(collector_store_append(fixture.store, &event, 1, NULL, NULL));
}

static void
teardown(void)
{
    fixture_close(&fixture);
}

/** What a terminal is shown of the file. */
#define shown(terminal, ...)                                                   \
    terminal_run(terminal, "COLLECTORCTL",                                     \
                 (const char *const[]){fixture.path, __VA_ARGS__, NULL})

/** Assert that a text has nothing but visible characters and ends of lines. */
static void
check_harmless(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    ck_assert_str_ne(text, "");
    for (; *at != '\0'; at++)
        ck_assert_msg((*at >= ' ' && *at != 0x7F) || *at == '\n',
                      "\\x%02x in:\n%s", *at, text);
    ck_assert_ptr_null(strstr(text, "\xC2\x9B"));
    ck_assert_ptr_null(strstr(text, "\xE2\x80\xAE"));
}

START_TEST(test_hostile_events_are_shown_as_text)
{
    static const char sql[] =
        "SELECT device_id AS \"" HOSTILE "\", payload_json FROM events";
    static const char *const commands[] = {"events", "tail", "devices"};
    static const char *const formats[] = {"table", "json", "csv", "ndjson"};
    size_t i;

    for (i = 0; i < 12; i++)
        check_harmless(
            shown(&plain, commands[i % 3], "-format", formats[i / 3]));
    check_harmless(shown(&plain, "event", "1"));
    check_harmless(shown(&plain, "query", sql));
    check_harmless(shown(&plain, "query", "-format", "csv", sql));
}
END_TEST

START_TEST(test_an_event_is_one_line_of_csv)
{
    static const struct collector_event forger = {
        .device_id = "a\r\n9999,forged,alarm", .kind = "k"};
    static const char sql[] = "SELECT 1 AS \"x\r\ny\"";

    ck_assert_ok(collector_store_append(fixture.store, &forger, 1, NULL, NULL));
    ck_assert_contains(shown(&plain, "events", "-format", "csv", "-after=1"),
                       "\n2,\"a\\r\\n9999,forged,alarm\",k,");
    ck_assert_str_eq(shown(&plain, "query", "-format", "csv", sql),
                     "\"x\\r\\ny\"\n1\n");
}
END_TEST

START_TEST(test_json_on_a_terminal_means_the_same)
{
    const char *text = shown(&plain, "events", "-format", "json");
    json_t *json = json_loads(text, 0, NULL);
    json_t *event = json_array_get(json, 0);

    ck_assert_str_eq(json_string_value(json_object_get(event, "device_id")),
                     HOSTILE);
    ck_assert_str_eq(json_string_value(json_object_get(event, "payload")),
                     "\xC2\x9B"
                     "2J \xE2\x80\xAE \x7F");
    json_decref(json);
}
END_TEST

START_TEST(test_mistakes_are_harmless_too)
{
    /* It says so on stderr, which is the terminal, and ends with 0. */
    static const char hostile[] = HOSTILE;
    static const char *const arguments[] = {
        "-c", "\"$COLLECTORCTL\" \"$0\" \"$1\" || true", hostile, hostile,
        NULL};
    const char *text = terminal_run(&plain, "SHELL_OF_TEST", arguments);

    check_harmless(text);
    ck_assert_contains(text, "collectorctl: ");
}
END_TEST

/* NOLINTEND(misc-misleading-bidirectional) */

START_TEST(test_colours_are_for_who_wants_them)
{
    const struct terminal refused = {80, "xterm", "1"};
    const struct terminal empty = {80, "xterm", ""};
    const struct terminal unset = {80, NULL, NULL};

    ck_assert_contains(shown(&coloured, "runs"), "\033[2m(0 rows");
    ck_assert_contains(shown(&coloured, "verify"), "\033[32mok");
    ck_assert_contains(shown(&empty, "verify"), "\033[32mok");
    check_harmless(shown(&refused, "verify"));
    check_harmless(shown(&unset, "verify"));
    check_harmless(shown(&plain, "verify"));
}
END_TEST

START_TEST(test_lines_are_not_longer_than_the_terminal)
{
    struct terminal narrow = plain;

    for (narrow.columns = 55; narrow.columns <= 120; narrow.columns += 30) {
        char *rest = strdup(shown(&narrow, "tail"));
        char *copy = rest;
        const char *line;

        ck_assert_contains(rest, "2023-11-14T22:13:20.000Z");
        while ((line = strsep(&rest, "\n")) != NULL)
            ck_assert_uint_le(display_width(line), narrow.columns);
        free(copy);
    }
}
END_TEST

START_TEST(test_below_a_table_stands_how_much_there_is)
{
    ck_assert_contains(shown(&plain, "query", "SELECT 1 WHERE 0"), "(0 rows");
    ck_assert_contains(
        shown(&plain, "query", "-limit", "1", "SELECT 1 UNION SELECT 2"),
        "(1 row");
    ck_assert_contains(
        shown(&plain, "query", "-limit", "1", "SELECT 1 UNION SELECT 2"),
        "; there is more: a larger -limit)\n");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("collectorctl_terminal");
    TCase *tcase = support_add_case(suite, "terminal", setup, teardown);

    (void)setenv("SHELL_OF_TEST", "/bin/sh", 1);
    tcase_add_test(tcase, test_hostile_events_are_shown_as_text);
    tcase_add_test(tcase, test_an_event_is_one_line_of_csv);
    tcase_add_test(tcase, test_json_on_a_terminal_means_the_same);
    tcase_add_test(tcase, test_mistakes_are_harmless_too);
    tcase_add_test(tcase, test_colours_are_for_who_wants_them);
    tcase_add_test(tcase, test_lines_are_not_longer_than_the_terminal);
    tcase_add_test(tcase, test_below_a_table_stands_how_much_there_is);
    return support_run_suite(suite);
}
