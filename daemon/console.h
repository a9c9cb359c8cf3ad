/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONSOLE_H
#define DAEMON_CONSOLE_H

#include <collector/log.h>

/**
 * One line to stderr: the level, a space, the text, a line feed. It leaves in
 * one write, so that lines of several threads do not mix. Control characters
 * are escaped, a long line is cut, and debug lines are left out. Any thread.
 */
__attribute__((format(printf, 2, 3))) void
console_log(enum collector_log_level level, const char *format, ...);

/** console_log() in the form of the library's callback; userdata is not used.
 */
void
console_forward(void *userdata, enum collector_log_level level,
                const char *line);

#endif
