/* SPDX-License-Identifier: MIT */
/*
 * The daemon's voice: every line that it or the library has to say goes through
 * here, and none can break out of its line.
 */
#include "console.h"

#include "json_text.h"
#include "utc.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the text before escaping: two lines of a path, and words around it. */
#define LOG_TEXT_SIZE 1024

/* The longest escape is four bytes, \x1b. */
#define LOG_LINE_SIZE (24 + 4 * LOG_TEXT_SIZE)

static enum console_format line_format = CONSOLE_TEXT;

/* A level in words, and as syslog(3) counts. */
struct level {
    const char *word;
    int priority;
};

static struct level
level_of(enum collector_log_level level)
{
    switch (level) {
    case COLLECTOR_LOG_DEBUG:
        return (struct level){"debug", 7};
    case COLLECTOR_LOG_INFO:
        return (struct level){"info", 6};
    case COLLECTOR_LOG_WARNING:
        return (struct level){"warning", 4};
    case COLLECTOR_LOG_ERROR:
        break;
    }
    return (struct level){"error", 3};
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

/* A line longer than PIPE_BUF may leave in pieces: nobody else's is to come
 * between them. */
static void
write_out(const char *line, size_t size)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    ssize_t written = 0;

    (void)pthread_mutex_lock(&one_at_a_time); /* fails on misuse only */
    while (size > 0 && (written >= 0 || errno == EINTR)) {
        written = write(STDERR_FILENO, line, size);
        if (written > 0) {
            line += written;
            size -= (size_t)written;
        }
    } /* after an error there is nowhere left to say so */
    (void)pthread_mutex_unlock(&one_at_a_time);
}

static void
write_text(struct level level, const char *text)
{
    char line[LOG_LINE_SIZE];
    char *end = line;
    size_t i;

    if (line_format == CONSOLE_JOURNALD)
        end += sprintf(end, "<%d>", level.priority); /* it fits */
    end = stpcpy(stpcpy(end, level.word), " ");
    for (i = 0; i < LOG_TEXT_SIZE && text[i] != '\0'; i++)
        end = escape_byte(end, (unsigned char)text[i]);
    *end++ = '\n';
    write_out(line, (size_t)(end - line));
}

/* @return Whether there was memory for it. */
static bool
write_json(struct level level, const char *text)
{
    char now[UTC_SIZE];
    json_t *json = json_pack("{s:s, s:s, s:o}", "time", utc_write_now(now),
                             "level", level.word, "message", json_text(text));
    char *dumped = json_dumps(json, JSON_COMPACT);
    size_t size = dumped != NULL ? strlen(dumped) : 0;

    if (dumped != NULL) {
        dumped[size] = '\n'; /* in place of its NUL */
        write_out(dumped, size + 1);
    }
    free(dumped);
    json_decref(json);
    return dumped != NULL;
}

static void
write_line(enum collector_log_level level, const char *text)
{
    char cut[LOG_TEXT_SIZE + 1];

    if (line_format == CONSOLE_JSON) {
        (void)snprintf(cut, sizeof(cut), "%s", text); /* cut is fine */
        if (write_json(level_of(level), cut))
            return;
    }
    write_text(level_of(level), text);
}

void
console_set_format(enum console_format format)
{
    line_format = format;
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
