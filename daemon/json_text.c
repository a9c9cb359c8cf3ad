/* SPDX-License-Identifier: MIT */
/* Texts that may be anything: a path, what an upstream said. */
#include "json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *
json_text(const char *text)
{
    json_t *string = json_string(text);
    char *copy;
    char *at;

    if (string != NULL)
        return string;
    copy = strdup(text);
    if (copy == NULL)
        return NULL;
    for (at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    }
    string = json_string(copy);
    free(copy);
    return string;
}
