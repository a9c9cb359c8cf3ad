/* SPDX-License-Identifier: MIT */
/*
 * Where values begin and end in JSON text, so that a payload can be handed on
 * as it was sent: a parser's tree would round its numbers. Iterative, bounded,
 * and never beyond the text, whatever that is.
 */
#include "span.h"

#include <string.h>

static bool
is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static const char *
skip_white(const char *at, const char *end)
{
    while (at < end && is_white(*at))
        at++;
    return at;
}

/* Behind the string that begins here; NULL when it does not end. */
static const char *
skip_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

/* A number or a word. */
static const char *
skip_scalar(const char *at, const char *end)
{
    const char *begin = at;

    while (at < end && !is_white(*at) && *at != '\0' &&
           strchr(",:[]{}\"", *at) == NULL)
        at++;
    return at > begin ? at : NULL;
}

/* Behind the bracket that closes the one that begins here. What stands between
 * them may be in any order. */
static const char *
skip_brackets(const char *at, const char *end)
{
    char open[SPAN_DEPTH_MAX];
    size_t depth = 0;

    while (at != NULL && at < end) {
        const char byte = *at;

        if (byte == '"') {
            at = skip_string(at, end);
            continue;
        }
        at++;
        if (byte == '[' || byte == '{') {
            if (depth == SPAN_DEPTH_MAX)
                return NULL;
            open[depth++] = byte;
        } else if (byte == ']' || byte == '}') {
            if (open[--depth] != (byte == ']' ? '[' : '{'))
                return NULL;
            if (depth == 0)
                return at;
        }
    }
    return NULL;
}

static const char *
skip_value(const char *at, const char *end)
{
    if (at == end)
        return NULL;
    if (*at == '"')
        return skip_string(at, end);
    if (*at == '[' || *at == '{')
        return skip_brackets(at, end);
    return skip_scalar(at, end);
}

bool
span_value(const char *text, size_t size, struct span *ret_value)
{
    const char *end = text + size;
    const char *begin = skip_white(text, end);
    const char *behind = skip_value(begin, end);

    if (behind == NULL || skip_white(behind, end) != end)
        return false;
    *ret_value = (struct span){begin, (size_t)(behind - begin)};
    return true;
}

struct span_walk
span_walk(struct span container)
{
    const bool has_brackets =
        container.size >= 2 &&
        (container.text[0] == '[' || container.text[0] == '{');

    return (struct span_walk){
        .at = container.text + (has_brackets ? 1 : 0),
        .end = container.text + container.size - (has_brackets ? 1 : 0),
        .is_broken = !has_brackets,
    };
}

static bool
fail(struct span_walk *walk)
{
    walk->is_broken = true;
    return false;
}

static bool
take_char(struct span_walk *walk, char wanted)
{
    walk->at = skip_white(walk->at, walk->end);
    if (walk->at == walk->end || *walk->at != wanted)
        return fail(walk);
    walk->at++;
    return true;
}

static bool
take_value(struct span_walk *walk, struct span *ret_value)
{
    const char *begin = skip_white(walk->at, walk->end);
    const char *behind = skip_value(begin, walk->end);

    if (behind == NULL)
        return fail(walk);
    *ret_value = (struct span){begin, (size_t)(behind - begin)};
    walk->at = behind;
    return true;
}

bool
span_next(struct span_walk *walk, struct span *ret_name, struct span *ret_value)
{
    if (walk->is_broken)
        return false;
    walk->at = skip_white(walk->at, walk->end);
    if (walk->at == walk->end)
        return false;
    if (walk->has_begun && !take_char(walk, ','))
        return false;
    walk->has_begun = true;
    if (ret_name == NULL)
        return take_value(walk, ret_value);
    return take_value(walk, ret_name) &&
           (ret_name->text[0] == '"' || fail(walk)) && take_char(walk, ':') &&
           take_value(walk, ret_value);
}
