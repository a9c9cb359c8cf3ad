/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_UTF8_H
#define DAEMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the character at the beginning of a text of size bytes, 1 or more;
 *  0 when that is none (RFC 3629). */
size_t
utf8_character_size(const char *text, size_t size);

/** Whether a text is UTF-8 all through. */
bool
utf8_is_valid(const char *text, size_t size);

#endif
