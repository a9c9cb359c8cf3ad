/* SPDX-License-Identifier: MIT */
/*
 * What a collector answers over HTTP as the rows that its file would have
 * given, so that one set of tables serves both. Names, texts and whole numbers
 * come out of Jansson, a value at a time; payloads never see it but for a look
 * at whether they are JSON.
 */
#include "json_rows.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

struct maker {
    const char *const *names;
    size_t count;
    struct collector_value values[JSON_ROWS_COLUMNS_MAX];
    /* What the texts of values belong to. */
    json_t *trees[JSON_ROWS_COLUMNS_MAX];
};

/* A whole number that no integer holds becomes a real one. */
static json_t *
parse(struct span span)
{
    const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_t *tree = json_loadb(span.text, span.size, flags, NULL);

    if (tree == NULL)
        tree = json_loadb(span.text, span.size, flags | JSON_DECODE_INT_AS_REAL,
                          NULL);
    return tree;
}

static struct collector_value
text_value(enum collector_value_type type, const char *text, size_t size)
{
    return (struct collector_value){.type = type, .text = text, .size = size};
}

/* A file that somebody else wrote may hold any text as a payload. */
static struct collector_value
payload_value(struct span span, const json_t *tree)
{
    return text_value(tree != NULL ? COLLECTOR_VALUE_JSON
                                   : COLLECTOR_VALUE_TEXT,
                      span.text, span.size);
}

static struct collector_value
tree_value(struct span span, const json_t *tree)
{
    switch (json_typeof(tree)) {
    case JSON_STRING:
        return text_value(COLLECTOR_VALUE_TEXT, json_string_value(tree),
                          json_string_length(tree));
    case JSON_INTEGER:
        return (struct collector_value){.type = COLLECTOR_VALUE_INTEGER,
                                        .integer = json_integer_value(tree)};
    case JSON_REAL:
        return (struct collector_value){.type = COLLECTOR_VALUE_REAL,
                                        .real = json_real_value(tree)};
    case JSON_TRUE:
    case JSON_FALSE:
        return (struct collector_value){.type = COLLECTOR_VALUE_INTEGER,
                                        .integer = json_is_true(tree)};
    case JSON_ARRAY:
    case JSON_OBJECT:
        return text_value(COLLECTOR_VALUE_JSON, span.text, span.size);
    case JSON_NULL:
        break;
    }
    return (struct collector_value){.type = COLLECTOR_VALUE_NULL};
}

static bool
is_name(struct span name, const char *wanted)
{
    const size_t size = strlen(wanted);

    return name.size == size + 2 && memcmp(name.text + 1, wanted, size) == 0;
}

/* @return False when the value is no JSON. */
static bool
take_member(struct maker *maker, struct span name, struct span span)
{
    size_t i;

    for (i = 0; i < maker->count && !is_name(name, maker->names[i]); i++)
        ;
    if (i == maker->count)
        return true;
    json_decref(maker->trees[i]);
    maker->trees[i] = parse(span);
    if (strcmp(maker->names[i], "payload") == 0)
        maker->values[i] = payload_value(span, maker->trees[i]);
    else if (maker->trees[i] != NULL)
        maker->values[i] = tree_value(span, maker->trees[i]);
    return maker->trees[i] != NULL || strcmp(maker->names[i], "payload") == 0;
}

static bool
take_members(struct maker *maker, struct span object)
{
    struct span_walk walk = span_walk(object);
    struct span name;
    struct span value;

    if (object.text[0] != '{')
        return false;
    while (span_next(&walk, &name, &value)) {
        if (!take_member(maker, name, value))
            return false;
    }
    return !walk.is_broken;
}

int
json_rows_show_object(struct span object, const char *const *names,
                      size_t name_count, collector_row_fn show, void *userdata)
{
    struct maker maker = {.names = names, .count = name_count};
    int rc = -1;
    size_t i;

    if (take_members(&maker, object)) {
        const struct collector_row row = {name_count, names, maker.values};

        rc = show(userdata, &row);
    }
    for (i = 0; i < name_count; i++)
        json_decref(maker.trees[i]);
    return rc;
}

int
json_rows_show_array(struct span array, const char *const *names,
                     size_t name_count, collector_row_fn show, void *userdata)
{
    struct span_walk walk = span_walk(array);
    struct span object;
    int rc = 0;

    if (array.size == 0 || array.text[0] != '[')
        return -1;
    while (rc == 0 && span_next(&walk, NULL, &object))
        rc = json_rows_show_object(object, names, name_count, show, userdata);
    return walk.is_broken ? -1 : rc;
}
