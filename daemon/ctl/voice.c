/* SPDX-License-Identifier: MIT */
/* Standard error: notes and mistakes, so that standard output is results. */
#include "voice.h"

#include "display.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Of a line: two paths and words around them. */
#define LINE_SIZE 2048

static atomic_bool is_hushed;

void
voice_say(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments); /* cut is fine */
    va_end(arguments);
    flockfile(stderr); /* the lines of two threads do not mix */
    (void)fputs("collectorctl: ", stderr);
    display_write(stderr, line, strlen(line), DISPLAY_WORDS);
    (void)putc('\n', stderr);
    funlockfile(stderr);
}

bool
voice_end_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (errno != EPIPE)
        voice_say("standard output: %s", strerror(errno));
    return false;
}

void
voice_hush(bool is_away)
{
    atomic_store(&is_hushed, is_away);
}

void
voice_forward(void *userdata, enum collector_log_level level, const char *line)
{
    (void)userdata;
    if (atomic_load(&is_hushed))
        return;
    if (level == COLLECTOR_LOG_WARNING || level == COLLECTOR_LOG_ERROR)
        voice_say("%s", line);
}
