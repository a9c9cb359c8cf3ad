/* SPDX-License-Identifier: MIT */
/*
 * The daemon's voice: every line that it or the library has to say goes through
 * here, and none can break out of its line.
 */
#include "console.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Of the text before escaping: two lines of a path, and words around it. */
#define LOG_TEXT_SIZE 1024

/* The longest escape is four bytes, \x1b. */
#define LOG_LINE_SIZE (16 + 4 * LOG_TEXT_SIZE)

static const char *
level_word(enum collector_log_level level)
{
    switch (level) {
    case COLLECTOR_LOG_DEBUG:
        return "debug ";
    case COLLECTOR_LOG_INFO:
        return "info ";
    case COLLECTOR_LOG_WARNING:
        return "warning ";
    case COLLECTOR_LOG_ERROR:
        return "error ";
    }
    return "error ";
}

static char *
escape_byte(char *end, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";

    if (byte >= 0x20 && byte != 0x7f) {
        *end++ = (char)byte;
        return end;
    }
    *end++ = '\\';
    *end++ = 'x';
    *end++ = digits[byte >> 4];
    *end++ = digits[byte & 15];
    return end;
}

static void
write_line(enum collector_log_level level, const char *text)
{
    char line[LOG_LINE_SIZE];
    char *end = stpcpy(line, level_word(level));
    size_t i;

    for (i = 0; i < LOG_TEXT_SIZE && text[i] != '\0'; i++)
        end = escape_byte(end, (unsigned char)text[i]);
    *end++ = '\n';
    if (write(STDERR_FILENO, line, (size_t)(end - line)) < 0)
        return; /* there is nowhere left to say so */
}

void
console_log(enum collector_log_level level, const char *format, ...)
{
    char text[LOG_TEXT_SIZE];
    va_list arguments;

    if (level == COLLECTOR_LOG_DEBUG)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut is fine */
    va_end(arguments);
    write_line(level, text);
}

void
console_forward(void *userdata, enum collector_log_level level,
                const char *line)
{
    (void)userdata;
    if (level != COLLECTOR_LOG_DEBUG)
        write_line(level, line);
}
