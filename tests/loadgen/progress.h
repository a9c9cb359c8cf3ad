/* SPDX-License-Identifier: MIT */
#ifndef LOADGEN_PROGRESS_H
#define LOADGEN_PROGRESS_H

/** Say how far it is, in place of what was said before; nothing unless stderr
 *  is a terminal. */
void
progress_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Wipe the line, before something else is printed. */
void
progress_clear(void);

#endif
