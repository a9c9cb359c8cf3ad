/* SPDX-License-Identifier: MIT */
/* Rows for spreadsheets and for other databases: RFC 4180, to the CR. */
#include "csv.h"

#include "row_json.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static bool
needs_quotes(const char *text, size_t size)
{
    size_t i;

    if (size == 0 || text[0] == ' ' || text[size - 1] == ' ')
        return true;
    for (i = 0; i < size; i++) {
        if (strchr("\",\r\n", text[i]) != NULL) /* or a NUL */
            return true;
    }
    return false;
}

static void
write_text(FILE *out, const char *text, size_t size)
{
    size_t i;

    if (!needs_quotes(text, size)) {
        (void)fwrite(text, 1, size, out);
        return;
    }
    (void)putc('"', out);
    for (i = 0; i < size; i++) {
        if (text[i] == '"')
            (void)putc('"', out);
        (void)putc(text[i], out);
    }
    (void)putc('"', out);
}

/* JSON has no infinity; a spreadsheet has, and where it is called null it would
 * be a text. */
static void
write_real(FILE *out, const struct collector_value *value)
{
    if (isinf(value->real))
        (void)fputs(value->real > 0 ? "Inf" : "-Inf", out);
    else
        row_json_value(out, value);
}

static void
write_value(FILE *out, const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_NULL:
        return;
    case COLLECTOR_VALUE_TEXT:
    case COLLECTOR_VALUE_JSON:
        write_text(out, value->text, value->size);
        return;
    case COLLECTOR_VALUE_REAL:
        write_real(out, value);
        return;
    case COLLECTOR_VALUE_INTEGER:
    case COLLECTOR_VALUE_BLOB:
        break;
    }
    row_json_value(out, value);
}

void
csv_write_names(FILE *out, const struct collector_row *row)
{
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        if (i > 0)
            (void)putc(',', out);
        write_text(out, row->names[i], strlen(row->names[i]));
    }
    (void)fputs("\r\n", out);
}

void
csv_write(FILE *out, const struct collector_row *row)
{
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        if (i > 0)
            (void)putc(',', out);
        write_value(out, &row->values[i]);
    }
    (void)fputs("\r\n", out);
}
