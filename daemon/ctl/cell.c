/* SPDX-License-Identifier: MIT */
/* One value, for people. */
#include "cell.h"

#include "display.h"
#include "moment.h"
#include "row_json.h"
#include "utc.h"

#include <stdio.h>
#include <stdlib.h>

/* 0 is a moment that nobody knows any more. */
static void
write_moment(FILE *out, int64_t ms)
{
    char text[UTC_SIZE];

    if (ms != 0)
        (void)fputs(utc_write_ms(ms, text), out);
}

/* As SQL has it. */
static void
write_blob(FILE *out, const struct collector_value *value)
{
    size_t i;

    (void)fputs("x'", out);
    for (i = 0; i < value->size; i++)
        (void)fprintf(out, "%02x", (unsigned char)value->text[i]);
    (void)putc('\'', out);
}

static void
write_value(FILE *out, const char *name, const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_NULL:
        return;
    case COLLECTOR_VALUE_TEXT:
    case COLLECTOR_VALUE_JSON:
        display_write(out, value->text, value->size, DISPLAY_WORDS);
        return;
    case COLLECTOR_VALUE_INTEGER:
        if (moment_is_column(name)) {
            write_moment(out, value->integer);
            return;
        }
        break;
    case COLLECTOR_VALUE_BLOB:
        write_blob(out, value);
        return;
    case COLLECTOR_VALUE_REAL:
        break;
    }
    row_json_value(out, value);
}

char *
cell_text(const char *name, const struct collector_value *value)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    write_value(out, name, value);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

bool
cell_is_number(const char *name, const struct collector_value *value)
{
    return value->type == COLLECTOR_VALUE_REAL ||
           (value->type == COLLECTOR_VALUE_INTEGER && !moment_is_column(name));
}
