/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include "mcp/mcp.h"

#include <stdio.h>
#include <unistd.h>

uint32_t talk_deadline_ms = TALK_DEADLINE_MS;
struct standing_limits talk_limits = {STANDING_UNKNOWN, STANDING_UNKNOWN};

/** A file that goes away by itself, with these bytes in it. */
static FILE *
file_of(const char *bytes, size_t size)
{
    FILE *file = tmpfile();

    ck_assert(file != NULL);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fflush(file), 0);
    rewind(file);
    return file;
}

/** All of a file, as text that lives as long as the program. */
static const char *
text_of(FILE *file)
{
    char *text;
    long size;

    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    ck_assert_int_ge(size, 0);
    text = support_alloc((size_t)size + 1);
    rewind(file);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    return text;
}

static void
check_lines(const char *answers)
{
    const char *at = answers;

    while (*at != '\0') {
        const size_t size = strcspn(at, "\n");
        json_t *tree = json_loadb(
            at, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

        ck_assert_msg(tree != NULL && at[size] == '\n',
                      "this answer is no line of JSON: %.*s", (int)size, at);
        json_decref(tree);
        at += size + 1;
    }
}

const char *
talk(const char *path, const char *bytes, size_t size)
{
    const struct mcp_options options = {
        .path = path, .deadline_ms = talk_deadline_ms, .limits = talk_limits};
    FILE *in = file_of(bytes, size);
    FILE *out = file_of("", 0);
    const char *answers;

    ck_assert_int_eq(mcp_serve(&options, fileno(in), fileno(out)), 0);
    answers = text_of(out);
    (void)fclose(in);
    (void)fclose(out);
    check_lines(answers);
    return answers;
}

const char *
talk_text(const char *path, const char *text)
{
    return talk(path, text, strlen(text));
}

const char *
talk_between(const char *line)
{
    const char *answers =
        talk_text(TALK_NO_FILE, support_format("%s%s\n" TALK_PING,
                                               TALK_HELLO("2025-11-25"), line));
    const char *answer = strchr(answers, '\n') + 1;
    const char *pong = strstr(answer, TALK_PONG);

    ck_assert_msg(pong != NULL, "the session has ended: %s", answers);
    return support_format("%.*s%s", (int)(pong - answer), answer,
                          pong + strlen(TALK_PONG));
}

void
talk_refused(const char *line, int code)
{
    const char *answer = talk_between(line);

    ck_assert_msg(strstr(answer, support_format("\"code\":%d,", code)) != NULL,
                  "%s was answered: %s", line, answer);
    ck_assert_uint_eq(support_occurrences(answer, "\n"), 1);
}

const char *
talk_line(const char *path, const char *tool, const char *arguments)
{
    const char *answers = talk_text(
        path,
        support_format(
            TALK_HELLO(
                "2025-11-25") "{\"jsonrpc\":\"2.0\","
                              "\"id\":1,\"method\":\"tools/call\",\"params\":{"
                              "\"name\":\"%s\",\"arguments\":%s}}\n",
            tool, arguments));

    return strchr(answers, '\n') + 1;
}

json_t *
talk_call(const char *path, const char *tool, const char *arguments)
{
    const char *line = talk_line(path, tool, arguments);
    json_t *tree = json_loads(line, 0, NULL);
    json_t *result = json_incref(json_object_get(tree, "result"));

    ck_assert_msg(result != NULL, "no result: %s", line);
    json_decref(tree);
    return result;
}

/** The text that a result shows. */
static const char *
content_of(const json_t *result)
{
    const json_t *content = json_object_get(result, "content");

    ck_assert_uint_eq(json_array_size(content), 1);
    return json_string_value(
        json_object_get(json_array_get(content, 0), "text"));
}

json_t *
talk_ask(const char *path, const char *tool, const char *arguments)
{
    json_t *result = talk_call(path, tool, arguments);
    json_t *answer = json_object_get(result, "structuredContent");
    json_t *said;

    ck_assert_msg(json_is_false(json_object_get(result, "isError")), "%s: %s",
                  tool, content_of(result));
    said = json_loads(content_of(result), 0, NULL);
    ck_assert(json_equal(said, answer));
    json_decref(result);
    return said;
}

const char *
talk_problem(const char *path, const char *tool, const char *arguments)
{
    json_t *result = talk_call(path, tool, arguments);
    const char *problem;

    ck_assert(json_is_true(json_object_get(result, "isError")));
    ck_assert(json_object_get(result, "structuredContent") == NULL);
    problem = support_format("%s", content_of(result));
    json_decref(result);
    return problem;
}
