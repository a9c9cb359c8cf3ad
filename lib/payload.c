/* SPDX-License-Identifier: MIT */
/* A payload is judged by the judges of those that are appended: what they let
 * pass can be put into JSON as it is. */
#include "payload.h"

#include "parse.h"
#include "plain.h"

#include <collector/error.h>
#include <string.h>

static bool
is_one_line(struct collector__span span)
{
    size_t i;

    for (i = 0; i < span.size; i++) {
        if ((unsigned char)span.text[i] < ' ')
            return false;
    }
    return true;
}

/** Whether it may be one JSON value, on one line, as ours are, and nested no
 *  deeper than Jansson may be asked to follow. */
static bool
is_one_value(struct collector__span span)
{
    struct collector__cursor cursor = {span.text, span.text + span.size};
    struct collector__span value;

    if (!is_one_line(span) ||
        collector__scan_value(&cursor, COLLECTOR_PAYLOAD_DEPTH_MAX, &value) !=
            COLLECTOR_SCAN_OK)
        return false;
    collector__scan_space(&cursor);
    return cursor.at == cursor.end;
}

int
collector__payload_type(const char *text, size_t size,
                        enum collector_value_type *ret_type)
{
    const struct collector__span span = {text, size};
    struct collector__event_list list = {NULL, 0, 0, {NULL, 0, 0, 0}};
    struct collector_problem problem;
    struct collector__parse parse = {{text, text + size}, &list, &problem, 0};
    json_t *tree = NULL;
    int rc = COLLECTOR_ERR_INVALID;

    if (collector__plain_is(span) && is_one_line(span))
        rc = COLLECTOR_OK;
    else if (is_one_value(span))
        rc = collector__parse_json(&parse, text, size, JSON_DECODE_ANY, &tree);
    json_decref(tree);
    if (rc == COLLECTOR_ERR_NOMEM)
        return rc;
    *ret_type =
        rc == COLLECTOR_OK ? COLLECTOR_VALUE_JSON : COLLECTOR_VALUE_TEXT;
    return COLLECTOR_OK;
}
