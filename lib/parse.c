/* SPDX-License-Identifier: MIT */
/*
 * What a text and a program's structs have in common when events are made of
 * them: the limits, and the words for what is wrong.
 */
#include "parse.h"

#include <collector/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Integers beyond 64 bit are valid telemetry; only their text is kept. A NUL
 * escape is valid in a payload, and is refused where it isn't. */
#define DECODE_FLAGS (JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)

/* A token is copied while it grows by doubling, and once more as a value. */
#define TOKEN_COPIES 4
#define TOKEN_SIZE_MIN 64

int
collector__parse_refuse(struct collector__parse *parse, int rc,
                        const char *format, ...)
{
    va_list arguments;

    parse->problem->index = (int64_t)parse->list->event_count;
    va_start(arguments, format);
    (void)vsnprintf(parse->problem->text, sizeof(parse->problem->text), format,
                    arguments); /* our own words: they fit */
    va_end(arguments);
    return rc;
}

int
collector__parse_refuse_text(struct collector__parse *parse, int rc,
                             const char *words)
{
    (void)collector__parse_refuse(parse, rc, "%s", words);
    parse->problem->index = -1;
    return rc;
}

int
collector__parse_refuse_count(struct collector__parse *parse)
{
    (void)collector__parse_refuse(parse, COLLECTOR_ERR_TOO_BIG,
                                  "more than %d events",
                                  COLLECTOR_APPEND_COUNT_MAX);
    parse->problem->index = -1;
    return COLLECTOR_ERR_TOO_BIG;
}

int
collector__parse_refuse_scan(struct collector__parse *parse,
                             enum collector__scan found)
{
    if (found == COLLECTOR_SCAN_TOO_DEEP)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "JSON is nested deeper than %d levels",
                                       COLLECTOR_PAYLOAD_DEPTH_MAX);
    return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                   "malformed JSON");
}

/** What Jansson refused, in our words: its own quote the sender's text. */
static int
refuse_json(struct collector__parse *parse, const json_error_t *error)
{
    const enum json_error_code code = json_error_code(error);

    if (code == json_error_out_of_memory || error->text[0] == '\0')
        return COLLECTOR_ERR_NOMEM;
    if (code == json_error_invalid_utf8)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "invalid UTF-8");
    if (code == json_error_numeric_overflow)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "a number is out of range");
    if (code == json_error_null_byte_in_key)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "NUL in a member's name");
    return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                   "malformed JSON");
}

/**
 * See that there is memory for a text's largest token. Jansson does not notice
 * when there is none: it leaves bytes of the token out, and reads on behind
 * them.
 */
static int
find_memory(size_t size)
{
    struct collector__buffer buffer;
    int rc;

    collector__buffer_init(&buffer, TOKEN_COPIES * size + TOKEN_SIZE_MIN);
    rc = collector__buffer_reserve(&buffer, buffer.size_max);
    collector__buffer_clear(&buffer);
    return rc;
}

/* What is refused is looked at twice: a string for which there is no memory is
 * an invalid token to Jansson. */
int
collector__parse_json(struct collector__parse *parse, const char *text,
                      size_t size, size_t flags, json_t **ret_tree)
{
    json_error_t error = {.text = ""};
    json_t *tree = NULL;
    int looks;
    int rc;

    for (looks = 0; tree == NULL && looks < 2; looks++) {
        rc = find_memory(size);
        if (rc != COLLECTOR_OK)
            return rc;
        tree = json_loadb(text, size, DECODE_FLAGS | flags, &error);
    }
    if (tree == NULL)
        return refuse_json(parse, &error);
    *ret_tree = tree;
    return COLLECTOR_OK;
}

int
collector__parse_keep_payload(struct collector__parse *parse,
                              struct collector__span span,
                              const char **ret_text)
{
    struct collector__buffer *texts = &parse->list->texts;
    const size_t start = texts->size;
    int rc;

    rc = collector__scan_compact(span, texts);
    if (rc != COLLECTOR_OK)
        return rc;
    if (texts->size - start > COLLECTOR_PAYLOAD_SIZE_MAX)
        return collector__parse_refuse(parse, COLLECTOR_ERR_TOO_BIG,
                                       "payload is over %d bytes",
                                       COLLECTOR_PAYLOAD_SIZE_MAX);
    rc = collector__buffer_add(texts, "", 1);
    if (rc != COLLECTOR_OK)
        return rc;
    *ret_text = texts->data + start;
    return COLLECTOR_OK;
}

int
collector__parse_keep_name(struct collector__parse *parse, const char *name,
                           size_t size_max, const char *text, size_t size,
                           const char **ret_text)
{
    if (size == 0)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s is empty", name);
    if (size > size_max)
        return collector__parse_refuse(parse, COLLECTOR_ERR_TOO_BIG,
                                       "%s is over %zu bytes", name, size_max);
    if (memchr(text, '\0', size) != NULL)
        return collector__parse_refuse(parse, COLLECTOR_ERR_INVALID,
                                       "%s contains NUL", name);
    return collector__event_list_keep(parse->list, text, size, ret_text);
}
