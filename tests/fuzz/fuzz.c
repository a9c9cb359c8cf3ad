/* SPDX-License-Identifier: MIT */
/* What every target uses: it knows neither Check nor the engine. */
#include "fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
fuzz_fail(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    fuzz_check(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

bool
fuzz_is_line(const char *text)
{
    json_t *checked = json_string(text);
    const char *at;

    for (at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            break;
    }
    json_decref(checked);
    return checked != NULL && *text != '\0' && *at == '\0';
}
