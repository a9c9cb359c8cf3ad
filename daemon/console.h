/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_CONSOLE_H
#define DAEMON_CONSOLE_H

#include <collector/log.h>

/** How a line looks. */
enum console_format {
    /** The level, a space, the text. */
    CONSOLE_TEXT,
    /** The same, with the level's number before it, as sd-daemon(3) has it: the
     *  journal keeps it as the line's priority. */
    CONSOLE_JOURNALD,
    /** {"time","level","message"} */
    CONSOLE_JSON
};

/** Before there is a second thread. CONSOLE_TEXT until then. */
void
console_set_format(enum console_format format);

/**
 * One line to stderr. Lines of several threads do not mix. Control characters
 * are escaped, a long text is cut, and debug lines are left out. Any thread.
 */
__attribute__((format(printf, 2, 3))) void
console_log(enum collector_log_level level, const char *format, ...);

/** console_log() in the form of the library's callback; userdata is not used.
 */
void
console_forward(void *userdata, enum collector_log_level level,
                const char *line);

#endif
