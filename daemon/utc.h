/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_UTC_H
#define DAEMON_UTC_H

#include <stdint.h>

/** 2026-11-24T19:03:35.123Z, also of a clock that is far off. */
#define UTC_SIZE 36

/** What the system's clock says, in ms since 1970. */
int64_t
utc_now_ms(void);

/** A moment, ms since 1970, as RFC 3339 has it, to the second; "" beyond the
 *  years that can be written. */
const char *
utc_write(int64_t ms, char ret_text[UTC_SIZE]);

/** The same, to the millisecond. */
const char *
utc_write_ms(int64_t ms, char ret_text[UTC_SIZE]);

/** Now, to the millisecond. */
const char *
utc_write_now(char ret_text[UTC_SIZE]);

#endif
