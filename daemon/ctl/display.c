/* SPDX-License-Identifier: MIT */
/*
 * What a terminal is shown. Events come from whoever may post, and a terminal
 * obeys what it reads: nothing leaves here that is not a visible character, and
 * so none can move the cursor, change a title, or hide the rest of its line.
 */
#include "display.h"

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* A character, or a byte that begins none. */
struct glyph {
    wchar_t code;
    size_t size;
    /* -1: it is not to be shown. */
    int width;
    bool is_text;
};

void
display_set_up(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* else bytes are escaped */
}

/* What turns the direction of what follows, ends a line, or is a letter or a
 * space that is not seen: a line would read as something else than it is. */
static const struct {
    wchar_t first;
    wchar_t last;
} misleading[] = {{0x00AD, 0x00AD},  {0x061C, 0x061C}, {0x180E, 0x180E},
                  {0x200B, 0x200F},  {0x2028, 0x202E}, {0x2060, 0x2064},
                  {0x2066, 0x2069},  {0x3164, 0x3164}, {0xFEFF, 0xFEFF},
                  {0xE0000, 0xE007F}};

static bool
is_misleading(wchar_t code)
{
    size_t i;

    for (i = 0; i < sizeof(misleading) / sizeof(misleading[0]); i++) {
        if (code >= misleading[i].first && code <= misleading[i].last)
            return true;
    }
    return false;
}

static struct glyph
glyph_at(const char *text, size_t size)
{
    mbstate_t state = {0};
    struct glyph glyph = {.size = 1, .width = -1};
    const size_t taken = mbrtowc(&glyph.code, text, size, &state);

    if (taken == (size_t)-1 || taken == (size_t)-2) {
        glyph.code = (unsigned char)*text;
        return glyph;
    }
    glyph.is_text = true;
    glyph.size = taken > 0 ? taken : 1; /* NUL */
    if (!is_misleading(glyph.code))
        glyph.width = wcwidth(glyph.code);
    return glyph;
}

static void
write_words(FILE *out, struct glyph glyph)
{
    const uint32_t code = (uint32_t)glyph.code;

    if (code == '\n' || code == '\r' || code == '\t')
        (void)fputs(code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t", out);
    else if (!glyph.is_text || code < 0x80)
        (void)fprintf(out, "\\x%02x", code);
    else
        (void)fprintf(out, code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
}

/* Beyond the first 65,536, by a pair of surrogates. */
static void
write_json(FILE *out, struct glyph glyph)
{
    const uint32_t code = (uint32_t)glyph.code;

    if (code == '\n')
        (void)putc('\n', out);
    else if (!glyph.is_text)
        (void)fputs("\\ufffd", out);
    else if (code < 0x10000)
        (void)fprintf(out, "\\u%04x", code);
    else
        (void)fprintf(out, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                      0xDC00 + ((code - 0x10000) & 0x3FF));
}

void
display_write(FILE *out, const char *text, size_t size,
              enum display_escape escape)
{
    const char *end = text + size;

    while (text < end) {
        const struct glyph glyph = glyph_at(text, (size_t)(end - text));

        if (glyph.width >= 0 && *text != '\0')
            (void)fwrite(text, 1, glyph.size, out);
        else if (escape == DISPLAY_JSON)
            write_json(out, glyph);
        else
            write_words(out, glyph);
        text += glyph.size;
    }
}

size_t
display_fit(const char *text, size_t width_max, size_t *ret_width)
{
    const char *at = text;
    const char *end = text + strlen(text);

    *ret_width = 0;
    while (at < end) {
        const struct glyph glyph = glyph_at(at, (size_t)(end - at));
        const size_t width = glyph.width > 0 ? (size_t)glyph.width : 0;

        if (width > width_max - *ret_width)
            break;
        *ret_width += width;
        at += glyph.size;
    }
    return (size_t)(at - text);
}

size_t
display_width(const char *text)
{
    size_t width;

    (void)display_fit(text, SIZE_MAX, &width);
    return width;
}
