/* SPDX-License-Identifier: MIT */
/* What is said to whoever wrote something that can't be taken. */
#include "problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

/* Make one line of UTF-8 of what may quote anything, or be cut anywhere. */
static void
make_line(char *text)
{
    json_t *string = json_string(text); /* NULL unless it is UTF-8 */
    char *at;

    for (at = text; *at != '\0'; at++) {
        const unsigned char byte = (unsigned char)*at;

        if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && string == NULL))
            *at = '?';
    }
    json_decref(string);
}

int
problem_say(struct problem *ret_problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(ret_problem->text, sizeof(ret_problem->text), format,
                    arguments);
    va_end(arguments);
    make_line(ret_problem->text);
    return -1;
}
