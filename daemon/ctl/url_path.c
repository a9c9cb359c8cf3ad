/* SPDX-License-Identifier: MIT */
/* Queries, escaped as RFC 3986 has it. */
#include "url_path.h"

#include <inttypes.h>
#include <string.h>

struct url_path
url_path_begin(FILE *out, const char *path)
{
    (void)fputs(path, out);
    return (struct url_path){out, '?'};
}

static void
begin_parameter(struct url_path *path, const char *name)
{
    (void)fprintf(path->out, "%c%s=", path->separator, name);
    path->separator = '&';
}

void
url_path_add_text(struct url_path *path, const char *name, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~";

    if (text == NULL)
        return;
    begin_parameter(path, name);
    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            (void)putc(*text, path->out);
        else
            (void)fprintf(path->out, "%%%02X", (unsigned char)*text);
    }
}

void
url_path_add_number(struct url_path *path, const char *name, int64_t number)
{
    if (number == 0)
        return;
    begin_parameter(path, name);
    (void)fprintf(path->out, "%" PRId64, number);
}
