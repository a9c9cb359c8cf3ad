/* SPDX-License-Identifier: MIT */
/*
 * Rows as JSON. Payloads and numbers leave as they are stored, never through a
 * tree that would round them, and whatever a file holds, what is written is
 * valid.
 */
#include "row_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Digits with which every double is read back as the same. */
#define REAL_DIGITS_MAX 17

/* U+FFFD, for bytes that are no text. */
#define REPLACEMENT "\xEF\xBF\xBD"

/** Bytes of the UTF-8 character at the beginning of a text; 0 when that is
 *  none (RFC 3629). */
static size_t
character_size(const unsigned char *at, size_t size)
{
    const size_t wanted = at[0] < 0x80   ? 1
                          : at[0] < 0xC2 ? 0
                          : at[0] < 0xE0 ? 2
                          : at[0] < 0xF0 ? 3
                          : at[0] < 0xF5 ? 4
                                         : 0;
    size_t i;

    if (wanted == 0 || wanted > size)
        return 0;
    for (i = 1; i < wanted; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] >= 0xA0) ||
        (at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] >= 0x90))
        return 0;
    return wanted;
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
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + size;

    (void)putc('"', out);
    while (at < end) {
        const size_t step = character_size(at, (size_t)(end - at));

        if (step == 0)
            (void)fputs(REPLACEMENT, out);
        else if (step == 1 &&
                 (*at < 0x20 || *at == '"' || *at == '\\' || *at == 0x7F))
            write_escaped(out, *at);
        else
            (void)fwrite(at, 1, step, out);
        at += step > 0 ? step : 1;
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
        (void)fwrite(value->text, 1, value->size, out);
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
