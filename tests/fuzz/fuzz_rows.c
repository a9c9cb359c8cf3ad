/* SPDX-License-Identifier: MIT */
/*
 * An answer of any content, of what may be no collector at all: it becomes rows
 * or is refused. What Jansson takes for an array of objects becomes a row for
 * each; and whatever becomes a row, its payload is JSON or a text, and nothing
 * in it is cut.
 */
#include "fuzz.h"

#include "ctl/json_rows.h"
#include "ctl/stats_row.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS (JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL)

static const char *const names[] = {"id", "device_id", "payload", "ts"};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static void
check_value(const struct collector_value *value)
{
    json_t *json;

    if (value->type != COLLECTOR_VALUE_JSON)
        return;
    json = json_loadb(value->text, value->size, FLAGS | JSON_DECODE_ANY, NULL);
    fuzz_check(json != NULL);
    json_decref(json);
}

static int
count_row(void *userdata, const struct collector_row *row)
{
    size_t *count = userdata;
    size_t i;

    fuzz_check(row->column_count >= NAME_COUNT);
    for (i = 0; i < row->column_count; i++)
        check_value(&row->values[i]);
    ++*count;
    return 0;
}

/** Objects in an array that holds nothing else; -1 for anything else. Jansson
 *  passes over a NUL where it reads a new piece of text. */
static int
object_count(const char *text, size_t size)
{
    json_t *json = json_loadb(text, size, FLAGS, NULL);
    int count = json_is_array(json) && memchr(text, '\0', size) == NULL
                    ? (int)json_array_size(json)
                    : -1;
    json_t *object;
    size_t i;

    json_array_foreach(json, i, object)
    {
        if (!json_is_object(object))
            count = -1;
    }
    json_decref(json);
    return count;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    const int expected = object_count(text, size);
    struct span value;
    size_t count = 0;
    int rc;

    if (span_value(text, size, &value)) {
        fuzz_check(value.text >= text &&
                   value.text + value.size <= text + size);
        rc = json_rows_show_array(value, names, NAME_COUNT, count_row, &count);
        (void)json_rows_show_object(value, names, NAME_COUNT, count_row,
                                    &(size_t){0});
        fuzz_check(expected < 0 || (rc == 0 && count == (size_t)expected));
    } else {
        /* Only for its depth. */
        fuzz_check(expected < 0 || size > 2 * SPAN_DEPTH_MAX);
    }
    (void)stats_row_show(text, size, count_row, &(size_t){0});
    free(text);
    return 0;
}
