/* SPDX-License-Identifier: MIT */
#ifndef CTL_VOICE_H
#define CTL_VOICE_H

#include <collector/log.h>
#include <stdbool.h>

/** What is not a result: a line to stderr, with the program's name before it.
 *  Whatever is quoted in it is escaped, and a long one is cut. */
__attribute__((format(printf, 1, 2))) void
voice_say(const char *format, ...);

/** Have all results on their way. False when standard output took not all of
 *  them, which is said, unless it is a pipe that nobody reads any more. */
bool
voice_end_output(void);

/** The library's warnings and errors in the same way: a collector_log_fn. */
void
voice_forward(void *userdata, enum collector_log_level level, const char *line);

/** Whether lines of the library are left out: of what is known to be away, each
 *  look would say the same. */
void
voice_hush(bool is_away);

#endif
