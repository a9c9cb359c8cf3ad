/* SPDX-License-Identifier: MIT */
/* Jansson says what is UTF-8, and is only asked where a text isn't ASCII. */
#include "utf8.h"

#include <jansson.h>

bool
collector__utf8_is_valid(const char *text, size_t size)
{
    json_t *checked;
    size_t i;

    for (i = 0; i < size && (unsigned char)text[i] < 0x80; i++)
        ;
    if (i == size)
        return true;
    checked = json_stringn(text, size);
    json_decref(checked);
    return checked != NULL;
}
