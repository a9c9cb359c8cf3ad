/* SPDX-License-Identifier: MIT */
/*
 * JSON text to spans, iteratively: the stack is one machine word, so that no
 * input, however deep, can overflow the caller's. It finds where values begin
 * and end; whether they are valid is for the JSON library to say afterwards,
 * on a span that is known to be shallow.
 */
#include "scan.h"

#include <collector/error.h>
#include <stdint.h>
#include <string.h>

/** The open brackets: one bit a level, set for an object. */
struct nesting {
    uint64_t objects;
    unsigned depth;
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/** Whether a number or a literal ends before this character. */
static bool
is_delimiter(char c)
{
    return is_space(c) || c == ',' || c == ':' || c == '[' || c == ']' ||
           c == '{' || c == '}' || c == '"';
}

void
collector__scan_space(struct collector__cursor *cursor)
{
    while (cursor->at < cursor->end && is_space(*cursor->at))
        cursor->at++;
}

enum collector__scan
collector__scan_character(struct collector__cursor *cursor, char character)
{
    collector__scan_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != character)
        return COLLECTOR_SCAN_MALFORMED;
    cursor->at++;
    return COLLECTOR_SCAN_OK;
}

enum collector__scan
collector__scan_next(struct collector__cursor *cursor, char closing, bool first)
{
    if (collector__scan_character(cursor, closing) == COLLECTOR_SCAN_OK)
        return COLLECTOR_SCAN_END;
    if (first)
        return COLLECTOR_SCAN_OK;
    return collector__scan_character(cursor, ',');
}

/** The end of the string that begins at a quote; NULL when there is none. */
static const char *
string_end(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && at + 1 < end)
            at++;
    }
    return NULL;
}

static enum collector__scan
scan_string(struct collector__cursor *cursor)
{
    const char *end = string_end(cursor->at, cursor->end);

    if (end == NULL)
        return COLLECTOR_SCAN_MALFORMED;
    cursor->at = end;
    return COLLECTOR_SCAN_OK;
}

/** Step over a number, true, false or null: all up to a delimiter. */
static enum collector__scan
scan_scalar(struct collector__cursor *cursor)
{
    const char *start = cursor->at;

    while (cursor->at < cursor->end && !is_delimiter(*cursor->at))
        cursor->at++;
    return cursor->at > start ? COLLECTOR_SCAN_OK : COLLECTOR_SCAN_MALFORMED;
}

static enum collector__scan
open_bracket(struct nesting *nesting, bool object, unsigned depth_max)
{
    if (nesting->depth == depth_max)
        return COLLECTOR_SCAN_TOO_DEEP;
    nesting->depth++;
    nesting->objects = nesting->objects << 1 | (object ? 1u : 0u);
    return COLLECTOR_SCAN_OK;
}

static enum collector__scan
close_bracket(struct nesting *nesting, bool object)
{
    if (nesting->depth == 0 || (nesting->objects & 1) != (object ? 1u : 0u))
        return COLLECTOR_SCAN_MALFORMED;
    nesting->depth--;
    nesting->objects >>= 1;
    return COLLECTOR_SCAN_OK;
}

/** Step over one bracket, string or scalar, or the punctuation between them. */
static enum collector__scan
scan_token(struct collector__cursor *cursor, struct nesting *nesting,
           unsigned depth_max)
{
    const char c = *cursor->at;

    if (c == '"')
        return scan_string(cursor);
    if (!is_delimiter(c))
        return scan_scalar(cursor);
    cursor->at++;
    if (c == '{' || c == '[')
        return open_bracket(nesting, c == '{', depth_max);
    if (c == '}' || c == ']')
        return close_bracket(nesting, c == '}');
    return nesting->depth > 0 ? COLLECTOR_SCAN_OK : COLLECTOR_SCAN_MALFORMED;
}

enum collector__scan
collector__scan_value(struct collector__cursor *cursor, unsigned depth_max,
                      struct collector__span *ret_value)
{
    struct nesting nesting = {0, 0};
    enum collector__scan found;
    const char *start;

    collector__scan_space(cursor);
    start = cursor->at;
    do {
        if (cursor->at == cursor->end)
            return COLLECTOR_SCAN_MALFORMED;
        found = scan_token(cursor, &nesting, depth_max);
        if (found != COLLECTOR_SCAN_OK)
            return found;
    } while (nesting.depth > 0);
    ret_value->text = start;
    ret_value->size = (size_t)(cursor->at - start);
    return COLLECTOR_SCAN_OK;
}

enum collector__scan
collector__scan_member(struct collector__cursor *cursor, unsigned depth_max,
                       struct collector__member *ret_member)
{
    struct collector__member member;
    enum collector__scan found;

    found = collector__scan_value(cursor, 0, &member.name);
    if (found != COLLECTOR_SCAN_OK || member.name.text[0] != '"')
        return COLLECTOR_SCAN_MALFORMED;
    found = collector__scan_character(cursor, ':');
    if (found != COLLECTOR_SCAN_OK)
        return found;
    found = collector__scan_value(cursor, depth_max, &member.value);
    if (found != COLLECTOR_SCAN_OK)
        return found;
    *ret_member = member;
    return COLLECTOR_SCAN_OK;
}

int
collector__scan_compact(struct collector__span value,
                        struct collector__buffer *buffer)
{
    const char *end = value.text + value.size;
    const char *start = value.text; /* of the run to be copied */
    const char *at = value.text;
    int rc;

    while (at < end) {
        if (*at == '"') {
            at = string_end(at, end);
            if (at == NULL)
                return COLLECTOR_ERR_INVALID;
        } else if (is_space(*at)) {
            rc = collector__buffer_add(buffer, start, (size_t)(at - start));
            if (rc != COLLECTOR_OK)
                return rc;
            start = ++at;
        } else {
            at++;
        }
    }
    return collector__buffer_add(buffer, start, (size_t)(end - start));
}
