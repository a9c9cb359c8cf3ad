/* SPDX-License-Identifier: MIT */
/*
 * Each line of the log is one line, whatever it quotes: with its level first
 * for people, with its priority for the journal, and as an object for machines.
 */
#include "site.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static struct daemon *collectord;

static void
teardown(void)
{
    daemon_free(collectord);
    collectord = NULL;
    site_teardown_upstream();
}

/** Whatever can be in the name of a file, and would like to be a line of its
 *  own, or a colour of the terminal. */
#define HOSTILE "a\n<0>error b\r\x1b[31m\x7f\"\\\xff"

/** Run for a moment with a file of that name, so that lines of each level are
 *  written: it fails to deliver, and a reload fails. All that was said. */
static const char *
run_with(const char *format, const char *name)
{
    const char *config = support_path(dir, "config.json");
    const char *text;

    db = support_path(dir, name);
    support_write_file(config, "{}");
    upstream_set_default(upstream, (struct upstream_answer){.status = 503});
    collectord = daemon_spawn("-db", db, "-addr", "127.0.0.1:0", "-log-format",
                              format, "-config", config, "-sink", "webhook",
                              "-webhook-url", upstream_url(upstream, "/in"),
                              "-drain-timeout", "0", NULL);
    ck_assert(daemon_says(collectord, "listening on 127.0.0.1:"));
    support_write_file(config, "{");
    daemon_signal(collectord, SIGHUP);
    ck_assert(daemon_says(collectord, "nothing was reloaded"));
    http_post_events(atoi(strstr(daemon_stderr(collectord), "127.0.0.1:") + 10),
                     EVENT, &response);
    ck_assert(daemon_says(collectord, "HTTP 503"));
    daemon_signal(collectord, SIGTERM);
    daemon_assert_exits(collectord, 0);
    ck_assert_int_eq(process_end(collectord), 0);
    text = daemon_stderr(collectord);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    return text;
}

/** Show each line, without its end. How many there were. */
static size_t
each_line(const char *text, void (*show)(const char *line))
{
    size_t count = 0;

    for (; *text != '\0'; text = strchr(text, '\n') + 1, count++)
        show(support_format("%.*s", (int)(strchr(text, '\n') - text), text));
    return count;
}

/** Assert that a line is plain, and begins in one of these ways. */
static void
assert_begins(const char *line, const char *const beginnings[3])
{
    bool found = false;
    int i;

    for (i = 0; i < 3; i++)
        found =
            found || strncmp(line, beginnings[i], strlen(beginnings[i])) == 0;
    ck_assert_msg(found, "%s", line);
    for (; *line != '\0'; line++)
        ck_assert_int_ge((unsigned char)*line, ' ');
}

static void
assert_text(const char *line)
{
    static const char *const beginnings[] = {"info ", "warning ", "error "};

    assert_begins(line, beginnings);
}

static void
assert_journald(const char *line)
{
    static const char *const beginnings[] = {"<6>info ", "<4>warning ",
                                             "<3>error "};

    assert_begins(line, beginnings);
}

static void
assert_json(const char *line)
{
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *level = json_string_value(json_object_get(json, "level"));
    const char *time = json_string_value(json_object_get(json, "time"));
    int end = 0;
    int number;

    ck_assert_msg(json_is_object(json), "%s", line);
    ck_assert_uint_eq(json_object_size(json), 3);
    ck_assert_ptr_nonnull(level);
    ck_assert(strcmp(level, "info") == 0 || strcmp(level, "warning") == 0 ||
              strcmp(level, "error") == 0);
    ck_assert_ptr_nonnull(time);
    (void)sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &number, &number,
                 &number, &number, &number, &number, &number, &end);
    ck_assert_int_eq(end, 24);
    ck_assert(json_is_string(json_object_get(json, "message")));
    json_decref(json);
}

static const struct {
    const char *format;
    void (*show)(const char *line);
    /** How a line with the hostile name looks. */
    const char *words;
} formats[] = {
    {"text", assert_text, "a\\x0a<0>error b\\x0d\\x1b[31m\\x7f\"\\\xff, mode"},
    {"journald", assert_journald,
     "a\\x0a<0>error b\\x0d\\x1b[31m\\x7f\"\\\xff, mode"},
    {"json", assert_json,
     "a\\n<0>error b\\r\\u001B[31m\x7f\\\"\\\\?, mode group"},
};

START_TEST(test_each_line_is_of_its_format)
{
    const char *text = run_with(formats[_i].format, "events.sqlite");

    ck_assert_uint_ge(each_line(text, formats[_i].show), 8);
    ck_assert_contains(text, "info");
    ck_assert_contains(text, "warning");
    ck_assert_contains(text, "error");
}
END_TEST

/** What got out of its line would be one that begins in no way it may. */
START_TEST(test_no_text_breaks_out_of_its_line)
{
    const char *text = run_with(formats[_i].format, HOSTILE);

    ck_assert_uint_ge(each_line(text, formats[_i].show), 8);
    ck_assert_contains(text, formats[_i].words);
}
END_TEST

START_TEST(test_a_long_text_is_cut)
{
    const char *config = support_path(dir, "config.json");
    const char *text;

    support_write_file(config, "{}");
    collectord = daemon_start(db, "-config", config, NULL);
    support_write_file(config, support_format("{\"file-path\": \"%s\"}",
                                              support_repeat("long", 1000)));
    daemon_signal(collectord, SIGHUP);
    ck_assert(daemon_says(collectord, "info reloaded\n"));
    text = strstr(daemon_stderr(collectord), "info -file-path was not set");
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strcspn(text, "\n"), strlen("info ") + 1023);
}
END_TEST

START_TEST(test_a_mistake_is_said_for_people)
{
    collectord = daemon_spawn("-log-format", "xml", NULL);
    daemon_assert_exits(collectord, 2);
    ck_assert(daemon_says(collectord, "error -log-format \"xml\": expected "
                                      "text|journald|json\n"));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("daemon_log");
    TCase *tcase =
        support_add_case(suite, "lines", site_setup_upstream, teardown);

    tcase_add_loop_test(tcase, test_each_line_is_of_its_format, 0, 3);
    tcase_add_loop_test(tcase, test_no_text_breaks_out_of_its_line, 0, 3);
    tcase_add_test(tcase, test_a_long_text_is_cut);
    tcase_add_test(tcase, test_a_mistake_is_said_for_people);
    return suite;
}

int
main(void)
{
    return support_run_suite(make_suite());
}
