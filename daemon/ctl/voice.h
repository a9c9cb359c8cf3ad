/* SPDX-License-Identifier: MIT */
#ifndef CTL_VOICE_H
#define CTL_VOICE_H

#include <collector/log.h>

/** What is not a result: a line to stderr, with the program's name before it.
 *  Whatever is quoted in it is escaped, and a long one is cut. */
__attribute__((format(printf, 1, 2))) void
voice_say(const char *format, ...);

/** The library's warnings and errors in the same way: a collector_log_fn. */
void
voice_forward(void *userdata, enum collector_log_level level,
              const char *line);

#endif
