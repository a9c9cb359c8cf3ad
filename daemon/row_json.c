/* SPDX-License-Identifier: MIT */
/*
 * Rows as JSON. Payloads and numbers leave as they are stored, never through a
 * tree that would round them, and whatever a file holds, what is written is
 * valid.
 */
#include "row_json.h"

#include "utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Digits with which every double is read back as the same. */
#define REAL_DIGITS_MAX 17

/* U+FFFD, for bytes that are no text. */
#define REPLACEMENT "\xEF\xBF\xBD"

/** Whether a string can't hold a byte of ASCII as it is, or had better not. */
static bool
is_escaped(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7F;
}

/** Write one byte that a string can't hold as it is. */
static void
write_escaped(FILE *out, unsigned char byte)
{
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *at = letters;

    for (; *at != '\0'; at += 2) {
        if ((unsigned char)at[0] == byte) {
            (void)fprintf(out, "\\%c", at[1]);
            return;
        }
    }
    (void)fprintf(out, "\\u%04x", byte);
}

void
row_json_text(FILE *out, const char *text, size_t size)
{
    const char *end = text + size;

    (void)putc('"', out);
    while (text < end) {
        const size_t step = utf8_character_size(text, (size_t)(end - text));

        if (step == 0)
            (void)fputs(REPLACEMENT, out);
        else if (step == 1 && is_escaped((unsigned char)*text))
            write_escaped(out, (unsigned char)*text);
        else
            (void)fwrite(text, 1, step, out);
        text += step > 0 ? step : 1;
    }
    (void)putc('"', out);
}

/** In the fewest digits that are read back as the same number. */
static void
write_real(FILE *out, double real)
{
    char text[32];
    int digits;

    if (!isfinite(real)) {
        (void)fputs("null", out);
        return;
    }
    for (digits = 15; digits <= REAL_DIGITS_MAX; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    (void)fputs(text, out);
    if (strpbrk(text, ".e") == NULL)
        (void)fputs(".0", out); /* it stays a real number */
}

static void
write_blob(FILE *out, const unsigned char *at, size_t size)
{
    size_t i;

    (void)putc('"', out);
    for (i = 0; i < size; i++)
        (void)fprintf(out, "%02x", at[i]);
    (void)putc('"', out);
}

/** Somebody else may have written it, over several lines, or as no text at all.
 *  Where a control character stands in JSON, a space does as well. */
static void
write_json(FILE *out, const char *text, size_t size)
{
    size_t i;

    if (!utf8_is_valid(text, size)) {
        row_json_text(out, text, size);
        return;
    }
    for (i = 0; i < size; i++)
        (void)putc((unsigned char)text[i] < 0x20 ? ' ' : text[i], out);
}

void
row_json_value(FILE *out, const struct collector_value *value)
{
    switch (value->type) {
    case COLLECTOR_VALUE_INTEGER:
        (void)fprintf(out, "%" PRId64, value->integer);
        return;
    case COLLECTOR_VALUE_REAL:
        write_real(out, value->real);
        return;
    case COLLECTOR_VALUE_TEXT:
        row_json_text(out, value->text, value->size);
        return;
    case COLLECTOR_VALUE_BLOB:
        write_blob(out, (const unsigned char *)value->text, value->size);
        return;
    case COLLECTOR_VALUE_JSON:
        write_json(out, value->text, value->size);
        return;
    case COLLECTOR_VALUE_NULL:
        break;
    }
    (void)fputs("null", out);
}

static bool
is_absent(const char *name, const struct collector_value *value)
{
    return value->type == COLLECTOR_VALUE_NULL && strcmp(name, "payload") == 0;
}

void
row_json_write(FILE *out, const struct collector_row *row)
{
    const char *separator = "{";
    size_t i;

    for (i = 0; i < row->column_count; i++) {
        if (is_absent(row->names[i], &row->values[i]))
            continue;
        (void)fputs(separator, out);
        row_json_text(out, row->names[i], strlen(row->names[i]));
        (void)putc(':', out);
        row_json_value(out, &row->values[i]);
        separator = ",";
    }
    (void)fputs(*separator == '{' ? "{}" : "}", out);
}
