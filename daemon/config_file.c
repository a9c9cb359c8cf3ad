/* SPDX-License-Identifier: MIT */
/*
 * The config file: a JSON object with the names of the options. As strict as
 * the command line: a name that is not known, or stands there twice, or has a
 * value of another type, is refused.
 */
#include "config_file.h"

#include "option.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Every option with a long value fits in a hundredth of it. */
#define CONFIG_FILE_SIZE_MAX (64 * 1024)

static int
load_text(const char *path, char *buffer, size_t *ret_size,
          struct problem *ret_problem)
{
    FILE *file = fopen(path, "re");
    const char *problem = NULL;

    if (file == NULL) {
        return problem_say(ret_problem,
                           "-config \"%.200s\": expected a readable file (%s)",
                           path, strerror(errno));
    }
    errno = 0;
    *ret_size = fread(buffer, 1, CONFIG_FILE_SIZE_MAX + 1, file);
    if (ferror(file))
        problem = strerror(errno);
    else if (*ret_size > CONFIG_FILE_SIZE_MAX)
        problem = "larger than 64 KiB";
    (void)fclose(file); /* nothing was written */
    if (problem == NULL)
        return 0;
    return problem_say(ret_problem,
                       "-config \"%.200s\": expected a readable file (%s)",
                       path, problem);
}

/* The parser's own words may quote a password. */
static void
say_syntax(const char *path, const json_error_t *error,
           struct problem *ret_problem)
{
    switch ((int)json_error_code(error)) { /* of many that are all alike */
    case json_error_duplicate_key:
        (void)problem_say(ret_problem, "%.200s:%d: %s", path, error->line,
                          option_may_show(error->text)
                              ? error->text
                              : "duplicate object key");
        break;
    case json_error_premature_end_of_input:
        (void)problem_say(ret_problem,
                          "%.200s:%d: expected JSON, but the file ends", path,
                          error->line);
        break;
    case json_error_end_of_input_expected:
        (void)problem_say(ret_problem,
                          "%.200s:%d: expected nothing behind the object", path,
                          error->line);
        break;
    default:
        (void)problem_say(ret_problem, "%.200s:%d: expected JSON at column %d",
                          path, error->line, error->column);
        break;
    }
}

static int
parse_text(const char *path, const char *buffer, size_t size, json_t **ret_root,
           struct problem *ret_problem)
{
    json_error_t error;
    json_t *root = json_loadb(buffer, size, JSON_REJECT_DUPLICATES, &error);

    if (json_is_object(root)) {
        *ret_root = root;
        return 0;
    }
    if (root != NULL)
        (void)problem_say(ret_problem, "%.200s: expected a JSON object", path);
    else
        say_syntax(path, &error, ret_problem);
    json_decref(root);
    return -1;
}

/* Whether a bare number says it: of a duration only 0, which needs no unit. */
static bool
may_be_integer(enum option_kind kind)
{
    return kind == OPTION_NUMBER || kind == OPTION_SIZE ||
           kind == OPTION_DURATION || kind == OPTION_AGE;
}

/* The value as one would write it on the command line; NULL when its type does
 * not fit the option. */
static const char *
value_text(const struct option *option, const json_t *value, char *buffer,
           size_t size)
{
    if (option->kind == OPTION_SWITCH) {
        if (!json_is_boolean(value))
            return NULL;
        return json_is_true(value) ? "true" : "false";
    }
    if (json_is_integer(value) && may_be_integer(option->kind)) {
        (void)snprintf(buffer, size, "%" JSON_INTEGER_FORMAT,
                       json_integer_value(value));
        return buffer;
    }
    return json_string_value(value);
}

/* A walk along the names in an object's text, which the parser has found to be
 * JSON, but does not say where they stand. */
struct names {
    const char *at;
    const char *end;
    unsigned line;
    unsigned depth;
    bool in_value;
};

static void
skip_string(struct names *names)
{
    for (names->at++; names->at < names->end && *names->at != '"'; names->at++)
        names->at += *names->at == '\\';
}

static void
step_over(struct names *names)
{
    switch (*names->at) {
    case '\n':
        names->line++;
        break;
    case '{':
    case '[':
        names->depth++;
        break;
    case '}':
    case ']':
        names->depth--;
        break;
    case ':':
    case ',':
        if (names->depth == 1)
            names->in_value = *names->at == ':';
        break;
    case '"':
        skip_string(names);
        break;
    default:
        break;
    }
    names->at++;
}

/* Step over the next name, and say in which line it stands. */
static unsigned
next_line(struct names *names)
{
    bool found = false;

    while (names->at < names->end && !found) {
        found = *names->at == '"' && names->depth == 1 && !names->in_value;
        step_over(names);
    }
    return names->line;
}

static int
set_value(const char *path, unsigned line, const char *name,
          const json_t *value, struct config *config,
          struct problem *ret_problem)
{
    const struct option *option = option_find(name, strlen(name));
    char quoted[128];
    char where[336];
    char buffer[32];
    const char *text;

    option_quote(name, quoted, sizeof(quoted));
    (void)snprintf(where, sizeof(where), "%.200s:%u: %s", path, line, quoted);
    if (option == NULL || option->kind == OPTION_CONFIG ||
        option->kind == OPTION_CHECK || option->kind == OPTION_VERSION ||
        option->kind == OPTION_HELP)
        return problem_say(ret_problem, "%s is not an option of a config file",
                           where);
    text = value_text(option, value, buffer, sizeof(buffer));
    if (text == NULL)
        return problem_say(
            ret_problem, "%s has a value of the wrong type: expected %s", where,
            option->kind == OPTION_SWITCH   ? "true or false"
            : option->kind == OPTION_NUMBER ? "a number"
                                            : "a string");
    return option_set(option, where, text, config, ret_problem);
}

int
config_file_read(const char *path, struct config *config,
                 struct problem *ret_problem)
{
    char *buffer = malloc(CONFIG_FILE_SIZE_MAX + 1);
    json_t *root = NULL;
    json_t *value;
    struct names names = {.line = 1};
    const char *name;
    size_t size = 0;
    int rc = -1;

    if (buffer == NULL) {
        (void)problem_say(ret_problem, "out of memory");
        goto out;
    }
    if (load_text(path, buffer, &size, ret_problem) < 0 ||
        parse_text(path, buffer, size, &root, ret_problem) < 0)
        goto out;
    names.at = buffer;
    names.end = buffer + size;
    json_object_foreach(root, name, value) /* in the order of the text */
    {
        if (set_value(path, next_line(&names), name, value, config,
                      ret_problem) < 0)
            goto out;
    }
    rc = 0;
out:
    json_decref(root);
    free(buffer);
    return rc;
}
