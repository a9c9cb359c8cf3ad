/* SPDX-License-Identifier: MIT */
/*
 * JSON-RPC 2.0, as far as the Model Context Protocol uses it. A line is
 * measured before it is parsed: what it costs to read is bounded, whatever
 * stands in it.
 */
#include "rpc.h"

#include "row_json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How large the tree of a line would be. */
struct measure {
    unsigned depth;
    unsigned depth_max;
    size_t value_count;
};

/** The quote that ends the string which begins at a quote; the end without. */
static const char *
skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++) {
        if (*at == '\\')
            at++;
    }
    return at < end ? at : end;
}

/** Whatever else is wrong with a line: brackets and commas outside strings are
 *  all that can make its tree deep or large. */
static struct measure
measure_line(const char *line, size_t size)
{
    const char *end = line + size;
    struct measure measure = {.depth = 0};
    const char *at;

    for (at = line; at < end; at++) {
        if (*at == '"') {
            at = skip_string(at, end);
        } else if (*at == '[' || *at == '{') {
            measure.value_count++;
            if (++measure.depth > measure.depth_max)
                measure.depth_max = measure.depth;
        } else if ((*at == ']' || *at == '}') && measure.depth > 0) {
            measure.depth--;
        } else if (*at == ',') {
            measure.value_count++;
        }
    }
    return measure;
}

json_t *
rpc_parse(const char *line, size_t size, enum rpc_code *ret_code,
          struct problem *ret_problem)
{
    const struct measure measure = measure_line(line, size);
    json_error_t error;
    json_t *tree;

    *ret_code = RPC_INVALID_REQUEST;
    if (measure.depth_max > RPC_DEPTH_MAX) {
        (void)problem_say(ret_problem,
                          "a message has at most %d levels of arrays and "
                          "objects",
                          RPC_DEPTH_MAX);
        return NULL;
    }
    if (measure.value_count > RPC_VALUE_COUNT_MAX) {
        (void)problem_say(ret_problem, "a message has at most %d values",
                          RPC_VALUE_COUNT_MAX);
        return NULL;
    }
    tree = json_loadb(line, size,
                      JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY,
                      &error);
    if (tree == NULL) {
        *ret_code = RPC_PARSE_ERROR;
        (void)problem_say(ret_problem, "a line that is no JSON: %s at byte %d",
                          error.text, error.position);
    }
    return tree;
}

/** Whether it can be an id: null is none here, nor is 1.5. */
static bool
is_id(const json_t *id)
{
    return json_is_integer(id) ||
           (json_is_string(id) && json_string_length(id) <= RPC_ID_SIZE_MAX);
}

static struct rpc_message
wrong(const json_t *id, enum rpc_code code, const char *problem)
{
    const struct rpc_message message = {
        .kind = RPC_WRONG,
        .id = is_id(id) ? id : NULL,
        .code = code,
        .problem = problem,
    };

    return message;
}

static bool
is_response(const json_t *tree)
{
    return json_object_get(tree, "method") == NULL &&
           (json_object_get(tree, "result") != NULL ||
            json_object_get(tree, "error") != NULL);
}

/** A text without a NUL, or NULL. */
static const char *
plain_text(const json_t *value)
{
    const char *text = json_string_value(value);

    return text != NULL && strlen(text) == json_string_length(value) ? text
                                                                     : NULL;
}

struct rpc_message
rpc_message(const json_t *tree)
{
    const json_t *id = json_object_get(tree, "id");
    const json_t *params = json_object_get(tree, "params");
    const char *version = json_string_value(json_object_get(tree, "jsonrpc"));
    struct rpc_message message = {
        .kind = id != NULL ? RPC_REQUEST : RPC_NOTIFICATION,
        .id = id,
        .method = plain_text(json_object_get(tree, "method")),
        .params = params,
    };

    if (!json_is_object(tree))
        return wrong(NULL, RPC_INVALID_REQUEST, "a message is a JSON object");
    if (version == NULL || strcmp(version, "2.0") != 0)
        return wrong(id, RPC_INVALID_REQUEST, "\"jsonrpc\" has to be \"2.0\"");
    if (is_response(tree)) {
        message.kind = RPC_RESPONSE;
        return message;
    }
    if (id != NULL && !is_id(id))
        return wrong(NULL, RPC_INVALID_REQUEST,
                     "\"id\" has to be an integer, or a text of up to 256 "
                     "bytes");
    if (message.method == NULL)
        return wrong(id, RPC_INVALID_REQUEST, "\"method\" has to be a text");
    if (id != NULL && params != NULL && !json_is_object(params))
        return wrong(id, RPC_INVALID_PARAMS, "\"params\" has to be an object");
    return message;
}

static void
write_head(FILE *out, const json_t *id)
{
    char *text = id != NULL ? json_dumps(id, JSON_ENCODE_ANY) : NULL;

    (void)fprintf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s,",
                  text != NULL ? text : "null");
    free(text);
}

void
rpc_write_error(FILE *out, const json_t *id, enum rpc_code code,
                const char *problem)
{
    write_head(out, id);
    (void)fprintf(out, "\"error\":{\"code\":%d,\"message\":", (int)code);
    row_json_text(out, problem, strlen(problem));
    (void)fputs("}}", out);
}

void
rpc_begin_result(FILE *out, const json_t *id)
{
    write_head(out, id);
    (void)fputs("\"result\":", out);
}
