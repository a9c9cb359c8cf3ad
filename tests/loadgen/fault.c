/* SPDX-License-Identifier: MIT */
/* What went wrong, as one line on stderr that no progress line runs into. */
#include "fault.h"

#include "progress.h"

#include <collector/error.h>
#include <stdarg.h>
#include <stdio.h>

int
fault(const char *format, ...)
{
    va_list arguments;
    char text[512];

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut is fine */
    va_end(arguments);
    progress_clear();
    (void)fprintf(stderr, "loadgen: %s\n", text);
    return -1;
}

int
fault_with(const char *what, int rc)
{
    return fault("%s: %s", what, collector_error_text(rc));
}
