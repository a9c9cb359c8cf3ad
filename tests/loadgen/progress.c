/* SPDX-License-Identifier: MIT */
/* One line on a terminal that says how far a long run is. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* To the left margin, and wipe the line: ECMA-48, EL. */
#define WIPE "\r\033[K"

void
progress_say(const char *format, ...)
{
    va_list arguments;

    if (!isatty(STDERR_FILENO))
        return;
    (void)fputs(WIPE, stderr);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fflush(stderr);
}

void
progress_clear(void)
{
    if (isatty(STDERR_FILENO))
        (void)fputs(WIPE, stderr);
}
