/* SPDX-License-Identifier: MIT */
/* One line to the embedder's callback. The library itself never prints. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void
collector__log(const struct collector__log *log, enum collector_log_level level,
               const char *format, ...)
{
    char line[COLLECTOR_LOG_LINE_SIZE];
    va_list arguments;
    char *at;

    if (log->fn == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments); /* cut is fine */
    va_end(arguments);
    for (at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ') /* SQLite's words may have lines */
            *at = ' ';
    }
    log->fn(log->userdata, level, line);
}
